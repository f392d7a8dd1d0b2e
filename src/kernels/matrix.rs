//! Weights, laid out for the kernels: sixteen outputs side by side, so that one load serves sixteen sums.
//!
//! A matrix of `outputs` × `inputs` is cut into tiles of [`TILE`] outputs, and each tile along the inputs into blocks of [`BLOCK`]. A weight is
//! `scale * quant + offset` with one scale and offset for each output of a block, which holds every GGUF type of 4 and 5 bits without loss
//! (Q4_0, Q4_1, Q5_0, Q5_1, and Q4_K and Q5_K but for the rounding of a product of two scales to 16 bits), and Q8_0. Within a block the bytes
//! lie in the order in which they are used: for each four inputs, four bytes of each of the sixteen outputs.

use half::f16;

use crate::memory::Memory;

/// Outputs of a tile.
pub const TILE: usize = 16;
/// Inputs that share a scale.
pub const BLOCK: usize = 32;

/// How a weight is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Four bits, 0 to 15, with an offset.
    Nibble,
    /// Five bits, 0 to 31, with an offset.
    Five,
    /// Five bits less 16, without an offset.
    Centred,
    /// A signed byte, -127 to 127, without an offset.
    Byte,
}

impl Format {
    /// Bytes of the weights of a block.
    pub(crate) const fn quants(self) -> usize {
        match self {
            Self::Nibble => TILE * BLOCK / 2,
            Self::Five | Self::Centred => TILE * BLOCK / 2 + TILE * BLOCK / 8,
            Self::Byte => TILE * BLOCK,
        }
    }

    /// Bytes of the scales and offsets of a block.
    pub(crate) const fn scales(self) -> usize {
        match self {
            Self::Nibble | Self::Five => 4 * TILE,
            Self::Centred | Self::Byte => 2 * TILE,
        }
    }

    /// Whether weights have an offset of their own.
    pub(crate) const fn has_offset(self) -> bool {
        matches!(self, Self::Nibble | Self::Five)
    }

    /// Whether a fifth bit lies behind the nibbles.
    pub(crate) const fn has_fifth_bit(self) -> bool {
        matches!(self, Self::Five | Self::Centred)
    }
}

/// Part of one output's weights: [`BLOCK`] of them.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    /// Within the format's range; those of [`Format::Centred`] from 0 to 31 too, 16 of which are taken off.
    pub quants: [i8; BLOCK],
    /// What a step of a quant is worth.
    pub scale: f32,
    /// What a quant of 0 stands for, where the format keeps one.
    pub offset: f32,
}

impl Block {
    /// The nearest that signed bytes come to `weights`.
    pub fn bytes(weights: &[f32; BLOCK]) -> Self {
        let largest = weights.iter().fold(0.0f32, |largest, weight| largest.max(weight.abs()));
        // The scale that is stored, not the exact one, is what the quants must fit to.
        let scale = f16::from_f32(largest / 127.0).to_f32();
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        let quants = weights.map(|weight| (weight * inverse).round_ties_even().clamp(-127.0, 127.0) as i8);
        Self { quants, scale, offset: 0.0 }
    }
}

/// The shape of a matrix and where in memory it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// How a weight is stored.
    pub format: Format,
    /// Numbers that come out.
    pub outputs: usize,
    /// Numbers that go in: a multiple of [`BLOCK`].
    pub inputs: usize,
}

impl Layout {
    /// Blocks of an output.
    pub fn blocks(self) -> usize {
        self.inputs / BLOCK
    }

    /// Tiles, the last of which may be filled up with zeros.
    pub fn tiles(self) -> usize {
        self.outputs.div_ceil(TILE)
    }

    /// Bytes of a tile: its weights, then its scales, so that both are read in a straight line.
    pub(crate) fn tile_bytes(self) -> usize {
        (self.blocks() * (self.format.quants() + self.format.scales())).next_multiple_of(64)
    }

    /// Bytes of the whole.
    pub fn bytes(self) -> usize {
        self.tiles() * self.tile_bytes()
    }

    /// Writes one tile: `block(output, index)` gives the weights of an output that the matrix has.
    pub fn pack_tile(self, tile: usize, bytes: &mut [u8], block: &mut dyn FnMut(usize, usize) -> Block) {
        let (quants, scales) = bytes[..self.tile_bytes()].split_at_mut(self.blocks() * self.format.quants());
        for lane in 0..TILE.min(self.outputs - tile * TILE) {
            for index in 0..self.blocks() {
                let block = block(tile * TILE + lane, index);
                self.put_quants(&mut quants[index * self.format.quants()..][..self.format.quants()], lane, &block);
                let scales = &mut scales[index * self.format.scales()..][..self.format.scales()];
                scales[2 * lane..][..2].copy_from_slice(&f16::from_f32(block.scale).to_le_bytes());
                if self.format.has_offset() {
                    scales[2 * (TILE + lane)..][..2].copy_from_slice(&f16::from_f32(block.offset).to_le_bytes());
                }
            }
        }
    }

