//! Freezing saves time and memory, measured where the kernel tells both of a process.

use std::process::Command;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use plm_core::nn::apply;
use plm_core::train::freeze;

use super::toy::devices;

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
        self.layers.iter().fold(x, |x, layer| apply(layer, x)).sum()
    }
}

const CHILD: &str = "PLM_TEST_FREEZE_CHILD";
const OUT: &str = "PLM_TEST_FREEZE_OUT";

/// Runs test `name` in a process of its own with one thread, so that neither other tests nor other
/// processes count; returns the numbers that it wrote.
fn measure(name: &str, mode: &str) -> Vec<usize> {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("numbers");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("suite::train::freeze_work::{name}")])
        .env(CHILD, mode)
        .env(OUT, &out)
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(out).unwrap();
    text.split(' ')
        .map(|number| number.parse().unwrap())
        .collect()
}

/// Processor time of this process so far, in the kernel's ticks.
fn processor_time() -> usize {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // Fields 14 and 15; the second one, the name in parentheses, may hold spaces.
    let after_name = stat.rsplit(')').next().unwrap();
    after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<usize>().unwrap())
        .sum()
}

fn backward_time(model: &Deep, device: &Device) -> usize {
    let x = Tensor::<2>::ones([ROWS, WIDTH], device).require_grad();
    let loss = model.loss(x.clone());
    let began = processor_time();
    let gradients = loss.backward();
    let taken = processor_time() - began;
    assert!(x.grad(&gradients).is_some(), "the input gets its gradient");
    taken
}

/// The input's gradient needs one product per layer, the weights' another: without the second, half
/// of the time is left.
#[test]
fn freezing_saves_the_work_of_weight_gradients() {
    if std::env::var(CHILD).is_ok() {
        let device = devices().remove(0).autodiff();
        let trainable = Deep::new(&device);
        let frozen = freeze(trainable.clone(), |_| true);
        let mut times = [0; 2];
        for _ in 0..4 {
            for (time, model) in times.iter_mut().zip([&trainable, &frozen]) {
                *time += backward_time(model, &device);
            }
        }
        let [trainable, frozen] = times;
        std::fs::write(std::env::var(OUT).unwrap(), format!("{trainable} {frozen}")).unwrap();
        return;
    }
    let times = measure("freezing_saves_the_work_of_weight_gradients", "time");
    let ratio = times[1] as f64 / times[0] as f64;
    assert!(times[0] >= 10 && ratio < 0.75, "{times:?}");
}

/// Greatest resident memory of this process so far, in bytes.
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kilobytes = line.trim().trim_end_matches(" kB");
    kilobytes.parse::<usize>().unwrap() * 1024
}

#[test]
fn freezing_keeps_no_activations_for_weight_gradients() {
    if let Ok(mode) = std::env::var(CHILD) {
        let device = devices().remove(0).autodiff();
        let model = freeze(Deep::new(&device), |_| mode == "frozen");
        let x = Tensor::<2>::ones([ROWS, WIDTH], &device).require_grad();
        let before = peak_memory();
        let loss = model.loss(x);
        let grown = peak_memory() - before;
        assert!(loss.is_tracked());
        std::fs::write(std::env::var(OUT).unwrap(), grown.to_string()).unwrap();
        return;
    }
    let name = "freezing_keeps_no_activations_for_weight_gradients";
    let activations = DEPTH * ROWS * WIDTH * 4;
    let (trainable, frozen) = (measure(name, "trainable")[0], measure(name, "frozen")[0]);
    assert!(
        trainable > activations * 3 / 4,
        "{trainable} of {activations}"
    );
    assert!(frozen < activations / 2, "{frozen} of {activations}");
}
