//! A fine-tuned classifier with its data, and what its feed-forward layers read.

use anyhow::Result;
use burn::tensor::Device;
use plm_core::models::{EncoderForSequenceClassification, Pretrained, Stack};
use plm_core::nn::Ffn;
use plm_core::rng::Seed;
use plm_core::text::Padding;
use plm_moe::Capture;

use crate::repro::Context;
use crate::repro::classify::{Labelled, Recipe, accuracy, batch, collated, input, predict, train};

/// A trained classifier to be divided into experts.
pub(super) struct Task {
    /// The dense model, fine-tuned.
    pub(super) model: Pretrained<EncoderForSequenceClassification>,
    /// Texts to learn routers from.
    pub(super) training: Vec<Labelled>,
    /// Texts to measure with.
    pub(super) test: Vec<Labelled>,
    pub(super) padding: Padding,
    pub(super) recipe: Recipe,
    pub(super) device: Device,
}

impl Task {
    /// The inputs of all feed-forward layers over the training texts, at most `tokens` of them.
    pub(super) fn capture(&self, tokens: usize) -> Result<Capture> {
        let layers = self.model.model.encoder.layers.len();
        let mut capture = Capture::new(tokens);
        let rows: Vec<usize> = (0..self.training.len()).collect();
        for rows in rows.chunks(32) {
            if capture.is_full() {
                break;
            }
            let batch = collated(&self.training, rows, &self.padding, &self.device)?;
            let visible = batch.visible();
            let input = input(batch).with_taps(Capture::taps(layers));
            let (output, _) = self.model.model.forward(&input);
            capture.add(Stack::Encoder, &output.tapped, &visible)?;
        }
        Ok(capture)
    }

    /// The model after training by the recipe.
    pub(super) fn fine_tuned(
        &self,
        context: &Context,
        label: &str,
        seed: Seed,
    ) -> Result<EncoderForSequenceClassification> {
        let (trained, _) = train(
            self.model.model.clone(),
            &self.training,
            &self.padding,
            &self.recipe,
            seed,
            &self.device,
            &context.progress.bar(1, label),
        )?;
        Ok(trained)
    }

    /// Accuracy of a form of the model on the test texts.
    pub(super) fn accuracy<F: Ffn>(
        &self,
        model: &EncoderForSequenceClassification<F>,
    ) -> Result<f64> {
        let predicted = predict(model, &self.test, &self.padding, &self.recipe, &self.device)?;
        accuracy(&self.test, &predicted)
    }

    /// Class scores of the first test texts, as one batch.
    pub(super) fn logits<F: Ffn>(
        &self,
        model: &EncoderForSequenceClassification<F>,
        texts: usize,
    ) -> Result<Vec<f32>> {
        let rows: Vec<usize> = (0..self.test.len().min(texts)).collect();
        let (input, _) = batch(&self.test, &rows, &self.padding, &self.device)?;
        let logits = model.logits(&input);
        Ok(logits.into_data().iter::<f32>().collect())
    }
}

/// The largest difference of two lists of scores, relative to the largest score of the first.
pub(super) fn difference(a: &[f32], b: &[f32]) -> f64 {
    let scale = a.iter().fold(0.0_f32, |max, value| max.max(value.abs()));
    let gap = a
        .iter()
        .zip(b)
        .fold(0.0_f32, |max, (a, b)| max.max((a - b).abs()));
    f64::from(gap) / f64::from(scale.max(f32::MIN_POSITIVE))
}
