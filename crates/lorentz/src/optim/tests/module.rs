//! Whole modules: points beside Euclidean parameters.

use burn::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::lr_scheduler::noam::NoamLrSchedulerConfig;
use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Tensor};

use crate::geometry::*;
use crate::optim::*;
use crate::testing::{devices, points, tensor, values};
use crate::{Curvature, ManifoldParam, ManifoldRegistry};

#[derive(Module, Debug)]
struct Model {
    words: ManifoldParam<2>,
    heads: Vec<ManifoldParam<3>>,
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
}

fn four() -> Curvature {
    Curvature::from_k(4.0).unwrap()
}

fn model(device: &Device, dtype: DType) -> Model {
    let device = device.clone().autodiff();
    let words = points(5, 3, 1.0, Curvature::UNIT, 60, (&device, dtype));
    let heads = points(6, 2, 1.0, four(), 61, (&device, dtype)).reshape([2, 3, 3]);
    let one = |value| Param::from_tensor(tensor(&[value], [1], &device, dtype));
    Model {
        words: ManifoldParam::from_points(words, Curvature::UNIT).unwrap(),
        heads: vec![ManifoldParam::from_points(heads, four()).unwrap()],
        weight: one(2.0),
        bias: one(0.5),
    }
}

fn loss(model: &Model) -> Tensor<1> {
    let (words, heads) = (model.words.val(), model.heads[0].val());
    let zero = |x: &Tensor<2>| x.clone().narrow(0, 0, 1).detach();
    let a = squared_distance(words.clone(), zero(&words), Curvature::UNIT).sum();
    let b = distance_from_origin(heads, four()).sum();
    a + b + (model.weight.val() * model.bias.val()).square()
}

fn step(
    model: Model,
    optimizer: &mut ManifoldOptimizer,
    lr: impl Into<ModuleLearningRate>,
) -> Model {
    let gradients = GradientsParams::from_grads(loss(&model).backward(), &model);
    optimizer.step(lr, model, gradients)
}

fn config() -> ManifoldOptimizerConfig {
    ManifoldOptimizerConfig {
        euclidean: EuclideanAdamConfig {
            weight_decay: 0.1,
            ..EuclideanAdamConfig::default()
        },
        clip: Some(Clip {
            max_norm: 5.0,
            kind: NormKind::Riemannian,
        }),
        ..ManifoldOptimizerConfig::default()
    }
}

fn all_values(model: &Model) -> Vec<f64> {
    [
        values(model.words.val()),
        values(model.heads[0].val()),
        values(model.weight.val()),
        values(model.bias.val()),
    ]
    .concat()
}

#[test]
fn the_registry_knows_points_and_their_curvature() {
    for device in devices() {
        let model = model(&device, DType::F32);
        let registry = ManifoldRegistry::of(&model).unwrap();
        assert_eq!(registry.len(), 2);
        assert_eq!(registry.get(model.words.param().id), Some(Curvature::UNIT));
        assert_eq!(registry.get(model.heads[0].param().id), Some(four()));
        assert_eq!(registry.get(model.weight.id), None);
        let text = serde_json::to_string(&registry).unwrap();
        assert_eq!(
            serde_json::from_str::<ManifoldRegistry>(&text).unwrap(),
            registry
        );
        let third = Curvature::from_k(1.0 / 3.0).unwrap();
        let odd =
            ManifoldParam::from_points(points(1, 2, 1.0, third, 1, (&device, DType::F64)), third);
        let found = ManifoldRegistry::of(&odd.unwrap()).unwrap();
        let (_, k) = found.iter().next().unwrap();
        assert!((k.k() * 3.0 - 1.0).abs() < 1e-14);
    }
}

/// What single-precision numbers keep of 1e-12 is less, which is no curvature.
#[test]
fn the_limits_of_curvatures_can_be_optimized() {
    for device in devices() {
        for k in [1e-12, 1e12] {
            let curvature = Curvature::from_k(k).unwrap();
            let zero = tensor(&[0.0; 3], [1, 3], &device, DType::F32);
            let points = ManifoldParam::from_points(zero, curvature).unwrap();
            points.check().unwrap();
            let optimizer =
                ManifoldOptimizer::new(&points, ManifoldOptimizerConfig::default()).unwrap();
            let found = optimizer.registry().get(points.param().id).unwrap();
            assert!((found.k() / k - 1.0).abs() < 1e-13, "{found:?}");
        }
    }
}

#[test]
fn a_module_learns_and_stays_on_its_manifolds() {
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            let mut model = model(&device, dtype);
            let mut optimizer = ManifoldOptimizer::new(&model, config()).unwrap();
            let start = values(loss(&model))[0];
            let mut schedule = NoamLrSchedulerConfig::new(0.5)
                .with_model_size(16)
                .with_warmup_steps(10)
                .init()
                .unwrap();
            for _ in 0..60 {
                let lr = schedule.step();
                model = step(model, &mut optimizer, lr);
                model.words.check().unwrap();
                model.heads[0].check().unwrap();
            }
            let end = values(loss(&model))[0];
            assert!(end < 0.5 * start, "{start} {end}");
            assert_eq!(model.words.val().dtype(), dtype);
        }
    }
}

