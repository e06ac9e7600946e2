//! Run-time selection of the instruction set.

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma")]
fn with_avx512<R>(op: impl FnOnce() -> R) -> R {
    op()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2<R>(op: impl FnOnce() -> R) -> R {
    op()
}

/// Whether this machine has vectors of 256 bits and the fused multiply-add.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn has_avx2_and_fma() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// Runs `op`, compiled for the widest vectors that the machine has.
///
/// `op` must be an `#[inline(always)]` closure over functions that are inlined too.
#[inline(always)]
pub fn vectorized<R>(op: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if has_avx2_and_fma() {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            // SAFETY: all enabled features were just detected.
            return unsafe { with_avx512(op) };
        }
        // SAFETY: as above.
        return unsafe { with_avx2(op) };
    }
    op()
}
