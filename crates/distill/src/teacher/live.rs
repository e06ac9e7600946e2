//! A teacher whose model is at hand.

use std::path::Path;

use burn::module::Module;
use burn::tensor::Device;
use plm_core::models::{EncoderForSequenceClassification, EncoderInput, Pretrained};
use plm_core::nn::{DropoutMode, FeedForward, Ffn, TapPositions, Taps};
use plm_core::rng::Seed;
use plm_core::text::Tokenizer;
use plm_core::train::{checksum, freeze};

use super::class_names::class_names;
use super::dropout::{Probabilities, masks};
use super::{Observation, Request, Teacher, TeacherInfo, check_finite};
use crate::answer::answer;
use crate::cache::CacheKey;
use crate::encode::TextEncoder;
use crate::example::Example;
use crate::loss::rows_of;
use crate::score::{McScore, McSettings, McSites};
use crate::{Error, Result};

/// How a [`LiveTeacher`] is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeacherOptions {
    /// Longest text in tokens; longer ones are cut.
    pub max_length: usize,
    /// Dropout while it is asked for class scores, as the authors' code has it by a slip: every answer
    /// draws new masks from this seed. Such a teacher cannot be cached.
    pub dropout: Option<Seed>,
}

impl Default for TeacherOptions {
    /// 128 tokens, no dropout.
    fn default() -> Self {
        Self {
            max_length: 128,
            dropout: None,
        }
    }
}

/// An encoder classifier with its tokenizer, in evaluation mode.
#[derive(Debug, Clone)]
pub struct LiveTeacher<F: Ffn = FeedForward> {
    info: TeacherInfo,
    model: EncoderForSequenceClassification<F>,
    encoder: TextEncoder,
    options: TeacherOptions,
    device: Device,
    answers: u64,
    forwards: u64,
}

impl LiveTeacher {
    /// The classifier in the Hugging Face directory `dir`, named after it. Its labels are the names in
    /// `id2label`, unless these are the `LABEL_0` and so on of classes without names.
    ///
    /// # Errors
    /// [`Error::Core`] where the directory holds no classifier with a tokenizer, and those of
    /// [`LiveTeacher::new`] and [`LiveTeacher::with_labels`].
    pub fn load(dir: impl AsRef<Path>, options: TeacherOptions, device: &Device) -> Result<Self> {
        let dir = dir.as_ref();
        let loaded = Pretrained::<EncoderForSequenceClassification>::load(dir, device)?;
        let name = dir.file_name().unwrap_or(dir.as_os_str());
        let name = name.to_string_lossy().into_owned();
        let tokenizer = loaded.tokenizer()?.clone();
        let labels = class_names(&loaded.config)?;
        let teacher = Self::new(name, loaded.model, tokenizer, options, device)?;
        match labels {
            Some(labels) => teacher.with_labels(labels),
            None => Ok(teacher),
        }
    }
}

impl<F: Ffn> LiveTeacher<F> {
    /// A teacher from its parts. The model is frozen and taken off the autodiff device.
    ///
    /// # Errors
    /// [`Error::Core`] for a tokenizer without padding token, [`Error::Setting`] for a length of 0 or
    /// beyond the model's positions.
    pub fn new(
        name: impl Into<String>,
        model: EncoderForSequenceClassification<F>,
        tokenizer: Tokenizer,
        options: TeacherOptions,
        device: &Device,
    ) -> Result<Self> {
        let config = &model.encoder.config;
        let encoder = TextEncoder::new(tokenizer, options.max_length, config)?;
        let info = TeacherInfo {
            name: name.into(),
            classes: model.classifier.output.weight.dims()[1],
            labels: None,
            tokenizer: encoder.identity()?,
            max_length: options.max_length,
            layers: config.num_hidden_layers,
            hidden_size: config.hidden_size,
        };
        Ok(Self {
            info,
            model: freeze(model.valid(), |_| true),
            encoder,
            options,
            device: device.clone().inner(),
            answers: 0,
            forwards: 0,
        })
    }

    /// With the names of its classes, in its order.
    ///
    /// # Errors
    /// As [`TeacherInfo::with_labels`].
    pub fn with_labels<S: Into<String>>(
        mut self,
        labels: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        self.info = self.info.with_labels(labels)?;
        Ok(self)
    }

    /// The frozen model.
    pub fn model(&self) -> &EncoderForSequenceClassification<F> {
        &self.model
    }

    /// How it turns texts into tokens.
    pub fn encoder(&self) -> &TextEncoder {
        &self.encoder
    }

