//! Learning-rate schedules as pure functions of the step.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What the learning rate is multiplied by at each optimizer step.
///
/// Steps count from 0, as in the `get_*_schedule` functions of Hugging Face transformers, whose
/// values these are: a warm-up begins with a factor of 0 and reaches 1 at step `warmup`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Schedule {
    /// Always 1.
    #[default]
    Constant,
    /// Linear warm-up to 1, then constant.
    ConstantWithWarmup {
        /// Steps of the warm-up.
        warmup: u64,
    },
    /// Linear warm-up to 1, then linear decay to 0 at step `total`.
    Linear {
        /// Steps of the warm-up.
        warmup: u64,
        /// Step at which 0 is reached.
        total: u64,
    },
    /// Linear warm-up to 1, then `(1 + cos(2π · cycles · progress)) / 2`; half a cycle falls to 0 at
    /// step `total`.
    Cosine {
        /// Steps of the warm-up.
        warmup: u64,
        /// Step at which progress is 1.
        total: u64,
        /// Waves until then; 0.5 is usual.
        cycles: f64,
    },
    /// Linear warm-up to 1, then cosine falls from 1 to 0, `restarts` times until step `total`.
    CosineWithRestarts {
        /// Steps of the warm-up.
        warmup: u64,
        /// Step at which the last fall ends.
        total: u64,
        /// Number of falls.
        restarts: u64,
    },
    /// Linear warm-up to 1, then `(1 - end) (1 - progress)^power + end`, and `end` after step
    /// `total`.
    Polynomial {
        /// Steps of the warm-up.
        warmup: u64,
        /// Step at which `end` is reached.
        total: u64,
        /// The last factor: the final rate as a share of the base rate.
        end: f64,
        /// The power; 1 is linear.
        power: f64,
    },
    /// Linear warm-up to 1, then `sqrt(timescale / (step - warmup + timescale))`.
    InverseSqrt {
        /// Steps of the warm-up.
        warmup: u64,
        /// Steps until the factor has fallen to `1 / sqrt(2)`; `warmup` if absent, and 10 000 where
        /// there is no warm-up either.
        timescale: Option<u64>,
    },
    /// `width^-0.5 · min(n^-0.5, n · warmup^-1.5)` with `n = step + 1` (Vaswani et al. 2017,
    /// equation 3).
    Noam {
        /// The model's width.
        width: u64,
        /// Steps of the warm-up.
        warmup: u64,
    },
}

impl Schedule {
    /// The factor at optimizer step `step`, counted from 0.
    pub fn factor(&self, step: u64) -> f64 {
        let rising = |warmup: u64| (step < warmup).then(|| step as f64 / warmup as f64);
        match *self {
            Self::Constant => 1.0,
            Self::ConstantWithWarmup { warmup } => rising(warmup).unwrap_or(1.0),
            Self::Linear { warmup, total } => rising(warmup)
                .unwrap_or_else(|| total.saturating_sub(step) as f64 / span(warmup, total)),
            Self::Cosine {
                warmup,
                total,
                cycles,
            } => rising(warmup).unwrap_or_else(|| {
                let progress = (step - warmup) as f64 / span(warmup, total);
                (0.5 * (1.0 + (std::f64::consts::TAU * cycles * progress).cos())).max(0.0)
            }),
            Self::CosineWithRestarts {
                warmup,
                total,
                restarts,
            } => rising(warmup).unwrap_or_else(|| {
                let progress = (step - warmup) as f64 / span(warmup, total);
                if progress >= 1.0 {
                    return 0.0;
                }
                let phase = (restarts as f64 * progress) % 1.0;
                0.5 * (1.0 + (std::f64::consts::PI * phase).cos())
            }),
            Self::Polynomial {
                warmup,
                total,
                end,
                power,
            } => rising(warmup).unwrap_or_else(|| {
                if step >= total {
                    return end;
                }
                let left = 1.0 - (step - warmup) as f64 / span(warmup, total);
                (1.0 - end) * left.powf(power) + end
            }),
            Self::InverseSqrt { warmup, timescale } => rising(warmup).unwrap_or_else(|| {
                let timescale = timescale.unwrap_or(if warmup > 0 { warmup } else { 10_000 });
                let past = (step - warmup) as f64 + timescale as f64;
                (timescale as f64 / past).sqrt()
            }),
            Self::Noam { width, warmup } => {
                let n = (step + 1) as f64;
                let decay = 1.0 / n.sqrt();
                let rise = if warmup > 0 {
                    n * (warmup as f64).powf(-1.5)
                } else {
                    f64::INFINITY
                };
                decay.min(rise) / (width as f64).sqrt()
            }
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Config`] where a warm-up is longer than the schedule, or a number is negative, zero
    /// where it divides, or not finite.
    pub fn check(&self) -> Result<()> {
        let refuse = |key: &str, reason: String| Err(Error::config("Schedule", key, reason));
        let (warmup, total) = match *self {
            Self::Linear { warmup, total }
            | Self::Cosine { warmup, total, .. }
            | Self::CosineWithRestarts { warmup, total, .. }
            | Self::Polynomial { warmup, total, .. } => (warmup, total),
            _ => (0, u64::MAX),
        };
        if warmup > total {
            return refuse("warmup", format!("is {warmup}, more than `total`, {total}"));
        }
        match *self {
            Self::Cosine { cycles, .. } if !(cycles.is_finite() && cycles >= 0.0) => refuse(
                "cycles",
                format!("is {cycles}, must be finite and not negative"),
            ),
            Self::Polynomial { end, .. } if !(end.is_finite() && end >= 0.0) => {
                refuse("end", format!("is {end}, must be finite and not negative"))
            }
            Self::Polynomial { power, .. } if !(power.is_finite() && power > 0.0) => {
                refuse("power", format!("is {power}, must be finite and positive"))
            }
            Self::InverseSqrt {
                timescale: Some(0), ..
            } => refuse("timescale", "is 0, must be positive".to_owned()),
            Self::Noam { width: 0, .. } => refuse("width", "is 0, must be positive".to_owned()),
            _ => Ok(()),
        }
    }
}

/// Steps from the end of the warm-up to the end of the schedule, at least 1.
fn span(warmup: u64, total: u64) -> f64 {
    total.saturating_sub(warmup).max(1) as f64
}
