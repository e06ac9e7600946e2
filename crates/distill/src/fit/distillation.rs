//! Dynamic distillation from start to end.

use burn::tensor::Device;
use plm_core::models::EncoderForSequenceClassification;
use plm_core::nn::Ffn;
use plm_core::train::Observer;

use super::classes::{same_classes, same_tokens};
use super::run::Fit;
use super::{FitReport, FitSettings};
use crate::dynamic::{DynamicLoss, DynamicSettings};
use crate::loss::HiddenPart;
use crate::student::{Auxiliary, Learner, Prepared};
use crate::teacher::{Teacher, TeacherInfo};
use crate::{Error, Result};

/// Trains `student` on `train` with the help of `teachers`, ordered from the least to the most capable.
///
/// # Errors
/// Those of [`DynamicSettings::check`] and [`FitSettings::check`], of the teachers and of the trainer.
/// [`Error::Size`] where a teacher or the texts have other classes than the student, [`Error::ClassName`]
/// where the names of classes are known and differ in a place. [`Error::Tokenizers`] and
/// [`Error::Lengths`] where hidden states of all tokens are to be matched and a teacher cuts texts into
/// other tokens. [`Error::Unlabeled`] where weights are chosen on validation texts without labels, by
/// their accuracy or by a loss that looks at labels. [`Error::Setting`] and [`Error::Core`] for texts that
/// were prepared for a model of more positions or words than the student's. [`Error::Diverged`] where
/// gradients are no longer finite.
#[expect(clippy::too_many_arguments, reason = "each is a thing of its own")]
pub fn distill<F: Ffn>(
    student: EncoderForSequenceClassification<F>,
    train: &Prepared<'_>,
    validation: Option<&Prepared<'_>>,
    teachers: &mut [&mut dyn Teacher],
    dynamic: &DynamicSettings,
    settings: &FitSettings,
    observer: Option<&mut dyn Observer>,
    device: &Device,
) -> Result<(EncoderForSequenceClassification<F>, FitReport)> {
    settings.check()?;
    dynamic.check(teachers.len(), train.labels.is_some())?;
    let fit = Fit {
        train,
        validation,
        settings,
        needs_labels: dynamic.needs_labels(),
        hidden: std::collections::BTreeSet::new(),
        device: device.clone(),
    };
    let texts = fit.texts()?;
    for (_, texts) in &texts {
        texts.check_model(&student.encoder.config)?;
    }
    let classes = student.classifier.output.weight.dims()[1];
    let infos: Vec<&TeacherInfo> = teachers.iter().map(|teacher| teacher.info()).collect();
    same_classes(&texts, &infos, classes)?;
    let mut hidden = std::collections::BTreeSet::new();
    if let Some(objective) = &dynamic.hidden {
        let number = objective.teacher.unwrap_or(infos.len() - 1);
        let layers = student.encoder.layers.len();
        for pair in &objective.matches {
            if pair.student > layers {
                return Err(Error::HiddenState {
                    name: "student".to_owned(),
                    index: pair.student,
                    reason: format!("the model has {layers} layers"),
                });
            }
            if pair.loss.part != HiddenPart::FirstToken {
                same_tokens(infos[number], &texts)?;
            }
            hidden.insert(pair.student);
        }
    }
    let width = student.encoder.config.hidden_size;
    let auxiliary = Auxiliary::for_dynamic(dynamic, width, &infos, settings.seed, device);
    let learner = Learner {
        classifier: student,
        auxiliary,
    };
    let fit = Fit { hidden, ..fit };
    let mut objective = |batch: &crate::dynamic::StudentBatch<'_>,
                         auxiliary: &Auxiliary,
                         seed: plm_core::rng::Seed| {
        let loss = DynamicLoss::new(dynamic, &auxiliary.projections);
        let (loss, parts) = loss.of(batch, teachers, &mut seed.stream("selection"))?;
        Ok((loss, parts.values()))
    };
    fit.run(learner, &mut objective, observer)
}