    fn put_quants(self, bytes: &mut [u8], lane: usize, block: &Block) {
        for (input, quant) in block.quants.iter().enumerate() {
            let (step, within) = (input / 4, 4 * lane + input % 4);
            let quant = *quant as u8;
            match self.format {
                Format::Byte => bytes[step * 64 + within] = quant,
                Format::Nibble | Format::Five | Format::Centred => {
                    // Steps 0 to 3 are the low halves, 4 to 7 the high ones: one load unpacks into two registers.
                    bytes[step % 4 * 64 + within] |= (quant & 15) << (4 * (step / 4));
                    if self.format.has_fifth_bit() {
                        bytes[256 + step * 8 + within / 8] |= (quant >> 4 & 1) << (within % 8);
                    }
                }
            }
        }
    }
}

/// A packed matrix.
#[derive(Clone)]
pub struct Matrix {
    layout: Layout,
    memory: Memory,
    start: usize,
}

impl Matrix {
    /// The matrix that lies at `start` of `memory`; `None` when it does not fit or is not aligned.
    pub fn new(layout: Layout, memory: Memory, start: usize) -> Option<Self> {
        let end = start.checked_add(layout.bytes())?;
        let sound = layout.inputs > 0 && layout.inputs.is_multiple_of(BLOCK) && start.is_multiple_of(64) && end <= memory.len();
        sound.then_some(Self { layout, memory, start })
    }

    /// Its shape.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// One tile.
    pub(crate) fn tile(&self, tile: usize) -> &[u8] {
        &self.memory[self.start + tile * self.layout.tile_bytes()..][..self.layout.tile_bytes()]
    }

    /// The weights of one output as numbers: a row of an embedding table.
    pub fn row(&self, output: usize, out: &mut [f32]) {
        let Layout { format, .. } = self.layout;
        let (tile, lane) = (self.tile(output / TILE), output % TILE);
        let (quants, scales) = tile.split_at(self.layout.blocks() * format.quants());
        let half = |bytes: &[u8], at: usize| f16::from_le_bytes([bytes[2 * at], bytes[2 * at + 1]]).to_f32();
        for (index, out) in out.chunks_exact_mut(BLOCK).take(self.layout.blocks()).enumerate() {
            let quants = &quants[index * format.quants()..][..format.quants()];
            let scales = &scales[index * format.scales()..][..format.scales()];
            let scale = half(scales, lane);
            let offset = match format {
                Format::Byte => 0.0,
                Format::Centred => -16.0 * scale,
                Format::Nibble | Format::Five => half(scales, TILE + lane),
            };
            for (input, out) in out.iter_mut().enumerate() {
                let (step, within) = (input / 4, 4 * lane + input % 4);
                let quant = match format {
                    Format::Byte => f32::from(quants[step * 64 + within] as i8),
                    Format::Nibble | Format::Five | Format::Centred => {
                        let low = quants[step % 4 * 64 + within] >> (4 * (step / 4)) & 15;
                        let high = if format.has_fifth_bit() { quants[256 + step * 8 + within / 8] >> (within % 8) & 1 } else { 0 };
                        f32::from(low | high << 4)
                    }
                };
                *out = scale * quant + offset;
            }
        }
    }
}

/// Matrices of the same inputs, one below the other: what comes out of the first is followed by what comes out of the next.
#[derive(Clone)]
pub struct Stack {
    pub(crate) parts: Vec<Matrix>,
    outputs: usize,
    inputs: usize,
}

impl Stack {
    /// `None` when there is none, or when their inputs differ.
    pub fn new(parts: Vec<Matrix>) -> Option<Self> {
        let inputs = parts.first()?.layout.inputs;
        let outputs = parts.iter().map(|part| part.layout.outputs).sum();
        parts.iter().all(|part| part.layout.inputs == inputs).then_some(Self { parts, outputs, inputs })
    }

    /// How many numbers come out.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// How far apart rows of what comes out should lie. Rows a multiple of four kilobytes apart would all compete for the same few lines of the
    /// cache.
    pub fn stride(&self) -> usize {
        if self.outputs.is_multiple_of(1024) { self.outputs + TILE } else { self.outputs }
    }

    /// How many numbers go in.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The weights of one output as numbers.
    ///
    /// # Panics
    /// When there is no such output.
    pub fn row(&self, mut output: usize, out: &mut [f32]) {
        for part in &self.parts {
            if output < part.layout.outputs {
                return part.row(output, out);
            }
            output -= part.layout.outputs;
        }
        panic!("a stack of {} outputs has no further one", self.outputs);
    }

    /// Tiles of all parts.
    pub(crate) fn tiles(&self) -> usize {
        self.parts.iter().map(|part| part.layout.tiles()).sum()
    }
}

impl From<Matrix> for Stack {
    fn from(matrix: Matrix) -> Self {
        Self { outputs: matrix.layout.outputs, inputs: matrix.layout.inputs, parts: vec![matrix] }
    }
}
