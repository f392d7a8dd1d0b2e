//! Products of long rows on AMX, the matrix unit of Intel's servers since Sapphire Rapids: sixteen outputs of sixteen rows at a time.
//!
//! Prompts are read in hundreds of rows, and there the unit does eight times what vectors do, but only when nothing else is done between its
//! steps. So weights and rows are not multiplied as bytes with a scale for each block, but as 16-bit floats (bfloat16): a tile of weights is
//! unpacked once for all rows of a pass. That is nearer to exact arithmetic than bytes are. What a row gets does not depend on the rows beside
//! it.

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::ops::Range;

use crate::activations::Activations;
use crate::isa::Isa;
use crate::matrix::{BLOCK, Format, Matrix, Stack, TILE};
use crate::product::{Begin, unpack};
use crate::shared::Shared;
use crate::simd::Simd;
use crate::simd::avx512::{Avx512, byte_of, store_brains};

/// Bytes of a tile of the unit: sixteen rows of 64.
const TILE_BYTES: usize = 1024;

/// Whether the processor has the unit and the system lets us use it.
pub(crate) fn available() -> bool {
    /// Asking the system is asking for the whole process, once.
    static AVAILABLE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        const OSXSAVE: u32 = 1 << 27;
        const AMX_BF16: u32 = 1 << 22;
        const AMX_TILE: u32 = 1 << 24;
        if !Isa::available().contains(&Isa::Avx512) || __cpuid(0).eax < 7 || __cpuid(1).ecx & OSXSAVE == 0 {
            return false;
        }
        let features = __cpuid_count(7, 0).edx;
        features & AMX_BF16 != 0 && features & AMX_TILE != 0 && system_saves_tiles() && permitted()
    })
}

/// Whether the system keeps the tiles of a thread when another one runs.
fn system_saves_tiles() -> bool {
    #[target_feature(enable = "xsave")]
    fn enabled() -> u64 {
        // SAFETY: the processor has the instruction when OSXSAVE is set, which `available` asked.
        unsafe { _xgetbv(0) }
    }
    // SAFETY: as above.
    unsafe { enabled() >> 17 & 3 == 3 }
}

/// The tiles are eight kilobytes that most programs never use: Linux wants to be asked for them.
#[cfg(target_os = "linux")]
fn permitted() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: i64 = 0x1023;
    const TILE_DATA: i64 = 18;
    let answer: i64;
    // SAFETY: a system call without pointers; it changes what the process may do, not what it does.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => answer,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") TILE_DATA,
            out("rcx") _,
            out("r11") _,
            options(nostack)
        );
    }
    answer == 0
}

#[cfg(not(target_os = "linux"))]
fn permitted() -> bool {
    false
}

/// All tiles with sixteen rows of 64 bytes.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

static CONFIG: Config = Config {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// The unit, set up on this thread until it is dropped.
struct Unit;

impl Unit {
    /// # Safety
    /// `available()` is true.
    unsafe fn set_up() -> Self {
        // SAFETY: the configuration is 64 bytes, and valid. Without `nomem`, so that it is in memory by then.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const CONFIG, options(nostack, preserves_flags)) };
        Self
    }

    /// `blocks` steps of two tiles of rows times two tiles of weights, into four tiles of sums.
    ///
    /// # Safety
    /// Each of `rows` is good for sixteen rows of `blocks` blocks, `stride` bytes apart; each of `weights` for `blocks` tiles.
    unsafe fn multiply(&self, rows: [*const u16; 2], stride: usize, weights: [*const u8; 2], blocks: usize, sums: &mut Sums) {
        // SAFETY: the caller's pointers; the tiles are set up. The compiler itself uses no tile registers.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "tileloadd tmm4, [{rows0} + {stride}*1]",
                "tileloadd tmm6, [{weights0} + {line}*1]",
                "tileloadd tmm5, [{rows1} + {stride}*1]",
                "tileloadd tmm7, [{weights1} + {line}*1]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {rows0}, 64",
                "add {rows1}, 64",
                "add {weights0}, 1024",
                "add {weights1}, 1024",
                "dec {blocks}",
                "jnz 2b",
                "tilestored [{sums} + {line}*1], tmm0",
                "tilestored [{sums} + {line}*1 + 1024], tmm1",
                "tilestored [{sums} + {line}*1 + 2048], tmm2",
                "tilestored [{sums} + {line}*1 + 3072], tmm3",
                rows0 = inout(reg) rows[0] => _,
                rows1 = inout(reg) rows[1] => _,
                weights0 = inout(reg) weights[0] => _,
                weights1 = inout(reg) weights[1] => _,
                blocks = inout(reg) blocks => _,
                stride = in(reg) stride,
                line = in(reg) 64usize,
                sums = in(reg) sums.0.as_mut_ptr(),
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack)
            );
        }
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        // SAFETY: what `set_up` began; a thread that has released its tiles is switched faster.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags)) };
    }
}

/// Four tiles of sums: two of rows by two of outputs.
#[repr(C, align(64))]
struct Sums([[[f32; TILE]; TILE]; 4]);

