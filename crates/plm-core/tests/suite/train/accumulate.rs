//! Gradients over several batches, and clipping.

use std::ops::ControlFlow;

use burn::tensor::Device;
use plm_core::Error;
use plm_core::rng::Seed;
use plm_core::train::{
    AdamWConfig, Batches, Event, Gradients, Optimizer, ShuffledIndices, Snapshot, StepLoss,
    TrainConfig, Trainer, Until, map_batches,
};

use super::toy::{Data, Mlp, devices};

fn gradients(
    data: &Data,
    model: &Mlp,
    rows: &[usize],
    weighted: bool,
    device: &Device,
) -> Gradients {
    let loss = data.loss(model, rows, device);
    let loss = if weighted {
        loss.mul_scalar(rows.len() as f64)
    } else {
        loss
    };
    Gradients::of(&loss, model).unwrap()
}

#[test]
fn uneven_parts_add_up_to_one_large_batch() {
    let data = Data::new(10);
    for device in devices() {
        let model = Mlp::new(8, &device.clone().autodiff());
        let all: Vec<usize> = (0..10).collect();
        let whole = gradients(&data, &model, &all, false, &device);
        let mut parts = Gradients::new();
        for part in [&all[0..4], &all[4..8], &all[8..10]] {
            parts.accumulate(gradients(&data, &model, part, true, &device));
        }
        parts.scale(1.0 / 10.0);
        assert_eq!(parts.len(), 4);
        assert!((parts.norm() - whole.norm()).abs() <= 1e-6 * whole.norm());
        for path in whole.paths() {
            let (whole, parts) = (whole.get(path).unwrap(), parts.get(path).unwrap());
            for (whole, part) in whole.iter().zip(&parts) {
                assert!((whole - part).abs() <= 1e-6, "{path}: {whole} {part}");
            }
        }
    }
}

/// Three steps over ten examples in an order that is always the same.
fn train(batch_size: usize, accumulation: usize, device: &Device) -> Snapshot {
    let data = Data::new(10);
    let config = TrainConfig {
        accumulation,
        max_grad_norm: Some(0.5),
        ..TrainConfig::new(Until::Epochs(3))
    };
    let mut batches = ShuffledIndices::new(10, batch_size, Seed::new(0))
        .unwrap()
        .in_order();
    let mut trainer = Trainer::new(config, Optimizer::adamw(AdamWConfig::default(), 0.01)).unwrap();
    let (model, report) = trainer
        .fit(Mlp::new(8, device), &mut batches, |model, rows, _| {
            Ok(StepLoss::new(
                data.loss(model, &rows, device),
                rows.len() as f64,
            ))
        })
        .unwrap();
    assert_eq!((report.step, report.epoch), (3, 3));
    Snapshot::of(&model)
}

#[test]
fn the_loop_averages_by_weight() {
    for device in devices() {
        let whole = train(10, 1, &device);
        // 4 + 4 + 2 examples, cut off by the epoch's end before the fourth part.
        let parts = train(4, 4, &device);
        for (path, whole) in whole.tensors() {
            for (whole, part) in whole.iter::<f32>().zip(parts.tensors()[path].iter::<f32>()) {
                assert!((whole - part).abs() <= 2e-6, "{path}: {whole} {part}");
            }
        }
    }
}

#[test]
fn clipping_bounds_the_norm_and_keeps_the_direction() {
    let data = Data::new(10);
    let rows: Vec<usize> = (0..10).collect();
    for device in devices() {
        let model = Mlp::new(8, &device.clone().autodiff());
        let free = gradients(&data, &model, &rows, true, &device);
        let norm = free.norm();
        assert!(norm > 0.2, "{norm}");
        let by_hand: f64 = free
            .paths()
            .flat_map(|path| free.get(path).unwrap())
            .map(|x| f64::from(x).powi(2))
            .sum();
        assert!((norm - by_hand.sqrt()).abs() <= 1e-9 * norm);

        let mut clipped = free.clone();
        assert_eq!(clipped.clip_norm(0.1), norm);
        assert!((clipped.norm() - 0.1).abs() < 1e-5);
        let mut unread = free.clone();
        unread.clip_norm_async(0.1);
        for path in free.paths() {
            let free = free.get(path).unwrap();
            let clipped = clipped.get(path).unwrap();
            let unread = unread.get(path).unwrap();
            for ((free, clipped), unread) in free.iter().zip(&clipped).zip(&unread) {
                let expected = f64::from(*free) * 0.1 / (norm + 1e-6);
                assert!((f64::from(*clipped) - expected).abs() <= 1e-7);
                assert!((f64::from(*unread) - expected).abs() <= 1e-7);
            }
        }

        let mut loose = free.clone();
        loose.clip_norm(norm * 2.0);
        assert_eq!(loose.norm(), norm);
    }
}

