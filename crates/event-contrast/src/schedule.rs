//! The learning rate of graph pre-training.

use plm_core::train::Schedule;

/// The triangular schedule over `total` steps: at progress x = step / `total` the factor is x / 0.1
/// below x = 0.1 and (1 − x) / 0.9 from there on (the released code of CLEVE and GCC, arXiv
/// 2006.09963).
///
/// The peak lies on a whole step, so that where `total` is no multiple of ten the factors differ
/// from the formula by less than one step.
pub fn triangular(total: u64) -> Schedule {
    Schedule::Linear {
        warmup: total / 10 + u64::from(total % 10 >= 5),
        total,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_for_a_tenth_and_falls_to_zero() {
        let schedule = triangular(200);
        schedule.check().unwrap();
        let progress = [0.0, 0.05, 0.1, 0.55, 1.0];
        for (x, expected) in progress.into_iter().zip([0.0, 0.5, 1.0, 0.5, 0.0]) {
            let step = (200.0_f64 * x).round() as u64;
            assert!((schedule.factor(step) - expected).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn odd_lengths_stay_within_a_step_of_the_formula() {
        for total in [1, 4, 5, 17, 1_234, u64::MAX] {
            triangular(total).check().unwrap();
        }
        let total = 1_234_u64;
        for step in 0..=total {
            let formula = |step: u64| {
                let x = step as f64 / total as f64;
                if x < 0.1 { x / 0.1 } else { (1.0 - x) / 0.9 }
            };
            let around = [step.saturating_sub(1), step, (step + 1).min(total)].map(formula);
            let factor = triangular(total).factor(step);
            let low = around.iter().fold(f64::INFINITY, |m, v| m.min(*v));
            let high = around.iter().fold(0.0_f64, |m, v| m.max(*v));
            assert!((low - 1e-2..=high + 1e-2).contains(&factor), "{step}");
        }
    }
}
