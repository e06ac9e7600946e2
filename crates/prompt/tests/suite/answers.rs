//! Where T5 and BART answer, and what they refuse.

use burn::tensor::{Bool, Int, Tensor, TensorData};
use plm_core::check::SizeError;
use plm_core::generate::{Generation, GenerationConfig, generate};
use plm_core::models::{EncoderInput, Seq2SeqInput};
use plm_core::rng::Seed;
use plm_prompt::Error;
use plm_prompt::model::{Pass, PromptModel, PromptedSeq2Seq, Seq2SeqLM, TextModel};

use super::support::{
    SLOTS, WIDTH, assert_close, bart, devices, prompt, t5, tensor, texts, tolerance, values, words,
};

/// The scores of the words at each place of three equal targets.
fn by_place<M: Seq2SeqLM>(model: &PromptedSeq2Seq<M>, target: &[i64]) -> Vec<Vec<f64>> {
    let device = model.device();
    let shape = [3, target.len()];
    let targets = TensorData::new(target.repeat(3), shape);
    let targets = Tensor::<2, Int>::from_data(targets, &device);
    let slots = tensor(&prompt(SLOTS, 1), &device);
    let scores = model.target_scores(slots, &texts(0, 0, &device), targets, &Pass::default());
    let [_, vocabulary] = scores.dims();
    let scores = scores.reshape([3, target.len(), vocabulary]);
    (0..target.len())
        .map(|place| {
            let own = scores.clone().narrow(1, place, 1).squeeze_dim::<2>(1);
            values(own.select(1, words(&device)))
        })
        .collect()
}

/// The largest difference.
fn gap(a: &[f64], b: &[f64]) -> f64 {
    let gaps = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    gaps.fold(0.0, f64::max)
}

#[test]
fn bart_answers_behind_its_beginning_and_t5_at_once() {
    for (name, device) in devices() {
        let text = texts(0, 0, &device);
        let slots = tensor(&prompt(SLOTS, 1), &device);
        let (words, pass) = (words(&device), Pass::default());

        let bart = bart(false, &device);
        let found = values(bart.answer_scores(slots.clone(), &text, words.clone(), &pass));
        // A target as BART's tokenizer makes it: `<s>`, the word, its end.
        let places = by_place(&bart, &[0, 9, 2]);
        assert_close(&found, &places[1], tolerance(name), name);
        assert!(gap(&found, &places[0]) > 1e-2, "{name}");
        // Whatever the word is: it is not read yet.
        assert_close(&found, &by_place(&bart, &[0, 6])[1], tolerance(name), name);

        let t5 = t5(false, &device);
        let found = values(t5.answer_scores(slots, &text, words, &pass));
        assert_close(&found, &by_place(&t5, &[9, 1])[0], tolerance(name), name);
    }
}

#[test]
fn barts_neurons_are_looked_at_where_it_answers() {
    for (name, device) in devices() {
        let slots = tensor(&prompt(SLOTS, 1), &device);
        let here = bart(false, &device);
        let mut elsewhere = here.clone();
        elsewhere.answer_prefix.clear();
        let [found, other] = [&here, &elsewhere].map(|model| {
            let layers = model.stimulated_neurons(slots.clone());
            assert!(layers.iter().all(|layer| layer.dims() == [1, 32]), "{name}");
            values(Tensor::cat(layers, 1))
        });
        assert!(gap(&found, &other) > 1e-3, "{name}");
    }
}

#[test]
fn padding_that_is_not_hidden_is_read() {
    for (name, device) in devices() {
        let mut model = t5(false, &device);
        model.hide_padding = false;
        let run = |slots: Tensor<3>, more| {
            let text = texts(0, more, &device);
            values(model.answer_scores(slots, &text, words(&device), &Pass::default()))
        };
        let slots = tensor(&prompt(SLOTS, 1), &device);
        let (short, long) = (run(slots.clone(), 0), run(slots, 4));
        assert!(gap(&short, &long) > 1e-3, "{name}");
        // The plain model without a mask.
        let none = Tensor::<3>::zeros([1, 0, WIDTH], &device);
        let start = Tensor::<2, Int>::zeros([3, 1], &device);
        let input = Seq2SeqInput::ids(texts(0, 4, &device).ids, start);
        let (_, logits) = model.model.forward(&input);
        let plain = values(logits.select(2, words(&device)));
        assert_close(&run(none, 4), &plain, tolerance(name), name);
    }
}

