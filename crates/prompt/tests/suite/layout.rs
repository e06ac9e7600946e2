//! Where slots stand, what is read, and what does not matter.

use burn::tensor::{Int, Tensor};
use plm_core::config::EncoderFamily;
use plm_core::models::{EncoderInput, Seq2SeqInput};
use plm_core::nn::{Positions, Taps};
use plm_core::rng::Seed;
use plm_core::text::{Padding, PaddingSide};
use plm_prompt::model::{Pass, PromptModel, PromptStyle, PromptedMaskedLM, ReadOut};
use plm_prompt::similarity::NeuronMask;
use plm_prompt::tune::predict;
use plm_prompt::{Error, PromptMatrix, SoftPrompt, TaskSet};

use super::support::{
    SLOTS, WIDTH, assert_close, bart, devices, gpt2, masked_lm, prompt, scores, t5, tensor, texts,
    tolerance, values, word_task, words,
};

/// The prompt with all its numbers doubled.
fn doubled(prompt: &PromptMatrix) -> PromptMatrix {
    let values = prompt.values().iter().map(|value| 2.0 * value);
    PromptMatrix::new(SLOTS, WIDTH, values.collect()).unwrap()
}

/// The prompt with its slots in another order; slot 0 stays.
fn permuted(prompt: &PromptMatrix) -> PromptMatrix {
    let order = [0, 3, 1, 4, 2];
    let values = order.iter().flat_map(|&row| prompt.row(row).to_vec());
    PromptMatrix::new(SLOTS, WIDTH, values.collect()).unwrap()
}

#[test]
fn a_prompt_without_slots_is_the_plain_model() {
    for (name, device) in devices() {
        for family in [EncoderFamily::Bert, EncoderFamily::Roberta] {
            for style in [PromptStyle::ZeroPosition, PromptStyle::Absolute] {
                let model = masked_lm(family, &device).with_layout(style, ReadOut::FirstSlot);
                let text = texts(1, 2, &device);
                let none = Tensor::<3>::zeros([1, 0, WIDTH], &device);
                let found = model.forward(none, &text, &Pass::default(), Taps::default());
                let plain = EncoderInput::ids(text.ids.clone()).with_padding(text.mask.clone());
                let plain = match family {
                    // With vectors as inputs, positions count through padding.
                    EncoderFamily::Roberta => plain
                        .with_positions(Positions::Ids(plm_core::nn::sequential(3, 9, 2, &device))),
                    _ => plain,
                };
                let plain = model.model.encoder.forward(&plain);
                let (found, plain) = (
                    values(found.last_hidden_state),
                    values(plain.last_hidden_state),
                );
                assert_eq!(found, plain, "{name} {family:?} {style:?}");
            }
        }
        let model = t5(false, &device);
        let text = texts(0, 2, &device);
        let none = Tensor::<3>::zeros([1, 0, WIDTH], &device);
        let found = model.answer_scores(none, &text, words(&device), &Pass::default());
        let start = Tensor::zeros([3, 1], &device);
        let mut input = Seq2SeqInput::ids(text.ids.clone(), start);
        input.encoder = input.encoder.with_padding(text.mask.clone());
        let (_, logits) = model.model.forward(&input);
        let plain = logits.select(2, words(&device));
        assert_eq!(values(found), values(plain), "{name}");
    }
}

#[test]
fn bart_and_gpt2_without_slots_are_the_plain_models() {
    for (name, device) in devices() {
        let text = texts(0, 2, &device);
        let none = Tensor::<3>::zeros([1, 0, WIDTH], &device);
        let (chosen, pass) = (words(&device), Pass::default());
        for scaled in [false, true] {
            let model = bart(scaled, &device);
            let found = model.answer_scores(none.clone(), &text, chosen.clone(), &pass);
            let beginning = Tensor::<2, Int>::from_ints([[2, 0], [2, 0], [2, 0]], &device);
            let mut input = Seq2SeqInput::ids(text.ids.clone(), beginning);
            input.encoder = input.encoder.with_padding(text.mask.clone());
            let hidden = model.model.model.forward(&input).decoder.last_hidden_state;
            let places = Tensor::<1, Int>::from_ints([1, 3, 5], &device);
            let plain = model.model.logits_at(hidden, places, Some(chosen.clone()));
            assert_eq!(values(found), values(plain), "{name} BART {scaled}");
        }
        let model = gpt2(&device);
        let found = model.answer_scores(none, &text, chosen.clone(), &pass);
        let input = EncoderInput::ids(text.ids.clone()).with_padding(text.mask.clone());
        let hidden = model.model.model.forward(&input).last_hidden_state;
        // Texts of 7, 4 and 6 tokens in rows of 9.
        let places = Tensor::<1, Int>::from_ints([6, 12, 23], &device);
        let plain = model.model.logits_at(hidden, places, Some(chosen));
        assert_eq!(values(found), values(plain), "{name} GPT-2");
    }
}

