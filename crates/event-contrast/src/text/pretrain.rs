use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use plm_core::models::loss;
use plm_core::nn::DropoutMode;
use plm_core::rng::Seed;
use plm_core::text::{BatchBy, Encoding, LengthBuckets, MlmMasking};
use plm_core::train::{Batches, Evaluation, Observer, StepContext, StepLoss, TrainReport, Trainer};

use super::{
    ContrastSentence, EventEncoder, Layout, PairLayout, PairPlan, SpanEncoder, TextPretraining,
    check_encodings, span_states,
};
use crate::error::to_core;
use crate::{Error, Result};

/// Trains `model` on the pairs of `sentences`. With checkpoints a run that was stopped goes on as if it
/// never had been.
///
/// # Errors
/// Those of [`TextPretraining::check`]; [`Error::Core`] without sentences to train on, for one that is
/// longer than `model` takes or has a token without a vector, for a model with the maps of another
/// score, for masked words without a masked-LM head, and as the trainer gives them.
pub fn pretrain_text(
    model: EventEncoder,
    sentences: &[ContrastSentence],
    encoder: &SpanEncoder,
    settings: &TextPretraining,
    observer: Option<&mut dyn Observer>,
    device: &Device,
) -> Result<(EventEncoder, TrainReport)> {
    settings.check()?;
    let kept = (sentences.len() as f64 * (1.0 - settings.held_out)).ceil() as usize;
    let (train, held_out) = sentences.split_at(kept.min(sentences.len()));
    if train.is_empty() || (held_out.is_empty() && settings.held_out > 0.0) {
        let reason = format!("{} are too few to train on and hold out", sentences.len());
        return Err(Error::invalid("sentences", reason));
    }
    let numbered = sentences.iter().map(|each| &each.encoding).enumerate();
    check_encodings(&model.encoder, "sentence", numbered)?;
    if settings.contrast_weight > 0.0 {
        model.check_score(settings.contrast.score)?;
    }
    let masking = match (settings.mlm_weight > 0.0, &model.head) {
        (false, _) => None,
        (true, Some(_)) => Some(MlmMasking::new(encoder.tokenizer())?),
        (true, None) => {
            let reason = "needs a masked-LM head; make the model with `from_masked_lm`";
            return Err(Error::invalid("mlm_weight", reason));
        }
    };
    // Parameters that no loss reaches would only fill checkpoints.
    let model = EventEncoder {
        head: model.head.filter(|_| masking.is_some()),
        ..model
    };
    let lengths = train.iter().map(|each| each.encoding.len()).collect();
    let by = BatchBy::Count(settings.batch);
    let mut batches = LengthBuckets::new(lengths, by, settings.seed.child("order"))?;
    let total = Batches::len(&batches) as u64 * settings.epochs;
    let mut trainer = Trainer::new(settings.train_config(total), settings.optimizer())?;
    if let Some(observer) = observer {
        trainer = trainer.with_observer(observer);
    }
    let plain = device.clone().inner();
    let device = plain.clone().autodiff();
    let step = Step {
        encoder,
        settings,
        masking: masking.as_ref(),
    };
    let train_on = |model: &EventEncoder, rows: Vec<usize>, context: &StepContext| {
        let own: Vec<&ContrastSentence> = rows.iter().map(|&row| &train[row]).collect();
        let dropout = context.dropout();
        let (loss, pairs) = step
            .loss(model, &own, dropout, context.seed, Layout::Once, &device)
            .map_err(to_core)?;
        Ok(StepLoss::new(loss, pairs as f64))
    };
    let (model, report) = if held_out.is_empty() {
        trainer.fit(model, &mut batches, train_on)?
    } else {
        trainer.fit_evaluated(model, &mut batches, train_on, |model, _| {
            let seed = settings.seed.child("held out");
            step.evaluate(model, held_out, seed, &plain)
                .map_err(to_core)
        })?
    };
    Ok((model.valid(), report))
}

/// What the loss of a batch needs.
struct Step<'s> {
    encoder: &'s SpanEncoder,
    settings: &'s TextPretraining,
    masking: Option<&'s MlmMasking>,
}

