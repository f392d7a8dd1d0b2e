//! Plain code: the meaning of each operation, and what runs where no vector instructions are known.
#![allow(unsafe_op_in_unsafe_fn, reason = "the only unsafe operations are reads and writes through the pointers of the trait's contract")]

use half::f16;

use super::Simd;

/// No instructions beyond the compiler's baseline.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

const LANES: usize = 4;

#[inline(always)]
fn each(a: [f32; LANES], b: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    std::array::from_fn(|i| f(a[i], b[i]))
}

#[inline(always)]
fn dot(weights: &[[u8; 16]; 8], activations: *const i8, begin: i32, value: impl Fn(u8) -> i32) -> [f32; LANES] {
    let mut sums = [begin; LANES];
    for (step, weights) in weights.iter().enumerate() {
        // SAFETY: a block has 32 activations, four for each of its eight registers.
        let four = unsafe { activations.add(4 * step).cast::<[i8; 4]>().read_unaligned() };
        for (lane, sum) in sums.iter_mut().enumerate() {
            for k in 0..4 {
                *sum += value(weights[4 * lane + k]) * i32::from(four[k]);
            }
        }
    }
    sums.map(|sum| sum as f32)
}

impl Simd for Portable {
    const LANES: usize = LANES;
    const ROWS: usize = 4;
    type Floats = [f32; LANES];
    type Bytes = [u8; 16];

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::Floats {
        from.cast::<[f32; LANES]>().read_unaligned()
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, floats: Self::Floats) {
        to.cast::<[f32; LANES]>().write_unaligned(floats)
    }

    #[inline(always)]
    unsafe fn splat(float: f32) -> Self::Floats {
        [float; LANES]
    }

    #[inline(always)]
    unsafe fn load_half(from: *const f16) -> Self::Floats {
        let halves = from.cast::<[f16; LANES]>().read_unaligned();
        halves.map(f16::to_f32_const)
    }

    #[inline(always)]
    unsafe fn store_half(to: *mut f16, floats: Self::Floats) {
        to.cast::<[f16; LANES]>().write_unaligned(floats.map(f16::from_f32_const))
    }

    #[inline(always)]
    unsafe fn add(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(a, b, |a, b| a + b)
    }

    #[inline(always)]
    unsafe fn sub(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(a, b, |a, b| a - b)
    }

    #[inline(always)]
    unsafe fn mul(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(a, b, |a, b| a * b)
    }

    #[inline(always)]
    unsafe fn div(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(a, b, |a, b| a / b)
    }

    #[inline(always)]
    unsafe fn max(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(a, b, f32::max)
    }

    #[inline(always)]
    unsafe fn min(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(a, b, f32::min)
    }

    // Two roundings: a fused one without the instruction is a library call.
    #[inline(always)]
    unsafe fn fma(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }

    #[inline(always)]
    unsafe fn round(floats: Self::Floats) -> Self::Floats {
        // Adding and taking away 1.5 · 2²³ leaves no place for a fraction: exact for all that the kernels round.
        floats.map(|float| (float + 12_582_912.0) - 12_582_912.0)
    }

    #[inline(always)]
    unsafe fn power_of_two(floats: Self::Floats) -> Self::Floats {
        floats.map(|float| f32::from_bits(((float as i32 + 127) << 23) as u32))
    }

    #[inline(always)]
    unsafe fn sum(floats: Self::Floats) -> f32 {
        floats.iter().sum()
    }

    #[inline(always)]
    unsafe fn largest(floats: Self::Floats) -> f32 {
        floats.iter().copied().fold(f32::NEG_INFINITY, f32::max)
    }

    #[inline(always)]
    unsafe fn store_bytes(to: *mut i8, floats: Self::Floats) {
        to.cast::<[i8; LANES]>().write_unaligned(floats.map(|float| float as i8))
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self::Bytes {
        from.cast::<[u8; 16]>().read_unaligned()
    }

    #[inline(always)]
    unsafe fn low_nibbles(bytes: Self::Bytes) -> Self::Bytes {
        bytes.map(|byte| byte & 15)
    }

    #[inline(always)]
    unsafe fn high_nibbles(bytes: Self::Bytes) -> Self::Bytes {
        bytes.map(|byte| byte >> 4)
    }

    #[inline(always)]
    unsafe fn add_fifth_bits(bytes: Self::Bytes, bits: *const u8) -> Self::Bytes {
        let bits = u16::from_le_bytes(bits.cast::<[u8; 2]>().read_unaligned());
        std::array::from_fn(|i| bytes[i] | ((bits >> i & 1) as u8) << 4)
    }

    #[inline(always)]
    unsafe fn prepare_signed(bytes: Self::Bytes) -> Self::Bytes {
        bytes
    }

    #[inline(always)]
    unsafe fn dot_unsigned(weights: &[Self::Bytes; 8], activations: *const i8, begin: i32) -> Self::Floats {
        dot(weights, activations, begin, i32::from)
    }

    #[inline(always)]
    unsafe fn dot_signed(weights: &[Self::Bytes; 8], activations: *const i8, _sum: i32) -> Self::Floats {
        dot(weights, activations, 0, |weight| i32::from(weight as i8))
    }
}
