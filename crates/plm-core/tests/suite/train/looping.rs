//! What the loop does over a whole run.

use std::ops::ControlFlow;

use burn::module::Module;
use burn::nn::transformer::{
    TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput,
};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::Error;
use plm_core::rng::Seed;
use plm_core::train::{
    AdamWConfig, Evaluation, Event, Every, Goal, NonFinite, Optimizer, ParamGroup, Schedule,
    ShuffledIndices, Snapshot, StepLoss, StopReason, TrainConfig, Trainer, Until, WeightAverage,
};
use rand::RngExt;

use super::toy::{Data, Mlp, bits, devices};

fn adamw(lr: f64) -> Optimizer {
    Optimizer::adamw(AdamWConfig::default(), lr)
}

fn batches() -> ShuffledIndices {
    ShuffledIndices::new(32, 8, Seed::new(3)).unwrap()
}

#[test]
fn a_small_network_learns() {
    let data = Data::new(32);
    for device in devices() {
        let model = Mlp::new(16, &device);
        let before = data.mean_loss(&model, &device);
        let config = TrainConfig {
            schedule: Schedule::Linear {
                warmup: 10,
                total: 300,
            },
            max_grad_norm: Some(1.0),
            ..TrainConfig::new(Until::Steps(300))
        };
        let mut trainer = Trainer::new(config, adamw(0.05)).unwrap();
        let (model, report) = trainer
            .fit(model, &mut batches(), |model, rows, _| {
                Ok(data.loss(model, &rows, &device).into())
            })
            .unwrap();
        assert_eq!(report.stopped, StopReason::Completed);
        let after = data.mean_loss(&model.valid(), &device);
        assert!(after < 0.1 * before, "{before} {after}");
    }
}

#[derive(Module, Debug)]
struct TinyTransformer {
    embedding: Embedding,
    encoder: TransformerEncoder,
    head: Linear,
}

#[test]
fn a_tiny_transformer_learns_with_a_rate_of_its_own_for_the_head() {
    const LENGTH: usize = 6;
    let device = devices().remove(0);
    device.seed(7);
    let model = TinyTransformer {
        embedding: EmbeddingConfig::new(4, 16).init(&device),
        encoder: TransformerEncoderConfig::new(16, 32, 2, 1)
            .with_dropout(0.0)
            .init(&device),
        head: LinearConfig::new(16, 1).init(&device),
    };
    // Is there a 3 in the sequence?
    let sequence = |row: usize| -> Vec<i32> {
        let mut rng = Seed::new(row as u64).rng();
        let top = if row.is_multiple_of(2) { 4 } else { 3 };
        let mut tokens: Vec<i32> = (0..LENGTH).map(|_| rng.random_range(0..top)).collect();
        if top == 4 {
            tokens[rng.random_range(0..LENGTH)] = 3;
        }
        tokens
    };
    let loss = |model: &TinyTransformer, rows: &[usize]| -> Tensor<1> {
        let tokens: Vec<i32> = rows.iter().flat_map(|&row| sequence(row)).collect();
        let tokens = TensorData::new(tokens, [rows.len(), LENGTH]);
        let tokens = Tensor::<2, Int>::from_data(tokens, &device);
        let hidden = model.encoder.forward(TransformerEncoderInput::new(
            model.embedding.forward(tokens),
        ));
        let score = model
            .head
            .forward(hidden.mean_dim(1).reshape([rows.len(), 16]));
        let truth: Vec<f32> = rows.iter().map(|row| (1 - row % 2) as f32).collect();
        let truth = Tensor::from_data(TensorData::new(truth, [rows.len(), 1]), &device);
        (score - truth).square().mean()
    };
    let all: Vec<usize> = (0..32).collect();
    let optimizer = adamw(3e-3)
        .with_weight_decay(0.01)
        .with_group(ParamGroup::new("head", |param| param.is_under("head")).with_lr(1e-2));
    let config = TrainConfig {
        goal: Goal::Minimize,
        evaluate_initial: true,
        ..TrainConfig::new(Until::Steps(60))
    };
    let mut course = Vec::new();
    let mut observer = |event: &Event<'_>| {
        if let Event::Evaluated(record) = event {
            course.push(record.metric);
        }
        ControlFlow::Continue(())
    };
    let (_, report) = Trainer::new(config, optimizer)
        .unwrap()
        .with_observer(&mut observer)
        .fit_evaluated(
            model,
            &mut batches(),
            |model, rows, _| Ok(StepLoss::new(loss(model, &rows), rows.len() as f64)),
            |model, _| {
                Ok(Evaluation::new(f64::from(
                    loss(model, &all).into_scalar::<f32>(),
                )))
            },
        )
        .unwrap();
    assert_eq!(course.len(), 2);
    assert!(course[1] < 0.3 * course[0], "{course:?}");
    assert_eq!(report.best.unwrap().metric, course[1]);
}

