//! AVX2 and AVX-512.

use std::arch::x86_64::*;

use super::{Kernel, Vector};

#[target_feature(enable = "avx512f,avx2,fma")]
pub(super) fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the instructions are enabled here.
    unsafe { kernel.run::<Avx512>() }
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the instructions are enabled here.
    unsafe { kernel.run::<Avx2>() }
}

/// A type around a register, with the functions that do its operations.
macro_rules! vector {
    (
        $name:ident, $register:ty, $lanes:literal,
        $splat:ident, $load:ident, $store:ident, $add:ident, $fused:ident, $sum:ident
    ) => {
        #[derive(Clone, Copy)]
        struct $name($register);

        // SAFETY: the functions need the instructions of the register, which callers promise to
        // have enabled, and access the memory that callers promise is there.
        unsafe impl Vector for $name {
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(value: f32) -> Self {
                // SAFETY: as promised by the caller; so below.
                unsafe { Self($splat(value)) }
            }

            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                unsafe { Self($load(from)) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                unsafe { $store(to, self.0) }
            }

            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                unsafe { Self($add(self.0, other.0)) }
            }

            #[inline(always)]
            unsafe fn add_product(self, a: Self, b: Self) -> Self {
                unsafe { Self($fused(a.0, b.0, self.0)) }
            }

            #[inline(always)]
            unsafe fn sum(self) -> f32 {
                unsafe { $sum(self.0) }
            }
        }
    };
}

vector!(
    Avx2,
    __m256,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_fmadd_ps,
    sum_256
);
vector!(
    Avx512,
    __m512,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_add_ps,
    _mm512_fmadd_ps,
    _mm512_reduce_add_ps
);

#[target_feature(enable = "avx2")]
#[inline]
fn sum_256(values: __m256) -> f32 {
    let four = _mm_add_ps(
        _mm256_castps256_ps128(values),
        _mm256_extractf128_ps::<1>(values),
    );
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
}
