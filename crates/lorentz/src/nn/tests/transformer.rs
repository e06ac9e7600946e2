//! Encoders and decoders as wholes.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Bool, DType, Device, Int, Tensor, TensorData};
use plm_core::rng::Seed;

use super::{still, training};
use crate::geometry::time;
use crate::nn::*;
use crate::optim::{EuclideanAdamConfig, ManifoldOptimizer, ManifoldOptimizerConfig};
use crate::testing::{cast, devices, everywhere, gap, on_manifold, points, values};

fn config(residual: ResidualKind) -> TransformerConfig {
    TransformerConfig {
        residual,
        dropout: 0.2,
        attention_dropout: 0.2,
        ..TransformerConfig::new(8, 2, 2)
    }
}

const KINDS: [ResidualKind; 2] = [ResidualKind::Linear, ResidualKind::Centroid];

/// What a mask hides or what lies ahead leaves no trace.
#[test]
fn hidden_tokens_leave_no_trace() {
    everywhere(|device, dtype, curvature| {
        for residual in KINDS {
            let config = TransformerConfig {
                curvature,
                ..config(residual)
            };
            let x = points(5, 7, 1.0, curvature, 1, (device, dtype)).unsqueeze::<3>();
            let other = points(5, 7, 1.0, curvature, 2, (device, dtype)).unsqueeze::<3>();
            let changed = Tensor::cat(
                vec![x.clone().narrow(1, 0, 3), other.clone().narrow(1, 3, 2)],
                1,
            );
            let context = still();
            let sites = DropoutSites::new(&context, 0);
            let first = |y: Tensor<3>| y.narrow(1, 0, 3);

            let encoder = cast(config.init_encoder(Seed::new(3), device).unwrap(), dtype);
            let cells = vec![false, false, false, true, true];
            let mask: Tensor<3, Bool> =
                Tensor::from_data(TensorData::new(cells, [1, 1, 5]), device);
            let encode = |x: &Tensor<3>, mask| first(encoder.forward(x.clone(), mask, sites));
            let plain = encode(&x, Some(mask.clone()));
            on_manifold(plain.clone(), curvature);
            assert!(gap(encode(&changed, Some(mask)), plain) < 1e-6);
            assert!(gap(encode(&changed, None), encode(&x, None)) > 1e-5);

            let decoder = cast(config.init_decoder(Seed::new(3), device).unwrap(), dtype);
            let decode = |x: &Tensor<3>, source: &Tensor<3>| {
                decoder.forward(x.clone(), source.clone(), None, sites)
            };
            let plain = decode(&x, &other);
            on_manifold(plain.clone(), curvature);
            assert!(gap(first(decode(&changed, &other)), first(plain.clone())) < 1e-6);
            assert!(gap(decode(&changed, &other), plain.clone()) > 1e-5);
            assert!(gap(decode(&x, &x), plain) > 1e-5);
        }
    });
}

#[test]
fn dropout_follows_its_seed_and_its_place() {
    for device in devices() {
        let encoder = config(ResidualKind::Linear).init_encoder(Seed::new(3), &device);
        let encoder = encoder.unwrap();
        let x =
            points(5, 7, 1.0, crate::Curvature::UNIT, 1, (&device, DType::F32)).unsqueeze::<3>();
        let run = |seed, part| {
            let context = training(seed);
            values(encoder.forward(x.clone(), None, DropoutSites::new(&context, part)))
        };
        assert_eq!(run(1, 0), run(1, 0));
        assert_ne!(run(1, 0), run(2, 0));
        assert_ne!(run(1, 0), run(1, 1));
    }
    let context = training(1);
    let sites = DropoutSites::new(&context, 0);
    let factors = |sites: DropoutSites<'_>, site| sites.mask(site, 0.5).unwrap().factors(&[2, 64]);
    let places = [
        factors(sites, 0),
        factors(sites, 1),
        factors(sites.layer(0), 0),
        factors(sites.layer(1), 0),
    ];
    for (at, place) in places.iter().enumerate() {
        assert!(places[..at].iter().all(|other| other != place));
    }
}

#[derive(Module, Debug)]
struct Classifier {
    embedding: LorentzEmbedding,
    position: PositionEncoding,
    encoder: LorentzEncoder,
    head: DistanceHead,
}

fn classifier(residual: ResidualKind, device: &Device) -> Classifier {
    let seed = Seed::new(9);
    let position = PositionEncodingConfig {
        max_length: 8,
        ..PositionEncodingConfig::new(8)
    };
    let encoder = TransformerConfig {
        residual,
        ..TransformerConfig::new(8, 2, 2)
    };
    Classifier {
        embedding: LorentzEmbeddingConfig::new(4, 8)
            .init(seed.child("words"), device)
            .unwrap(),
        position: position.init(seed.child("position"), device).unwrap(),
        encoder: encoder.init_encoder(seed.child("encoder"), device).unwrap(),
        head: DistanceHeadConfig::new(8, 2)
            .init(seed.child("head"), device)
            .unwrap(),
    }
}

/// Whether a sequence of four ends with one of the first two symbols, read off its first point.
fn loss(model: &Classifier, device: &Device) -> Tensor<1> {
    let ids: Vec<i64> = (0..16).flat_map(|i| [i % 4, 1, 2, i / 4]).collect();
    let labels: Vec<i64> = (0..16).map(|i| i64::from(i / 4 < 2)).collect();
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [16, 4]), device);
    let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [16, 1]), device);
    let context = still();
    let x = model
        .position
        .forward(model.embedding.forward(ids), None)
        .unwrap();
    let x = model
        .encoder
        .forward(x, None, DropoutSites::new(&context, 0));
    let scores = model.head.forward(x.narrow(1, 0, 1)).reshape([16, 2]);
    log_softmax(scores, 1).gather(1, labels).mean().neg()
}

#[test]
fn encoders_learn_and_stay_on_the_hyperboloid() {
    for device in devices() {
        let device = device.autodiff();
        for residual in KINDS {
            let mut model = classifier(residual, &device);
            let config = ManifoldOptimizerConfig {
                euclidean: EuclideanAdamConfig::default(),
                ..ManifoldOptimizerConfig::default()
            };
            let mut optimizer = ManifoldOptimizer::new(&model, config).unwrap();
            let mut losses = Vec::new();
            for _ in 0..120 {
                let loss = loss(&model, &device);
                losses.push(values(loss.clone())[0]);
                let gradients = GradientsParams::from_grads(loss.backward(), &model);
                model = optimizer.step(0.01, model, gradients);
            }
            model.embedding.points.check().unwrap();
            model.head.centers.check().unwrap();
            assert!(losses[119] < 0.2, "{residual:?} {losses:?}");
            let times = values(time(model.embedding.points.val()));
            assert!(times.iter().all(|t| t.is_finite()));
        }
    }
}
