//! Probes on vectors with known trees.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::rng::Seed;

use crate::data::generate::HiddenTrees;
use crate::geometry::{distance, distance_from_origin, lift};
use crate::task::probing::*;
use crate::testing::{devices, gap_of, values};
use crate::{Curvature, Result};

fn states(device: &Device) -> Tensor<3> {
    let numbers: Vec<f32> = (0..24).map(|n| (n as f32 * 0.7).sin()).collect();
    Tensor::from_data(TensorData::new(numbers, [2, 3, 4]), device)
}

/// All pairs by one product as each pair by itself.
#[test]
fn pairwise_distances_are_those_of_pairs() {
    for device in devices() {
        let x = states(&device);
        let config = ProbeConfig::new(4, 3);
        let euclidean = config.init_euclidean(Seed::new(1), &device).unwrap();
        let lorentz = config.init_lorentz(Seed::new(1), &device).unwrap();
        let b = values(euclidean.linear.weight.val());
        let map = |word: &[f64]| -> Vec<f64> {
            (0..3)
                .map(|column| (0..4).map(|row| word[row] * b[row * 3 + column]).sum())
                .collect()
        };
        let flat = values(x.clone());
        let words: Vec<Vec<f64>> = flat.chunks(4).map(map).collect();
        let squares =
            |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum() };
        let mut expected = Vec::new();
        for sentence in words.chunks(3) {
            expected.extend(
                sentence
                    .iter()
                    .flat_map(|a| sentence.iter().map(|b| squares(a, b))),
            );
        }
        assert!(gap_of(&values(euclidean.distances(x.clone())), &expected) < 1e-5);
        let norms: Vec<f64> = words.iter().map(|word| squares(word, &[0.0; 3])).collect();
        assert!(gap_of(&values(euclidean.depths(x.clone())), &norms) < 1e-5);

        let points = lorentz.layer.forward(lift(x.clone(), Curvature::UNIT));
        let left = points.clone().unsqueeze_dim::<4>(2).expand([2, 3, 3, 4]);
        let right = points.clone().unsqueeze_dim::<4>(1).expand([2, 3, 3, 4]);
        let expected = values(distance(left, right, Curvature::UNIT).square());
        assert!(gap_of(&values(lorentz.distances(x.clone())), &expected) < 1e-4);
        let expected = values(distance_from_origin(points, Curvature::UNIT).square());
        assert!(gap_of(&values(lorentz.depths(x.clone())), &expected) < 1e-5);

        let of_points = ProbeConfig::of_points(5, 3)
            .init_lorentz(Seed::new(1), &device)
            .unwrap();
        let lifted = lift(x.clone(), Curvature::UNIT);
        assert_eq!(
            values(of_points.distances(lifted)),
            values(lorentz.distances(x))
        );
    }
}

/// Both probes find trees in vectors that they were not trained on, and none where there are none.
#[test]
fn probes_find_hidden_trees() {
    let trees = HiddenTrees {
        max_length: 9,
        half_width: 24,
        noise: 0.1,
        ..HiddenTrees::default()
    };
    let map = Seed::new(7);
    let train = trees.generate(150, map, Seed::new(1)).unwrap();
    let test = trees.generate(60, map, Seed::new(2)).unwrap();
    let strange = trees.generate(60, Seed::new(8), Seed::new(2)).unwrap();
    for device in devices() {
        let config = ProbeConfig::new(48, 16);
        let seed = Seed::new(3);
        let run = |init: &dyn Fn(&Device) -> Result<LorentzProbe>| {
            scored(init, &train, &[&test, &strange], &device)
        };
        let lorentz = run(&|device| config.init_lorentz(seed, device));
        let euclidean = scored(
            &|device: &Device| config.init_euclidean(seed, device),
            &train,
            &[&test, &strange],
            &device,
        );
        for scores in [lorentz, euclidean] {
            assert!(scores[0].uuas > 0.75, "{scores:?}");
            assert!(scores[0].distance_correlation > 0.7, "{scores:?}");
            assert!(scores[0].uuas > scores[1].uuas + 0.15, "{scores:?}");
            assert!(scores[0].root_accuracy > 0.5, "{scores:?}");
            assert!(scores[0].depth_correlation > 0.6, "{scores:?}");
        }
    }
}

