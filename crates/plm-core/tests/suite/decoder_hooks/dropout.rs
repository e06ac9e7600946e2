//! Dropout modes.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use plm_core::models::{EncoderInput, Seq2SeqInput};
use plm_core::nn::{DropoutContext, DropoutMode};

use super::super::fixture::{check_close, devices};
use super::super::tensors::{differ, ids, same, values};
use super::family::{Family, batch};
use super::for_each_family;

for_each_family!(
    monte_carlo_dropout_does_not_depend_on_the_batch,
    training_dropout_follows_its_seed,
    dropout_is_the_same_on_every_device,
);

/// The second example of the batch by itself, without padding.
fn single(device: &Device) -> Seq2SeqInput {
    Seq2SeqInput::new(
        EncoderInput::ids(ids(&[&[2, 5, 3]], device)),
        EncoderInput::ids(ids(&[&[4, 8, 5]], device)),
    )
}

fn monte_carlo_dropout_does_not_depend_on_the_batch<M: Family>() {
    for (name, device) in devices() {
        let model = M::tiny(&device);
        let context = |seed, pass, names: &[u64]| DropoutContext {
            mode: DropoutMode::Mc { seed, pass },
            example_ids: Some(Arc::from(names)),
        };
        let pair = batch(&device).with_dropout_context(context(5, 0, &[70, 71]));
        let both = model.run(&pair).logits;
        let alone = |seed, pass, name| {
            let context = context(seed, pass, &[name]);
            model
                .run(&single(&device).with_dropout_context(context))
                .logits
        };
        let row: Tensor<3> = both.narrow(0, 1, 1).narrow(1, 0, 3);
        let what = format!("example 71 alone and in a batch on {name}");
        same(alone(5, 0, 71), row, &what);
        same(alone(5, 0, 71), alone(5, 0, 71), "one pass twice");
        differ(alone(5, 0, 71), alone(5, 1, 71), "two passes");
        differ(alone(5, 0, 71), alone(6, 0, 71), "two evaluations");
        differ(alone(5, 0, 71), alone(5, 0, 72), "two names");
        let off = model.run(&single(&device)).logits;
        differ(alone(5, 0, 71), off.clone(), "dropout and none");
        let again = single(&device).with_dropout(DropoutMode::Off);
        same(off, model.run(&again).logits, "off");
    }
}

fn training_dropout_follows_its_seed<M: Family>() {
    for (_, device) in devices() {
        let model = M::tiny(&device);
        let train = |mode| model.run(&single(&device).with_dropout(mode)).logits;
        let seed = |seed| DropoutMode::Train { seed };
        same(train(seed(3)), train(seed(3)), "one seed");
        differ(train(seed(3)), train(seed(4)), "two seeds");
        differ(train(seed(3)), train(DropoutMode::Off), "training and not");
        let monte_carlo = DropoutMode::Mc { seed: 3, pass: 0 };
        differ(
            train(seed(3)),
            train(monte_carlo),
            "training and evaluation",
        );
    }
}

fn dropout_is_the_same_on_every_device<M: Family>() {
    let outputs: Vec<(&str, Vec<f32>)> = devices()
        .into_iter()
        .map(|(name, device)| {
            let input = batch(&device).with_dropout(DropoutMode::Train { seed: 11 });
            (name, values(M::tiny(&device).run(&input).logits))
        })
        .collect();
    for (name, output) in &outputs[1..] {
        let what = format!("the output of {}", outputs[0].0);
        check_close(output, &outputs[0].1, name, &what);
    }
}
