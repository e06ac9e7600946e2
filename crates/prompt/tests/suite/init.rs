//! How prompts begin.

use plm_core::check::SizeError;
use plm_core::rng::Seed;
use plm_prompt::model::PromptModel;
use plm_prompt::{Error, PromptInit};

use super::support::{devices, mini, values};

/// The standard deviation of a prompt's numbers around 0.
fn deviation(prompt: &plm_prompt::PromptMatrix) -> f64 {
    let squares = prompt.values().iter();
    let squares = squares.map(|&value| f64::from(value).powi(2));
    (squares.sum::<f64>() / prompt.values().len() as f64).sqrt()
}

#[test]
fn initializations_hold_what_they_say() {
    for (name, device) in devices() {
        let (model, tokenizer) = mini(&device);
        let words = model.words();
        let row = |id: u32| values(words.clone().narrow(0, id as usize, 1));
        let from = |unread: usize, init: PromptInit| {
            init.prompt(6, unread, &words, &tokenizer, Seed::new(5))
        };
        let make = |init: PromptInit| from(0, init).unwrap();
        let own = |matrix: &plm_prompt::PromptMatrix, index: usize| -> Vec<f64> {
            matrix
                .row(index)
                .iter()
                .map(|&value| f64::from(value))
                .collect()
        };
        let id = |word: &str| tokenizer.token_to_id(word).unwrap();

        let text = make(PromptInit::Text("the film".to_owned()));
        for (index, word) in ["the", "film", "the", "film", "the", "film"]
            .iter()
            .enumerate()
        {
            assert_eq!(own(&text, index), row(id(word)), "{name}");
        }
        // What is asked for begins at the first slot that is read.
        assert_eq!(model.unread_slots(), 1, "{name}");
        let text = from(1, PromptInit::Text("the film".to_owned())).unwrap();
        for (index, word) in ["the", "the", "film", "the", "film", "the"]
            .iter()
            .enumerate()
        {
            assert_eq!(own(&text, index), row(id(word)), "{name}");
        }
        let named = || PromptInit::ClassLabels(vec![id("good"), id("bad")]);
        let labels = from(1, named()).unwrap();
        assert_eq!(labels.rows(), 6, "{name}");
        assert_eq!(own(&labels, 1), row(id("good")), "{name}");
        assert_eq!(own(&labels, 2), row(id("bad")), "{name}");
        assert_eq!(from(4, named()).unwrap().rows(), 6, "{name}");
        for unread in [5, 6] {
            let error = from(unread, named()).unwrap_err();
            assert!(
                matches!(error, Error::Size(SizeError { expected: 2, .. })),
                "{error}"
            );
        }
        let labels = make(PromptInit::ClassLabels(vec![id("good"), id("bad")]));
        assert_eq!(own(&labels, 0), row(id("good")), "{name}");
        assert_eq!(own(&labels, 1), row(id("bad")), "{name}");
        let sample = make(PromptInit::VocabularySample { first: Some(200) });
        for index in 0..6 {
            let known = (5..200).any(|id| row(id) == own(&sample, index));
            assert!(known, "{name}");
        }
        assert_eq!(
            sample,
            make(PromptInit::VocabularySample { first: Some(200) })
        );
        // 6 slots of 256 numbers: their deviation is known within 2 %.
        let normal = make(PromptInit::Normal(0.02));
        let found = deviation(&normal);
        assert!((found - 0.02).abs() < 0.002, "{name}: {found}");
        let uniform = make(PromptInit::Uniform(0.5));
        let found = deviation(&uniform);
        assert!(
            (found * 12.0_f64.sqrt() - 1.0).abs() < 0.1,
            "{name}: {found}"
        );
        let values = uniform.values().iter();
        let (low, high) = values.fold((0.0_f32, 0.0_f32), |(low, high), &value| {
            (low.min(value), high.max(value))
        });
        assert!((-0.5..-0.45).contains(&low), "{name}: {low}");
        assert!((0.45..=0.5).contains(&high), "{name}: {high}");
        let bad = |init: PromptInit| from(0, init).is_err();
        assert!(bad(PromptInit::Normal(f64::NAN)));
        assert!(bad(PromptInit::Text(String::new())));
        assert!(bad(PromptInit::VocabularySample { first: Some(3) }));
        let error = from(0, PromptInit::ClassLabels(vec![999_999])).unwrap_err();
        let named = matches!(error, Error::UnknownToken { id: 999_999, .. });
        assert!(named, "{error}");
    }
}
