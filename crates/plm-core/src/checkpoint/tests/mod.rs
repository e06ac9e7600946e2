//! Files, tables and modules together, on the checkpoints of `tests/fixtures/checkpoint`.

mod hostile;
mod loading;
mod properties;
mod saving;
mod tables;

use std::path::PathBuf;

use burn::module::{Initializer, Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::{KeyRule, KeyTable};

const VOCAB: usize = 11;
const WIDTH: usize = 8;
const INNER: usize = 12;

#[derive(Module, Debug)]
struct Layer {
    inner: Linear,
    outer: Linear,
    norm: LayerNorm,
}

#[derive(Module, Debug)]
struct Toy {
    words: Embedding,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

/// What `make_checkpoint.py` makes checkpoints of.
#[derive(Module, Debug)]
struct ToyForMaskedLm {
    base: Toy,
    transform: Linear,
    bias: Param<Tensor<1>>,
}

impl Toy {
    fn new(device: &Device) -> Self {
        let layer = || Layer {
            inner: LinearConfig::new(WIDTH, INNER).init(device),
            outer: LinearConfig::new(INNER, WIDTH).init(device),
            norm: LayerNormConfig::new(WIDTH).init(device),
        };
        Self {
            words: EmbeddingConfig::new(VOCAB, WIDTH).init(device),
            norm: LayerNormConfig::new(WIDTH).init(device),
            layers: vec![layer(), layer()],
        }
    }
}

impl ToyForMaskedLm {
    fn new(device: &Device) -> Self {
        Self {
            base: Toy::new(device),
            transform: LinearConfig::new(WIDTH, WIDTH).init(device),
            bias: Initializer::Zeros.init([VOCAB], device),
        }
    }
}

const TOY: KeyTable<'static> = KeyTable {
    prefixes: &["toy.", "model.toy."],
    field: "base.",
    base: &[&[
        KeyRule::embedding("embeddings.word_embeddings", "words"),
        KeyRule::norm("embeddings.LayerNorm", "norm"),
        KeyRule::linear("encoder.layer.{}.intermediate.dense", "layers.{}.inner"),
        KeyRule::conv1d("encoder.layer.{}.output.c_proj", "layers.{}.outer"),
        KeyRule::norm("encoder.layer.{}.output.LayerNorm", "layers.{}.norm"),
    ]],
    head: &[&[
        KeyRule::linear("cls.predictions.transform.dense", "transform"),
        KeyRule::tensor("cls.predictions.bias", "bias"),
    ]],
    tied: &[(
        "toy.embeddings.word_embeddings.weight",
        "cls.predictions.decoder.weight",
    )],
    renames: &[],
    ignored: &["*.position_ids"],
    heads: &["cls"],
};

/// The directory or file `name` among the fixtures.
fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/checkpoint")
        .join(name)
}

/// Every device compiled in.
fn devices() -> Vec<Device> {
    crate::device::available()
        .into_iter()
        .map(|name| crate::device::parse(name).unwrap())
        .collect()
}

/// The values of tensor `name`, as the generator makes them.
fn values(name: &str, count: usize) -> Vec<f32> {
    let start: usize = name.bytes().map(usize::from).sum();
    (0..count)
        .map(|index| ((start + 37 * index) % 129) as f32 / 64.0 - 1.0)
        .collect()
}

/// The values of matrix `name`, which the file holds as `[rows, columns]`, transposed.
fn transposed(name: &str, rows: usize, columns: usize) -> Vec<f32> {
    let values = values(name, rows * columns);
    (0..columns)
        .flat_map(|column| (0..rows).map(move |row| (row, column)))
        .map(|(row, column)| values[row * columns + column])
        .collect()
}

fn read<const D: usize>(param: &Param<Tensor<D>>) -> Vec<f32> {
    param.val().to_data().try_to_vec_as().unwrap()
}

/// Checks every value of the base model.
fn check_base(toy: &Toy) {
    let words = "toy.embeddings.word_embeddings.weight";
    assert_eq!(read(&toy.words.weight), values(words, VOCAB * WIDTH));
    check_norm(&toy.norm, "toy.embeddings.LayerNorm");
    for (index, layer) in toy.layers.iter().enumerate() {
        let at = format!("toy.encoder.layer.{index}");
        let dense = format!("{at}.intermediate.dense");
        let expected = transposed(&format!("{dense}.weight"), INNER, WIDTH);
        assert_eq!(read(&layer.inner.weight), expected);
        check_bias(&layer.inner, &dense, INNER);
        let conv = format!("{at}.output.c_proj");
        let expected = values(&format!("{conv}.weight"), INNER * WIDTH);
        assert_eq!(read(&layer.outer.weight), expected);
        check_bias(&layer.outer, &conv, WIDTH);
        check_norm(&layer.norm, &format!("{at}.output.LayerNorm"));
    }
}

/// Checks every value of the model with its head.
fn check_headed(toy: &ToyForMaskedLm) {
    check_base(&toy.base);
    let dense = "cls.predictions.transform.dense";
    let expected = transposed(&format!("{dense}.weight"), WIDTH, WIDTH);
    assert_eq!(read(&toy.transform.weight), expected);
    check_bias(&toy.transform, dense, WIDTH);
    assert_eq!(read(&toy.bias), values("cls.predictions.bias", VOCAB));
}

fn check_bias(linear: &Linear, name: &str, count: usize) {
    let bias = linear.bias.as_ref().unwrap();
    assert_eq!(read(bias), values(&format!("{name}.bias"), count));
}

fn check_norm(norm: &LayerNorm, name: &str) {
    assert_eq!(read(&norm.gamma), values(&format!("{name}.weight"), WIDTH));
    let beta = norm.beta.as_ref().unwrap();
    assert_eq!(read(beta), values(&format!("{name}.bias"), WIDTH));
}
