//! A vector register, as the kernels see it: each kernel is written once, over this trait, and compiled for every instruction set.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
mod portable;

use half::f16;
pub(crate) use portable::Portable;

/// A function over vector registers. A struct with its arguments rather than a closure, because only a method can be forced inline into the
/// function that turns the instructions on.
pub(crate) trait Kernel {
    /// What it gives.
    type Output;

    /// # Safety
    /// Only inside `enter` of `S`'s module: elsewhere the instructions may be missing. `#[inline(always)]`, or they are not used.
    unsafe fn run<S: Simd>(self) -> Self::Output;
}

/// One instruction set.
///
/// # Safety
/// Every method: the processor has the instructions, and pointers are good for the width that the method names.
pub(crate) trait Simd: Copy {
    /// How many floats a register holds: a divisor of [`crate::matrix::TILE`].
    const LANES: usize;
    /// How many rows share one pass over the weights or keys: as many as there are registers for.
    const ROWS: usize;
    /// `LANES` floats.
    type Floats: Copy;
    /// `4 * LANES` bytes.
    type Bytes: Copy;

    unsafe fn load(from: *const f32) -> Self::Floats;
    unsafe fn store(to: *mut f32, floats: Self::Floats);
    unsafe fn splat(float: f32) -> Self::Floats;
    unsafe fn load_half(from: *const f16) -> Self::Floats;
    unsafe fn store_half(to: *mut f16, floats: Self::Floats);

    unsafe fn add(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    unsafe fn sub(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    unsafe fn mul(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    unsafe fn div(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    unsafe fn max(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    unsafe fn min(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b + c`, rounded once where the machine can.
    unsafe fn fma(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// To the nearest whole number.
    unsafe fn round(floats: Self::Floats) -> Self::Floats;
    /// 2 to the power of whole numbers from -126 to 127.
    unsafe fn power_of_two(floats: Self::Floats) -> Self::Floats;
    unsafe fn sum(floats: Self::Floats) -> f32;
    unsafe fn largest(floats: Self::Floats) -> f32;
    /// Whole numbers from -128 to 127 as bytes, `LANES` of them.
    unsafe fn store_bytes(to: *mut i8, floats: Self::Floats);

    /// Asks for a line of memory ahead of its use; the address need not be good.
    #[inline(always)]
    unsafe fn prefetch(_from: *const u8) {}

    unsafe fn load_bytes(from: *const u8) -> Self::Bytes;
    unsafe fn low_nibbles(bytes: Self::Bytes) -> Self::Bytes;
    unsafe fn high_nibbles(bytes: Self::Bytes) -> Self::Bytes;
    /// Adds 16 to each byte whose bit is set; the bits begin at `bits`.
    unsafe fn add_fifth_bits(bytes: Self::Bytes, bits: *const u8) -> Self::Bytes;
    /// Signed bytes as [`Simd::dot_signed`] wants them.
    unsafe fn prepare_signed(bytes: Self::Bytes) -> Self::Bytes;

    /// For each lane `begin` and the product of 32 weights from 0 to 31 (four in each of eight registers) and 32 signed bytes.
    unsafe fn dot_unsigned(weights: &[Self::Bytes; 8], activations: *const i8, begin: i32) -> Self::Floats;
    /// The same for prepared weights from -127 to 127; `sum` is the sum of the 32 signed bytes.
    unsafe fn dot_signed(weights: &[Self::Bytes; 8], activations: *const i8, sum: i32) -> Self::Floats;
}

/// e to the power of `x`, within two units in the last place; what would be smaller than the smallest normal number is about that.
#[inline(always)]
pub(crate) unsafe fn exp<S: Simd>(x: S::Floats) -> S::Floats {
    // SAFETY: the caller is inside `enter` of `S`.
    unsafe {
        let x = S::min(S::max(x, S::splat(-87.0)), S::splat(88.0));
        let n = S::round(S::mul(x, S::splat(std::f32::consts::LOG2_E)));
        // ln 2 in two parts, so that the remainder keeps its low bits.
        let r = S::fma(n, S::splat(-0.693_359_4), x);
        let r = S::fma(n, S::splat(2.121_944_4e-4), r);
        let mut p = S::splat(1.987_569_1e-4);
        for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5, 1.0, 1.0] {
            p = S::fma(p, r, S::splat(c));
        }
        S::mul(p, S::power_of_two(n))
    }
}
