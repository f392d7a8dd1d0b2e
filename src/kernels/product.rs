//! Products of packed weights and rows of bytes.
//!
//! One tile of weights is unpacked block by block into eight registers and multiplied with up to [`Simd::ROWS`] rows before the next block is
//! read, so that several tokens, or several conversations, cost hardly more than one. What a row gets does not depend on the rows beside it:
//! each sum is made in the same order whatever their number.

use std::ops::Range;

#[cfg(target_arch = "x86_64")]
use crate::activations::Precision;
use crate::activations::{Activations, BlockScale};
use crate::machine::Machine;
use crate::matrix::{BLOCK, Format, Matrix, Stack, TILE};
use crate::shared::Shared;
use crate::simd::{Kernel, Simd};

/// How far ahead of the sums weights are asked for. The processor's own guesses end with each page of four kilobytes; with this distance one core
/// reads a tenth to a fifth more in the same time.
const AHEAD: usize = 6144;

/// What the sums begin with.
#[derive(Debug, Clone, Copy)]
pub enum Begin<'a> {
    /// Nothing.
    Zero,
    /// The same numbers for every row: a bias.
    Bias(&'a [f32]),
    /// What `out` holds: a residual.
    Out,
    /// What `out` holds, and a bias.
    OutAndBias(&'a [f32]),
}

/// `out[row] = begin + stack · activations[row]` for every row; rows of `out` are `stride` numbers apart (see [`Stack::stride`]).
pub fn multiply(on: &Machine, stack: &Stack, activations: &Activations, begin: Begin<'_>, out: &mut [f32], stride: usize) {
    assert_eq!(stack.inputs(), activations.width, "the matrices take as many numbers as a row has");
    assert!(stride >= stack.outputs(), "a row holds what comes out");
    assert!(out.len() >= stride * activations.rows, "there is room for what comes out");
    if let Begin::Bias(bias) | Begin::OutAndBias(bias) = begin {
        assert_eq!(bias.len(), stack.outputs(), "a bias has a number for each output");
    }
    let isa = on.isa;
    let out = Shared::new(out);
    #[cfg(target_arch = "x86_64")]
    if activations.precision == Precision::Brains {
        let pairs = crate::amx::pairs(stack);
        return on.team.run(pairs, pairs.div_ceil(on.team.threads() * 6), |pairs| {
            crate::amx::multiply(stack, activations, begin, (&out, stride), pairs)
        });
    }
    let tiles = stack.tiles();
    // Chunks small enough that no member waits long for another, large enough that the counter is not where they meet.
    let grain = tiles.div_ceil(on.team.threads() * 6);
    on.team.run(tiles, grain, |tiles| isa.run(Tiles { stack, activations, begin, out: &out, stride, tiles }));
}

struct Tiles<'a> {
    stack: &'a Stack,
    activations: &'a Activations,
    begin: Begin<'a>,
    out: &'a Shared<'a, f32>,
    stride: usize,
    tiles: Range<usize>,
}

impl Kernel for Tiles<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Self { stack, activations, begin, out, stride, mut tiles } = self;
        // Tile numbers go through the stack; `first` is the first tile of a part, `column` where its outputs begin.
        let (mut first, mut column) = (0, 0);
        for matrix in &stack.parts {
            let layout = matrix.layout();
            let part = Part { matrix, activations, begin, out, stride, column };
            let end = tiles.end.min(first + layout.tiles());
            while (first..end).contains(&tiles.start) {
                // SAFETY: the caller is inside `enter` of `S`.
                unsafe {
                    let tile = tiles.start - first;
                    match layout.format {
                        Format::Nibble => part.tile::<S, NIBBLE>(tile),
                        Format::Five => part.tile::<S, FIVE>(tile),
                        Format::Centred => part.tile::<S, CENTRED>(tile),
                        Format::Byte => part.tile::<S, BYTE>(tile),
                    }
                }
                tiles.start += 1;
            }
            first += layout.tiles();
            column += layout.outputs;
        }
    }
}

const NIBBLE: u8 = 0;
const FIVE: u8 = 1;
const CENTRED: u8 = 2;
const BYTE: u8 = 3;

const fn format(code: u8) -> Format {
    match code {
        NIBBLE => Format::Nibble,
        FIVE => Format::Five,
        CENTRED => Format::Centred,
        _ => Format::Byte,
    }
}

/// One matrix of a stack and where its outputs go.
struct Part<'a> {
    matrix: &'a Matrix,
    activations: &'a Activations,
    begin: Begin<'a>,
    out: &'a Shared<'a, f32>,
    /// Numbers from one row to the next.
    stride: usize,
    /// The first output of this one.
    column: usize,
}

