//! Freezing: no gradient, no optimizer state, no work.

use std::process::Command;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use plm_core::train::{
    AdamWConfig, Gradients, Optimizer, ParamCount, count_params, freeze, unfreeze,
};

use super::toy::{Data, Mlp, bits, devices};

#[test]
fn frozen_parameters_get_no_gradient_no_state_and_do_not_move() {
    let data = Data::new(8);
    for device in devices() {
        let model = Mlp::new(8, &device.clone().autodiff());
        let model = freeze(model, |param| {
            param.is_under("second") || param.name() == "bias"
        });
        let count = ParamCount {
            trainable: 32,
            frozen: 8 + 8 + 1,
        };
        assert_eq!(count_params(&model), count);
        let before = bits(&model);
        let mut optimizer = Optimizer::adamw(AdamWConfig::default(), 0.1).with_weight_decay(0.1);
        let loss = data.loss(&model, &[0, 1, 2], &device);
        let gradients = Gradients::of(&loss, &model).unwrap();
        assert_eq!(gradients.paths().collect::<Vec<_>>(), ["first.weight"]);
        let model = optimizer.step(model, gradients, 1.0);
        assert_eq!(optimizer.paths().collect::<Vec<_>>(), ["first.weight"]);
        assert_eq!(optimizer.state().len(), 3);
        for ((path, before), (_, after)) in before.iter().zip(bits(&model)) {
            assert_eq!(before == &after, path != "first.weight", "{path}");
        }
        let model = unfreeze(model.valid(), |param| param.path == "second.weight").train();
        assert_eq!(count_params(&model).trainable, 32 + 8);
    }
}

/// Layers whose backward pass needs its input only for the weights' gradients.
#[derive(Module, Debug)]
struct Deep {
    layers: Vec<Linear>,
}

const WIDTH: usize = 256;
const ROWS: usize = 2048;
const DEPTH: usize = 16;

impl Deep {
    fn new(device: &Device) -> Self {
        let layer = LinearConfig::new(WIDTH, WIDTH).with_bias(false);
        Self {
            layers: (0..DEPTH).map(|_| layer.init(device)).collect(),
        }
    }

    fn loss(&self, x: Tensor<2>) -> Tensor<1> {
        self.layers
            .iter()
            .fold(x, |x, layer| layer.forward(x))
            .sum()
    }
}

fn backward_time(model: &Deep, device: &Device) -> Duration {
    let x = Tensor::<2>::ones([ROWS, WIDTH], device).require_grad();
    let loss = model.loss(x.clone());
    let began = Instant::now();
    let gradients = loss.backward();
    let taken = began.elapsed();
    assert!(x.grad(&gradients).is_some(), "the input gets its gradient");
    taken
}

/// The input's gradient needs one product per layer, the weights' another: without the second, half
/// of the time is left.
#[test]
fn freezing_saves_the_work_of_weight_gradients() {
    let device = devices().remove(0).autodiff();
    let trainable = Deep::new(&device);
    let frozen = freeze(trainable.clone(), |_| true);
    let mut best = [Duration::MAX; 2];
    for _ in 0..5 {
        for (best, model) in best.iter_mut().zip([&trainable, &frozen]) {
            *best = (*best).min(backward_time(model, &device));
        }
    }
    let ratio = best[1].as_secs_f64() / best[0].as_secs_f64();
    assert!(ratio < 0.75, "{best:?}");
}

const MEMORY_CHILD: &str = "PLM_TEST_MEMORY_CHILD";

/// Greatest resident memory of this process so far, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim()
        .trim_end_matches(" kB")
        .parse::<usize>()
        .unwrap()
        * 1024
}

/// A process of its own for each measurement: the peak of one that runs other tests tells nothing.
#[cfg(target_os = "linux")]
#[test]
fn freezing_keeps_no_activations_for_weight_gradients() {
    if let Ok(mode) = std::env::var(MEMORY_CHILD) {
        let device = devices().remove(0).autodiff();
        let model = freeze(Deep::new(&device), |_| mode == "frozen");
        let x = Tensor::<2>::ones([ROWS, WIDTH], &device).require_grad();
        let before = peak_memory();
        let loss = model.loss(x);
        // The test's own output is what the parent reads.
        let grown = peak_memory() - before;
        assert!(loss.is_tracked());
        std::fs::write(std::env::var("PLM_TEST_OUT").unwrap(), grown.to_string()).unwrap();
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let measure = |mode: &str| -> usize {
        let out = dir.path().join(mode);
        let status = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "suite::train::freeze::freezing_keeps_no_activations_for_weight_gradients",
            ])
            .env(MEMORY_CHILD, mode)
            .env("PLM_TEST_OUT", &out)
            .output()
            .unwrap();
        assert!(status.status.success(), "{status:?}");
        std::fs::read_to_string(out).unwrap().parse().unwrap()
    };
    let activations = DEPTH * ROWS * WIDTH * 4;
    let (trainable, frozen) = (measure("trainable"), measure("frozen"));
    assert!(
        trainable > activations * 3 / 4,
        "{trainable} of {activations}"
    );
    assert!(frozen < activations / 2, "{frozen} of {activations}");
}