/// Weight decay is taken off weights, not off biases, and points never lose their curvature's mark.
#[test]
fn weight_decay_spares_biases() {
    for device in devices() {
        let before = model(&device, DType::F64);
        let mut decayed = ManifoldOptimizer::new(&before, config()).unwrap();
        let plain = ManifoldOptimizerConfig {
            euclidean: EuclideanAdamConfig::default(),
            ..config()
        };
        let mut plain = ManifoldOptimizer::new(&before, plain).unwrap();
        let a = all_values(&step(before.clone(), &mut decayed, 0.1));
        let b = all_values(&step(before, &mut plain, 0.1));
        let count = a.len();
        assert_eq!(a[..count - 2], b[..count - 2]);
        assert!((b[count - 2] - a[count - 2] - 0.1 * 0.1 * 2.0).abs() < 1e-12);
        assert_eq!(a[count - 1], b[count - 1]);
    }
}

#[test]
fn saved_states_resume_exactly() {
    let directory = tempfile::tempdir().unwrap();
    for device in devices() {
        for points in [
            RiemannianConfig::Adam(RiemannianAdamConfig {
                amsgrad: true,
                ..Default::default()
            }),
            RiemannianConfig::Sgd(RiemannianSgdConfig {
                momentum: 0.9,
                ..Default::default()
            }),
        ] {
            let config = ManifoldOptimizerConfig { points, ..config() };
            let mut model = model(&device, DType::F64);
            let mut optimizer = ManifoldOptimizer::new(&model, config).unwrap();
            for _ in 0..3 {
                model = step(model, &mut optimizer, 0.02);
            }
            let path = directory.path().join("optimizer.bpk");
            optimizer.save(&path).unwrap();
            let mut resumed = ManifoldOptimizer::new(&model, config)
                .unwrap()
                .load(&path)
                .unwrap();
            let mut fresh = ManifoldOptimizer::new(&model, config).unwrap();
            let expected = all_values(&step(model.clone(), &mut optimizer, 0.02));
            assert_eq!(
                all_values(&step(model.clone(), &mut resumed, 0.02)),
                expected
            );
            assert_ne!(all_values(&step(model, &mut fresh, 0.02)), expected);
        }
    }
}

#[test]
fn files_that_are_no_state_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state");
    let model = model(&devices()[0], DType::F32);
    let optimizer = ManifoldOptimizer::new(&model, config()).unwrap();
    assert!(optimizer.clone().load(&path).is_err());
    std::fs::write(&path, b"no state").unwrap();
    let error = optimizer.clone().load(&path).err().unwrap().to_string();
    assert!(error.contains("state"), "{error}");
    // The file of the module itself: two tensors of each points, a weight and a bias.
    let path = directory.path().join("module.bpk");
    model.save_file(&path).unwrap();
    let error = optimizer.load(&path).err().unwrap().to_string();
    assert!(
        error.contains("module.bpk: holds 6 tensors, of which 0 are moments"),
        "{error}"
    );
}

#[test]
fn clipping_bounds_the_norm() {
    for device in devices() {
        let model = model(&device, DType::F64);
        let registry = ManifoldRegistry::of(&model).unwrap();
        for kind in [NormKind::Ambient, NormKind::Riemannian] {
            let mut gradients = GradientsParams::from_grads(loss(&model).backward(), &model);
            let norm = gradient_norm(&model, &gradients, &registry, kind);
            let clip = Clip {
                max_norm: 0.5,
                kind,
            };
            assert_eq!(
                clip_gradients(&model, &mut gradients, &registry, clip),
                norm
            );
            let after = gradient_norm(&model, &gradients, &registry, kind);
            assert!(norm > 1.0 && (after - 0.5).abs() < 1e-5, "{norm} {after}");
            let loose = Clip {
                max_norm: 1.0,
                kind,
            };
            clip_gradients(&model, &mut gradients, &registry, loose);
            assert_eq!(gradient_norm(&model, &gradients, &registry, kind), after);
        }
        // The distance from the origin has a Riemannian gradient of length 1 for each of 6 points.
        let heads = distance_from_origin(model.heads[0].val(), four()).sum();
        let gradients = GradientsParams::from_grads(heads.backward(), &model);
        let norm = gradient_norm(&model, &gradients, &registry, NormKind::Riemannian);
        assert!((norm - 6.0_f64.sqrt()).abs() < 1e-9, "{norm}");
        let empty = GradientsParams::new();
        assert_eq!(
            gradient_norm(&model, &empty, &registry, NormKind::Ambient),
            0.0
        );
    }
}

#[test]
fn records_bring_points_and_curvature_back() {
    for device in devices() {
        let saved = model(&device, DType::F32);
        let other = ManifoldParam::from_points(
            points(5, 3, 1.0, four(), 62, (&device, DType::F32)),
            four(),
        );
        let record = || saved.words.clone().into_record();
        let same = ManifoldParam::from_points(
            points(5, 3, 1.0, Curvature::UNIT, 63, (&device, DType::F32)),
            Curvature::UNIT,
        );
        let same = same.unwrap().load_record(record());
        same.check().unwrap();
        assert_eq!(values(same.val()), values(saved.words.val()));
        let loaded = other.unwrap().load_record(record());
        let error = loaded.check().unwrap_err().to_string();
        assert!(
            error.contains("k = 1") && error.contains("k = 4"),
            "{error}"
        );
        let flat = Tensor::<1>::ones([1], &device);
        assert!(ManifoldParam::from_points(flat, four()).is_err());
    }
}
