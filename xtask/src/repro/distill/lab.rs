//! Models and texts of the two systems of distillation.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use burn::tensor::Device;
use plm_core::models::{EncoderForSequenceClassification, Pretrained};
use plm_core::rng::Seed;
use plm_distill::cache::{CacheKey, TeacherCache};
use plm_distill::dynamic::DynamicSettings;
use plm_distill::fit::{FitReport, FitSettings, distill};
use plm_distill::student::{LayerChoice, Prepared, predict, student_from};
use plm_distill::teacher::{LiveTeacher, TeacherOptions};
use plm_distill::{Example, TextEncoder};

use crate::repro::tasks::LabeledText;

/// A classifier with class scores for sequences.
pub(in crate::repro) type Classifier = EncoderForSequenceClassification;

/// A pre-trained model that teachers and students are cut from, and how they are trained.
#[derive(Debug, Clone)]
pub(in crate::repro) struct Lab {
    pub(in crate::repro) folder: PathBuf,
    pub(in crate::repro) device: Device,
    pub(in crate::repro) encoder: TextEncoder,
    pub(in crate::repro) max_length: usize,
    pub(in crate::repro) layers: usize,
    /// How students are trained.
    pub(in crate::repro) fit: FitSettings,
    /// How teachers are trained.
    pub(in crate::repro) teacher_fit: FitSettings,
}

/// Texts of one batch in evaluation.
const BATCH: usize = 64;

impl Lab {
    /// The model in `folder`, with one recipe for teachers and students.
    pub(in crate::repro) fn load(
        folder: &Path,
        max_length: usize,
        fit: FitSettings,
        device: &str,
    ) -> Result<Self> {
        let device = plm_core::device::parse(device)?;
        let model = Pretrained::<Classifier>::load_with_new_head(folder, 2, Seed::new(0), &device)?;
        let config = &model.model.encoder.config;
        let tokenizer = model.tokenizer()?.clone();
        Ok(Self {
            folder: folder.to_path_buf(),
            encoder: TextEncoder::new(tokenizer, max_length, config)?,
            layers: config.num_hidden_layers,
            device,
            max_length,
            teacher_fit: fit.clone(),
            fit,
        })
    }

    /// The first `layers` layers with a new head.
    pub(in crate::repro) fn student(
        &self,
        layers: usize,
        labels: &[String],
        seed: Seed,
    ) -> Result<Pretrained<Classifier>> {
        let choice = LayerChoice::First { count: layers };
        Ok(student_from(
            &self.folder,
            &choice,
            labels,
            seed,
            &self.device,
        )?)
    }

    /// Encodes `examples`.
    pub(in crate::repro) fn prepare<'e>(
        &self,
        examples: &'e [Example],
        labels: &[String],
    ) -> Result<Prepared<'e>> {
        let examples: Vec<&Example> = examples.iter().collect();
        Ok(Prepared::new(&self.encoder, &examples, labels)?)
    }

    /// Trains a teacher on labels.
    fn supervised(
        &self,
        model: Classifier,
        train: &Prepared<'_>,
        seed: Seed,
    ) -> Result<(Classifier, FitReport)> {
        let settings = DynamicSettings {
            kd_weight: 0.0,
            ..DynamicSettings::default()
        };
        let fit = FitSettings {
            seed,
            ..self.teacher_fit.clone()
        };
        let device = &self.device;
        Ok(distill(
            model,
            train,
            None,
            &mut [],
            &settings,
            &fit,
            None,
            device,
        )?)
    }

    /// A teacher of `labels` with `layers` layers, trained on `examples`.
    pub(in crate::repro) fn teacher(
        &self,
        name: &str,
        layers: usize,
        examples: &[Example],
        labels: &[String],
        seed: Seed,
    ) -> Result<LiveTeacher> {
        let model = self.student(layers, labels, seed)?;
        let train = self.prepare(examples, labels)?;
        let (model, _) = self.supervised(model.model, &train, seed)?;
        let options = TeacherOptions {
            max_length: self.max_length,
            dropout: None,
        };
        let tokenizer = self.encoder.tokenizer().clone();
        let teacher = LiveTeacher::new(name, model, tokenizer, options, &self.device)?;
        Ok(teacher.with_labels(labels)?)
    }

    /// The students' recipe with another seed.
    pub(in crate::repro) fn fit_with(&self, seed: Seed) -> FitSettings {
        FitSettings {
            seed,
            ..self.fit.clone()
        }
    }

    /// The predicted classes.
    pub(in crate::repro) fn classes(
        &self,
        model: &Classifier,
        data: &Prepared<'_>,
    ) -> Result<Vec<usize>> {
        let scores = predict(model, data, BATCH, &self.device)?;
        let largest = |row: &Vec<f64>| {
            let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            row.iter().position(|&value| value == top).unwrap_or(0)
        };
        Ok(scores.iter().map(largest).collect())
    }

    /// Share of right predictions.
    pub(in crate::repro) fn accuracy(
        &self,
        model: &Classifier,
        data: &Prepared<'_>,
    ) -> Result<f64> {
        let gold = data.labels.as_ref().context("texts without labels")?;
        let predicted = self.classes(model, data)?;
        Ok(plm_core::metrics::accuracy(gold, &predicted)?)
    }
}

/// An empty cache in `folder`: what an earlier run left there is removed, its teachers may have been others.
pub(in crate::repro) fn new_cache(folder: &Path, key: CacheKey) -> Result<TeacherCache> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    Ok(TeacherCache::open(folder, key)?)
}

/// Examples from texts with their labels, named after `name` and their number.
pub(in crate::repro) fn examples(name: &str, texts: &[LabeledText]) -> Vec<Example> {
    let example = |(number, (text, label)): (usize, &LabeledText)| {
        Example::new(text)
            .with_name(format!("{name}-{number}"))
            .with_label(label)
    };
    texts.iter().enumerate().map(example).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_run_left_does_not_stop_a_new_one() {
        let key = |config: &str| CacheKey {
            weights: "w".to_owned(),
            config: config.to_owned(),
            tokenizer: "t".to_owned(),
            max_length: 8,
            precision: "f32".to_owned(),
            classes: 2,
            scoring: None,
            first_token: Vec::new(),
            hidden_size: 0,
        };
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("cache");
        TeacherCache::open(&folder, key("one")).unwrap();
        assert!(TeacherCache::open(&folder, key("other")).is_err());
        new_cache(&folder, key("other")).unwrap();
        assert!(TeacherCache::open(&folder, key("other")).is_ok());
    }
}