fn scored<P: Probe>(
    init: &dyn Fn(&Device) -> Result<P>,
    train: &[ProbeSentence],
    tests: &[&[ProbeSentence]],
    device: &Device,
) -> Vec<ProbeScores> {
    let training = device.clone().autodiff();
    let fit = |target| {
        let settings = ProbeTraining {
            epochs: 25,
            learning_rate: 0.02,
            ..ProbeTraining::new(target, Seed::new(4))
        };
        let probe = train_probe(init(&training).unwrap(), train, &settings, &training);
        probe.unwrap().valid()
    };
    let (distance, depth) = (fit(ProbeTarget::Distance), fit(ProbeTarget::Depth));
    tests
        .iter()
        .map(|test| probe_scores(&distance, &depth, test, device).unwrap())
        .collect()
}

#[test]
fn perfect_probes_have_perfect_scores() {
    #[derive(Module, Debug)]
    struct Known {
        probe: EuclideanProbe,
    }
    // A path from the root in steps of fresh unit vectors: squared distances are steps.
    impl Probe for Known {
        fn width(&self) -> usize {
            self.probe.width()
        }
        fn distances(&self, states: Tensor<3>) -> Tensor<3> {
            self.probe.distances(states)
        }
        fn depths(&self, states: Tensor<3>) -> Tensor<2> {
            self.probe.depths(states)
        }
    }
    let heads = vec![Some(1), None, Some(3), Some(1), Some(3)];
    let mut states = vec![0.0_f32; 25];
    for word in [0, 3, 2, 4] {
        let head: usize = heads[word].unwrap();
        for at in 0..5 {
            states[word * 5 + at] = states[head * 5 + at];
        }
        states[word * 5 + word] += 1.0;
    }
    let tree = DependencyTree::new(heads).unwrap();
    let sentence = ProbeSentence::new(states, 5, tree).unwrap();
    for device in devices() {
        let mut probe = ProbeConfig::new(5, 5)
            .init_euclidean(Seed::new(1), &device)
            .unwrap();
        let eye = Tensor::<2>::eye(5, &device);
        probe.linear.weight = burn::module::Param::from_tensor(eye);
        let known = Known { probe };
        let scores = probe_scores(&known, &known, std::slice::from_ref(&sentence), &device);
        let scores = scores.unwrap();
        assert_eq!((scores.uuas, scores.root_accuracy), (1.0, 1.0));
        assert!((scores.distance_correlation - 1.0).abs() < 1e-9);
        assert!((scores.depth_correlation - 1.0).abs() < 1e-9);
    }
}

#[test]
fn what_cannot_be_probed_is_refused() {
    let device = &devices()[0];
    let make = |width: usize, words: usize| {
        let heads = (0..words).map(|word: usize| word.checked_sub(1)).collect();
        let tree = DependencyTree::new(heads).unwrap();
        ProbeSentence::new(vec![1.0; width * words], width, tree).unwrap()
    };
    let probe = ProbeConfig::new(2, 2)
        .init_euclidean(Seed::new(1), device)
        .unwrap();
    let text = |sentences: &[ProbeSentence]| {
        probe_scores(&probe, &probe, sentences, device)
            .unwrap_err()
            .to_string()
    };
    assert!(text(&[]).contains("none"));
    assert!(text(&[make(2, 5), make(3, 5)]).contains("sentence 1"));
    assert!(text(&[make(2, 3)]).contains("5 to 50"));
    assert!(
        ProbeConfig::new(0, 2)
            .init_lorentz(Seed::new(1), device)
            .is_err()
    );
    let settings = ProbeTraining {
        learning_rate: 0.0,
        ..ProbeTraining::new(ProbeTarget::Depth, Seed::new(1))
    };
    let training = device.clone().autodiff();
    assert!(train_probe(probe.clone(), &[make(2, 5)], &settings, &training).is_err());

    let expected = "sentences: have vectors of 3, the probe reads 2";
    assert!(text(&[make(3, 5)]).contains(expected));
    let lorentz = ProbeConfig::new(2, 4);
    let lorentz = lorentz.init_lorentz(Seed::new(1), &training).unwrap();
    let settings = ProbeTraining::new(ProbeTarget::Distance, Seed::new(1));
    let refused = train_probe(lorentz, &[make(3, 5)], &settings, &training);
    let error = refused.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    let points = ProbeConfig::of_points(3, 4).init_lorentz(Seed::new(1), device);
    assert_eq!(points.unwrap().width(), 3);
}
