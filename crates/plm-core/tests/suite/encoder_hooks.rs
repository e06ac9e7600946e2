//! What methods hook into: taps, embeddings as inputs, masks, positions, replaced rows, scores at
//! chosen places, dropout modes, freezing, replaced feed-forward blocks, new words.

use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use plm_core::config::EncoderConfig;
use plm_core::kernel::{Activation, activate};
use plm_core::models::{EncoderForMaskedLM, EncoderInput, EncoderModel, Pretrained, RowOverride};
use plm_core::nn::{
    AttentionMask, DropoutContext, DropoutMode, FeedForward, Ffn, FfnContext, Positions,
    TapPositions, Taps, apply, sequential,
};
use plm_core::rng::Seed;

use super::fixture::{check_close, devices};
use super::tensors::{differ, ids, padding, same, values};

const VOCABULARY: usize = 50;
const WIDTH: usize = 16;

fn config() -> EncoderConfig {
    EncoderConfig {
        hidden_size: WIDTH,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        intermediate_size: 24,
        hidden_act: Activation::Relu,
        max_position_embeddings: 32,
        initializer_range: 0.3,
        ..EncoderConfig::bert(VOCABULARY)
    }
}

fn model(device: &Device) -> EncoderForMaskedLM {
    Pretrained::<EncoderForMaskedLM>::new(&config(), Seed::new(1), device)
        .unwrap()
        .model
}

fn batch(device: &Device) -> EncoderInput {
    EncoderInput::ids(ids(&[&[2, 9, 8, 7, 3], &[2, 5, 3, 0, 0]], device)).with_padding(padding(
        &[5, 3],
        5,
        device,
    ))
}

#[test]
fn taps_hand_out_what_the_layers_compute() {
    for (name, device) in devices() {
        let model = model(&device).encoder;
        let plain = model.forward(&batch(&device));
        assert!(plain.tapped.hidden_states.is_empty() && plain.tapped.ffn_inputs.is_empty());
        let taps = Taps {
            hidden_states: [0, 1, 2].into(),
            ffn_inputs: [1].into(),
            ffn_pre_activations: [1].into(),
            ffn_activations: [1].into(),
            attentions: [0].into(),
            positions: TapPositions::All,
        };
        let output = model.forward(&batch(&device).with_taps(taps.clone()));
        same(
            plain.last_hidden_state.clone(),
            output.last_hidden_state.clone(),
            &format!("tapping changes nothing on {name}"),
        );
        let tapped = output.tapped;
        same(
            tapped.hidden_states[&2].clone(),
            output.last_hidden_state,
            &format!("last hidden state on {name}"),
        );
        let ffn = &model.layers[1].ffn;
        let pre = apply(&ffn.inner, tapped.ffn_inputs[&1].clone());
        same(
            pre.clone(),
            tapped.ffn_pre_activations[&1].clone(),
            "before activation",
        );
        let post = activate(pre, Activation::Relu);
        same(
            post.clone(),
            tapped.ffn_activations[&1].clone(),
            "after activation",
        );
        let mixed = model.layers[1]
            .ffn_norm
            .forward(apply(&ffn.outer, post) + tapped.ffn_inputs[&1].clone());
        same(
            mixed,
            tapped.hidden_states[&2].clone(),
            "the layer from its taps",
        );
        let weights = tapped.attentions[&0].clone();
        assert_eq!(weights.dims(), [2, 4, 5, 5]);
        let sums = weights.clone().sum_dim(3);
        check_close(&values(sums), &[1.0; 40], name, "attention sums to one");
        let hidden: f32 = weights.slice([1..2, 0..4, 0..5, 3..5]).max().into_scalar();
        assert!(
            hidden == 0.0,
            "padding is attended with weight {hidden} on {name}"
        );

        for (positions, expected) in [
            (TapPositions::Same(vec![3, 0]), [[3, 0], [3, 0]]),
            (
                TapPositions::PerExample(ids(&[&[1, 4], &[2, 0]], &device)),
                [[1, 4], [2, 0]],
            ),
        ] {
            let taps = Taps {
                positions,
                ..taps.clone()
            };
            let picked = model.forward(&batch(&device).with_taps(taps)).tapped;
            for (row, places) in expected.into_iter().enumerate() {
                for (slot, place) in places.into_iter().enumerate() {
                    let at = |x: &Tensor<3>, position: usize| {
                        x.clone().narrow(0, row, 1).narrow(1, position, 1)
                    };
                    for (kept, all) in [
                        (&picked.hidden_states[&1], &tapped.hidden_states[&1]),
                        (&picked.ffn_activations[&1], &tapped.ffn_activations[&1]),
                    ] {
                        same(at(kept, slot), at(all, place), "picked position");
                    }
                }
            }
        }
    }
}