/// What is written behind slots and words that are put together here.
fn check_text<M: Seq2SeqLM>(model: &PromptedSeq2Seq<M>, what: &str, bound: f64) {
    let device = model.device();
    let text = texts(0, 0, &device);
    let settings = GenerationConfig {
        max_new_tokens: Some(4),
        ..GenerationConfig::default()
    };
    let seed = Seed::new(1);
    let write = |number| {
        let slots = tensor(&prompt(SLOTS, number), &device);
        model.generate(slots, &text, &settings, seed).unwrap()
    };
    let found = write(1);
    let [batch, length] = text.ids.dims();
    let slots = tensor(&prompt(SLOTS, 1), &device).expand([batch, SLOTS, WIDTH]);
    let ids = text.ids.clone().reshape([batch * length]);
    let words = model.words().select(0, ids) * model.model.word_scale();
    let words = words.reshape([batch, length, WIDTH]);
    let shown = TensorData::new(vec![false; batch * SLOTS], [batch, SLOTS]);
    let shown = Tensor::<2, Bool>::from_data(shown, &device);
    let input = EncoderInput::embeds(Tensor::cat(vec![slots, words], 1))
        .with_padding(Tensor::cat(vec![shown, text.mask.clone()], 1));
    let expected = generate(&model.model, &input, &settings, seed).unwrap();
    assert_eq!(found.sequences(), expected.sequences(), "{what}");
    let scores = |written: &Generation| -> Vec<f64> {
        let best = written.best();
        best.map(|written| f64::from(written.score)).collect()
    };
    assert_close(&scores(&found), &scores(&expected), bound, what);
    // Another prompt writes with other scores.
    assert!(gap(&scores(&found), &scores(&write(2))) > 1e-4, "{what}");
}

#[test]
fn texts_are_those_written_behind_the_same_vectors() {
    for (name, device) in devices() {
        check_text(&t5(false, &device), &format!("{name} T5"), tolerance(name));
        for scaled in [false, true] {
            let what = format!("{name} BART {scaled}");
            check_text(&bart(scaled, &device), &what, tolerance(name));
        }
    }
}

#[test]
fn prompts_that_do_not_fit_write_nothing() {
    let (_, device) = devices().remove(0);
    let (t5, bart) = (t5(false, &device), bart(false, &device));
    let text = texts(0, 0, &device);
    let settings = GenerationConfig {
        max_new_tokens: Some(2),
        ..GenerationConfig::default()
    };
    let seed = Seed::new(1);
    let slots = |slots: usize, width: usize| Tensor::<3>::zeros([1, slots, width], &device);
    let good = t5.generate(slots(SLOTS, WIDTH), &text, &settings, seed);
    assert!(good.is_ok());
    let wide = t5.generate(slots(SLOTS, WIDTH + 1), &text, &settings, seed);
    assert!(matches!(
        wide.err(),
        Some(Error::Width {
            found: 17,
            expected: 16
        })
    ));
    // 40 positions, of which the texts take 7.
    assert!(
        bart.generate(slots(33, WIDTH), &text, &settings, seed)
            .is_ok()
    );
    let long = bart.generate(slots(34, WIDTH), &text, &settings, seed);
    assert!(matches!(
        long.err(),
        Some(Error::TooLong {
            slots: 34,
            tokens: 7,
            limit: 40
        })
    ));
    // One prompt for all three texts, or one for each.
    let prompts = |count| Tensor::<3>::zeros([count, SLOTS, WIDTH], &device);
    assert!(t5.generate(prompts(3), &text, &settings, seed).is_ok());
    let two = t5.generate(prompts(2), &text, &settings, seed);
    assert!(matches!(
        two.err(),
        Some(Error::Size(SizeError {
            found: 2,
            expected: 3,
            ..
        }))
    ));
}