impl Step<'_> {
    /// The loss of `sentences` with the weights of both parts, and the number of their pairs.
    fn loss(
        &self,
        model: &EventEncoder,
        sentences: &[&ContrastSentence],
        dropout: DropoutMode,
        seed: Seed,
        layout: Layout,
        device: &Device,
    ) -> Result<(Tensor<1>, usize)> {
        let (contrast, weight) = (&self.settings.contrast, self.settings.contrast_weight);
        let plan = PairPlan::new(sentences, contrast, seed);
        let mut loss = None;
        if weight > 0.0 {
            let layout = PairLayout::new(&plan, sentences.len(), layout);
            let contrasted = contrast
                .batch_losses(model, sentences, &layout, self.encoder, dropout, device)?
                .mean();
            loss = Some(contrasted.mul_scalar(weight));
        }
        if let Some(masking) = self.masking {
            let masked = self.masked_lm(model, sentences, masking, dropout, seed, device)?;
            let masked = masked.mul_scalar(self.settings.mlm_weight);
            loss = Some(match loss {
                Some(loss) => loss + masked,
                None => masked,
            });
        }
        let Some(loss) = loss else {
            return Err(Error::invalid("loss", "neither contrast nor masked words"));
        };
        Ok((loss, plan.pairs.len()))
    }

    /// The mean loss of predicting masked words; 0 where none was chosen.
    fn masked_lm(
        &self,
        model: &EventEncoder,
        sentences: &[&ContrastSentence],
        masking: &MlmMasking,
        dropout: DropoutMode,
        seed: Seed,
        device: &Device,
    ) -> Result<Tensor<1>> {
        let Some(head) = &model.head else {
            return Ok(Tensor::zeros([1], device));
        };
        let mut rng = seed.stream("masked words");
        let (mut encodings, mut places, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for (row, sentence) in sentences.iter().enumerate() {
            let masked = masking.mask(&sentence.encoding, &mut rng);
            places.extend(masked.positions.iter().map(|&at| (row, at)));
            targets.extend(masked.targets.iter().map(|&id| i64::from(id)));
            encodings.push(Encoding {
                ids: masked.ids,
                ..sentence.encoding.clone()
            });
        }
        if places.is_empty() {
            return Ok(Tensor::zeros([1], device));
        }
        check_encodings(
            &model.encoder,
            "masked sentence",
            encodings.iter().enumerate(),
        )?;
        let input = self
            .encoder
            .input(&encodings, device)?
            .with_dropout(dropout);
        let states = model.encoder.states_at(&input, &places);
        let words = model.encoder.embeddings.word.weight.val();
        let targets = Tensor::<1, Int>::from_data(targets.as_slice(), device);
        Ok(loss::cross_entropy(
            head.forward(states, words, None),
            targets,
        ))
    }

    /// The mean contrastive loss over the pairs of `sentences`.
    fn evaluate(
        &self,
        model: &EventEncoder,
        sentences: &[ContrastSentence],
        seed: Seed,
        device: &Device,
    ) -> Result<Evaluation> {
        let contrastive = Step {
            masking: None,
            ..*self
        };
        let (mut sum, mut count) = (0.0, 0);
        for (at, batch) in sentences.chunks(self.settings.batch).enumerate() {
            let batch: Vec<&ContrastSentence> = batch.iter().collect();
            let seed = seed.at(at as u64);
            let (loss, pairs) =
                contrastive.loss(model, &batch, DropoutMode::Off, seed, Layout::Once, device)?;
            sum += loss.into_scalar::<f64>() / self.settings.contrast_weight * pairs as f64;
            count += pairs;
        }
        Ok(Evaluation::new(sum / count.max(1) as f64))
    }
}

impl super::EventContrast {
    /// The loss of each pair of a batch: the rows of `layout` are encoded and its spans compared.
    ///
    /// # Shapes
    /// - result: `[pairs]`
    ///
    /// # Errors
    /// [`Error::Core`] where `layout` is of other sentences, `model` has the maps of another score, or a
    /// sentence is longer than it takes or has a token without a vector.
    pub fn batch_losses(
        &self,
        model: &EventEncoder,
        sentences: &[&ContrastSentence],
        layout: &PairLayout,
        encoder: &SpanEncoder,
        dropout: DropoutMode,
        device: &Device,
    ) -> Result<Tensor<1>> {
        let encodings = layout
            .rows
            .iter()
            .map(|&sentence| match sentences.get(sentence) {
                Some(sentence) => Ok(sentence.encoding.clone()),
                None => Err(Error::invalid("layout", "is of other sentences")),
            });
        let encodings: Vec<Encoding> = encodings.collect::<Result<_>>()?;
        model.check_score(self.score)?;
        check_encodings(&model.encoder, "row", encodings.iter().enumerate())?;
        let input = encoder.input(&encodings, device)?.with_dropout(dropout);
        let pooled = span_states(&model.encoder, &input, &layout.spans)?;
        let triggers = model.triggers(pooled.clone());
        Ok(self.losses(triggers, model.arguments(pooled), layout))
    }
}