#[test]
fn the_mask_slot_is_read_and_its_row_is_not() {
    for (name, device) in devices() {
        let model = masked_lm(EncoderFamily::Roberta, &device);
        let one = prompt(SLOTS, 1);
        let mut other = one.values().to_vec();
        other[..WIDTH].fill(9.0);
        let other = PromptMatrix::new(SLOTS, WIDTH, other).unwrap();
        assert_eq!(scores(&model, &one, 1), scores(&model, &other, 1), "{name}");

        // The exported form: the mask's vector in row 0, read as it is.
        let mut exported = one.values().to_vec();
        for (place, value) in values(model.mask_vector()).into_iter().enumerate() {
            exported[place] = value as f32;
        }
        let exported = PromptMatrix::new(SLOTS, WIDTH, exported).unwrap();
        let first = model.clone().with_layout(model.style, ReadOut::FirstSlot);
        let (found, plain) = (scores(&first, &exported, 1), scores(&model, &one, 1));
        assert_close(&found, &plain, tolerance(name), name);
    }
}

#[test]
fn row_zero_gets_no_gradient_and_the_model_none() {
    for (name, device) in devices() {
        let plain = masked_lm(EncoderFamily::Roberta, &device);
        let model = plain.tracked();
        let device = model.device();
        let slots = tensor(&prompt(SLOTS, 1), &device).require_grad();
        let text = texts(1, 0, &device);
        let found = model.answer_scores(slots.clone(), &text, words(&device), &Pass::default());
        let gradients = found.powi_scalar(2).sum().backward();
        let own = values(slots.grad(&gradients).unwrap());
        assert!(own[..WIDTH].iter().all(|&value| value == 0.0), "{name}");
        assert!(own[WIDTH..].iter().any(|&value| value != 0.0), "{name}");
        let weight = model.model.encoder.layers[0].ffn.inner.weight.val();
        assert!(weight.grad(&gradients).is_none(), "{name}");
        assert!(model.words().grad(&gradients).is_none(), "{name}");
    }
}

#[test]
fn padding_does_not_change_the_answer() {
    for (name, device) in devices() {
        let pass = Pass::default();
        let check = |found: Vec<f64>, more: Vec<f64>, model: &str| {
            assert_close(&more, &found, tolerance(name), &format!("{name} {model}"));
        };
        for style in [PromptStyle::ZeroPosition, PromptStyle::Absolute] {
            for read_out in [ReadOut::MaskSlot, ReadOut::MaskToken] {
                let model = masked_lm(EncoderFamily::Roberta, &device).with_layout(style, read_out);
                let run = |more| {
                    let text = texts(1, more, &device);
                    let slots = tensor(&prompt(SLOTS, 1), &device);
                    values(model.answer_scores(slots, &text, words(&device), &pass))
                };
                check(run(0), run(4), "masked LM");
            }
        }
        let (t5, bart, gpt2) = (t5(true, &device), bart(true, &device), gpt2(&device));
        let run = |more| {
            let text = texts(0, more, &device);
            let slots = tensor(&prompt(SLOTS, 1), &device);
            let words = words(&device);
            [
                values(t5.answer_scores(slots.clone(), &text, words.clone(), &pass)),
                values(bart.answer_scores(slots.clone(), &text, words.clone(), &pass)),
                values(gpt2.answer_scores(slots, &text, words, &pass)),
            ]
            .concat()
        };
        check(run(0), run(4), "others");
    }
}

