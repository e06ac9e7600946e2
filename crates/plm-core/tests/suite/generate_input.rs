//! What generation says of inputs that it cannot continue or would not heed.

use burn::tensor::{Device, Int, Tensor};
use plm_core::Error;
use plm_core::generate::{GenerationConfig, GenerativeModel, generate};
use plm_core::models::{
    BartForConditionalGeneration, EncoderInput, Gpt2LmHeadModel, Pretrained, PretrainedModel,
    RowOverride, T5ForConditionalGeneration, Tokens,
};
use plm_core::nn::{AttentionMask, DropoutMode, Positions, Taps};
use plm_core::rng::Seed;

use super::decoder_support::stack_input;
use super::fixture::{Fixture, devices};

/// What generation with the fixture called `name` says of its input as `change` leaves it.
fn refusal<M: PretrainedModel + GenerativeModel>(
    name: &str,
    change: impl FnOnce(EncoderInput, &Device) -> EncoderInput,
) -> String {
    let fixture = Fixture::open(name);
    let (_, device) = devices().remove(0);
    let model = Pretrained::<M>::load(&fixture.dir, &device).unwrap().model;
    let input = change(stack_input(&fixture, "generate.", &device), &device);
    let settings = GenerationConfig::default();
    let error = generate(&model, &input, &settings, Seed::new(1)).unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
    error.to_string()
}

#[test]
fn fields_that_generation_does_not_heed_are_named() {
    fn check<M: PretrainedModel + GenerativeModel>(name: &str, fields: &[&str]) {
        for &field in fields {
            let text = refusal::<M>(name, |input, device| {
                let zeros = Tensor::<2, Int>::zeros([3, 6], device);
                match field {
                    "row_override" => input.with_row_override(RowOverride {
                        ids: vec![3],
                        rows: Tensor::zeros([1, 16], device),
                    }),
                    "token_type_ids" => input.with_token_types(zeros),
                    "dropout" => input.with_dropout(DropoutMode::Mc { seed: 1, pass: 0 }),
                    "taps" => input.with_taps(Taps {
                        attentions: [1].into(),
                        ..Taps::default()
                    }),
                    "positions" => input.with_positions(Positions::Ids(zeros)),
                    _ => input.with_ffn_mask(0, Tensor::ones([1, 1, 1], device)),
                }
            });
            assert!(text.contains(&format!("`{field}`")), "{text}");
        }
    }
    let all = [
        "row_override",
        "token_type_ids",
        "dropout",
        "taps",
        "positions",
        "ffn_masks",
    ];
    check::<Gpt2LmHeadModel>("gpt2-lm", &all);
    check::<T5ForConditionalGeneration>("t5-lm", &all[..5]);
    check::<BartForConditionalGeneration>("bart-lm", &all[..4]);
}

#[test]
fn masks_by_query_are_refused() {
    fn check<M: PretrainedModel + GenerativeModel>(name: &str) {
        let text = refusal::<M>(name, |input, device| {
            let hidden = Tensor::<3, Int>::zeros([3, 6, 6], device).equal_elem(1);
            input.with_mask(AttentionMask::Pairwise(hidden))
        });
        assert!(text.contains("per query"), "{text}");
    }
    check::<Gpt2LmHeadModel>("gpt2-lm");
    check::<T5ForConditionalGeneration>("t5-lm");
    check::<BartForConditionalGeneration>("bart-lm");
}

#[test]
fn ids_without_a_row_are_named() {
    fn check<M: PretrainedModel + GenerativeModel>(name: &str, words: i64) {
        for id in [words, -1] {
            let text = refusal::<M>(name, |mut input, device| {
                let Tokens::Ids(ids) = input.tokens else {
                    unreachable!("the fixture has ids")
                };
                let wrong = Tensor::<2, Int>::from_data([[id]], device);
                input.tokens = Tokens::Ids(ids.slice_assign([1..2, 5..6], wrong));
                input
            });
            let expected = format!("is {id} at position 5 of example 1, not in 0..{words}");
            assert!(text.contains(&expected), "{text}");
        }
    }
    check::<Gpt2LmHeadModel>("gpt2-lm", 72);
    check::<T5ForConditionalGeneration>("t5-lm", 72);
    check::<BartForConditionalGeneration>("bart-lm", 60);
}

#[test]
fn barts_encoder_has_so_many_positions() {
    let text = refusal::<BartForConditionalGeneration>("bart-lm", |_, device| {
        EncoderInput::ids(Tensor::ones([1, 41], device))
    });
    assert!(
        text.contains("41 tokens") && text.contains("40 positions"),
        "{text}"
    );
    // The table has two rows more.
    let text = refusal::<BartForConditionalGeneration>("bart-lm", |input, device| {
        input.with_positions(Positions::Ids(Tensor::full([3, 6], 42_i64, device)))
    });
    assert!(text.contains("position: is 42"), "{text}");
}
