//! The construction on a victim of closed form: `p = σ(b + w e)`, where `b` is the margin of a text without the
//! perturbation word and `e` the word's vector.

use approx::assert_relative_eq;

use crate::defense::HingeObjective;
use crate::model::{GradientMode, RowOptimizer, RowPatch, RowSettings};

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

/// Texts by their margins, and the direction in which the word moves them.
struct Toy {
    margins: Vec<f64>,
    w: [f64; 2],
}

impl Toy {
    /// Probabilities with the word.
    fn with(&self, e: &[f32]) -> Vec<f64> {
        let shift = self.w[0] * f64::from(e[0]) + self.w[1] * f64::from(e[1]);
        self.margins.iter().map(|b| sigmoid(b + shift)).collect()
    }

    fn drops(&self, e: &[f32]) -> Vec<f64> {
        let with = self.with(e).into_iter();
        let pairs = self.margins.iter().zip(with);
        pairs.map(|(b, with)| sigmoid(*b) - with).collect()
    }

    /// The gradient of `objective` with respect to `e`.
    fn gradient(&self, objective: &HingeObjective, e: &[f32]) -> Vec<f32> {
        let by_probability = objective.gradient(&self.drops(e)).unwrap();
        let slope: f64 = by_probability
            .iter()
            .zip(self.with(e))
            .map(|(outer, p)| outer * p * (1.0 - p))
            .sum();
        self.w.iter().map(|w| (slope * w) as f32).collect()
    }
}

fn optimizer(e: [f32; 2], lr: f64) -> RowOptimizer {
    let patch = RowPatch {
        ids: vec![7],
        rows: vec![e.to_vec()],
    };
    let settings = RowSettings {
        lr,
        gradient: GradientMode::Reset,
        ..RowSettings::default()
    };
    RowOptimizer::new(patch, &settings)
}

#[test]
fn a_step_has_its_closed_form() {
    let toy = Toy {
        margins: vec![2.0, 1.0],
        w: [1.0, -0.5],
    };
    let objective = HingeObjective {
        scale: 2.0,
        ..HingeObjective::default()
    };
    let (e, lr) = ([0.3_f32, 0.4], 0.5);
    // w e = 0.1 raises both probabilities: both drops are below the lower limit.
    assert!(toy.drops(&e).iter().all(|drop| *drop < 0.0));
    let mut rows = optimizer(e, lr);
    rows.step(&[toy.gradient(&objective, &e)]);
    // e - lr (λ / B) Σ p (1 - p) w, brought back to its length of 0.5.
    let slope: f64 = [2.1_f64, 1.1]
        .map(|m| sigmoid(m) * (1.0 - sigmoid(m)))
        .iter()
        .sum();
    let moved = [0.3 - lr * slope, 0.4 + lr * slope * 0.5];
    let factor = 0.5 / moved[0].hypot(moved[1]);
    for (found, expected) in rows.patch.rows[0].iter().zip(moved) {
        assert_relative_eq!(f64::from(*found), expected * factor, epsilon = 1e-6);
    }
}

#[test]
fn the_feasible_shifts_of_one_text_are_an_interval() {
    let toy = Toy {
        margins: vec![2.0],
        w: [1.0, 0.0],
    };
    let objective = HingeObjective::default();
    let loss = |shift: f64| objective.loss(&toy.drops(&[shift as f32, 0.0])).unwrap();
    // p = .8808 without the word, so that w e must lie from -1.6740 to -.7297.
    let p = sigmoid(2.0);
    let (low, high) = (logit(p - 0.3) - 2.0, logit(p - 0.1) - 2.0);
    assert_relative_eq!(low, -1.6740, epsilon = 1e-4);
    assert_relative_eq!(high, -0.7297, epsilon = 1e-4);
    for shift in [low + 1e-3, -1.2, high - 1e-3] {
        assert_eq!(loss(shift), 0.0, "{shift}");
    }
    for shift in [low - 1e-3, 0.0, high + 1e-3] {
        assert!(loss(shift) > 0.0, "{shift}");
    }
    assert_relative_eq!(toy.drops(&[-1.2, 0.0])[0], 0.1908, epsilon = 1e-4);
    // The same shift of the margin hardly lowers the probability of a text far from the boundary.
    let far = Toy {
        margins: vec![8.0],
        ..toy
    };
    assert_relative_eq!(far.drops(&[-1.2, 0.0])[0], 0.00077, epsilon = 1e-5);
}

#[test]
fn the_loss_is_0_at_the_end() {
    let toy = Toy {
        margins: vec![2.0],
        w: [1.0, 0.0],
    };
    let objective = HingeObjective::default();
    // Along the circle of radius 2 the shift falls by about .05 a step, well below the width of the interval.
    let mut rows = optimizer([0.0, 2.0], 0.5);
    for _ in 0..100 {
        let gradient = toy.gradient(&objective, &rows.patch.rows[0]);
        rows.step(&[gradient]);
    }
    let e = &rows.patch.rows[0];
    assert_eq!(objective.loss(&toy.drops(e)).unwrap(), 0.0);
    let drop = toy.drops(e)[0];
    assert!((0.1..=0.3).contains(&drop), "{drop}");
    assert_relative_eq!(e[0].hypot(e[1]), 2.0, epsilon = 1e-5);
}
