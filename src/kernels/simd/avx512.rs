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
    unsafe fn prefetch(from: *const u8) {
        _mm_prefetch::<_MM_HINT_T0>(from.cast());
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

/// Byte `index` (0 to 3) of each lane as a number.
#[inline(always)]
pub(crate) unsafe fn byte_of(bytes: __m512i, index: i32) -> __m512 {
    // The byte to the lowest place of its lane, and nothing beside it.
    const NOTHING: i32 = 0x8080_8000_u32 as i32;
    let places = _mm_setr_epi32(NOTHING | index, NOTHING | (4 + index), NOTHING | (8 + index), NOTHING | (12 + index));
    _mm512_cvtepi32_ps(_mm512_shuffle_epi8(bytes, _mm512_broadcast_i32x4(places)))
}

/// For each lane two numbers as 16-bit floats (bfloat16) beside each other.
#[inline(always)]
pub(crate) unsafe fn store_brains(to: *mut u16, first: __m512, second: __m512) {
    // Both come one behind the other: number 0 and number 16 first, then 1 and 17.
    const BESIDE: [u16; 32] = {
        let mut places = [0; 32];
        let mut lane = 0;
        while lane < 16 {
            (places[2 * lane], places[2 * lane + 1]) = (lane as u16, lane as u16 + 16);
            lane += 1;
        }
        places
    };
    let beside = _mm512_loadu_si512(BESIDE.as_ptr().cast());
    let rounded: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(second, first));
    _mm512_storeu_si512(to.cast(), _mm512_permutexvar_epi16(beside, rounded));
}