#[test]
fn embeddings_stand_in_for_ids() {
    for (name, device) in devices() {
        let model = model(&device).encoder;
        let ids = ids(&[&[2, 9, 8, 3]], &device);
        let from_ids = model.forward(&EncoderInput::ids(ids.clone()));
        let words = model.embeddings.words(ids, None);
        let from_words = model.forward(&EncoderInput::embeds(words));
        same(
            from_ids.last_hidden_state,
            from_words.last_hidden_state,
            &format!("embeddings as inputs on {name}"),
        );
    }
}

#[test]
fn slots_without_position_have_no_order() {
    for (name, device) in devices() {
        let model = model(&device).encoder;
        let words = model
            .embeddings
            .words(ids(&[&[4, 10, 11, 12, 6]], &device), None);
        let swapped = model
            .embeddings
            .words(ids(&[&[4, 12, 10, 11, 6]], &device), None);
        let position_ids = sequential(1, 5, 0, &device);
        let zero = Tensor::<2, Bool>::from_data([[false, true, true, true, false]], &device);
        let at_zero = |words: Tensor<3>| {
            let positions = Positions::ZeroAt {
                ids: position_ids.clone(),
                zero: zero.clone(),
            };
            let input = EncoderInput::embeds(words).with_positions(positions);
            model.forward(&input).last_hidden_state
        };
        let first = |x: Tensor<3>| x.narrow(1, 0, 1);
        let (a, b) = (at_zero(words.clone()), at_zero(swapped.clone()));
        same(
            first(a.clone()),
            first(b),
            &format!("order of slots on {name}"),
        );
        let ordered = model
            .forward(&EncoderInput::embeds(words))
            .last_hidden_state;
        let reordered = model
            .forward(&EncoderInput::embeds(swapped))
            .last_hidden_state;
        differ(
            first(ordered.clone()),
            first(reordered),
            "order of positioned slots",
        );
        differ(a, ordered, "zero positions and default positions");
    }
}

#[test]
fn padding_never_changes_results() {
    for (name, device) in devices() {
        let model = model(&device).encoder;
        let short = EncoderInput::ids(ids(&[&[2, 9, 8, 3]], &device));
        let long = EncoderInput::ids(ids(&[&[2, 9, 8, 3, 0, 0, 0]], &device));
        let expected = model.forward(&short).last_hidden_state;
        let padded = long.clone().with_padding(padding(&[4], 7, &device));
        let cut = |input: &EncoderInput| model.forward(input).last_hidden_state.narrow(1, 0, 4);
        same(cut(&padded), expected.clone(), &format!("padded on {name}"));
        let pairwise = padding(&[4], 7, &device)
            .unsqueeze_dim::<3>(1)
            .expand([1, 7, 7]);
        let pairwise = long.clone().with_mask(AttentionMask::Pairwise(pairwise));
        same(cut(&pairwise), expected.clone(), "pairwise mask");
        differ(cut(&long), expected, "an unmasked pad");
    }
}

#[test]
fn explicit_positions_are_used() {
    for (_, device) in devices() {
        let model = model(&device).encoder;
        let tokens = ids(&[&[2, 9, 8, 3]], &device);
        let run = |positions| {
            let input = EncoderInput::ids(tokens.clone()).with_positions(positions);
            model.forward(&input).last_hidden_state
        };
        let default = run(Positions::Default);
        let same_ids = run(Positions::Ids(sequential(1, 4, 0, &device)));
        let shifted = run(Positions::Ids(sequential(1, 4, 7, &device)));
        same(default.clone(), same_ids, "the default positions");
        differ(default, shifted, "shifted positions");
    }
}