#[test]
fn bias_and_norm_parameters_do_not_decay() {
    let device = devices().remove(0).autodiff();
    let encoder: TransformerEncoder = TransformerEncoderConfig::new(8, 16, 2, 1).init(&device);
    let optimizer = adamw(0.1).with_weight_decay(0.5);
    let mut decaying = Vec::new();
    plm_core::train::each_param(&encoder, |info| {
        if optimizer.settings(info).weight_decay > 0.0 {
            decaying.push(info.path.to_owned());
        }
    });
    assert_eq!(decaying.len(), 6, "{decaying:?}");
    assert!(decaying.iter().all(|path| path.ends_with("weight")));
}

/// A run whose gradient is NaN at the steps in `bad`.
fn run_with_nan(
    device: &Device,
    policy: NonFinite,
    bad: &'static [u64],
) -> Result<(Mlp, plm_core::train::TrainReport, Vec<u64>), Error> {
    let data = Data::new(32);
    let config = TrainConfig {
        non_finite: policy,
        ..TrainConfig::new(Until::Steps(6))
    };
    let mut skipped = Vec::new();
    let mut observer = |event: &Event<'_>| {
        if let Event::Step(record) = event
            && record.skipped
        {
            skipped.push(record.step);
        }
        ControlFlow::Continue(())
    };
    let (model, report) = Trainer::new(config, adamw(0.01))?
        .with_observer(&mut observer)
        .fit(
            Mlp::new(8, device),
            &mut batches(),
            |model, rows, context| {
                let loss = data.loss(model, &rows, device);
                Ok(if bad.contains(&context.step) {
                    loss.mul_scalar(f64::NAN).into()
                } else {
                    loss.into()
                })
            },
        )?;
    Ok((model, report, skipped))
}

#[test]
fn gradients_that_are_not_finite_end_the_run_or_are_skipped_and_counted() {
    for device in devices() {
        let error = run_with_nan(&device, NonFinite::Error, &[2]).unwrap_err();
        assert!(
            matches!(&error, Error::NotFiniteGradients { step: 2, first, in_a_row: 1, limit: 0 }
                if first.starts_with("first.")),
            "{error}"
        );

        let policy = NonFinite::Skip { limit: 2 };
        let (model, report, skipped) = run_with_nan(&device, policy, &[1, 3, 4]).unwrap();
        assert_eq!((report.non_finite, report.step), (3, 6));
        assert_eq!(skipped, [2, 4, 5]);
        assert!(
            Snapshot::of(&model)
                .tensors()
                .values()
                .all(|data| { data.iter::<f32>().all(f32::is_finite) })
        );

        let error = run_with_nan(&device, policy, &[1, 2, 3])
            .unwrap_err()
            .to_string();
        let expected = "gradients: are not finite at step 3 (first: `first.";
        assert!(error.starts_with(expected), "{error}");
        let expected = "`), 3 in a row, at most 2 allowed";
        assert!(error.ends_with(expected), "{error}");

        let (model, report, _) = run_with_nan(&device, NonFinite::Unchecked, &[5]).unwrap();
        assert_eq!(report.non_finite, 0);
        assert!(
            Snapshot::of(&model).tensors()["first.weight"]
                .iter::<f32>()
                .any(f32::is_nan)
        );
    }
}