impl Part<'_> {
    #[inline(always)]
    unsafe fn tile<S: Simd, const F: u8>(&self, tile: usize) {
        let rows = self.activations.rows;
        for sub in 0..TILE / S::LANES {
            let mut row = 0;
            while row < rows {
                // SAFETY: `row + N <= rows`.
                unsafe {
                    row += match rows - row {
                        8.. if S::ROWS >= 8 => self.rows::<S, F, 8>(tile, sub, row),
                        4.. => self.rows::<S, F, 4>(tile, sub, row),
                        3 => self.rows::<S, F, 3>(tile, sub, row),
                        2 => self.rows::<S, F, 2>(tile, sub, row),
                        _ => self.rows::<S, F, 1>(tile, sub, row),
                    };
                }
            }
        }
    }

    /// `N` rows from `first` on, for the lanes of one part of a tile; gives `N`.
    #[inline(always)]
    unsafe fn rows<S: Simd, const F: u8, const N: usize>(&self, tile: usize, sub: usize, first: usize) -> usize {
        let inputs = self.activations.width;
        let blocks = inputs / BLOCK;
        let lane = sub * S::LANES;
        // The lanes that are outputs: fewer than all only at the end of a matrix that is not whole tiles.
        let lanes = self.matrix.layout().outputs.saturating_sub(tile * TILE + lane).min(S::LANES);
        if lanes == 0 {
            return N;
        }
        let column = self.column + tile * TILE + lane;
        let quants = self.matrix.tile(tile).as_ptr();
        // SAFETY: a tile holds `blocks` blocks of weights and then as many of scales; rows `first..first + N` exist; an output row is written
        // only in the columns of this tile, which are in one part of the region.
        unsafe {
            let scales = quants.add(blocks * format(F).quants());
            let mut sums = [S::splat(0.0); N];
            for (row, sum) in sums.iter_mut().enumerate() {
                *sum = match self.begin {
                    Begin::Zero => S::splat(0.0),
                    Begin::Bias(bias) => load_some::<S>(bias.as_ptr().add(column), lanes),
                    Begin::Out => load_some::<S>(self.out.address((first + row) * self.stride + column), lanes),
                    Begin::OutAndBias(bias) => S::add(
                        load_some::<S>(self.out.address((first + row) * self.stride + column), lanes),
                        load_some::<S>(bias.as_ptr().add(column), lanes),
                    ),
                };
            }
            let activations = self.activations.quants.as_ptr().add(first * inputs);
            let given = self.activations.scales.as_ptr().add(first * blocks);
            for block in 0..blocks {
                // The first rows read the tile from memory; the others find it in the cache.
                if first == 0 && sub == 0 {
                    let ahead = quants.wrapping_add(block * format(F).quants() + AHEAD);
                    for line in 0..format(F).quants().div_ceil(64) + 1 {
                        S::prefetch(ahead.wrapping_add(64 * line));
                    }
                }
                let weights = unpack_part::<S, F>(quants.add(block * format(F).quants()), sub);
                let scales = scales.add(block * format(F).scales()).cast::<half::f16>();
                let scale = S::load_half(scales.add(lane));
                let offset = if format(F).has_offset() { S::load_half(scales.add(TILE + lane)) } else { scale };
                for (row, total) in sums.iter_mut().enumerate() {
                    let bytes = activations.add(row * inputs + block * BLOCK);
                    let given: &BlockScale = &*given.add(row * blocks + block);
                    let dot = match F {
                        BYTE => S::dot_signed(&weights, bytes, given.sum),
                        CENTRED => S::dot_unsigned(&weights, bytes, -16 * given.sum),
                        _ => S::dot_unsigned(&weights, bytes, 0),
                    };
                    *total = S::fma(dot, S::mul(scale, S::splat(given.scale)), *total);
                    if format(F).has_offset() {
                        *total = S::fma(offset, S::splat(given.total), *total);
                    }
                }
            }
            for (row, sum) in sums.into_iter().enumerate() {
                let to = self.out.address((first + row) * self.stride + column);
                if lanes == S::LANES {
                    S::store(to, sum);
                } else {
                    let mut floats = [0.0f32; TILE];
                    S::store(floats.as_mut_ptr(), sum);
                    std::ptr::copy_nonoverlapping(floats.as_ptr(), to, lanes);
                }
            }
        }
        N
    }
}

/// `lanes` numbers, and zeros behind them.
#[inline(always)]
unsafe fn load_some<S: Simd>(from: *const f32, lanes: usize) -> S::Floats {
    // SAFETY: all lanes exist, or those that do are copied.
    unsafe {
        if lanes == S::LANES {
            return S::load(from);
        }
        let mut floats = [0.0f32; TILE];
        std::ptr::copy_nonoverlapping(from, floats.as_mut_ptr(), lanes);
        S::load(floats.as_ptr())
    }
}

/// One block of a tile, or of the part `sub` of it, in the order of its inputs.
#[inline(always)]
unsafe fn unpack_part<S: Simd, const F: u8>(block: *const u8, sub: usize) -> [S::Bytes; 8] {
    let width = 4 * S::LANES;
    // SAFETY: a block has as many bytes as its format says.
    unsafe {
        if F == BYTE {
            return std::array::from_fn(|step| S::prepare_signed(S::load_bytes(block.add(step * 64 + sub * width))));
        }
        let packed: [S::Bytes; 4] = std::array::from_fn(|step| S::load_bytes(block.add(step * 64 + sub * width)));
        std::array::from_fn(|step| {
            let bytes = packed[step % 4];
            let bytes = if step < 4 { S::low_nibbles(bytes) } else { S::high_nibbles(bytes) };
            if format(F).has_fifth_bit() { S::add_fifth_bits(bytes, block.add(256 + step * 8 + sub * width / 8)) } else { bytes }
        })
    }
}

/// A whole block, for registers of sixteen lanes.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) unsafe fn unpack<S: Simd>(format: Format, block: *const u8) -> [S::Bytes; 8] {
    // SAFETY: the caller's.
    unsafe {
        match format {
            Format::Nibble => unpack_part::<S, NIBBLE>(block, 0),
            Format::Five => unpack_part::<S, FIVE>(block, 0),
            Format::Centred => unpack_part::<S, CENTRED>(block, 0),
            Format::Byte => unpack_part::<S, BYTE>(block, 0),
        }
    }
}