#[test]
fn replaced_rows_act_like_a_changed_table_and_get_its_gradient() {
    for (name, device) in devices() {
        let device = device.autodiff();
        let model = model(&device);
        let tokens = ids(&[&[2, 9, 8, 9, 7], &[2, 7, 5, 4, 3]], &device);
        let table = model.encoder.embeddings.word.weight.val();
        let loss_of = |output: Tensor<3>| output.powi_scalar(3).mean();

        let full = loss_of(
            model
                .encoder
                .forward(&EncoderInput::ids(tokens.clone()))
                .last_hidden_state,
        );
        let gradient = table.grad(&full.backward()).unwrap();

        let frozen = model.encoder.clone().freeze();
        let picked = Tensor::<1, Int>::from_data([7_i64, 9], &device);
        let rows = table.inner().select(0, picked.clone().inner());
        let rows = rows.autodiff().require_grad();
        let row_override = RowOverride {
            ids: vec![7, 9],
            rows: rows.clone(),
        };
        let input = EncoderInput::ids(tokens.clone()).with_row_override(row_override);
        let loss = loss_of(frozen.forward(&input).last_hidden_state);
        let gradients = loss.backward();
        let own = rows.grad(&gradients).unwrap();
        assert_eq!(own.dims(), [2, WIDTH], "gradient of the rows alone");
        assert!(
            frozen
                .embeddings
                .word
                .weight
                .val()
                .grad(&gradients)
                .is_none()
        );
        let expected = gradient.select(0, picked.inner());
        same(
            own,
            expected,
            &format!("gradient of rows 7 and 9 on {name}"),
        );

        let changed = RowOverride {
            ids: vec![9],
            rows: Tensor::ones([1, WIDTH], &device),
        };
        let input = EncoderInput::ids(tokens.clone()).with_row_override(changed);
        let with_override = frozen.forward(&input).last_hidden_state;
        let without = frozen.forward(&EncoderInput::ids(tokens)).last_hidden_state;
        differ(with_override, without, "another row");
    }
}

#[test]
fn scores_at_places_and_rows_equal_the_full_scores() {
    for (name, device) in devices() {
        let model = model(&device);
        let (output, logits) = model.forward(&batch(&device));
        let places = Tensor::<1, Int>::from_data([1_i64, 7, 4], &device);
        let flat = logits.reshape([10, VOCABULARY]).select(0, places.clone());
        let hidden = output.last_hidden_state;
        let at = model.logits_at(hidden.clone(), places.clone(), None);
        same(at, flat.clone(), &format!("scores at places on {name}"));
        let rows = Tensor::<1, Int>::from_data([40_i64, 3], &device);
        let some = model.logits_at(hidden, places, Some(rows.clone()));
        assert_eq!(some.dims(), [3, 2]);
        same(some, flat.select(1, rows), "scores of rows");
    }
}

#[test]
fn monte_carlo_dropout_does_not_depend_on_the_batch() {
    for (name, device) in devices() {
        let model = model(&device).encoder;
        let mode = |pass| DropoutMode::Mc { seed: 5, pass };
        let context = |pass, names: &[u64]| DropoutContext {
            mode: mode(pass),
            example_ids: Some(Arc::from(names)),
        };
        let pair = batch(&device).with_dropout_context(context(0, &[70, 71]));
        let both = model.forward(&pair).last_hidden_state;
        let single = EncoderInput::ids(ids(&[&[2, 5, 3]], &device));
        let alone = |pass| {
            let input = single.clone().with_dropout_context(context(pass, &[71]));
            model.forward(&input).last_hidden_state
        };
        let row = both.clone().narrow(0, 1, 1).narrow(1, 0, 3);
        same(
            alone(0),
            row,
            &format!("example 71 alone and in a batch on {name}"),
        );
        differ(alone(0), alone(1), "two passes");
        let off = model.forward(&single).last_hidden_state;
        differ(alone(0), off.clone(), "dropout and none");
        let off_again = model.forward(&single.clone().with_dropout(DropoutMode::Off));
        same(off, off_again.last_hidden_state, "off");
        let train = |seed| {
            let input = single.clone().with_dropout(DropoutMode::Train { seed });
            model.forward(&input).last_hidden_state
        };
        same(train(3), train(3), "one seed");
        differ(train(3), train(4), "two seeds");
    }
}

