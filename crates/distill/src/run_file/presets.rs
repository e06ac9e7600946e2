//! The settings of published runs.

use super::RunMethod;
use crate::amalgamate::{AmalgamationSettings, Method};
use crate::dynamic::{
    Adoption, DynamicSettings, HiddenObjective, LayerMatch, ObjectiveWeights, Selection, Spaced,
    Strategy,
};
use crate::fit::FitSettings;
use crate::loss::{HiddenLoss, HiddenPart};
use crate::{Error, Integration, Result};

/// Names of the settings of published runs.
pub const PRESETS: [&str; 8] = [
    "dkd-adopt-hard",
    "dkd-adopt-soft",
    "dkd-select",
    "dkd-select-10",
    "dkd-objective",
    "muka",
    "pkd",
    "pkd6",
];

/// The settings of a published run, of which [`PRESETS`] are the names, for a student of `student` and a
/// most capable teacher of `teacher` layers; only `dkd-objective`, `pkd` and `pkd6` look at these numbers.
///
/// - `dkd-adopt-hard`, `dkd-adopt-soft`, `dkd-select`, `dkd-objective`: those of DynamicKD's scripts.
///   `dkd-objective` matches all tokens of all hidden states ([`Spaced`]), weighted by the uncertainty.
/// - `dkd-select-10`: `dkd-select` with the tenth of largest entropy in place of the half of smallest margin:
///   what the paper's figures of a tenth are of, on texts that it has augmented twentyfold.
/// - `pkd`: the matches of BERT-PKD (Sun et al. 2019) with every ⌊teacher / student⌋-th layer: normalized
///   first tokens of the student's layers, all but the last. Its weights and temperature were searched
///   for each task; here they are DynamicKD's. `pkd6` is the same for students of six layers only.
/// - `muka`: those of MUKA's scripts.
///
/// # Errors
/// [`Error::Preset`] for another name. [`Error::Layers`] where the student has no layer, or more than
/// the teacher, and hidden states are matched; [`Error::Setting`] for `pkd` with a student of one layer,
/// which has none but the last, and for `pkd6` with a student of other than six.
pub fn preset(name: &str, student: usize, teacher: usize) -> Result<(RunMethod, FitSettings)> {
    let dynamic = DynamicSettings::default();
    let fit = FitSettings::default();
    let adopt = |adoption| {
        let settings = DynamicSettings {
            adoption,
            ..dynamic.clone()
        };
        let fit = FitSettings {
            batch_size: 16,
            warmup_ratio: 0.05,
            ..fit.clone()
        };
        (RunMethod::Dynamic(settings), fit)
    };
    let select = |strategy, ratio| {
        let settings = DynamicSettings {
            selection: Selection { strategy, ratio },
            ..dynamic.clone()
        };
        (RunMethod::Dynamic(settings), fit.clone())
    };
    Ok(match name {
        "dkd-adopt-hard" => adopt(Adoption::Hard),
        "dkd-adopt-soft" => adopt(Adoption::Soft),
        "dkd-select" => select(Strategy::Margin, 0.5),
        "dkd-select-10" => select(Strategy::Entropy, 0.1),
        "dkd-objective" => {
            let matches = Spaced::new(student, teacher, HiddenLoss::default())?.matches;
            let settings = DynamicSettings {
                weights: ObjectiveWeights::Uncertainty,
                hidden: Some(hidden(matches)),
                ..dynamic
            };
            (RunMethod::Dynamic(settings), fit)
        }
        "pkd6" if student != 6 => {
            return Err(Error::Setting {
                name: "layers of the student",
                value: student.to_string(),
                limit: "`pkd6` is of 6 layers; `pkd` is for other numbers",
            });
        }
        "pkd" | "pkd6" => {
            let settings = DynamicSettings {
                hidden: Some(hidden(inner_first_tokens(student, teacher)?)),
                ..dynamic
            };
            (RunMethod::Dynamic(settings), fit)
        }
        "muka" => {
            let method = Method::Muka(Integration::default());
            let settings = AmalgamationSettings::new(method);
            (RunMethod::Amalgamation(settings), FitSettings::muka())
        }
        _ => {
            return Err(Error::Preset {
                name: name.to_owned(),
                known: PRESETS.join(", "),
            });
        }
    })
}

