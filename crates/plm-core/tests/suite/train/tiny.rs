//! A very small BERT, pre-trained and fine-tuned on numbers.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::config::EncoderConfig;
use plm_core::models::{
    EncoderForMaskedLM, EncoderForSequenceClassification, EncoderInput, Pretrained,
    PretrainedModel, loss,
};
use plm_core::rng::Seed;
use plm_core::train::{
    AdamWConfig, Optimizer, ShuffledIndices, Snapshot, StepContext, StepLoss, TrainConfig, Trainer,
    Until,
};
use rand::RngExt;

const LENGTH: usize = 12;
const VOCABULARY: usize = 20;

/// Pre-trained or fine-tuned by one recipe.
pub(super) trait Task: Module {
    fn new(device: &Device) -> Self;
    fn loss(&self, rows: &[usize], context: &StepContext, device: &Device) -> StepLoss;
}

fn config() -> EncoderConfig {
    EncoderConfig {
        hidden_size: 16,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        intermediate_size: 32,
        max_position_embeddings: LENGTH,
        ..EncoderConfig::bert(VOCABULARY)
    }
}

fn model<M: PretrainedModel<Config = EncoderConfig>>(device: &Device) -> M {
    Pretrained::new(&config(), Seed::new(3), device)
        .unwrap()
        .model
}

/// Sentences that count up from their own number.
fn input(rows: &[usize], context: &StepContext, device: &Device) -> EncoderInput {
    let ids: Vec<i64> = (rows.iter())
        .flat_map(|row| (0..LENGTH).map(move |at| ((row + at) % VOCABULARY) as i64))
        .collect();
    let ids = Tensor::from_data(TensorData::new(ids, [rows.len(), LENGTH]), device);
    EncoderInput::ids(ids).with_dropout(context.dropout())
}

fn classes(values: Vec<i64>, device: &Device) -> Tensor<1, Int> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), device)
}

impl Task for EncoderForMaskedLM {
    fn new(device: &Device) -> Self {
        model(device)
    }

    fn loss(&self, rows: &[usize], context: &StepContext, device: &Device) -> StepLoss {
        let mut rng = context.seed.stream("places");
        let (mut places, mut targets) = (Vec::new(), Vec::new());
        for (number, row) in rows.iter().enumerate() {
            let at = rng.random_range(0..LENGTH);
            places.push((number * LENGTH + at) as i64);
            targets.push(((row + at) % VOCABULARY) as i64);
        }
        let hidden = self.encoder.forward(&input(rows, context, device));
        let places = classes(places, device);
        let logits = self.logits_at(hidden.last_hidden_state, places, None);
        StepLoss::new(
            loss::cross_entropy(logits, classes(targets, device)),
            rows.len() as f64,
        )
    }
}

impl Task for EncoderForSequenceClassification {
    fn new(device: &Device) -> Self {
        model(device)
    }

    fn loss(&self, rows: &[usize], context: &StepContext, device: &Device) -> StepLoss {
        let (_, logits) = self.forward(&input(rows, context, device));
        let targets = rows.iter().map(|row| (row % 2) as i64).collect();
        StepLoss::new(
            loss::cross_entropy(logits, classes(targets, device)),
            rows.len() as f64,
        )
    }
}

/// Four steps on `devices`, or on `home` alone where there are none.
pub(super) fn train<T: Task>(home: &Device, devices: &[Device]) -> Snapshot {
    let config = TrainConfig {
        accumulation: 2,
        max_grad_norm: Some(1.0),
        ..TrainConfig::new(Until::Steps(4))
    };
    let mut trainer = Trainer::new(config, Optimizer::adamw(AdamWConfig::default(), 0.01)).unwrap();
    let mut batches = ShuffledIndices::new(12, 3, Seed::new(4)).unwrap();
    let model = T::new(home);
    let trained = if devices.is_empty() {
        trainer.fit(model, &mut batches, |model: &T, rows, context| {
            Ok(model.loss(&rows, context, home))
        })
    } else {
        trainer.fit_parallel(
            model,
            devices,
            &mut batches,
            |model: &T, device, rows, context| Ok(model.loss(&rows, context, device)),
        )
    };
    Snapshot::of(&trained.unwrap().0)
}

/// The largest difference between two models' parameters.
pub(super) fn largest_difference(one: &Snapshot, other: &Snapshot) -> f32 {
    let mut largest = 0.0_f32;
    for (path, values) in one.tensors() {
        let others = other.tensors()[path].iter::<f32>();
        for (one, other) in values.iter::<f32>().zip(others) {
            largest = largest.max((one - other).abs());
        }
    }
    largest
}