#[test]
fn the_order_of_slots_without_positions_has_no_meaning() {
    for (name, device) in devices() {
        let one = prompt(SLOTS, 1);
        let other = permuted(&one);
        let gap = |model: &dyn Fn(&PromptMatrix) -> Vec<f64>| {
            let (a, b) = (model(&one), model(&other));
            a.iter()
                .zip(&b)
                .fold(0.0_f64, |max, (a, b)| max.max((a - b).abs()))
        };
        for family in [EncoderFamily::Bert, EncoderFamily::Roberta] {
            let zero = masked_lm(family, &device);
            let found = gap(&|prompt| scores(&zero, prompt, 1));
            assert!(
                found <= tolerance(name) * 10.0,
                "{name} {family:?}: {found}"
            );
            let absolute = zero.with_layout(PromptStyle::Absolute, ReadOut::MaskSlot);
            let found = gap(&|prompt| scores(&absolute, prompt, 1));
            assert!(found > 1e-3, "{name} {family:?}: {found}");
        }
        let t5 = t5(false, &device);
        let found = gap(&|prompt| scores(&t5, &doubled(prompt), 0));
        assert!(found > 1e-3, "{name} T5: {found}");
        let bart = bart(false, &device);
        let found = gap(&|prompt| scores(&bart, &doubled(prompt), 0));
        assert!(found > 1e-3, "{name} BART: {found}");
    }
}

#[test]
fn the_short_head_equals_the_whole_one() {
    for (name, device) in devices() {
        let model = masked_lm(EncoderFamily::Bert, &device);
        let text = texts(0, 0, &device);
        let slots = tensor(&prompt(SLOTS, 1), &device);
        let short = model.answer_scores(slots.clone(), &text, words(&device), &Pass::default());
        let hidden = model.forward(slots, &text, &Pass::default(), Taps::default());
        let head = &model.model.head;
        let all = head.forward(hidden.last_hidden_state, model.words(), None);
        let whole = all
            .narrow(1, 0, 1)
            .squeeze_dim::<2>(1)
            .select(1, words(&device));
        assert_close(&values(short), &values(whole), tolerance(name), name);
    }
}

#[test]
fn stimulated_neurons_do_not_depend_on_the_batch() {
    for (name, device) in devices() {
        let (one, two) = (prompt(SLOTS, 1), prompt(SLOTS, 2));
        let both = Tensor::cat(vec![tensor(&one, &device), tensor(&two, &device)], 0);
        let check = |model: &dyn Fn(Tensor<3>) -> Vec<Tensor<2>>, layers: usize| {
            let found = model(both.clone());
            assert_eq!(found.len(), layers, "{name}");
            let alone = model(tensor(&two, &device));
            for (found, alone) in found.into_iter().zip(alone) {
                let second = found.narrow(0, 1, 1);
                assert_close(&values(second), &values(alone), tolerance(name), name);
            }
        };
        let masked = masked_lm(EncoderFamily::Roberta, &device);
        check(&|slots| masked.stimulated_neurons(slots), 2);
        let t5 = t5(true, &device);
        check(&|slots| t5.stimulated_neurons(slots), 2);
        let mut bart = bart(true, &device);
        bart.neurons = plm_core::models::Stack::Encoder;
        check(&|slots| bart.stimulated_neurons(slots), 2);
        let gpt2 = gpt2(&device);
        check(&|slots| gpt2.stimulated_neurons(slots), 2);
    }
}

#[test]
fn switched_off_neurons_change_the_answer() {
    for (name, device) in devices() {
        let model = masked_lm(EncoderFamily::Bert, &device);
        let text = texts(0, 0, &device);
        let slots = tensor(&prompt(SLOTS, 1), &device);
        let mut pass = Pass::default();
        let run =
            |pass: &Pass| values(model.answer_scores(slots.clone(), &text, words(&device), pass));
        let plain = run(&pass);
        let ones = Tensor::<3>::ones([1, 1, 32], &device);
        pass.neuron_masks.insert(1, ones.clone());
        assert_close(&run(&pass), &plain, tolerance(name), name);
        pass.neuron_masks.insert(1, ones.zeros_like());
        assert_ne!(run(&pass), plain, "{name}");
    }
}

