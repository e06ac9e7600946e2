//! A fine-tuned classifier with its data, and what its feed-forward layers read.

use anyhow::{Result, ensure};
use burn::tensor::Device;
use plm_core::models::{EncoderForSequenceClassification, Pretrained, Stack};
use plm_core::nn::Ffn;
use plm_core::rng::Seed;
use plm_core::text::Padding;
use plm_moe::Capture;

use crate::repro::Context;
use crate::repro::classify::{Labeled, Recipe, accuracy, batch, collated, input, predict, train};

/// A trained classifier to be divided into experts.
pub(super) struct Task {
    /// The dense model, fine-tuned.
    pub(super) model: Pretrained<EncoderForSequenceClassification>,
    /// Texts to learn routers from.
    pub(super) training: Vec<Labeled>,
    /// Texts to measure with.
    pub(super) test: Vec<Labeled>,
    pub(super) padding: Padding,
    pub(super) recipe: Recipe,
    pub(super) device: Device,
}

impl Task {
    /// The inputs of all feed-forward layers over the training texts, at most `tokens` of them.
    pub(super) fn capture(&self, tokens: usize) -> Result<Capture> {
        self.captured(&self.training, tokens)
    }

    /// The same over the test texts, to which nothing is fitted and by which nothing is chosen.
    pub(super) fn fresh(&self, tokens: usize) -> Result<Capture> {
        self.captured(&self.test, tokens)
    }

    fn captured(&self, texts: &[Labeled], tokens: usize) -> Result<Capture> {
        let layers = self.model.model.encoder.layers.len();
        let mut capture = Capture::new(tokens);
        let rows: Vec<usize> = (0..texts.len()).collect();
        for rows in rows.chunks(32) {
            if capture.is_full() {
                break;
            }
            let batch = collated(texts, rows, &self.padding, &self.device)?;
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
///
/// # Errors
/// Where the lists differ in length or are empty, or a score is not finite: no difference would tell.
pub(super) fn difference(a: &[f32], b: &[f32]) -> Result<f64> {
    ensure!(
        a.len() == b.len() && !a.is_empty(),
        "{} scores are compared with {}",
        a.len(),
        b.len()
    );
    ensure!(
        a.iter().chain(b).all(|score| score.is_finite()),
        "a score is not a finite number"
    );
    let scale = a.iter().fold(0.0_f32, |max, value| max.max(value.abs()));
    let gaps = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    let gap = gaps.fold(0.0_f32, f32::max);
    Ok(f64::from(gap) / f64::from(scale.max(f32::MIN_POSITIVE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_relative_and_never_of_what_does_not_compare() {
        assert_eq!(difference(&[1.0, -4.0], &[1.5, -3.0]).unwrap(), 0.25);
        assert_eq!(difference(&[0.0], &[0.0]).unwrap(), 0.0);
        let pairs: [(&[f32], &[f32]); 5] = [
            (&[1.0, 2.0], &[1.0]),
            (&[], &[]),
            (&[1.0, f32::NAN], &[1.0, 2.0]),
            (&[1.0, 2.0], &[f32::NAN, 2.0]),
            (&[1.0, 2.0], &[1.0, f32::INFINITY]),
        ];
        for (a, b) in pairs {
            assert!(difference(a, b).is_err(), "{a:?}, {b:?}");
        }
    }
}
