//! NEON with the dot product of Armv8.2: four floats, and four products of bytes in each lane with one instruction.
#![allow(unsafe_op_in_unsafe_fn, reason = "each method is a few instructions of the set that the trait's contract promises")]

use std::arch::aarch64::*;
use std::arch::asm;

use half::f16;

use super::{Kernel, Simd};

/// NEON and `dotprod`.
#[derive(Clone, Copy)]
pub(crate) struct Neon;

/// Runs a kernel with the instructions turned on.
#[target_feature(enable = "neon,dotprod")]
pub(crate) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Neon>()
}

impl Simd for Neon {
    const LANES: usize = 4;
    const ROWS: usize = 8;
    type Floats = float32x4_t;
    type Bytes = uint8x16_t;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::Floats {
        vld1q_f32(from)
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, floats: Self::Floats) {
        vst1q_f32(to, floats);
    }

    #[inline(always)]
    unsafe fn splat(float: f32) -> Self::Floats {
        vdupq_n_f32(float)
    }

    #[inline(always)]
    unsafe fn load_half(from: *const f16) -> Self::Floats {
        vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from.cast())))
    }

    #[inline(always)]
    unsafe fn store_half(to: *mut f16, floats: Self::Floats) {
        vst1_u16(to.cast(), vreinterpret_u16_f16(vcvt_f16_f32(floats)));
    }

    #[inline(always)]
    unsafe fn add(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        vaddq_f32(a, b)
    }

    #[inline(always)]
    unsafe fn sub(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        vsubq_f32(a, b)
    }

    #[inline(always)]
    unsafe fn mul(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        vmulq_f32(a, b)
    }

    #[inline(always)]
    unsafe fn div(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        vdivq_f32(a, b)
    }

    #[inline(always)]
    unsafe fn max(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        vmaxnmq_f32(a, b)
    }

    #[inline(always)]
    unsafe fn min(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        vminnmq_f32(a, b)
    }

    #[inline(always)]
    unsafe fn fma(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        vfmaq_f32(c, a, b)
    }

    #[inline(always)]
    unsafe fn round(floats: Self::Floats) -> Self::Floats {
        vrndnq_f32(floats)
    }

    #[inline(always)]
    unsafe fn power_of_two(floats: Self::Floats) -> Self::Floats {
        vreinterpretq_f32_s32(vshlq_n_s32::<23>(vaddq_s32(vcvtq_s32_f32(floats), vdupq_n_s32(127))))
    }

    #[inline(always)]
    unsafe fn sum(floats: Self::Floats) -> f32 {
        vaddvq_f32(floats)
    }

    #[inline(always)]
    unsafe fn largest(floats: Self::Floats) -> f32 {
        vmaxvq_f32(floats)
    }

    #[inline(always)]
    unsafe fn store_bytes(to: *mut i8, floats: Self::Floats) {
        let words = vqmovn_s32(vcvtnq_s32_f32(floats));
        let bytes = vqmovn_s16(vcombine_s16(words, words));
        to.cast::<i32>().write_unaligned(vget_lane_s32::<0>(vreinterpret_s32_s8(bytes)));
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self::Bytes {
        vld1q_u8(from)
    }

    #[inline(always)]
    unsafe fn low_nibbles(bytes: Self::Bytes) -> Self::Bytes {
        vandq_u8(bytes, vdupq_n_u8(15))
    }

    #[inline(always)]
    unsafe fn high_nibbles(bytes: Self::Bytes) -> Self::Bytes {
        vshrq_n_u8::<4>(bytes)
    }

    #[inline(always)]
    unsafe fn add_fifth_bits(bytes: Self::Bytes, bits: *const u8) -> Self::Bytes {
        // Each byte gets the byte that its bit lies in, and keeps that bit alone.
        let all = vcombine_u8(vdup_n_u8(*bits), vdup_n_u8(*bits.add(1)));
        let own = vreinterpretq_u8_u64(vdupq_n_u64(0x8040_2010_0804_0201));
        vorrq_u8(bytes, vandq_u8(vtstq_u8(all, own), vdupq_n_u8(16)))
    }

    #[inline(always)]
    unsafe fn prepare_signed(bytes: Self::Bytes) -> Self::Bytes {
        bytes
    }

    // Weights up to 31 are the same signed and unsigned.
    #[inline(always)]
    unsafe fn dot_unsigned(weights: &[Self::Bytes; 8], activations: *const i8, begin: i32) -> Self::Floats {
        dot(weights, activations, vdupq_n_s32(begin))
    }

    #[inline(always)]
    unsafe fn dot_signed(weights: &[Self::Bytes; 8], activations: *const i8, _sum: i32) -> Self::Floats {
        dot(weights, activations, vdupq_n_s32(0))
    }
}

#[inline(always)]
unsafe fn dot(weights: &[uint8x16_t; 8], activations: *const i8, mut sums: int32x4_t) -> float32x4_t {
    for (step, &weights) in weights.iter().enumerate() {
        let four = vreinterpretq_s8_s32(vdupq_n_s32(activations.add(4 * step).cast::<i32>().read_unaligned()));
        // The intrinsic (`vdotq_s32`) is not stable yet.
        asm!(
            ".arch_extension dotprod",
            "sdot {sums:v}.4s, {weights:v}.16b, {four:v}.16b",
            sums = inout(vreg) sums,
            weights = in(vreg) weights,
            four = in(vreg) four,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    vcvtq_f32_s32(sums)
}
