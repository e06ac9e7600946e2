//! Vectors of the width that the machine has, chosen at run time.
//!
//! The tiles of matrix products must stay in registers, which compilers do not achieve from loops
//! over arrays; so the few operations they need are written with the processors' own functions.

#[cfg(target_arch = "x86_64")]
mod x86;

/// A register of `f32` values.
///
/// # Safety
/// The functions may be called only where the instruction set of the implementing type is enabled:
/// inside [`Kernel::run`] as called by [`dispatch`].
pub(super) unsafe trait Vector: Copy {
    /// Number of values.
    const LANES: usize;

    /// All values `value`.
    unsafe fn splat(value: f32) -> Self;
    /// The `LANES` values at `from`, which must be readable.
    unsafe fn load(from: *const f32) -> Self;
    /// Writes to the `LANES` values at `to`, which must be writable.
    unsafe fn store(self, to: *mut f32);
    /// `self + other`.
    unsafe fn add(self, other: Self) -> Self;
    /// `a * b + self`, rounded once if the machine can.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
    /// The sum of the values, halves added to halves.
    unsafe fn sum(self) -> f32;
}

/// A computation that is compiled once per vector type.
pub(super) trait Kernel {
    /// What it gives.
    type Output;

    /// Runs on vectors `V`.
    ///
    /// Implementations are `#[inline(always)]` and call inlined functions only, or they are not
    /// compiled for the instructions that were chosen.
    ///
    /// # Safety
    /// The machine must have the instructions of `V`.
    unsafe fn run<V: Vector>(self) -> Self::Output;
}

/// Runs `kernel` on the widest vectors that this machine has.
#[inline]
pub(super) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        if avx2 && is_x86_feature_detected!("avx512f") {
            // SAFETY: the features were just detected.
            return unsafe { x86::run_avx512(kernel) };
        }
        if avx2 {
            // SAFETY: as above.
            return unsafe { x86::run_avx2(kernel) };
        }
    }
    // SAFETY: four separate values need no special instruction.
    unsafe { kernel.run::<Portable>() }
}

/// Vectors for machines that are not known better; compilers make what they can of them.
#[derive(Clone, Copy)]
struct Portable([f32; 4]);

// SAFETY: plain arithmetic, allowed everywhere; memory accesses as promised by the caller.
unsafe impl Vector for Portable {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 4])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller answers for four readable values.
        Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller answers for four writable values.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a + e, b + f, c + g, d + h])
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // x86 machines that come here have no fused form, and emulating it would be slow.
        let one = |a: f32, b: f32, c: f32| {
            if cfg!(target_arch = "x86_64") {
                a * b + c
            } else {
                a.mul_add(b, c)
            }
        };
        Self(std::array::from_fn(|i| one(a.0[i], b.0[i], self.0[i])))
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        let [a, b, c, d] = self.0;
        (a + c) + (b + d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::tiles::{add_rows, combine, dots};

    /// All inner loops, on numbers that every order of additions gives exactly.
    struct Probe;

    impl Kernel for Probe {
        type Output = Vec<f32>;

        #[inline(always)]
        unsafe fn run<V: Vector>(self) -> Vec<f32> {
            let values: Vec<f32> = (0..61).map(|i| (i % 7) as f32 - 3.0).collect();
            let (a, b) = (&values[..53], &values[5..58]);
            let mut out = vec![0.0; 160];
            // SAFETY: the caller answers for the instructions.
            unsafe {
                out.extend(dots::<V, 2, 2>([a, b], [b, a]).concat());
                add_rows::<V, 2>([2.0, -1.0], [a, b], &mut out[..53]);
                // Equal columns, so that the width of a strip does not matter for the first.
                let strip: Vec<f32> = [1.0, -2.0]
                    .into_iter()
                    .flat_map(|value| vec![value; 3 * V::LANES])
                    .collect();
                let (h, places) = ([&[3.0, 1.0][..], &[0.5, 4.0][..]], [60, 109]);
                combine::<V, 2>(h, &strip, &mut out, places);
                out.truncate(164);
            }
            let sums = out[60] + out[71] + out[109] + out[120];
            out.splice(60..160, [sums]);
            out
        }
    }

    #[test]
    fn every_width_gives_the_same() {
        // SAFETY: no special instruction is needed.
        let expected = unsafe { Probe.run::<Portable>() };
        assert_eq!(dispatch(Probe), expected);
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the features were just detected.
            assert_eq!(unsafe { x86::run_avx2(Probe) }, expected);
        }
    }
}
