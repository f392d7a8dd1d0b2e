//! What goes into a product: rows of numbers, made of other rows and rounded to signed bytes with a scale for each block.

use crate::machine::Machine;
use crate::matrix::{BLOCK, TILE};
use crate::shared::Shared;
use crate::simd::{Kernel, Simd, exp};

/// How the numbers of a row are rounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// To signed bytes with a scale for each block: for the few rows of a step, where reading the weights is what takes time.
    #[default]
    Bytes,
    /// To 16-bit floats (bfloat16), for the many rows of a prompt on a machine that multiplies those faster (see [`Machine::for_prompts`]).
    Brains,
}

/// Rounded rows: the right side of a product.
#[derive(Default)]
pub struct Activations {
    pub(crate) precision: Precision,
    /// The numbers of [`Precision::Brains`]: for each sixteen rows (the last ones filled up with zeros) tile by tile of 32 numbers, as the unit
    /// reads them.
    pub(crate) wide: Vec<Line>,
    pub(crate) rows: usize,
    pub(crate) width: usize,
    pub(crate) quants: Vec<i8>,
    pub(crate) scales: Vec<BlockScale>,
}

/// A block of 16-bit floats: one line of the processor's cache, so that reading one never touches two.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [u16; BLOCK]);

/// What the bytes of a block stand for.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(C)]
pub(crate) struct BlockScale {
    /// What a step is worth.
    pub(crate) scale: f32,
    /// The sum of the block's numbers as rounded: what an offset of the weights is multiplied with.
    pub(crate) total: f32,
    /// The sum of the bytes.
    pub(crate) sum: i32,
}

/// How each row of `width` numbers is made.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// Taken as they are.
    Plain(&'a [f32]),
    /// Divided by their root mean square, and weighted.
    RmsNorm {
        /// The rows.
        rows: &'a [f32],
        /// One for each number of a row.
        weight: &'a [f32],
        /// Added to the mean square.
        epsilon: f32,
    },
    /// SwiGLU: rows of twice the width, the first half of which gates the second.
    Gated {
        /// The rows.
        rows: &'a [f32],
        /// Numbers from one row to the next.
        stride: usize,
    },
    /// The Gaussian error linear unit.
    Gelu(&'a [f32]),
}

/// Rows for which another thread is worth waking.
const GRAIN: usize = 4;

impl Activations {
    /// No rows yet; the memory is kept from one use to the next.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Fills in `rows` rows of `width` numbers, a multiple of [`BLOCK`].
    pub fn fill(&mut self, on: &Machine, precision: Precision, (rows, width): (usize, usize), source: Source<'_>) {
        assert!(width.is_multiple_of(BLOCK), "rows are made of whole blocks");
        let isa = on.isa;
        let enough = match source {
            Source::Gated { rows: given, stride } => stride >= 2 * width && given.len() >= rows * stride,
            Source::Plain(given) | Source::Gelu(given) | Source::RmsNorm { rows: given, .. } => given.len() >= rows * width,
        };
        assert!(enough, "there are as many numbers as rows need");
        (self.rows, self.width, self.precision) = (rows, width, precision);
        if precision == Precision::Brains {
            return self.fill_wide(on, source);
        }
        self.quants.resize(rows * width, 0);
        self.scales.resize(rows * width / BLOCK, BlockScale::default());
        let (quants, scales) = (Shared::new(&mut self.quants), Shared::new(&mut self.scales));
        on.team.run(rows, GRAIN, |range| {
            let mut scratch = vec![0.0; width];
            for row in range {
                // SAFETY: each row is in one part.
                let (quants, scales) = unsafe { (quants.part(row * width, width), scales.part(row * width / BLOCK, width / BLOCK)) };
                isa.run(FillRow { source, row, scratch: &mut scratch, out: Out::Bytes(quants, scales) });
            }
        });
    }

    fn fill_wide(&mut self, on: &Machine, source: Source<'_>) {
        let (isa, rows, width) = (on.isa, self.rows, self.width);
        self.wide.resize(rows.next_multiple_of(TILE) * width / BLOCK, Line([0; BLOCK]));
        self.wide[rows / TILE * TILE * width / BLOCK..].fill(Line([0; BLOCK]));
        let wide = Shared::new(&mut self.wide);
        on.team.run(rows, GRAIN, |range| {
            let (mut scratch, mut brains) = (vec![0.0; width], vec![0; width]);
            for row in range {
                isa.run(FillRow { source, row, scratch: &mut scratch, out: Out::Brains(&mut brains) });
                let first = row / TILE * TILE * width / BLOCK + row % TILE;
                for (block, brains) in brains.chunks_exact(BLOCK).enumerate() {
                    // SAFETY: each row is in one part, and its lines are no other row's.
                    let line = unsafe { wide.part(first + block * TILE, 1) };
                    line[0].0.copy_from_slice(brains);
                }
            }
        });
    }
}

/// Makes one row.
struct FillRow<'a> {
    source: Source<'a>,
    row: usize,
    scratch: &'a mut [f32],
    out: Out<'a>,
}

/// As what.
enum Out<'a> {
    Bytes(&'a mut [i8], &'a mut [BlockScale]),
    Brains(&'a mut [u16]),
}

