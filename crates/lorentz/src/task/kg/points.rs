//! Riemannian Adam of one point of the hyperboloid with k = 1.

use super::adam::Step;
use super::real::{Real, real};
use super::vector::{dot, dot_of_difference, square, square_of_difference};

impl<T: Real> Step<T> {
    /// Moves the point `x` along a geodesic, as [`RiemannianAdam`](crate::optim::RiemannianAdam) does:
    /// `first` is a tangent vector that travels with it, `second` the average of ⟨g, g⟩. The ambient
    /// `gradient` is used up.
    #[inline(always)]
    pub(super) fn lorentz(&self, x: &mut [T], first: &mut [T], second: &mut T, gradient: &mut [T]) {
        let one = T::one();
        self.riemannian(x, gradient);
        for (m, &g) in first.iter_mut().zip(&*gradient) {
            *m = self.beta_1 * *m + (one - self.beta_1) * g;
        }
        *second = self.beta_2 * *second + (one - self.beta_2) * norm_squared(x, gradient);

        let mut length = -self.size / ((*second / self.correction).sqrt() + self.epsilon);
        let norm = norm_squared(x, first).sqrt() * length.abs();
        if norm > self.max_step {
            length = length * self.max_step / norm;
        }
        let q = norm.min(self.max_step).powi(2);
        let (along, across) = (cosh_root(q), sinhc_root(q) * length);
        let (from, to) = (x, gradient);
        for ((to, &x), &m) in to[1..].iter_mut().zip(&from[1..]).zip(&first[1..]) {
            *to = along * x + across * m;
        }
        let norm = square(&to[1..]).sqrt();
        if norm > self.max_space_norm {
            let factor = self.max_space_norm / norm;
            to[1..].iter_mut().for_each(|to| *to = *to * factor);
        }
        to[0] = (one + square(&to[1..])).sqrt();
        transport(from, to, first);
        from.copy_from_slice(to);
    }

    /// The Riemannian gradient in place of the ambient one.
    #[inline(always)]
    fn riemannian(&self, x: &[T], gradient: &mut [T]) {
        let along = (dot(&x[1..], &gradient[1..]) + x[0] * gradient[0]) * self.factor;
        for (g, &x) in gradient[1..].iter_mut().zip(&x[1..]) {
            *g = *g * self.factor + along * x;
        }
        gradient[0] = dot(&x[1..], &gradient[1..]) / x[0];
    }
}

/// ⟨v, v⟩ as a sum of squares: the norm of v after its transport to the origin.
#[inline(always)]
fn norm_squared<T: Real>(x: &[T], tangent: &[T]) -> T {
    let share = tangent[0] / (x[0] + T::one());
    let (x, v) = (&x[1..], &tangent[1..]);
    square_of_difference(v, share, x)
}

/// Transports the tangent vector from `from` to `to`.
#[inline(always)]
fn transport<T: Real>(from: &[T], to: &[T], tangent: &mut [T]) {
    let inner = dot(&from[1..], &to[1..]) - from[0] * to[0];
    let product = dot_of_difference(&to[1..], &from[1..], &tangent[1..]);
    let share = (product - (to[0] - from[0]) * tangent[0]) / (T::one() - inner);
    for ((v, &from), &to) in tangent[1..].iter_mut().zip(&from[1..]).zip(&to[1..]) {
        *v += share * (from + to);
    }
    tangent[0] = dot(&to[1..], &tangent[1..]) / to[0];
}

/// cosh √q: steps are short, so the series nearly always does.
#[inline(always)]
fn cosh_root<T: Real>(q: T) -> T {
    if q > series_limit() {
        return q.sqrt().cosh();
    }
    polynomial(q, [1.0, 1.0 / 2.0, 1.0 / 24.0, 1.0 / 720.0])
}

/// sinh √q / √q.
#[inline(always)]
fn sinhc_root<T: Real>(q: T) -> T {
    if q > series_limit() {
        let root = q.sqrt();
        return root.sinh() / root;
    }
    polynomial(q, [1.0, 1.0 / 6.0, 1.0 / 120.0, 1.0 / 5040.0])
}

/// Below this, the first term that the series leave out is beneath the type's precision.
#[inline(always)]
fn series_limit<T: Real>() -> T {
    real(if T::epsilon() < real(1e-10) {
        1e-3
    } else {
        0.1
    })
}

#[inline(always)]
fn polynomial<T: Real>(q: T, coefficients: [f64; 4]) -> T {
    let [a, b, c, d] = coefficients.map(real::<T>);
    ((d * q + c) * q + b) * q + a
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::task::kg::CompletionConfig;

    /// The first step of Adam has the length of the learning rate, whatever the gradient.
    #[test]
    fn the_first_step_goes_its_length_along_a_geodesic() {
        for (rate, expected) in [(0.1_f64, 0.1_f64), (3.0, 1.2)] {
            let config = CompletionConfig {
                learning_rate: rate,
                max_step: 1.2,
                max_space_norm: 9.0,
                ..CompletionConfig::default()
            };
            let mut x = [1.0, 0.0, 0.0];
            let (mut first, mut second) = ([0.0; 3], 0.0);
            let mut gradient = [7.0, 0.5, 0.0];
            let step = Step::<f64>::new(&config, 1, 4.0);
            step.lorentz(&mut x, &mut first, &mut second, &mut gradient);
            let reached = [expected.cosh(), -expected.sinh(), 0.0];
            for (found, expected) in x.iter().zip(reached) {
                assert!((found - expected).abs() < 1e-7, "{x:?}");
            }
            // The moment 0.1 · 2 (0, 1, 0) has gone along with the point.
            assert!((first[0] + 0.2 * expected.sinh()).abs() < 1e-7);
            assert!((first[1] - 0.2 * expected.cosh()).abs() < 1e-7);
            assert!((second - 0.004).abs() < 1e-12);
        }
    }

    proptest! {
        #[test]
        fn steps_end_on_the_manifold(
            numbers in prop::collection::vec(-1.0..1.0_f32, 12),
            power in -8..8_i32,
            time in 1..1000_u64,
        ) {
            let mut x = [0.0; 6];
            x[1..].copy_from_slice(&numbers[..5]);
            let mut second = 0.0;
            let mut first = [0.0; 6];
            for round in 0..3 {
                x[0] = (1.0 + square(&x[1..])).sqrt();
                let scale = 10.0_f32.powi(power);
                let mut gradient = [0.0; 6];
                for (gradient, number) in gradient.iter_mut().zip(&numbers[6..]) {
                    *gradient = number * scale;
                }
                let config = CompletionConfig { learning_rate: 0.5, ..CompletionConfig::default() };
                let step = Step::<f32>::new(&config, time + round, 1.0);
                step.lorentz(&mut x, &mut first, &mut second, &mut gradient);
                let squares = square(&x[1..]);
                prop_assert!((1.0 + squares - x[0] * x[0]).abs() <= 1e-6 * x[0] * x[0]);
                prop_assert!(squares.sqrt() <= 1.5 + 1e-6);
                let inner = dot(&x[1..], &first[1..]) - x[0] * first[0];
                prop_assert!(inner.abs() <= 1e-5 * square(&first).sqrt() + 1e-30);
            }
        }
    }
}
