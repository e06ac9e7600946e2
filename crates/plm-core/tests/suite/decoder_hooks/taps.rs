//! Hidden states, feed-forward values and attention weights that are handed out.

use burn::tensor::{Int, Tensor};
use plm_core::kernel::activate;
use plm_core::models::Stack;
use plm_core::nn::{TapPositions, Taps, apply};

use super::super::fixture::{check_close, devices};
use super::super::tensors::{ids, same, values};
use super::family::{Family, INTERMEDIATE, LAYERS, VOCABULARY, batch, half};
use super::for_each_family;

for_each_family!(
    taps_hand_out_what_the_layers_compute,
    taps_pick_positions,
    attention_weights_show_the_masks,
    scores_at_places_and_rows_equal_the_full_scores,
);

fn all() -> Taps {
    Taps {
        hidden_states: (0..=LAYERS).collect(),
        ffn_inputs: [0, 1].into(),
        ffn_pre_activations: [0, 1].into(),
        ffn_activations: [0, 1].into(),
        attentions: [0].into(),
        positions: TapPositions::All,
    }
}

fn taps_hand_out_what_the_layers_compute<M: Family>() {
    for (name, device) in devices() {
        let model = M::tiny(&device);
        let mut input = batch(&device).with_cross_attentions([1]);
        let plain = model.run(&batch(&device));
        for &stack in M::STACKS {
            half(&mut input, stack).taps = all();
        }
        let run = model.run(&input);
        let what = format!("tapping changes nothing on {name}");
        same(plain.logits.clone(), run.logits.clone(), &what);
        for &stack in M::STACKS {
            let nothing = plain.tapped(stack);
            assert!(nothing.hidden_states.is_empty() && nothing.ffn_inputs.is_empty());
            assert!(nothing.ffn_activations.is_empty() && nothing.attentions.is_empty());
            let tapped = run.tapped(stack);
            let last = tapped.hidden_states[&LAYERS].clone();
            same(last, run.last(stack), "last hidden state");
            for layer in 0..LAYERS {
                let what = format!("{stack:?} layer {layer} on {name}");
                let ffn = model.ffn(stack, layer);
                let input = tapped.ffn_inputs[&layer].clone();
                let inner = apply(&ffn.inner, input.clone());
                let pre = ffn.gate.as_ref().map(|gate| apply(gate, input.clone()));
                let pre = pre.unwrap_or_else(|| inner.clone());
                same(
                    tapped.ffn_pre_activations[&layer].clone(),
                    pre.clone(),
                    &what,
                );
                let mut post = activate(pre, ffn.activation);
                if ffn.gate.is_some() {
                    post = post * inner;
                }
                assert_eq!(post.dims()[2], INTERMEDIATE);
                same(tapped.ffn_activations[&layer].clone(), post.clone(), &what);
                let out = apply(&ffn.outer, post);
                let state = tapped.hidden_states[&(layer + 1)].clone();
                if M::POST_NORM {
                    same(model.ffn_norm(stack, layer, out + input), state, &what);
                } else if layer + 1 < LAYERS {
                    // The last state is normalized once more.
                    same(model.ffn_norm(stack, layer, state - out), input, &what);
                }
            }
        }
    }
}

fn taps_pick_positions<M: Family>() {
    for (_, device) in devices() {
        let model = M::tiny(&device);
        for &stack in M::STACKS {
            let run = |positions| {
                let mut input = batch(&device);
                half(&mut input, stack).taps = Taps { positions, ..all() };
                model.run(&input)
            };
            let whole = run(TapPositions::All);
            for (positions, expected) in [
                (TapPositions::Same(vec![3, 0]), [[3, 0], [3, 0]]),
                (
                    TapPositions::PerExample(ids(&[&[1, 3], &[2, 0]], &device)),
                    [[1, 3], [2, 0]],
                ),
            ] {
                let picked = run(positions);
                let (picked, all) = (picked.tapped(stack), whole.tapped(stack));
                for (kept, all) in [
                    (&picked.hidden_states[&1], &all.hidden_states[&1]),
                    (&picked.ffn_inputs[&0], &all.ffn_inputs[&0]),
                    (
                        &picked.ffn_pre_activations[&1],
                        &all.ffn_pre_activations[&1],
                    ),
                    (&picked.ffn_activations[&1], &all.ffn_activations[&1]),
                ] {
                    for (row, places) in expected.into_iter().enumerate() {
                        for (slot, place) in places.into_iter().enumerate() {
                            let at = |x: &Tensor<3>, position: usize| {
                                x.clone().narrow(0, row, 1).narrow(1, position, 1)
                            };
                            same(at(kept, slot), at(all, place), "picked position");
                        }
                    }
                }
            }
        }
    }
}

/// The largest weight of the keys `from..` of example `row` is 0.
#[track_caller]
fn unseen(weights: &Tensor<4>, row: usize, query: usize, from: usize, what: &str) {
    let keys = weights.dims()[3];
    let rest = weights.clone().narrow(0, row, 1).narrow(2, query, 1);
    let rest = rest.narrow(3, from, keys - from);
    let largest: f32 = rest.max().into_scalar();
    assert_eq!(largest, 0.0, "{what}: query {query} of example {row}");
}

fn attention_weights_show_the_masks<M: Family>() {
    for (name, device) in devices() {
        let model = M::tiny(&device);
        let mut input = batch(&device).with_cross_attentions([1]);
        for &stack in M::STACKS {
            half(&mut input, stack).taps = all();
        }
        let run = model.run(&input);
        let sums_to_one = |weights: &Tensor<4>| {
            let sums = values(weights.clone().sum_dim(3));
            check_close(&sums, &vec![1.0; sums.len()], name, "attention sums to one");
        };
        for &stack in M::STACKS {
            let weights = &run.tapped(stack).attentions[&0];
            let length = if stack == Stack::Encoder { 5 } else { 4 };
            assert_eq!(weights.dims(), [2, 4, length, length], "{name}");
            sums_to_one(weights);
            for query in 0..length {
                unseen(weights, 1, query, 3, "padding");
                if stack == Stack::Decoder && query + 1 < length {
                    unseen(weights, 0, query, query + 1, "later tokens");
                }
            }
        }
        let cross = &run.decoder.tapped.cross_attentions;
        if M::STACKS.contains(&Stack::Encoder) {
            assert_eq!(cross.keys().collect::<Vec<_>>(), [&1]);
            assert_eq!(cross[&1].dims(), [2, 4, 4, 5]);
            sums_to_one(&cross[&1]);
            for query in 0..4 {
                unseen(&cross[&1], 1, query, 3, "padding of the encoder");
            }
        } else {
            assert!(cross.is_empty());
        }
    }
}

fn scores_at_places_and_rows_equal_the_full_scores<M: Family>() {
    for (name, device) in devices() {
        let model = M::tiny(&device);
        let run = model.run(&batch(&device));
        let places = Tensor::<1, Int>::from_data([1_i64, 6, 4], &device);
        let flat = run.logits.clone().reshape([8, VOCABULARY]);
        let flat = flat.select(0, places.clone());
        let hidden = run.last(Stack::Decoder);
        let at = model.logits_at(hidden.clone(), places.clone(), None);
        same(at, flat.clone(), &format!("scores at places on {name}"));
        let rows = Tensor::<1, Int>::from_data([40_i64, 3], &device);
        let some = model.logits_at(hidden, places, Some(rows.clone()));
        assert_eq!(some.dims(), [3, 2]);
        same(some, flat.select(1, rows), "scores of rows");
    }
}