    /// The device that it runs on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What answers of this teacher depend on, for a cache that also keeps Monte-Carlo scores
    /// (`scoring`) and the first token's vectors of some hidden states (`first_token`).
    ///
    /// # Errors
    /// [`Error::DropoutTeacher`] for a teacher with dropout: no two of its answers agree.
    pub fn cache_key(
        &self,
        scoring: Option<&McSettings>,
        first_token: &[usize],
    ) -> Result<CacheKey> {
        if self.options.dropout.is_some() {
            return Err(Error::DropoutTeacher {
                name: self.info.name.clone(),
            });
        }
        let config = &self.model.encoder.config;
        let fields = serde_json::Value::Object(plm_core::config::ModelConfig::to_fields(config));
        Ok(CacheKey {
            weights: checksum(&self.model, |_| true),
            config: crate::encode::sha256([
                fields.to_string().as_bytes(),
                &Probabilities::of(&self.model).bytes(),
            ]),
            tokenizer: self.info.tokenizer.clone(),
            max_length: self.options.max_length,
            precision: format!("{:?}", self.model.classifier.output.weight.val().dtype())
                .to_lowercase(),
            classes: self.info.classes,
            scoring: scoring.cloned(),
            first_token: first_token.to_vec(),
            hidden_size: if first_token.is_empty() {
                0
            } else {
                self.info.hidden_size
            },
        })
    }

    fn input(&mut self, examples: &[&Example], length: usize) -> Result<EncoderInput> {
        self.forwards += examples.len() as u64;
        // A student's batch may be longer: first tokens are compared all the same.
        let length = length.min(self.model.encoder.config.max_length());
        self.encoder.input(examples, length, &self.device)
    }

    /// Class scores of one stochastic pass over `examples`.
    fn pass(
        &mut self,
        examples: &[&Example],
        settings: &McSettings,
        pass: u64,
    ) -> Result<Vec<Vec<f64>>> {
        let input = self.input(examples, 0)?;
        let input = input.with_dropout_context(masks(examples, settings, pass));
        Ok(rows_of(self.model.logits(&input)))
    }
}

impl<F: Ffn> Teacher for LiveTeacher<F> {
    fn info(&self) -> &TeacherInfo {
        &self.info
    }

    fn observe(&mut self, examples: &[&Example], request: &Request) -> Result<Observation> {
        if let Some(&index) = request.hidden.iter().find(|&&at| at > self.info.layers) {
            return Err(Error::HiddenState {
                name: self.info.name.clone(),
                index,
                reason: format!("the model has {} layers", self.info.layers),
            });
        }
        let taps = Taps {
            hidden_states: request.hidden.iter().copied().collect(),
            positions: if request.first_token {
                TapPositions::Same(vec![0])
            } else {
                TapPositions::All
            },
            ..Taps::default()
        };
        let mut input = self.input(examples, request.length)?.with_taps(taps);
        if let Some(seed) = self.options.dropout {
            let seed = seed.at(self.answers).value();
            input = input.with_dropout(DropoutMode::Train { seed });
        }
        self.answers += 1;
        let (hidden, logits) = answer(&self.model, &input);
        check_finite(&self.info, examples, &rows_of(logits.clone()))?;
        Ok(Observation { logits, hidden })
    }

    fn scores(&mut self, examples: &[&Example], settings: &McSettings) -> Result<Vec<McScore>> {
        settings.check()?;
        if !Probabilities::of(&self.model).act(settings.sites) {
            return Err(Error::NoDropout {
                name: self.info.name.clone(),
            });
        }
        let passes: Vec<Vec<Vec<f64>>> = match settings.sites {
            McSites::All => (0..settings.passes as u64)
                .map(|pass| self.pass(examples, settings, pass))
                .collect::<Result<_>>()?,
            McSites::Classifier => {
                let input = self.input(examples, 0)?;
                let pooled = self.model.encoder.pooled(&input);
                (0..settings.passes as u64)
                    .map(|pass| {
                        let context = masks(examples, settings, pass);
                        rows_of(self.model.classifier.forward(pooled.clone(), &context))
                    })
                    .collect()
            }
        };
        for pass in &passes {
            check_finite(&self.info, examples, pass)?;
        }
        (0..examples.len())
            .map(|row| {
                let logits: Vec<&[f64]> = passes.iter().map(|pass| pass[row].as_slice()).collect();
                McScore::from_passes(&logits)
            })
            .collect()
    }

    fn forwards(&self) -> u64 {
        self.forwards
    }
}
