//! What conversion fits to a layer: seeds, rows that are held out, fitting again.

use burn::tensor::Tensor;
use plm_core::kernel::Activation;
use plm_core::models::Stack;
use plm_core::nn::Tapped;
use plm_core::rng::Seed;
use plm_moe::{
    Capture, ContributionRouterConfig, Error, LayerId, MlpRouterConfig, MoeConfig, MoeLayer,
    Router, RouterKind, SplitKind, convert,
};

use super::support::{LAYERS, WIDTH, captured, classifier, config, devices, layer, numbers, rows};

#[test]
fn equal_seeds_give_equal_models() {
    let (_, device) = devices().remove(0);
    let dense = layer(Activation::Relu, false, &device);
    let inputs = rows(120, 1);
    let build = |seed| {
        let config = MoeConfig {
            router: RouterKind::Mlp(Default::default()),
            ..config()
        };
        let layer = MoeLayer::convert(&dense, &inputs, &config, Seed::new(seed)).unwrap();
        (layer.partition, layer.report)
    };
    assert_eq!(build(1), build(1));
}

#[test]
fn seeds_of_configuration_and_router_both_count() {
    let (_, device) = devices().remove(0);
    let model = classifier(&device).model;
    let capture = captured(&model, &device);
    let build = |seed, router| {
        let config = MoeConfig {
            split: SplitKind::Contiguous,
            router,
            seed: Seed::new(seed),
            ..config()
        };
        let converted = convert(model.clone(), &capture, &config, |_, _| ()).unwrap();
        converted.layers.into_values().next().unwrap()
    };
    // The weights that a router of contributions begins with are drawn.
    let drawn = |seed, own| {
        let router = RouterKind::Contribution(ContributionRouterConfig {
            hidden_size: 8,
            epochs: 0,
            seed: Seed::new(own),
            ..ContributionRouterConfig::default()
        });
        match build(seed, router).router {
            Router::Contribution(router) => numbers(router.hidden.weight.val()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(drawn(1, 0), drawn(1, 0));
    assert_ne!(drawn(1, 0), drawn(2, 0));
    assert_ne!(drawn(1, 0), drawn(1, 2));
    // The other one begins the same, and its order of tokens is drawn.
    let trained = |seed| {
        let router = RouterKind::Mlp(MlpRouterConfig {
            lr: 1.0,
            epochs: 4,
            batch_size: 16,
            ..MlpRouterConfig::default()
        });
        build(seed, router).report.history
    };
    assert_eq!(trained(1), trained(1));
    assert_ne!(trained(1), trained(2));
}

#[test]
fn nothing_is_fitted_to_held_out_rows() {
    let (_, device) = devices().remove(0);
    let dense = layer(Activation::Gelu, false, &device);
    let inputs = rows(120, 1);
    let held_out = inputs.held_out();
    assert_eq!((held_out.width, held_out.tokens()), (WIDTH, 12));
    assert_eq!(held_out.rows, inputs.rows[108 * WIDTH..]);
    let mut changed = inputs.clone();
    for value in &mut changed.rows[108 * WIDTH..] {
        *value *= -3.0;
    }
    let config = MoeConfig {
        split: SplitKind::Coactivation,
        ..config()
    };
    let build = |inputs| MoeLayer::convert(&dense, inputs, &config, Seed::new(0)).unwrap();
    let (own, other) = (build(&inputs), build(&changed));
    assert_eq!(own.partition, other.partition);
    assert_eq!(own.mean, other.mean);
    assert_ne!(own.report.capture, other.report.capture);
}

#[test]
fn captured_rows_are_split_in_every_layer() {
    let (_, device) = devices().remove(0);
    let model = classifier(&device).model;
    let capture = captured(&model, &device);
    let (learn, rest) = capture.clone().split(0.9);
    assert_eq!((learn.layers(), rest.layers()), (LAYERS, LAYERS));
    assert_eq!((learn.tokens(), rest.tokens()), (216, 24));
    for index in 0..LAYERS {
        let id = LayerId::encoder(index);
        let (first, last) = (learn.layer(id).unwrap(), rest.layer(id).unwrap());
        let both = [first.rows.as_slice(), last.rows.as_slice()].concat();
        assert_eq!(both, capture.layer(id).unwrap().rows);
        assert_eq!((first.width, last.width), (WIDTH, WIDTH));
    }
    let (_, none) = capture.split(1.0);
    assert!(none.layer(LayerId::encoder(0)).is_err());
}

#[test]
fn a_batch_that_is_refused_leaves_nothing_behind() {
    let (_, device) = devices().remove(0);
    let batch = |last: f32| {
        let mut tapped = Tapped::default();
        for (layer, value) in [(0, 1.0), (1, last)] {
            let rows = Tensor::<3>::full([1, 4, WIDTH], value, &device);
            tapped.ffn_inputs.insert(layer, rows);
        }
        tapped
    };
    let mut capture = Capture::new(6);
    let refused = capture.add(Stack::Encoder, &batch(f32::NAN), &[true; 4]);
    let place = matches!(
        refused,
        Err(Error::NotFinite {
            row: 0,
            column: 0,
            ..
        })
    );
    assert!(place, "{refused:?}");
    assert_eq!(capture.layers(), 0);
    capture
        .add(Stack::Encoder, &batch(2.0), &[true, false, true, true])
        .unwrap();
    let refused = capture.add(Stack::Encoder, &batch(f32::NAN), &[true; 4]);
    assert!(matches!(refused, Err(Error::NotFinite { row: 3, .. })));
    let tokens = |capture: &Capture, index| {
        let inputs = capture.layer(LayerId::encoder(index)).unwrap();
        inputs.tokens()
    };
    assert_eq!([tokens(&capture, 0), tokens(&capture, 1)], [3, 3]);
    // There is room for three more.
    capture
        .add(Stack::Encoder, &batch(2.0), &[true; 4])
        .unwrap();
    assert_eq!([tokens(&capture, 0), tokens(&capture, 1)], [6, 6]);
    assert!(capture.is_full());
}

#[test]
fn routers_are_fitted_again_to_converted_layers() {
    let (_, device) = devices().remove(0);
    let dense = layer(Activation::Gelu, false, &device);
    let inputs = rows(120, 1);
    let layer = MoeLayer::convert(&dense, &inputs, &config(), Seed::new(0)).unwrap();
    let mut again = layer.clone();
    again
        .refit(&inputs, RouterKind::Groundtruth, Seed::new(1))
        .unwrap();
    assert!(matches!(again.router, Router::Groundtruth(_)));
    assert_eq!(again.report.recall, 1.0);
    assert!(again.report.capture > layer.report.capture);
    // The same kind of router as in the beginning is the same router.
    again.refit(&inputs, config().router, Seed::new(2)).unwrap();
    assert_eq!(again.report, layer.report);
    assert_eq!(again.mean, layer.mean);
    assert_eq!(again.partition, layer.partition);
}
