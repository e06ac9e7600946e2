//! The ways of learning that are compared.

use anyhow::{Result, bail};
use plm_distill::dynamic::{
    Adoption, DynamicSettings, HiddenObjective, ObjectiveWeights, Selection, Strategy,
};
use plm_distill::fit::FitSettings;
use plm_distill::loss::LogitLoss;
use plm_distill::run_file::{RunMethod, preset};

use super::study::Models;
use crate::repro::Context;

/// Whose settings students are trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recipe {
    /// One for all ways: divergence of class scores, and teachers are asked about a tenth of each batch
    /// where examples are selected.
    Ours,
    /// Those of the authors' scripts, which differ by way.
    Published,
}

/// A way of learning.
pub(super) struct Way {
    pub(super) name: String,
    pub(super) settings: DynamicSettings,
    /// The published run whose batch and warm-up are taken.
    published: Option<FitSettings>,
}

impl Way {
    /// How its student is trained where `fit` is the recipe of all.
    pub(super) fn fit(&self, fit: FitSettings) -> FitSettings {
        match &self.published {
            Some(published) => FitSettings {
                batch_size: published.batch_size,
                warmup_ratio: published.warmup_ratio,
                ..fit
            },
            None => fit,
        }
    }
}

/// Share of the examples about which teachers are asked where they are selected.
const RATIO: f64 = 0.1;

/// What a tenth of a batch of `batch` texts is.
pub(super) fn tenth(batch: usize) -> String {
    let selection = Selection {
        strategy: Strategy::Entropy,
        ratio: RATIO,
    };
    let kept = selection.count(batch);
    let percent = 100.0 * kept as f64 / batch as f64;
    format!(
        "a tenth of a batch rounded down, but one text at least: {kept} of {batch}, {percent:.2} %"
    )
}

/// All ways.
pub(super) fn ways(context: &Context, models: Models<'_>) -> Result<Vec<Way>> {
    let usual = match models.recipe {
        Recipe::Ours => "kl",
        Recipe::Published => "mse",
    };
    let loss: String = context.settings.get("loss", usual.to_owned())?;
    let plain = DynamicSettings {
        logit_loss: match loss.as_str() {
            "mse" => LogitLoss::Mse,
            "kl" => LogitLoss::Kl { temperature: 1.0 },
            other => bail!("loss={other}: mse or kl"),
        },
        ..DynamicSettings::default()
    };
    let deep = [models.small, models.large][models.matched].1;
    // What a published run of this name says beyond `plain`.
    let published = |name: &str| -> Result<(DynamicSettings, Option<FitSettings>)> {
        if models.recipe == Recipe::Ours {
            return Ok((plain.clone(), None));
        }
        match preset(name, models.student.1, deep)? {
            (RunMethod::Dynamic(settings), fit) => {
                let logit_loss = plain.logit_loss;
                let settings = DynamicSettings {
                    logit_loss,
                    ..settings
                };
                Ok((settings, Some(fit)))
            }
            (RunMethod::Amalgamation(_), _) => bail!("preset `{name}` is no distillation"),
        }
    };
    let way = |name: String, settings, published: &Option<FitSettings>| Way {
        name,
        settings,
        published: published.clone(),
    };
    let labels = DynamicSettings {
        kd_weight: 0.0,
        ..plain.clone()
    };
    let mut ways = vec![way("labels".to_owned(), labels, &None)];
    for (name, weights) in [("kd.small", [1.0, 0.0]), ("kd.large", [0.0, 1.0])] {
        let settings = DynamicSettings {
            teacher_weights: weights.to_vec(),
            ..plain.clone()
        };
        ways.push(way(name.to_owned(), settings, &None));
    }
    let (base, fit) = published("dkd-adopt-hard")?;
    for (name, adoption) in [
        ("static", Adoption::Static),
        ("hard", Adoption::Hard),
        ("soft", Adoption::Soft),
        ("soft-instance", Adoption::SoftInstance),
    ] {
        let settings = DynamicSettings {
            adoption,
            ..base.clone()
        };
        ways.push(way(format!("adopt.{name}"), settings, &fit));
    }
    let (base, fit) = published("dkd-select")?;
    let ratio = match models.recipe {
        Recipe::Ours => RATIO,
        Recipe::Published => base.selection.ratio,
    };
    for (name, strategy) in [
        ("random", Strategy::Random),
        ("entropy", Strategy::Entropy),
        ("margin", Strategy::Margin),
        ("confidence", Strategy::Confidence),
    ] {
        let settings = DynamicSettings {
            teacher_weights: vec![0.0, 1.0],
            selection: Selection { strategy, ratio },
            ..base.clone()
        };
        ways.push(way(format!("select.{name}"), settings, &fit));
    }
    let (base, fit) = published("dkd-objective")?;
    let matches = models.spaced()?.matches;
    let mut alone = vec![0.0; 2];
    alone[models.matched] = 1.0;
    for (name, weights) in [
        ("static", ObjectiveWeights::Static),
        ("uncertainty", ObjectiveWeights::Uncertainty),
        ("uncertainty-r", ObjectiveWeights::UncertaintyReversed),
    ] {
        let settings = DynamicSettings {
            teacher_weights: alone.clone(),
            weights,
            hidden: Some(HiddenObjective {
                weight: 1.0,
                teacher: Some(models.matched),
                matches: matches.clone(),
            }),
            ..base.clone()
        };
        ways.push(way(format!("objective.{name}"), settings, &fit));
    }
    Ok(ways)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_says_what_it_is() {
        assert!(tenth(32).ends_with("3 of 32, 9.38 %"), "{}", tenth(32));
        assert!(tenth(16).ends_with("1 of 16, 6.25 %"), "{}", tenth(16));
        assert!(tenth(4).ends_with("1 of 4, 25.00 %"), "{}", tenth(4));
    }
}
