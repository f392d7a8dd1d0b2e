//! Which instructions the machine has, found out once when the program starts: a default build is as fast as a native one.

use crate::simd::{Kernel, Portable};

/// A set of vector instructions that kernels exist for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// Whatever the compiler makes of plain code: every kernel's twin that the others are tested against.
    Portable,
    /// AVX2 with FMA and F16C: nearly every x86 server since 2013.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with VNNI: Ice Lake, Zen 4 and later.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// NEON with the dot product: Arm servers, Apple, Raspberry Pi 5.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Isa {
    /// The best that the machine at hand has.
    pub fn detect() -> Self {
        Self::available()[0]
    }

    /// All that the machine at hand has, the best first.
    pub fn available() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni")
            {
                found.push(Self::Avx512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c") {
                found.push(Self::Avx2);
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") && std::arch::is_aarch64_feature_detected!("dotprod") {
            found.push(Self::Neon);
        }
        found.push(Self::Portable);
        found
    }

    /// As metrics and benchmarks name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512-vnni",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "neon",
        }
    }

    /// Runs a kernel with these instructions.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            // SAFETY: plain code.
            Self::Portable => unsafe { kernel.run::<Portable>() },
            // SAFETY: a value of this variant is made by `available` alone, after asking the processor.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { crate::simd::avx2::enter(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { crate::simd::avx512::enter(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Self::Neon => unsafe { crate::simd::neon::enter(kernel) },
        }
    }
}
