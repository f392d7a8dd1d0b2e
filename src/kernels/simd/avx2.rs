//! AVX2 with FMA and F16C: eight floats; products of bytes are summed in pairs to 16 bits, and must not overflow there.
#![allow(unsafe_op_in_unsafe_fn, reason = "each method is a few instructions of the set that the trait's contract promises")]

use std::arch::x86_64::*;

use half::f16;

use super::{Kernel, Simd};

/// AVX2, FMA and F16C.
#[derive(Clone, Copy)]
pub(crate) struct Avx2;

/// Runs a kernel with the instructions turned on.
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

impl Simd for Avx2 {
    const LANES: usize = 8;
    const ROWS: usize = 4;
    type Floats = __m256;
    type Bytes = __m256i;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::Floats {
        _mm256_loadu_ps(from)
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, floats: Self::Floats) {
        _mm256_storeu_ps(to, floats);
    }

    #[inline(always)]
    unsafe fn splat(float: f32) -> Self::Floats {
        _mm256_set1_ps(float)
    }

    #[inline(always)]
    unsafe fn load_half(from: *const f16) -> Self::Floats {
        _mm256_cvtph_ps(_mm_loadu_si128(from.cast()))
    }

    #[inline(always)]
    unsafe fn store_half(to: *mut f16, floats: Self::Floats) {
        _mm_storeu_si128(to.cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(floats));
    }

    #[inline(always)]
    unsafe fn add(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        _mm256_add_ps(a, b)
    }

    #[inline(always)]
    unsafe fn sub(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        _mm256_sub_ps(a, b)
    }

    #[inline(always)]
    unsafe fn mul(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        _mm256_mul_ps(a, b)
    }

    #[inline(always)]
    unsafe fn div(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        _mm256_div_ps(a, b)
    }

    #[inline(always)]
    unsafe fn max(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        _mm256_max_ps(a, b)
    }

    #[inline(always)]
    unsafe fn min(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        _mm256_min_ps(a, b)
    }

    #[inline(always)]
    unsafe fn fma(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        _mm256_fmadd_ps(a, b, c)
    }

    #[inline(always)]
    unsafe fn round(floats: Self::Floats) -> Self::Floats {
        _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(floats)
    }

    #[inline(always)]
    unsafe fn power_of_two(floats: Self::Floats) -> Self::Floats {
        let biased = _mm256_add_epi32(_mm256_cvtps_epi32(floats), _mm256_set1_epi32(127));
        _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased))
    }

    #[inline(always)]
    unsafe fn sum(floats: Self::Floats) -> f32 {
        let four = _mm_add_ps(_mm256_castps256_ps128(floats), _mm256_extractf128_ps::<1>(floats));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
    }

    #[inline(always)]
    unsafe fn largest(floats: Self::Floats) -> f32 {
        let four = _mm_max_ps(_mm256_castps256_ps128(floats), _mm256_extractf128_ps::<1>(floats));
        let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
    }

    #[inline(always)]
    unsafe fn store_bytes(to: *mut i8, floats: Self::Floats) {
        let whole = _mm256_cvtps_epi32(floats);
        let words = _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256::<1>(whole));
        _mm_storel_epi64(to.cast(), _mm_packs_epi16(words, words));
    }

    #[inline(always)]
    unsafe fn prefetch(from: *const u8) {
        _mm_prefetch::<_MM_HINT_T0>(from.cast());
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self::Bytes {
        _mm256_loadu_si256(from.cast())
    }

    #[inline(always)]
    unsafe fn low_nibbles(bytes: Self::Bytes) -> Self::Bytes {
        _mm256_and_si256(bytes, _mm256_set1_epi8(15))
    }

    #[inline(always)]
    unsafe fn high_nibbles(bytes: Self::Bytes) -> Self::Bytes {
        _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(15))
    }

    #[inline(always)]
    unsafe fn add_fifth_bits(bytes: Self::Bytes, bits: *const u8) -> Self::Bytes {
        // Each byte gets the byte that its bit lies in, and keeps that bit alone.
        let all = _mm256_set1_epi32(bits.cast::<i32>().read_unaligned());
        let spread = _mm256_setr_epi64x(0, 0x0101_0101_0101_0101, 0x0202_0202_0202_0202, 0x0303_0303_0303_0303);
        let own = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
        let set = _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_shuffle_epi8(all, spread), own), own);
        _mm256_or_si256(bytes, _mm256_and_si256(set, _mm256_set1_epi8(16)))
    }

    #[inline(always)]
    unsafe fn prepare_signed(bytes: Self::Bytes) -> Self::Bytes {
        bytes
    }

    #[inline(always)]
    unsafe fn dot_unsigned(weights: &[Self::Bytes; 8], activations: *const i8, begin: i32) -> Self::Floats {
        let ones = _mm256_set1_epi16(1);
        let mut sums = _mm256_set1_epi32(begin);
        for half in 0..2 {
            // 4 · 2 · 31 · 127 = 31 496: four products fit in 16 bits, eight would not.
            let mut words = _mm256_setzero_si256();
            for (step, &weights) in weights.iter().enumerate().skip(4 * half).take(4) {
                words = _mm256_add_epi16(words, _mm256_maddubs_epi16(weights, four(activations, step)));
            }
            sums = _mm256_add_epi32(sums, _mm256_madd_epi16(words, ones));
        }
        _mm256_cvtepi32_ps(sums)
    }

    #[inline(always)]
    unsafe fn dot_signed(weights: &[Self::Bytes; 8], activations: *const i8, _sum: i32) -> Self::Floats {
        let ones = _mm256_set1_epi16(1);
        let mut sums = _mm256_setzero_si256();
        for (step, &weights) in weights.iter().enumerate() {
            // |w| · (a with w's sign): 2 · 127 · 127 = 32 258 fits, one more would not.
            let words = _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(four(activations, step), weights));
            sums = _mm256_add_epi32(sums, _mm256_madd_epi16(words, ones));
        }
        _mm256_cvtepi32_ps(sums)
    }
}

#[inline(always)]
unsafe fn four(activations: *const i8, step: usize) -> __m256i {
    _mm256_set1_epi32(activations.add(4 * step).cast::<i32>().read_unaligned())
}
