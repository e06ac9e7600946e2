//! Embeddings as inputs, explicit masks and positions.

use burn::tensor::{Bool, Tensor};
use plm_core::models::{EncoderInput, Seq2SeqInput, Stack, Tokens};
use plm_core::nn::{AttentionMask, Positions, sequential};

use super::super::fixture::devices;
use super::super::tensors::{differ, ids, padding, same};
use super::family::{Family, batch, half};
use super::for_each_family;

for_each_family!(
    embeddings_stand_in_for_ids,
    padding_never_changes_results,
    decoders_look_back_only,
    masks_can_be_given_by_query,
    memory_can_be_hidden,
    explicit_positions_are_used,
);

fn embeddings_stand_in_for_ids<M: Family>() {
    for (name, device) in devices() {
        let model = M::tiny(&device);
        let expected = model.run(&batch(&device)).logits;
        for &stack in M::STACKS {
            let mut input = batch(&device);
            let half = half(&mut input, stack);
            let Tokens::Ids(ids) = half.tokens.clone() else {
                unreachable!("the batch has ids")
            };
            half.tokens = Tokens::Embeds(model.embed(ids));
            let what = format!("embeddings of the {stack:?} on {name}");
            same(model.run(&input).logits, expected.clone(), &what);
        }
    }
}

fn padding_never_changes_results<M: Family>() {
    for (name, device) in devices() {
        let model = M::tiny(&device);
        let ids = |rows: &[i64]| ids(&[rows], &device);
        let short = Seq2SeqInput::ids(ids(&[2, 9, 8, 3]), ids(&[4, 7, 6]));
        let expected = model.run(&short).logits;
        let mut long = Seq2SeqInput::ids(ids(&[2, 9, 8, 3, 0, 0, 0]), ids(&[4, 7, 6, 0, 0]));
        long.decoder = long.decoder.with_padding(padding(&[3], 5, &device));
        let cut = |input: &Seq2SeqInput| model.run(input).logits.narrow(1, 0, 3);
        if M::STACKS.contains(&Stack::Encoder) {
            differ(cut(&long), expected.clone(), "an unmasked pad");
        }
        long.encoder = long.encoder.with_padding(padding(&[4], 7, &device));
        same(cut(&long), expected, &format!("padded on {name}"));
    }
}

fn decoders_look_back_only<M: Family>() {
    for (name, device) in devices() {
        let model = M::tiny(&device);
        let run = |third: i64| {
            let encoder = ids(&[&[2, 9, 8, 3]], &device);
            let decoder = ids(&[&[4, 7, third, 6]], &device);
            model.run(&Seq2SeqInput::ids(encoder, decoder)).logits
        };
        let (a, b) = (run(5), run(11));
        let what = format!("before the change on {name}");
        same(a.clone().narrow(1, 0, 2), b.clone().narrow(1, 0, 2), &what);
        for position in [2, 3] {
            let at = |x: &Tensor<3>| x.clone().narrow(1, position, 1);
            differ(at(&a), at(&b), "from the change on");
        }
    }
}

fn masks_can_be_given_by_query<M: Family>() {
    for (name, device) in devices() {
        let model = M::tiny(&device);
        let expected = model.run(&batch(&device)).logits;
        for &stack in M::STACKS {
            let mut input = batch(&device);
            // A mask by query says nothing of the decoder's queries: the memory's is given beside it.
            input.memory_mask = input.encoder.mask.clone();
            let half = half(&mut input, stack);
            let [rows, length] = half.tokens.dims();
            let hidden = padding(&[length, 3], length, &device);
            let hidden = hidden.unsqueeze_dim::<3>(1).expand([rows, length, length]);
            half.mask = Some(AttentionMask::Pairwise(hidden.clone()));
            let what = format!("padding by query in the {stack:?} on {name}");
            same(model.run(&input).logits, expected.clone(), &what);

            // The last query of the first example loses its first key.
            let lost = Tensor::<3, Bool>::from_data([[[true]]], &device);
            let at = [0..1, length - 1..length, 0..1];
            let hidden = hidden.int().slice_assign(at, lost.int()).equal_elem(1);
            let mut input = batch(&device);
            input.memory_mask = input.encoder.mask.clone();
            self::half(&mut input, stack).mask = Some(AttentionMask::Pairwise(hidden));
            let run = model.run(&input);
            let rows = |x: Tensor<3>, from, count| x.narrow(0, 0, 1).narrow(1, from, count);
            let (own, all) = (run.last(stack), model.run(&batch(&device)).last(stack));
            differ(
                rows(own.clone(), length - 1, 1),
                rows(all.clone(), length - 1, 1),
                "a key less",
            );
            if stack == Stack::Decoder {
                let before = length - 1;
                same(rows(own, 0, before), rows(all, 0, before), "other queries");
            }
        }
    }
}

fn memory_can_be_hidden<M: Family>() {
    if !M::STACKS.contains(&Stack::Encoder) {
        return;
    }
    for (name, device) in devices() {
        let model = M::tiny(&device);
        let plain = model.run(&batch(&device)).logits;
        let hidden = Tensor::<2, Bool>::from_data(
            [
                [false, true, false, false, false],
                [false, false, false, true, true],
            ],
            &device,
        );
        let input = batch(&device).with_memory_mask(AttentionMask::Padding(hidden));
        let masked = model.run(&input).logits;
        let row = |x: &Tensor<3>, row| x.clone().narrow(0, row, 1);
        differ(row(&masked, 0), row(&plain, 0), "a word of the source less");
        let what = format!("the same words on {name}");
        same(row(&masked, 1), row(&plain, 1), &what);
    }
}

fn explicit_positions_are_used<M: Family>() {
    let first = M::FIRST_POSITION;
    for (name, device) in devices() {
        let model = M::tiny(&device);
        let run = |stack, positions| {
            let encoder = EncoderInput::ids(ids(&[&[2, 9, 8, 3]], &device));
            let decoder = EncoderInput::ids(ids(&[&[4, 7, 6, 5]], &device));
            let mut input = Seq2SeqInput::new(encoder, decoder);
            half(&mut input, stack).positions = positions;
            model.run(&input).logits
        };
        for &stack in M::STACKS {
            let default = run(stack, Positions::Default);
            let at = |offset| Positions::Ids(sequential(1, 4, offset, &device));
            let Some(first) = first else {
                let what = format!("relative positions on {name}");
                same(run(stack, at(9)), default, &what);
                continue;
            };
            let what = format!("the {stack:?}'s default positions on {name}");
            same(run(stack, at(first)), default.clone(), &what);
            differ(
                run(stack, at(first + 7)),
                default.clone(),
                "shifted positions",
            );
            let zero_at = |zero: [bool; 4]| Positions::ZeroAt {
                ids: sequential(1, 4, first, &device),
                zero: Tensor::from_data([zero], &device),
            };
            let none = run(stack, zero_at([false; 4]));
            same(none, default.clone(), "no slot without a position");
            let some = run(stack, zero_at([false, true, false, false]));
            differ(some, default, "a slot without a position");
        }
    }
}