/// A run whose metric after each step is given.
fn run_with_metrics(
    device: &Device,
    metrics: &'static [f64],
    change: impl FnOnce(&mut TrainConfig),
) -> (Mlp, plm_core::train::TrainReport, Vec<Mlp>) {
    let data = Data::new(32);
    let mut config = TrainConfig {
        evaluate: Every::Steps(1),
        evaluate_initial: true,
        ..TrainConfig::new(Until::Steps(metrics.len() as u64 - 1))
    };
    change(&mut config);
    let mut seen = Vec::new();
    let (model, report) = Trainer::new(config, adamw(0.05))
        .unwrap()
        .fit_evaluated(
            Mlp::new(8, device),
            &mut batches(),
            |model, rows, _| Ok(data.loss(model, &rows, device).into()),
            |model, context| {
                assert!(!model.first.weight.val().is_autodiff());
                seen.push(model.clone());
                Ok(Evaluation::new(metrics[context.step as usize]))
            },
        )
        .unwrap();
    (model, report, seen)
}

#[test]
fn patience_ends_the_run_and_the_best_model_comes_back() {
    for device in devices() {
        let (model, report, seen) =
            run_with_metrics(&device, &[0.1, 0.3, 0.5, 0.5, 0.4, 0.9], |config| {
                config.patience = Some(2);
                config.restore_best = true;
            });
        assert_eq!(report.stopped, StopReason::Patience);
        assert_eq!(report.step, 4);
        assert_eq!(report.best.unwrap().step, 2);
        assert_eq!(bits(&model.valid()), bits(&seen[2]));
        assert!(model.first.weight.is_require_grad());

        // The other way round the initial weights are the best.
        let (model, report, seen) =
            run_with_metrics(&device, &[0.1, 0.3, 0.5, f64::NAN, 0.4, 0.9], |config| {
                config.goal = Goal::Minimize;
                config.restore_best = true;
            });
        assert_eq!(report.best.unwrap().step, 0);
        assert_eq!(bits(&model), bits(&Mlp::new(8, &device)));
        assert_eq!(seen.len(), 6);

        // A gain below `min_delta` is none.
        let (_, report, _) = run_with_metrics(&device, &[0.1, 0.3, 0.35, 0.38, 0.9], |config| {
            config.patience = Some(2);
            config.min_delta = 0.1;
        });
        assert_eq!((report.step, report.best.unwrap().step), (3, 1));
    }
}

#[test]
fn events_come_in_order_and_an_observer_can_stop_the_run() {
    let data = Data::new(32);
    let device = devices().remove(0);
    let config = TrainConfig {
        log_every: 3,
        evaluate: Every::Epochs(1),
        ..TrainConfig::new(Until::Epochs(5))
    };
    let mut events = Vec::new();
    let mut observer = |event: &Event<'_>| {
        events.push(match event {
            Event::Started { total_steps, .. } => format!("start {}", total_steps.unwrap()),
            Event::Step(record) => format!("{}", record.step),
            Event::Logged(record) => format!("log {}", record.step),
            Event::EpochEnded { epoch, step } => format!("epoch {epoch} {step}"),
            Event::Evaluated(record) => format!("evaluation {}", record.step),
            Event::Finished(report) => format!("end {:?}", report.stopped),
            _ => "other".to_owned(),
        });
        match event {
            Event::Step(record) if record.step == 6 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    };
    let mut contexts = Vec::new();
    Trainer::new(config, adamw(0.05))
        .unwrap()
        .with_observer(&mut observer)
        .fit_evaluated(
            Mlp::new(8, &device),
            &mut batches(),
            |model, rows, context| {
                contexts.push(*context);
                Ok(data.loss(model, &rows, &device).into())
            },
            |_, _| Ok(Evaluation::new(0.0).with("other", 1.0)),
        )
        .unwrap();
    assert_eq!(
        events,
        [
            "start 20",
            "1",
            "2",
            "3",
            "log 3",
            "4",
            "epoch 1 4",
            "evaluation 4",
            "5",
            "6",
            "log 6",
            "end Observer",
        ]
    );
    let mut seeds: Vec<u64> = contexts
        .iter()
        .map(|context| context.seed.value())
        .collect();
    seeds.sort_unstable();
    seeds.dedup();
    assert_eq!(seeds.len(), 6);
    assert_eq!(contexts[0].seed, Seed::new(0).at(0).at(0));
    assert_eq!(contexts[4].epoch, 1);
}

