//! Feed-forward blocks that are replaced, and neurons that are switched off.

use burn::tensor::{Tensor, TensorData};
use plm_core::models::Stack;
use plm_core::nn::Taps;

use super::super::fixture::devices;
use super::super::tensors::{differ, same};
use super::family::{Family, INTERMEDIATE, LAYERS, batch, half};
use super::for_each_family;

for_each_family!(
    feed_forward_blocks_can_be_replaced,
    feed_forward_masks_switch_neurons_off,
);

fn feed_forward_blocks_can_be_replaced<M: Family>() {
    for (name, device) in devices() {
        let model = M::tiny(&device);
        let expected = model.run(&batch(&device)).logits;
        let (halved, seen, back) = model.halved(&batch(&device));
        let all = M::STACKS.iter();
        let all: Vec<(Stack, usize)> = all
            .flat_map(|&stack| (0..LAYERS).map(move |layer| (stack, layer)))
            .collect();
        assert_eq!(seen, all);
        differ(halved, expected.clone(), "halved blocks");
        let what = format!("back again on {name}");
        same(back.run(&batch(&device)).logits, expected, &what);
    }
}

fn feed_forward_masks_switch_neurons_off<M: Family>() {
    for (name, device) in devices() {
        let model = M::tiny(&device);
        let expected = model.run(&batch(&device)).logits;
        for &stack in M::STACKS {
            let mut factors = vec![1.0_f32; INTERMEDIATE];
            factors[3] = 0.0;
            let shape = [1, 1, INTERMEDIATE];
            let mask = Tensor::<3>::from_data(TensorData::new(factors, shape), &device);
            let mut input = batch(&device);
            let half = half(&mut input, stack);
            half.ffn_masks.insert(0, mask);
            half.taps = Taps {
                ffn_activations: [0, 1].into(),
                ..Taps::default()
            };
            let run = model.run(&input);
            let largest = |layer: usize| -> f32 {
                let values = run.tapped(stack).ffn_activations[&layer].clone();
                values.narrow(2, 3, 1).abs().max().into_scalar()
            };
            assert_eq!(largest(0), 0.0, "{stack:?} on {name}");
            assert!(largest(1) > 0.0, "the other layer of {stack:?} on {name}");
            differ(run.logits, expected.clone(), "a neuron less");
        }
    }
}
