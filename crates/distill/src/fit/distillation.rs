//! Dynamic distillation from start to end.

use burn::tensor::Device;
use plm_core::models::EncoderForSequenceClassification;
use plm_core::nn::Ffn;
use plm_core::train::Observer;

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
/// Those of [`DynamicSettings::check`] and [`FitSettings::check`], of the teachers and of the trainer;
/// [`Error::Size`] where a teacher has other classes than the student; [`Error::Tokenizers`] where hidden
/// states of all tokens are to be matched and a teacher cuts texts into other tokens.
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
    dynamic.check(teachers.len(), train.labels.is_some())?;
    let classes = student.classifier.output.weight.dims()[1];
    let infos: Vec<&TeacherInfo> = teachers.iter().map(|teacher| teacher.info()).collect();
    for info in &infos {
        let what = format!("classes of teacher `{}`", info.name);
        crate::error::same_size(what, info.classes, classes)?;
    }
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
                same_tokens(infos[number], train)?;
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
    let fit = Fit {
        train,
        validation,
        settings,
        hidden,
        device: device.clone(),
    };
    let mut objective = |batch: &crate::dynamic::StudentBatch<'_>,
                         auxiliary: &Auxiliary,
                         seed: plm_core::rng::Seed| {
        let loss = DynamicLoss::new(dynamic, &auxiliary.projections);
        let (loss, parts) = loss.of(batch, teachers, &mut seed.stream("selection"))?;
        Ok((loss, parts.values()))
    };
    fit.run(learner, &mut objective, observer)
}

/// The teacher cuts texts into the same tokens as the student.
pub(super) fn same_tokens(info: &TeacherInfo, texts: &Prepared<'_>) -> Result<()> {
    if info.tokenizer == texts.tokenizer()? {
        return Ok(());
    }
    Err(Error::Tokenizers {
        teacher: info.name.clone(),
    })
}
