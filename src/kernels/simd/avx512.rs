//! AVX-512 with VNNI: sixteen floats, and four products of bytes in each lane with one instruction.
#![allow(unsafe_op_in_unsafe_fn, reason = "each method is one or two instructions of the set that the trait's contract promises")]

use std::arch::x86_64::*;

use half::f16;

use super::{Kernel, Simd};

/// AVX-512 F, BW, VL and VNNI.
#[derive(Clone, Copy)]
pub(crate) struct Avx512;

/// Runs a kernel with the instructions turned on.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(crate) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}

impl Simd for Avx512 {
    const LANES: usize = 16;
    const ROWS: usize = 8;
    type Floats = __m512;
    type Bytes = __m512i;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::Floats {
        _mm512_loadu_ps(from)
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, floats: Self::Floats) {
        _mm512_storeu_ps(to, floats);
    }

    #[inline(always)]
    unsafe fn splat(float: f32) -> Self::Floats {
        _mm512_set1_ps(float)
    }

    #[inline(always)]
    unsafe fn load_half(from: *const f16) -> Self::Floats {
        _mm512_cvtph_ps(_mm256_loadu_si256(from.cast()))
    }

    #[inline(always)]
    unsafe fn store_half(to: *mut f16, floats: Self::Floats) {
        _mm256_storeu_si256(to.cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(floats));
    }

    #[inline(always)]
    unsafe fn add(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        _mm512_add_ps(a, b)
    }

    #[inline(always)]
    unsafe fn sub(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        _mm512_sub_ps(a, b)
    }

    #[inline(always)]
    unsafe fn mul(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        _mm512_mul_ps(a, b)
    }

    #[inline(always)]
    unsafe fn div(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        _mm512_div_ps(a, b)
    }

    #[inline(always)]
    unsafe fn max(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        _mm512_max_ps(a, b)
    }

    #[inline(always)]
    unsafe fn min(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        _mm512_min_ps(a, b)
    }

    #[inline(always)]
    unsafe fn fma(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        _mm512_fmadd_ps(a, b, c)
    }

    #[inline(always)]
    unsafe fn round(floats: Self::Floats) -> Self::Floats {
        _mm512_roundscale_ps::<_MM_FROUND_TO_NEAREST_INT>(floats)
    }

    #[inline(always)]
    unsafe fn power_of_two(floats: Self::Floats) -> Self::Floats {
        let biased = _mm512_add_epi32(_mm512_cvtps_epi32(floats), _mm512_set1_epi32(127));
        _mm512_castsi512_ps(_mm512_slli_epi32::<23>(biased))
    }

    #[inline(always)]
    unsafe fn sum(floats: Self::Floats) -> f32 {
        _mm512_reduce_add_ps(floats)
    }

    #[inline(always)]
    unsafe fn largest(floats: Self::Floats) -> f32 {
        _mm512_reduce_max_ps(floats)
    }

    #[inline(always)]
    unsafe fn store_bytes(to: *mut i8, floats: Self::Floats) {
        _mm_storeu_si128(to.cast(), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(floats)));
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self::Bytes {
        _mm512_loadu_si512(from.cast())
    }

    #[inline(always)]
    unsafe fn low_nibbles(bytes: Self::Bytes) -> Self::Bytes {
        _mm512_and_si512(bytes, _mm512_set1_epi8(15))
    }

    #[inline(always)]
    unsafe fn high_nibbles(bytes: Self::Bytes) -> Self::Bytes {
        _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), _mm512_set1_epi8(15))
    }

    #[inline(always)]
    unsafe fn add_fifth_bits(bytes: Self::Bytes, bits: *const u8) -> Self::Bytes {
        let bits = bits.cast::<u64>().read_unaligned();
        _mm512_mask_add_epi8(bytes, bits, bytes, _mm512_set1_epi8(16))
    }

    // The instruction takes one unsigned side: 128 more on each weight is taken back as 128 times the sum of the activations.
    #[inline(always)]
    unsafe fn prepare_signed(bytes: Self::Bytes) -> Self::Bytes {
        _mm512_xor_si512(bytes, _mm512_set1_epi8(-128))
    }

    #[inline(always)]
    unsafe fn dot_unsigned(weights: &[Self::Bytes; 8], activations: *const i8, begin: i32) -> Self::Floats {
        dot(weights, activations, _mm512_set1_epi32(begin))
    }

    #[inline(always)]
    unsafe fn dot_signed(weights: &[Self::Bytes; 8], activations: *const i8, sum: i32) -> Self::Floats {
        dot(weights, activations, _mm512_set1_epi32(-128 * sum))
    }
}

#[inline(always)]
unsafe fn dot(weights: &[__m512i; 8], activations: *const i8, mut sums: __m512i) -> __m512 {
    for (step, &weights) in weights.iter().enumerate() {
        let four = activations.add(4 * step).cast::<i32>().read_unaligned();
        sums = _mm512_dpbusd_epi32(sums, weights, _mm512_set1_epi32(four));
    }
    _mm512_cvtepi32_ps(sums)
}