impl Kernel for FillRow<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let width = self.scratch.len();
        // SAFETY: the caller is inside `enter` of `S`; every width is a multiple of a block, which is a multiple of the lanes.
        unsafe {
            match self.source {
                Source::Plain(rows) => self.scratch.copy_from_slice(&rows[self.row * width..][..width]),
                Source::RmsNorm { rows, weight, epsilon } => {
                    rms_norm::<S>(&rows[self.row * width..][..width], &weight[..width], epsilon, self.scratch);
                }
                Source::Gated { rows, stride } => {
                    let (gate, up) = rows[self.row * stride..][..2 * width].split_at(width);
                    gated::<S>(gate, up, self.scratch);
                }
                Source::Gelu(rows) => gelu::<S>(&rows[self.row * width..][..width], self.scratch),
            }
            match self.out {
                Out::Bytes(quants, scales) => {
                    let blocks = self.scratch.chunks_exact(BLOCK).zip(quants.chunks_exact_mut(BLOCK));
                    for ((block, quants), scale) in blocks.zip(scales) {
                        *scale = quantize::<S>(block, quants);
                    }
                }
                Out::Brains(brains) => {
                    for (brain, number) in brains.iter_mut().zip(self.scratch.iter()) {
                        // To the nearest, and to the even one of two that are as near: as the processor rounds weights.
                        let bits = number.to_bits();
                        *brain = (bits.wrapping_add(0x7FFF + (bits >> 16 & 1)) >> 16) as u16;
                    }
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn quantize<S: Simd>(block: &[f32], quants: &mut [i8]) -> BlockScale {
    // SAFETY: a block has `BLOCK` numbers, which the lanes divide.
    unsafe {
        let mut largest = S::splat(0.0);
        for at in (0..BLOCK).step_by(S::LANES) {
            let x = S::load(block.as_ptr().add(at));
            largest = S::max(largest, S::max(x, S::sub(S::splat(0.0), x)));
        }
        let largest = S::largest(largest);
        let scale = largest / 127.0;
        // A row of zeros, and numbers so small that their inverse would not be one.
        let inverse = if largest > 1e-30 { 127.0 / largest } else { 0.0 };
        let mut sum = S::splat(0.0);
        for at in (0..BLOCK).step_by(S::LANES) {
            let x = S::round(S::mul(S::load(block.as_ptr().add(at)), S::splat(inverse)));
            S::store_bytes(quants.as_mut_ptr().add(at), x);
            sum = S::add(sum, x);
        }
        let sum = S::sum(sum);
        BlockScale { scale, total: scale * sum, sum: sum as i32 }
    }
}

#[inline(always)]
unsafe fn rms_norm<S: Simd>(row: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    // SAFETY: three slices of one length, a multiple of the lanes.
    unsafe {
        let mut squares = [S::splat(0.0); 2];
        for at in (0..row.len()).step_by(2 * S::LANES) {
            for (half, square) in squares.iter_mut().enumerate() {
                let x = S::load(row.as_ptr().add(at + half * S::LANES));
                *square = S::fma(x, x, *square);
            }
        }
        let mean = S::sum(S::add(squares[0], squares[1])) / row.len() as f32;
        let scale = S::splat(1.0 / (mean + epsilon).sqrt());
        for at in (0..row.len()).step_by(S::LANES) {
            let x = S::mul(S::load(row.as_ptr().add(at)), scale);
            S::store(out.as_mut_ptr().add(at), S::mul(x, S::load(weight.as_ptr().add(at))));
        }
    }
}

#[inline(always)]
unsafe fn gated<S: Simd>(gate: &[f32], up: &[f32], out: &mut [f32]) {
    // SAFETY: three slices of one length, a multiple of the lanes.
    unsafe {
        for at in (0..gate.len()).step_by(S::LANES) {
            let x = S::load(gate.as_ptr().add(at));
            let denominator = S::add(S::splat(1.0), exp::<S>(S::sub(S::splat(0.0), x)));
            let up = S::load(up.as_ptr().add(at));
            S::store(out.as_mut_ptr().add(at), S::mul(S::div(x, denominator), up));
        }
    }
}

/// By the error function, as Eigen's rational approximation has it: within 4e-7 everywhere.
#[inline(always)]
unsafe fn gelu<S: Simd>(row: &[f32], out: &mut [f32]) {
    const P: [f32; 7] =
        [-2.726_142_3e-10, 2.770_681_4e-8, -2.101_024_1e-6, -5.692_506_4e-5, -7.349_906_3e-4, -2.954_600_1e-3, -1.609_603_3e-2];
    const Q: [f32; 5] = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329_2e-3, -1.426_473_9e-2];
    // SAFETY: two slices of one length, a multiple of the lanes.
    unsafe {
        for at in (0..row.len()).step_by(S::LANES) {
            let x = S::load(row.as_ptr().add(at));
            let z = S::mul(x, S::splat(std::f32::consts::FRAC_1_SQRT_2));
            let z = S::min(S::max(z, S::splat(-4.0)), S::splat(4.0));
            let square = S::mul(z, z);
            let mut numerator = S::splat(P[0]);
            for c in &P[1..] {
                numerator = S::fma(numerator, square, S::splat(*c));
            }
            let mut denominator = S::splat(Q[0]);
            for c in &Q[1..] {
                denominator = S::fma(denominator, square, S::splat(*c));
            }
            let erf = S::div(S::mul(z, numerator), denominator);
            S::store(out.as_mut_ptr().add(at), S::mul(S::mul(S::splat(0.5), x), S::add(S::splat(1.0), erf)));
        }
    }
}