/// The matches with the last teacher, at weight 1.
fn hidden(matches: Vec<LayerMatch>) -> HiddenObjective {
    HiddenObjective {
        weight: 1.0,
        teacher: None,
        matches,
    }
}

/// First tokens of the student's layers, without embeddings and the last layer.
fn inner_first_tokens(student: usize, teacher: usize) -> Result<Vec<LayerMatch>> {
    let loss = HiddenLoss {
        part: HiddenPart::FirstToken,
        ..HiddenLoss::default()
    };
    let mut matches = Spaced::new(student, teacher, loss)?.matches;
    matches.retain(|pair| (1..student).contains(&pair.student));
    if matches.is_empty() {
        return Err(Error::Setting {
            name: "layers of the student",
            value: student.to_string(),
            limit: "`pkd` leaves the last one out, so it needs at least 2",
        });
    }
    Ok(matches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::HiddenNorm;

    #[test]
    fn every_preset_has_settings_that_hold() {
        for name in PRESETS {
            let (method, fit) = preset(name, 6, 12).unwrap();
            fit.check().unwrap();
            match method {
                RunMethod::Dynamic(settings) => settings.check(2, true).unwrap(),
                RunMethod::Amalgamation(settings) => settings.check().unwrap(),
            }
        }
        let text = preset("dkd", 6, 12).unwrap_err().to_string();
        assert!(text.contains("dkd-objective"), "{text}");
    }

    fn dynamic(name: &str) -> (DynamicSettings, FitSettings) {
        match preset(name, 6, 12).unwrap() {
            (RunMethod::Dynamic(settings), fit) => (settings, fit),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn presets_are_what_their_names_say() {
        let (hard, fit) = dynamic("dkd-adopt-hard");
        assert_eq!(hard.adoption, Adoption::Hard);
        assert_eq!((fit.batch_size, fit.warmup_ratio), (16, 0.05));
        assert_eq!(dynamic("dkd-adopt-soft").0.adoption, Adoption::Soft);
        let (select, fit) = dynamic("dkd-select");
        assert_eq!(select.selection.strategy, Strategy::Margin);
        assert_eq!((fit.batch_size, fit.warmup_ratio), (32, 0.1));
        let (tenth, fit) = dynamic("dkd-select-10");
        assert_eq!(tenth.selection.strategy, Strategy::Entropy);
        assert_eq!(tenth.selection.count(fit.batch_size), 3);
        let pairs = |settings: &DynamicSettings, part| -> Vec<(usize, usize)> {
            let hidden = settings.hidden.as_ref().unwrap();
            assert_eq!((hidden.weight, hidden.teacher), (1.0, None));
            let matches = hidden.matches.iter();
            matches
                .inspect(|pair| {
                    assert_eq!(pair.loss.part, part);
                    assert_eq!(pair.loss.norm, HiddenNorm::Hidden);
                })
                .map(|pair| (pair.student, pair.teacher))
                .collect()
        };
        let (objective, _) = dynamic("dkd-objective");
        assert_eq!(objective.weights, ObjectiveWeights::Uncertainty);
        let every: Vec<_> = (0..=6).map(|layer| (layer, 2 * layer)).collect();
        assert_eq!(pairs(&objective, HiddenPart::AllTokens), every);
        let (pkd, _) = dynamic("pkd");
        assert_eq!(pkd.weights, ObjectiveWeights::Static);
        assert_eq!(pairs(&pkd, HiddenPart::FirstToken), every[1..6]);
        assert_eq!(dynamic("pkd6"), dynamic("pkd"));
        for (name, student, teacher) in [
            ("pkd", 1, 12),
            ("pkd", 13, 12),
            ("pkd6", 4, 12),
            ("pkd6", 6, 5),
            ("dkd-objective", 0, 12),
        ] {
            assert!(preset(name, student, teacher).is_err(), "{name}");
        }
    }
}