#[test]
fn masks_of_another_model_are_refused() {
    /// Masks of this model and of models with other layers or neurons.
    fn check<M: PromptModel>(model: &M, what: &str) {
        let mask = |layers, neurons| {
            let mask = NeuronMask::random(layers, neurons, 0.5, Seed::new(1)).unwrap();
            mask.pass(model)
        };
        assert_eq!(mask(2, 32).unwrap().neuron_masks.len(), 2, "{what}");
        for (layers, neurons) in [(1, 32), (3, 32), (2, 31), (2, 33)] {
            let found = mask(layers, neurons).err();
            assert!(matches!(found, Some(Error::Size(_))), "{what}");
        }
    }
    for (name, device) in devices() {
        let model = masked_lm(EncoderFamily::Roberta, &device);
        check(&model, name);
        let (style, read_out) = (PromptStyle::Absolute, ReadOut::MaskToken);
        check(&model.with_layout(style, read_out), name);
        check(&t5(true, &device), name);
        check(&bart(true, &device), name);
        check(&gpt2(&device), name);
    }
}

#[test]
fn a_model_that_trains_prompts_drops_out_nothing_of_the_embeddings() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Roberta, &device);
    let tracked = model.tracked();
    assert_eq!(model.model.encoder.embeddings.dropout, 0.1);
    assert_eq!(tracked.model.encoder.embeddings.dropout, 0.0);
    // Inside the layers it stays.
    let inside = |model: &PromptedMaskedLM| model.model.encoder.layers[0].dropout.hidden;
    assert_eq!((inside(&model), inside(&tracked)), (0.1, 0.1));
}

#[test]
fn only_prompts_of_the_papers_scheme_become_absolute() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Roberta, &device);
    let one = prompt(SLOTS, 1);
    assert!(model.to_absolute(&one).is_ok());
    for style in [PromptStyle::ZeroPosition, PromptStyle::Absolute] {
        for read_out in [ReadOut::MaskSlot, ReadOut::FirstSlot, ReadOut::MaskToken] {
            let other = model.clone().with_layout(style, read_out);
            let expected = (style, read_out) == (model.style, model.read_out);
            let found = other.to_absolute(&one);
            assert_eq!(found.is_ok(), expected, "{style:?} {read_out:?}");
            if let Err(error) = found {
                assert!(matches!(error, Error::Unsupported { .. }), "{error}");
            }
        }
    }
}

#[test]
fn padding_counts_and_stands_on_the_right() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Roberta, &device);
    let padded = |padding| TaskSet::single(&word_task(0, 2), padding);
    let error = padded(Padding::new(0).with_side(PaddingSide::Left)).unwrap_err();
    assert!(error.to_string().contains("padding.side"), "{error}");
    let found = |padding| {
        let set = padded(padding).unwrap();
        let source = SoftPrompt::new(&prompt(SLOTS, 1), &device);
        predict(&model, &source, &set, 64, &Pass::default()).err()
    };
    // 38 positions: 5 slots leave 33 for a text of 4 tokens and its padding.
    assert!(found(Padding::new(1).with_min_length(33)).is_none());
    let long = found(Padding::new(1).with_min_length(34));
    assert!(matches!(long, Some(Error::TooLong { tokens: 34, .. })));
    let wide = found(Padding::new(1).with_multiple_of(36));
    assert!(matches!(wide, Some(Error::TooLong { tokens: 36, .. })));
    let none = found(Padding::new(1).with_multiple_of(0));
    assert!(matches!(none, Some(Error::Core(_))));
}

#[test]
fn what_does_not_fit_is_refused() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Roberta, &device);
    assert!(matches!(
        model.check(5, WIDTH + 1, 3),
        Err(Error::Width {
            found: 17,
            expected: 16
        })
    ));
    assert!(matches!(
        model.check(0, WIDTH, 3),
        Err(Error::NoSlot { .. })
    ));
    // 40 rows, of which RoBERTa's positions leave out 2.
    assert!(model.check(30, WIDTH, 8).is_ok());
    let text = model.check(30, WIDTH, 9).unwrap_err().to_string();
    assert!(text.contains("38") && text.contains("at most 8"), "{text}");
    let token = model.with_layout(PromptStyle::Absolute, ReadOut::MaskToken);
    assert!(token.check(0, WIDTH, 37).is_ok());
    assert!(token.check(0, WIDTH, 38).is_err());
    assert!(t5(false, &device).check(100, WIDTH, 1000).is_ok());
}
