//! Products of long rows on AMX, the matrix unit of Intel's servers since Sapphire Rapids: sixteen outputs of sixteen rows at a time.
//!
//! Prompts are read in hundreds of rows, and there the unit does eight times what vectors do, but only when nothing else is done between its
//! steps. So weights and rows are not multiplied as bytes with a scale for each block, but as 16-bit floats (bfloat16): a tile of weights is
//! unpacked once for all rows of a pass. That is nearer to exact arithmetic than bytes are. What a row gets does not depend on the rows beside
//! it.

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::ops::Range;

use crate::activations::{Activations, Line};
use crate::isa::Isa;
use crate::matrix::{BLOCK, Format, Matrix, Stack, TILE};
use crate::product::{Begin, unpack};
use crate::shared::Shared;
use crate::simd::Simd;
use crate::simd::avx512::{Avx512, byte_of, store_brains};

/// Lines of a tile of the unit.
const LINES: usize = 16;

/// Whether the processor has the unit and the system lets us use it.
pub(crate) fn available() -> bool {
    /// Asking the system is asking for the whole process, once.
    static AVAILABLE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        const OSXSAVE: u32 = 1 << 27;
        const AMX_BF16: u32 = 1 << 22;
        const AMX_TILE: u32 = 1 << 24;
        if !Isa::available().contains(&Isa::Avx512)
            || !is_x86_feature_detected!("avx512bf16")
            || __cpuid(0).eax < 7
            || __cpuid(1).ecx & OSXSAVE == 0
        {
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

    /// `blocks` steps of two tiles of rows times two tiles of weights, onto four tiles of sums.
    ///
    /// # Safety
    /// Each of `rows` and `weights` is good for `blocks` tiles, and each of the sums for sixteen rows of sixteen floats.
    unsafe fn multiply(&self, rows: [*const Line; 2], weights: [*const Line; 2], blocks: usize, sums: &[Sums; 4]) {
        // SAFETY: the caller's pointers; the tiles are set up. The compiler itself uses no tile registers, so they stay between the two blocks.
        unsafe {
            for (index, Sums { from, from_stride, .. }) in sums.iter().enumerate() {
                let (from, stride) = (*from, *from_stride);
                match index {
                    0 => asm!("tileloadd tmm0, [{} + {}*1]", in(reg) from, in(reg) stride, options(nostack, readonly, preserves_flags)),
                    1 => asm!("tileloadd tmm1, [{} + {}*1]", in(reg) from, in(reg) stride, options(nostack, readonly, preserves_flags)),
                    2 => asm!("tileloadd tmm2, [{} + {}*1]", in(reg) from, in(reg) stride, options(nostack, readonly, preserves_flags)),
                    _ => asm!("tileloadd tmm3, [{} + {}*1]", in(reg) from, in(reg) stride, options(nostack, readonly, preserves_flags)),
                }
            }
            // Rows pass through the cache once for each pair of weights, which stay: the hint keeps the one from pushing out the other.
            asm!(
                "2:",
                "tileloaddt1 tmm4, [{rows0} + {line}*1]",
                "tileloadd tmm6, [{weights0} + {line}*1]",
                "tileloadd tmm7, [{weights1} + {line}*1]",
                ".irp line, 0, 64, 128, 192, 256, 320, 384, 448, 512, 576, 640, 704, 768, 832, 896, 960",
                "prefetcht0 [{rows0} + 1024 + \\line]",
                "prefetcht0 [{rows1} + 1024 + \\line]",
                ".endr",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloaddt1 tmm5, [{rows1} + {line}*1]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {rows0}, 1024",
                "add {rows1}, 1024",
                "add {weights0}, 1024",
                "add {weights1}, 1024",
                "dec {blocks}",
                "jnz 2b",
                rows0 = inout(reg) rows[0] => _,
                rows1 = inout(reg) rows[1] => _,
                weights0 = inout(reg) weights[0] => _,
                weights1 = inout(reg) weights[1] => _,
                blocks = inout(reg) blocks => _,
                line = in(reg) 64usize,
                options(nostack, readonly)
            );
            for (index, Sums { to, to_stride, .. }) in sums.iter().enumerate() {
                let (to, stride) = (*to, *to_stride);
                match index {
                    0 => asm!("tilestored [{} + {}*1], tmm0", in(reg) to, in(reg) stride, options(nostack, preserves_flags)),
                    1 => asm!("tilestored [{} + {}*1], tmm1", in(reg) to, in(reg) stride, options(nostack, preserves_flags)),
                    2 => asm!("tilestored [{} + {}*1], tmm2", in(reg) to, in(reg) stride, options(nostack, preserves_flags)),
                    _ => asm!("tilestored [{} + {}*1], tmm3", in(reg) to, in(reg) stride, options(nostack, preserves_flags)),
                }
            }
        }
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        // SAFETY: what `set_up` began; a thread that has released its tiles is switched faster.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags)) };
    }
}

/// A tile of sums: what it begins with, and where it goes. Strides are in bytes.
#[derive(Clone, Copy)]
struct Sums {
    from: *const f32,
    from_stride: usize,
    to: *mut f32,
    to_stride: usize,
}

/// Room for a tile of sums that is not whole, or that belongs to nothing.
#[repr(C, align(64))]
struct Scratch([[f32; TILE]; TILE]);

static ZEROS: Scratch = Scratch([[0.0; TILE]; TILE]);

/// `out[row] = begin + stack · activations[row]` for pairs of tiles of one matrix after the other.
pub(crate) fn multiply(
    stack: &Stack,
    activations: &Activations,
    begin: Begin<'_>,
    (out, stride): (&Shared<'_, f32>, usize),
    pairs: Range<usize>,
) {
    debug_assert!(available());
    // SAFETY: machines read wide rows only where the unit is available.
    let unit = unsafe { Unit::set_up() };
    let mut unpacked = UNPACKED.take();
    // Pair numbers go through the stack, as tile numbers do for vectors.
    let (mut first, mut column) = (0, 0);
    for matrix in &stack.parts {
        let layout = matrix.layout();
        let own = layout.tiles().div_ceil(2);
        for pair in pairs.start.max(first)..pairs.end.min(first + own) {
            let part = Part { unit: &unit, matrix, activations, begin, out, stride, column };
            part.pair(pair - first, &mut unpacked);
        }
        first += own;
        column += layout.outputs;
    }
    UNPACKED.set(unpacked);
}

thread_local! {
    /// The weights of two tiles: memory that each thread keeps.
    static UNPACKED: std::cell::Cell<Vec<Line>> = const { std::cell::Cell::new(Vec::new()) };
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
        let count = (self.matrix.layout().tiles() - 2 * pair).min(2);
        let lines = blocks * LINES;
        if unpacked.len() < 2 * lines {
            unpacked.resize(2 * lines, Line([0; 32]));
        }
        for (index, lines) in unpacked.chunks_exact_mut(lines).enumerate().take(count) {
            // SAFETY: `available` asked for the instructions.
            unsafe { unpack_tile(self.matrix, 2 * pair + index, lines) };
        }
        // An odd one out is multiplied with itself: the sums are not used.
        let weights = [&unpacked[..lines], &unpacked[if count == 2 { lines } else { 0 }..][..lines]].map(<[Line]>::as_ptr);
        let tiles = self.activations.rows.div_ceil(TILE);
        let mut scratch = [const { Scratch([[0.0; TILE]; TILE]) }; 4];
        for row_tile in (0..tiles).step_by(2) {
            let row_tiles = [row_tile, (row_tile + 1).min(tiles - 1)];
            let wanted = |index: usize| row_tile + index / 2 < tiles && index % 2 < count;
            let place = |index: usize| (row_tiles[index / 2], 2 * pair + index % 2);
            let mut sums = [Sums { from: ZEROS.0.as_ptr().cast(), from_stride: 64, to: std::ptr::null_mut(), to_stride: 64 }; 4];
            for (index, (sums, scratch)) in sums.iter_mut().zip(&mut scratch).enumerate() {
                sums.to = scratch.0.as_mut_ptr().cast();
                if wanted(index) {
                    let (row_tile, tile) = place(index);
                    self.begin(row_tile, tile, sums, scratch);
                }
            }
            let rows = row_tiles.map(|tile| self.activations.wide[tile * blocks * LINES..].as_ptr());
            // SAFETY: rows are filled up to whole tiles, the weights of two tiles are unpacked, and `begin` points the sums to what is there.
            unsafe { self.unit.multiply(rows, weights, blocks, &sums) };
            for (index, scratch) in scratch.iter().enumerate().filter(|(index, _)| wanted(*index)) {
                let (row_tile, tile) = place(index);
                self.end(row_tile, tile, scratch);
            }
        }
    }

    /// The rows and outputs of a tile of sums that there are.
    fn extent(&self, row_tile: usize, tile: usize) -> (usize, usize) {
        ((self.activations.rows - row_tile * TILE).min(TILE), (self.matrix.layout().outputs - tile * TILE).min(TILE))
    }

    /// Where a tile of sums begins and goes: in the output itself where it is whole, else through the scratch. Either way a sum begins with the
    /// same number, so that a row does not depend on how many there are.
    fn begin(&self, row_tile: usize, tile: usize, sums: &mut Sums, scratch: &mut Scratch) {
        let (rows, lanes) = self.extent(row_tile, tile);
        let column = self.column + tile * TILE;
        let whole = rows == TILE && lanes == TILE;
        if whole {
            (sums.to, sums.to_stride) = (self.out.address(row_tile * TILE * self.stride + column), 4 * self.stride);
        }
        match self.begin {
            Begin::Zero => {}
            // The same sixteen numbers for every row.
            Begin::Bias(bias) if lanes == TILE => (sums.from, sums.from_stride) = (bias[column..].as_ptr(), 0),
            Begin::Out if whole => (sums.from, sums.from_stride) = (sums.to.cast_const(), sums.to_stride),
            _ => {
                for (row, scratch) in scratch.0.iter_mut().enumerate().take(rows) {
                    // SAFETY: the columns of a pair of tiles are in one part of the region.
                    let out = unsafe { self.out.part((row_tile * TILE + row) * self.stride + column, lanes) };
                    for (lane, (number, out)) in scratch.iter_mut().zip(out).enumerate() {
                        *number = match self.begin {
                            Begin::Zero => 0.0,
                            Begin::Bias(bias) => bias[column + lane],
                            Begin::Out => *out,
                            Begin::OutAndBias(bias) => *out + bias[column + lane],
                        };
                    }
                }
                (sums.from, sums.from_stride) = (scratch.0.as_ptr().cast(), 64);
            }
        }
    }

    /// Takes what is in the scratch to where it belongs.
    fn end(&self, row_tile: usize, tile: usize, scratch: &Scratch) {
        let (rows, lanes) = self.extent(row_tile, tile);
        if rows == TILE && lanes == TILE {
            return;
        }
        for (row, scratch) in scratch.0.iter().enumerate().take(rows) {
            // SAFETY: as in `begin`.
            let out = unsafe { self.out.part((row_tile * TILE + row) * self.stride + self.column + tile * TILE, lanes) };
            out.copy_from_slice(&scratch[..lanes]);
        }
    }
}

/// A tile of packed weights as 16-bit floats, in the order that the unit wants: for each two inputs a line.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx512bf16,avx2,fma,f16c")]
fn unpack_tile(matrix: &Matrix, tile: usize, lines: &mut [Line]) {
    let layout = matrix.layout();
    let format = layout.format;
    let (quants, scales) = matrix.tile(tile).split_at(layout.blocks() * format.quants());
    // Signed bytes come with 128 added.
    let less = match format {
        Format::Byte => -128.0,
        Format::Centred => -16.0,
        Format::Nibble | Format::Five => 0.0,
    };
    for (block, lines) in lines.chunks_exact_mut(BLOCK / 2).enumerate() {
        let quants = quants[block * format.quants()..][..format.quants()].as_ptr();
        let scales = scales[block * format.scales()..][..format.scales()].as_ptr().cast::<half::f16>();
        // SAFETY: a block has as many bytes and scales as its format says, and an offset for each output where the format has one; the function
        // has the instructions.
        unsafe {
            let scale = Avx512::load_half(scales);
            let offset = if format.has_offset() { Avx512::load_half(scales.add(TILE)) } else { Avx512::splat(0.0) };
            let offset = Avx512::fma(scale, Avx512::splat(less), offset);
            for (lines, weights) in lines.chunks_exact_mut(2).zip(unpack::<Avx512>(format, quants)) {
                let weight = |input| Avx512::fma(byte_of(weights, input), scale, offset);
                store_brains(lines[0].0.as_mut_ptr(), weight(0), weight(1));
                store_brains(lines[1].0.as_mut_ptr(), weight(2), weight(3));
            }
        }
    }
}