/// `out[row] = begin + stack · activations[row]` for pairs of tiles of one matrix after the other.
pub(crate) fn multiply(stack: &Stack, activations: &Activations, begin: Begin<'_>, out: &Shared<'_, f32>, pairs: Range<usize>) {
    debug_assert!(available());
    // SAFETY: machines read wide rows only where the unit is available.
    let unit = unsafe { Unit::set_up() };
    let mut unpacked = Vec::new();
    // Pair numbers go through the stack, as tile numbers do for vectors.
    let (mut first, mut column) = (0, 0);
    for matrix in &stack.parts {
        let layout = matrix.layout();
        let own = layout.tiles().div_ceil(2);
        for pair in pairs.start.max(first)..pairs.end.min(first + own) {
            let part = Part { unit: &unit, matrix, activations, begin, out, stride: stack.outputs(), column };
            part.pair(pair - first, &mut unpacked);
        }
        first += own;
        column += layout.outputs;
    }
}

/// How many pairs of tiles a stack has.
pub(crate) fn pairs(stack: &Stack) -> usize {
    stack.parts.iter().map(|part| part.layout().tiles().div_ceil(2)).sum()
}

struct Part<'a> {
    unit: &'a Unit,
    matrix: &'a Matrix,
    activations: &'a Activations,
    begin: Begin<'a>,
    out: &'a Shared<'a, f32>,
    stride: usize,
    column: usize,
}

impl Part<'_> {
    fn pair(&self, pair: usize, unpacked: &mut Vec<Line>) {
        let blocks = self.matrix.layout().blocks();
        let tiles = self.matrix.layout().tiles();
        let count = (tiles - 2 * pair).min(2);
        let lines = blocks * TILE_BYTES / size_of::<Line>();
        unpacked.resize(2 * lines, Line([0; 32]));
        for (index, lines) in unpacked.chunks_exact_mut(lines).take(count).enumerate() {
            // SAFETY: `available` asked for the instructions.
            unsafe { unpack_tile(self.matrix, 2 * pair + index, lines) };
        }
        let first = unpacked.as_ptr().cast::<u8>();
        // An odd one out is multiplied with itself: the sums are not used.
        let weights = [first, first.wrapping_add(if count == 2 { blocks * TILE_BYTES } else { 0 })];
        let mut sums = Sums([[[0.0; TILE]; TILE]; 4]);
        let padded = self.activations.rows.next_multiple_of(TILE);
        for row in (0..padded).step_by(2 * TILE) {
            let second = if row + TILE < padded { row + TILE } else { row };
            let rows = [row, second].map(|row| self.activations.wide[row * self.activations.width..].as_ptr());
            // SAFETY: rows are filled up to whole tiles, and the weights of two tiles are unpacked.
            unsafe { self.unit.multiply(rows, 2 * self.activations.width, weights, blocks, &mut sums) };
            for (half, from) in [row, second].into_iter().enumerate().take(if second == row { 1 } else { 2 }) {
                for tile in 0..count {
                    self.put(from, 2 * pair + tile, &sums.0[2 * half + tile]);
                }
            }
        }
    }

    /// Sums of sixteen rows into their places, where those are rows and outputs that there are.
    fn put(&self, from: usize, tile: usize, sums: &[[f32; TILE]; TILE]) {
        let lanes = (self.matrix.layout().outputs - tile * TILE).min(TILE);
        let column = self.column + tile * TILE;
        for (row, sums) in (from..self.activations.rows).zip(sums) {
            // SAFETY: the columns of a pair of tiles are in one part of the region.
            let out = unsafe { self.out.part(row * self.stride + column, lanes) };
            match self.begin {
                Begin::Zero => out.copy_from_slice(&sums[..lanes]),
                Begin::Bias(bias) => out.iter_mut().zip(sums).zip(&bias[column..]).for_each(|((out, sum), bias)| *out = bias + sum),
                Begin::Out => out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum),
                Begin::OutAndBias(bias) => {
                    out.iter_mut().zip(sums).zip(&bias[column..]).for_each(|((out, sum), bias)| *out = *out + bias + sum);
                }
            }
        }
    }
}

/// Sixteen pairs of 16-bit floats: the weights of two inputs for sixteen outputs.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u16; 32]);

/// A tile of packed weights as 16-bit floats, in the order that the unit wants: for each two inputs a line.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn unpack_tile(matrix: &Matrix, tile: usize, lines: &mut [Line]) {
    let layout = matrix.layout();
    let format = layout.format;
    let (quants, scales) = matrix.tile(tile).split_at(layout.blocks() * format.quants());
    // Signed bytes come with 128 added.
    let less = match format {
        Format::Byte => 128,
        Format::Centred => 16,
        Format::Nibble | Format::Five => 0,
    };
    for (block, lines) in lines.chunks_exact_mut(BLOCK / 2).enumerate() {
        let quants = quants[block * format.quants()..][..format.quants()].as_ptr();
        let scales = scales[block * format.scales()..][..format.scales()].as_ptr().cast::<half::f16>();
        // SAFETY: a block has as many bytes and scales as its format says, and an offset for each output where the format has one; the function
        // has the instructions.
        unsafe {
            let scale = Avx512::load_half(scales);
            let offset = if format.has_offset() { Avx512::load_half(scales.add(TILE)) } else { Avx512::splat(0.0) };
            for (lines, weights) in lines.chunks_exact_mut(2).zip(unpack::<Avx512>(format, quants)) {
                let weight = |input| Avx512::fma(byte_of(weights, input, less), scale, offset);
                store_brains(lines[0].0.as_mut_ptr(), weight(0), weight(1));
                store_brains(lines[1].0.as_mut_ptr(), weight(2), weight(3));
            }
        }
    }
}
