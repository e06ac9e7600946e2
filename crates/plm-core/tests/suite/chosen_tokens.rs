//! The last layer for some tokens against the whole layer.

use burn::tensor::{Device, Int, Tensor};
use plm_core::config::EncoderConfig;
use plm_core::models::{EncoderInput, EncoderModel, Pretrained};
use plm_core::nn::DropoutMode;
use plm_core::rng::Seed;

use super::first_token::{batch, families, inputs};
use super::fixture::devices;
use super::gradients::same_gradients;
use super::tensors::same;

/// Of the first example two tokens, of the second two and one of them again.
const PLACES: [(usize, usize); 5] = [(1, 2), (0, 4), (1, 0), (0, 0), (1, 2)];

fn model(config: &EncoderConfig, device: &Device) -> EncoderModel {
    Pretrained::<EncoderModel>::new(config, Seed::new(4), device)
        .unwrap()
        .model
}

/// The states at [`PLACES`] by way of those at all tokens.
fn picked(model: &EncoderModel, input: &EncoderInput) -> Tensor<2> {
    let hidden = model.forward(input).last_hidden_state;
    let [examples, length, width] = hidden.dims();
    let rows = PLACES.map(|(example, position)| (example * length + position) as i64);
    let rows = Tensor::<1, Int>::from_data(rows.as_slice(), &hidden.device());
    hidden.reshape([examples * length, width]).select(0, rows)
}

#[test]
fn states_are_those_of_the_whole_layer() {
    for (name, device) in devices() {
        for config in families() {
            let model = model(&config, &device);
            for (what, input) in inputs(&device) {
                let what = format!("{what}, {:?} on {name}", config.family);
                let found = model.states_at(&input, &PLACES);
                same(found, picked(&model, &input), &what);
            }
            let none = model.states_at(&batch(&device), &[]);
            assert_eq!(none.dims(), [0, config.hidden_size]);
        }
    }
}

#[test]
fn gradients_are_those_of_the_whole_layer() {
    for (name, device) in devices() {
        let device = device.autodiff();
        for config in families() {
            let model = model(&config, &device);
            let input = batch(&device).with_dropout(DropoutMode::Train { seed: 5 });
            let loss = |states: Tensor<2>| states.powi_scalar(3).mean().backward();
            let whole = loss(picked(&model, &input));
            let chosen = loss(model.states_at(&input, &PLACES));
            let family = format!("{:?}", config.family);
            same_gradients(&model, &chosen, &whole, &family, name);
        }
    }
}

#[test]
fn a_model_without_layers_gives_its_embeddings() {
    for (_, device) in devices() {
        let mut model = model(&families()[0], &device);
        model.layers.clear();
        let input = batch(&device);
        let found = model.states_at(&input, &PLACES);
        same(found, picked(&model, &input), "no layers");
    }
}

#[test]
#[should_panic(expected = "token 5 of example 0; the batch has 2 examples of 5")]
fn places_outside_of_the_batch_are_refused() {
    let (_, device) = devices().remove(0);
    let _ = model(&families()[0], &device).states_at(&batch(&device), &[(0, 5)]);
}
