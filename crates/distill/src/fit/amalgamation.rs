//! Amalgamation from start to end.

use burn::tensor::Device;
use plm_core::models::EncoderForSequenceClassification;
use plm_core::nn::Ffn;
use plm_core::train::Observer;

use super::classes::same_tokens;
use super::run::Fit;
use super::{FitReport, FitSettings, Select};
use crate::amalgamate::{AmalgamationLoss, AmalgamationSettings, Method, TeacherPool};
use crate::error::same_names;
use crate::student::{Auxiliary, Learner, Prepared};
use crate::teacher::TeacherInfo;
use crate::{Error, Result};

/// Trains `student`, whose classes are the union of the labels of `pool`, on `train`. Labels are looked
/// at by [`Method::Supervised`] and by [`Select::ValAcc`](super::Select) only.
///
/// # Errors
/// Those of [`AmalgamationSettings::check`] and [`FitSettings::check`], of the teachers and of the
/// trainer. [`Error::Size`] where the student has other classes. [`Error::Tokenizers`] and
/// [`Error::Lengths`] where hidden states are compared and a teacher cuts texts into other tokens. Where
/// labels are looked at, [`Error::Unlabeled`] for texts without, and [`Error::Size`] or
/// [`Error::ClassName`] for texts whose classes are not the union's in its order. [`Error::Setting`] and
/// [`Error::Core`] for texts that were prepared for a model of more positions or words than the student's.
/// [`Error::Diverged`] where gradients are no longer finite.
#[expect(clippy::too_many_arguments, reason = "each is a thing of its own")]
pub fn amalgamate<F: Ffn>(
    student: EncoderForSequenceClassification<F>,
    train: &Prepared<'_>,
    validation: Option<&Prepared<'_>>,
    pool: &mut TeacherPool<'_>,
    amalgamation: &AmalgamationSettings,
    settings: &FitSettings,
    observer: Option<&mut dyn Observer>,
    device: &Device,
) -> Result<(EncoderForSequenceClassification<F>, FitReport)> {
    settings.check()?;
    amalgamation.check()?;
    let supervised = amalgamation.method == Method::Supervised;
    if supervised && train.labels.is_none() {
        return Err(Error::Unlabeled {
            what: "supervised training",
        });
    }
    let fit = Fit {
        train,
        validation,
        settings,
        needs_labels: supervised,
        hidden: std::collections::BTreeSet::new(),
        device: device.clone(),
    };
    let texts = fit.texts()?;
    for (which, texts) in &texts {
        texts.check_model(&student.encoder.config)?;
        let by_accuracy = *which == "validation" && settings.select == Select::ValAcc;
        if supervised || by_accuracy {
            let what = format!("classes of the {which} texts");
            same_names(&what, &texts.names, pool.space().names())?;
        }
    }
    let infos: Vec<TeacherInfo> = pool.teachers().iter().map(|t| t.info().clone()).collect();
    let infos: Vec<&TeacherInfo> = infos.iter().collect();
    let layers = student.encoder.layers.len();
    let mut hidden = std::collections::BTreeSet::new();
    if amalgamation.method.needs_hidden_states() {
        for info in &infos {
            same_tokens(info, &texts)?;
        }
        match amalgamation.method {
            Method::Dfa => hidden.extend(1..=layers),
            _ => hidden.extend([layers]),
        }
    }
    let auxiliary = Auxiliary::for_amalgamation(
        &amalgamation.method,
        layers,
        student.encoder.config.hidden_size,
        &infos,
        settings.seed,
        device,
    );
    let fit = Fit { hidden, ..fit };
    let loss = AmalgamationLoss::new(amalgamation);
    let mut objective =
        |batch: &crate::dynamic::StudentBatch<'_>,
         auxiliary: &Auxiliary,
         _seed: plm_core::rng::Seed| { loss.of(batch, pool, auxiliary) };
    let learner = Learner {
        classifier: student,
        auxiliary,
    };
    fit.run(learner, &mut objective, observer)
}