#[test]
fn an_epoch_without_a_batch_and_a_bad_weight_are_refused() {
    struct Nothing;
    impl plm_core::train::Batches for Nothing {
        type Batch = Vec<usize>;
        fn len(&self) -> usize {
            0
        }
        fn next_batch(&mut self) -> plm_core::Result<Option<Vec<usize>>> {
            Ok(None)
        }
        fn state(&self) -> serde_json::Value {
            serde_json::Value::Null
        }
        fn restore(&mut self, _: &serde_json::Value) -> plm_core::Result<()> {
            Ok(())
        }
    }
    let data = Data::new(32);
    let device = devices().remove(0);
    let mut trainer = Trainer::new(TrainConfig::new(Until::Steps(5)), adamw(0.05)).unwrap();
    let error = trainer
        .fit(Mlp::new(8, &device), &mut Nothing, |model, rows, _| {
            Ok(data.loss(model, &rows, &device).into())
        })
        .unwrap_err()
        .to_string();
    assert!(error.contains("without a batch"), "{error}");
    let error = trainer
        .fit(Mlp::new(8, &device), &mut batches(), |model, rows, _| {
            Ok(StepLoss::new(data.loss(model, &rows, &device), -1.0))
        })
        .unwrap_err()
        .to_string();
    assert!(error.contains("weight") && error.contains("-1"), "{error}");
}

#[test]
fn averaged_weights_follow_the_formula() {
    for device in devices() {
        let first = Mlp::new(8, &device);
        let zeros = Snapshot::of(&first)
            .into_tensors()
            .into_iter()
            .map(|(path, data)| {
                let zeros = TensorData::zeros::<f32, _>(data.shape().clone());
                (path, zeros)
            })
            .collect();
        let second = Snapshot::from_tensors(zeros).apply(first.clone()).unwrap();
        let mut average = WeightAverage::new(0.75).unwrap();
        assert!(average.average().is_none());
        average.update(&first).unwrap();
        average.update(&second).unwrap();
        let averaged = average.average().unwrap().clone().apply(second).unwrap();
        let start = first.first.weight.val().into_data();
        let end = averaged.first.weight.val().into_data();
        for (start, end) in start.iter::<f32>().zip(end.iter::<f32>()) {
            assert!((end - 0.75 * start).abs() <= 1e-7);
        }
        assert!(average.update(&Mlp::new(9, &device)).is_err());
    }
    assert!(WeightAverage::new(1.0).is_err());
}

#[test]
fn averages_go_on_where_they_were_saved() {
    let device = devices().remove(0);
    let (model, _, seen) = run_with_metrics(&device, &[0.1, 0.2, 0.3, 0.4], |_| ());
    let mut whole = WeightAverage::new(0.9).unwrap();
    for model in &seen {
        whole.update(model).unwrap();
    }
    let mut part = WeightAverage::new(0.9).unwrap();
    for model in &seen[..2] {
        part.update(model).unwrap();
    }
    let saved = part.average().unwrap().clone();
    let mut resumed = WeightAverage::resume(0.9, saved.clone()).unwrap();
    for model in &seen[2..] {
        resumed.update(model).unwrap();
    }
    let put_in = |average: &WeightAverage| {
        let average = average.average().unwrap().clone();
        bits(&average.apply(model.clone()).unwrap())
    };
    assert_eq!(put_in(&resumed), put_in(&whole));
    assert_ne!(put_in(&resumed), put_in(&part));

    assert!(WeightAverage::resume(1.0, saved).is_err());
    assert!(WeightAverage::resume(0.9, Snapshot::default()).is_err());
    let odd = TensorData::new(vec![1_i64], [1]);
    let odd = Snapshot::from_tensors([("weight".to_owned(), odd)].into());
    let text = WeightAverage::resume(0.9, odd).unwrap_err().to_string();
    assert!(text.contains("`weight`") && text.contains("I64"), "{text}");
}

#[test]
fn patience_without_evaluations_is_refused() {
    let config = TrainConfig {
        patience: Some(3),
        ..TrainConfig::new(Until::Steps(5))
    };
    let error = config.check().unwrap_err();
    assert!(matches!(&error, Error::Config { key, .. } if key == "patience"));
    assert!(error.to_string().contains("`evaluate`"), "{error}");
    let config = TrainConfig {
        evaluate: Every::Epochs(1),
        ..config
    };
    assert!(config.check().is_ok());
}