#[test]
fn losses_that_cannot_be_used_are_refused() {
    let data = Data::new(10);
    for device in devices() {
        let plain = Mlp::new(8, &device);
        let text = Gradients::of(&data.loss(&plain, &[0], &device), &plain)
            .unwrap_err()
            .to_string();
        assert!(text.contains("no trainable parameter"), "{text}");
        let model = Mlp::new(8, &device.clone().autodiff());
        let (x, _) = data.rows(&[0, 1], &device);
        let two = model.forward(x).reshape([2]);
        let text = Gradients::of(&two, &model).unwrap_err().to_string();
        assert!(text.contains("2 elements"), "{text}");
        let other = Mlp::new(8, &device.clone().autodiff());
        let text = Gradients::of(&data.loss(&other, &[0], &device), &model)
            .unwrap_err()
            .to_string();
        assert!(text.contains("no trainable parameter"), "{text}");
    }
}

#[test]
fn a_loss_of_another_model_ends_the_run_and_weight_0_skips_a_step() {
    let data = Data::new(10);
    let device = devices().remove(0);
    let other = Mlp::new(8, &device.clone().autodiff());
    let run = |own: bool| {
        let mut skipped = Vec::new();
        let mut observer = |event: &Event<'_>| {
            if let Event::Step(record) = event {
                skipped.push(record.skipped);
            }
            ControlFlow::Continue(())
        };
        let config = TrainConfig::new(Until::Steps(2));
        let result = Trainer::new(config, Optimizer::adamw(AdamWConfig::default(), 0.01))
            .unwrap()
            .with_observer(&mut observer)
            .fit(
                Mlp::new(8, &device),
                &mut ShuffledIndices::new(10, 5, Seed::new(0)).unwrap(),
                |model, rows, context| {
                    let model = if own { model } else { &other };
                    let weight = if own { context.step as f64 } else { 1.0 };
                    Ok(StepLoss::new(data.loss(model, &rows, &device), weight))
                },
            );
        (result, skipped)
    };
    let (result, skipped) = run(true);
    assert_eq!(result.unwrap().1.step, 2);
    assert_eq!(skipped, [true, false]);
    let (result, _) = run(false);
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
    assert!(
        error.to_string().contains("no trainable parameter"),
        "{error}"
    );
}

#[test]
fn shuffled_indices_cover_each_epoch_and_resume_anywhere() {
    let mut batches = ShuffledIndices::new(7, 3, Seed::new(5)).unwrap();
    assert_eq!(batches.len(), 3);
    let mut orders = Vec::new();
    let mut places = Vec::new();
    let mut all = Vec::new();
    for _ in 0..3 {
        let mut order = Vec::new();
        loop {
            places.push((batches.state(), all.len()));
            let batch = batches.next_batch().unwrap();
            all.push(batch.clone());
            let Some(batch) = batch else { break };
            order.extend(batch);
        }
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3, 4, 5, 6]);
        orders.push(order);
    }
    assert!(orders[0] != orders[1] && orders[1] != orders[2]);
    for (place, at) in places {
        let source = ShuffledIndices::new(7, 3, Seed::new(5)).unwrap();
        let mut resumed = map_batches(source, Ok);
        resumed.restore(&place).unwrap();
        for expected in &all[at..] {
            assert_eq!(&resumed.next_batch().unwrap(), expected);
        }
    }
    let mut other = ShuffledIndices::new(8, 3, Seed::new(5)).unwrap();
    assert!(other.restore(&batches.state()).is_err());
    assert!(other.restore(&serde_json::json!({"next": 1})).is_err());
    assert!(ShuffledIndices::new(0, 3, Seed::new(5)).is_err());
    let whole = ShuffledIndices::new(7, 3, Seed::new(5)).unwrap();
    assert_eq!(whole.without_remainder().unwrap().len(), 2);
}