#[test]
fn dropout_is_the_same_on_every_device() {
    let outputs: Vec<(&str, Vec<f32>)> = devices()
        .into_iter()
        .map(|(name, device)| {
            let input = batch(&device).with_dropout(DropoutMode::Train { seed: 11 });
            let output = model(&device).encoder.forward(&input);
            (name, values(output.last_hidden_state))
        })
        .collect();
    for (name, output) in &outputs[1..] {
        let what = format!("the output of {}", outputs[0].0);
        check_close(output, &outputs[0].1, name, &what);
    }
}

/// The shortest of five backward passes over the mean square of the output.
fn backward_time(model: &EncoderModel, input: &EncoderInput) -> Duration {
    (0..5)
        .map(|_| {
            let loss = model.forward(input).last_hidden_state.square().mean();
            let clock = Instant::now();
            let gradients = loss.backward();
            let time = clock.elapsed();
            drop(gradients);
            time
        })
        .min()
        .unwrap()
}

#[test]
fn freezing_saves_the_backward_pass() {
    let (_, device) = devices().into_iter().next().unwrap();
    let device = device.autodiff();
    let config = EncoderConfig {
        hidden_size: 128,
        num_hidden_layers: 6,
        intermediate_size: 512,
        ..config()
    };
    let model = Pretrained::<EncoderModel>::new(&config, Seed::new(2), &device)
        .unwrap()
        .model;
    let tokens: Vec<i64> = (0..8 * 32).map(|index| index % 50).collect();
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens, [8, 32]), &device);
    let input = EncoderInput::ids(tokens);

    let mut frozen = model.clone().freeze();
    frozen.layers[5] = model.layers[5].clone();
    let loss = frozen.forward(&input).last_hidden_state.square().mean();
    let gradients = loss.backward();
    assert!(
        frozen.layers[5]
            .ffn
            .inner
            .weight
            .val()
            .grad(&gradients)
            .is_some()
    );
    for layer in &frozen.layers[..5] {
        assert!(layer.ffn.inner.weight.val().grad(&gradients).is_none());
        assert!(
            layer
                .attention
                .query
                .weight
                .val()
                .grad(&gradients)
                .is_none()
        );
    }
    assert!(
        frozen
            .embeddings
            .word
            .weight
            .val()
            .grad(&gradients)
            .is_none()
    );

    let (all, last) = (
        backward_time(&model, &input),
        backward_time(&frozen, &input),
    );
    assert!(
        last * 2 < all,
        "backward takes {last:?} with one of six layers trainable, {all:?} with all"
    );
}

/// Halves what the block inside gives.
#[derive(Module, Debug)]
struct Halved {
    inner: FeedForward,
}

impl Ffn for Halved {
    fn forward(&self, x: Tensor<3>, context: &mut FfnContext<'_>) -> Tensor<3> {
        self.inner.forward(x, context) * 0.5
    }
}

#[test]
fn feed_forward_blocks_can_be_replaced() {
    for (_, device) in devices() {
        let plain = model(&device).encoder;
        let expected = plain.forward(&batch(&device)).last_hidden_state;
        let mut seen = Vec::new();
        let halved = plain.clone().map_ffn(|layer, inner| {
            seen.push(layer);
            Halved { inner }
        });
        assert_eq!(seen, [0, 1]);
        differ(
            halved.forward(&batch(&device)).last_hidden_state,
            expected.clone(),
            "halved blocks",
        );
        let back = halved.map_ffn(|_, block| block.inner);
        same(
            back.forward(&batch(&device)).last_hidden_state,
            expected,
            "back again",
        );
    }
}

#[test]
fn feed_forward_masks_switch_neurons_off() {
    for (_, device) in devices() {
        let model = model(&device).encoder;
        let taps = Taps {
            ffn_activations: [0].into(),
            ..Taps::default()
        };
        let mut factors = vec![1.0_f32; 24];
        factors[3] = 0.0;
        let mask = Tensor::<3>::from_data(TensorData::new(factors, [1, 1, 24]), &device);
        let output = model.forward(&batch(&device).with_ffn_mask(0, mask).with_taps(taps));
        let column = output.tapped.ffn_activations[&0].clone().narrow(2, 3, 1);
        let largest: f32 = column.abs().max().into_scalar();
        assert_eq!(largest, 0.0);
        differ(
            output.last_hidden_state,
            model.forward(&batch(&device)).last_hidden_state,
            "a neuron less",
        );
    }
}
