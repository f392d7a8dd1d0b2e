//! Many vectors, compared with one: rounded to bytes in the order in which they are multiplied, a quarter of their size in floats.

use nightdesk_kernels::{Activations, Begin, Block, Format, Layout, Machine, Matrix, Memory, Precision, Source, Stack, multiply};

use crate::inference::error::InferenceError;

/// Numbers that share a scale.
const BLOCK: usize = 32;

/// Vectors of one length. Rounding them twice gives what rounding them once does, so that a table can be made of another one's rows.
pub struct VectorTable {
    /// `None` while there are no vectors.
    rows: Option<Stack>,
    width: usize,
}

impl VectorTable {
    /// Without a vector.
    pub fn none(width: usize) -> Self {
        Self { rows: None, width }
    }

    /// `count` vectors of `width` numbers, a multiple of 32, which `row` writes.
    pub fn build(count: usize, width: usize, row: &mut dyn FnMut(usize, &mut [f32])) -> Result<Self, InferenceError> {
        if count == 0 {
            return Ok(Self::none(width));
        }
        let padded = width.next_multiple_of(BLOCK);
        let layout = Layout { format: Format::Byte, outputs: count, inputs: padded };
        let mut own = vec![0.0_f32; padded];
        let mut current = None;
        let memory = Memory::filled(layout.bytes(), |bytes| {
            for (tile, bytes) in bytes.chunks_exact_mut(layout.bytes() / layout.tiles()).enumerate() {
                layout.pack_tile(tile, bytes, &mut |output, block| {
                    if current != Some(output) {
                        row(output, &mut own[..width]);
                        current = Some(output);
                    }
                    let mut part = [0.0; BLOCK];
                    part.copy_from_slice(&own[block * BLOCK..][..BLOCK]);
                    Block::bytes(&part)
                });
            }
        });
        let failed = |fault: String| InferenceError::Failed { fault };
        let memory = memory.map_err(|fault| failed(format!("there is no memory for {count} vectors ({fault})")))?;
        let matrix = Matrix::new(layout, memory, 0).ok_or_else(|| failed("a table of vectors does not fit".to_owned()))?;
        Ok(Self { rows: Some(matrix.into()), width })
    }

    /// How many vectors there are.
    pub fn len(&self) -> usize {
        self.rows.as_ref().map_or(0, Stack::outputs)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Length of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// One vector.
    ///
    /// # Panics
    /// When there is no such vector.
    pub fn row(&self, index: usize, out: &mut [f32]) {
        let rows = self.rows.as_ref().expect("a row of a table that has some");
        let mut own = vec![0.0; rows.inputs()];
        rows.row(index, &mut own);
        out.copy_from_slice(&own[..self.width]);
    }

    /// The dot product of each vector and `query`.
    pub fn dots(&self, query: &[f32]) -> Vec<f32> {
        let Some(rows) = &self.rows else { return Vec::new() };
        let on = Machine::of(1);
        let mut own = query.to_vec();
        own.resize(rows.inputs(), 0.0);
        let mut activations = Activations::new();
        activations.fill(&on, Precision::Bytes, (1, rows.inputs()), Source::Plain(&own));
        let mut dots = vec![0.0; rows.outputs()];
        multiply(&on, rows, &activations, Begin::Zero, &mut dots, rows.outputs());
        dots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vector of unit length whose numbers look like noise and are always the same.
    fn noise(seed: usize, width: usize) -> Vec<f32> {
        let mut state = seed as u64 + 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        let vector: Vec<f32> = (0..width).map(|_| next()).collect();
        let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
        vector.iter().map(|v| v / length).collect()
    }

    fn table(count: usize, width: usize) -> VectorTable {
        VectorTable::build(count, width, &mut |index, out| out.copy_from_slice(&noise(index, width))).unwrap()
    }

    #[test]
    fn products_are_those_of_the_vectors() {
        for (count, width) in [(1, 384), (16, 384), (17, 384), (200, 32), (5, 26)] {
            let (table, query) = (table(count, width), noise(7, width));
            let dots = table.dots(&query);
            assert_eq!((dots.len(), table.len(), table.width()), (count, count, width));
            for (index, dot) in dots.iter().enumerate() {
                let exact: f32 = noise(index, width).iter().zip(&query).map(|(a, b)| a * b).sum();
                assert!((dot - exact).abs() < 0.01, "{count} x {width}, row {index}: {dot} is not {exact}");
            }
        }
        let none = table(0, 384);
        assert!(none.is_empty() && none.dots(&noise(1, 384)).is_empty());
    }

    #[test]
    fn a_table_of_a_tables_rows_is_the_same() {
        let first = table(37, 384);
        let mut row = vec![0.0; 384];
        let second = VectorTable::build(37, 384, &mut |index, out| {
            first.row(index, &mut row);
            out.copy_from_slice(&row);
        });
        assert_eq!(second.unwrap().dots(&noise(3, 384)), first.dots(&noise(3, 384)));
        first.row(5, &mut row);
        assert!(row.iter().zip(noise(5, 384)).all(|(a, b)| (a - b).abs() < 0.001));
    }
}
