//! Texts changed by a masked language model.

use plm_core::config::EncoderConfig;
use plm_core::models::{EncoderForMaskedLM, Pretrained};
use plm_core::rng::Seed;
use plm_core::text::EncodeOptions;
use plm_distill::augment::{AugmentSettings, Augmenter, write_json_lines};
use plm_distill::{Corpus, Error, Example};

use super::support::{config, device, mini};

#[test]
fn words_are_replaced_by_likely_ones() {
    let device = device();
    let loaded = Pretrained::<EncoderForMaskedLM>::load(mini(), &device).unwrap();
    let tokenizer = loaded.tokenizer().unwrap();
    let settings = AugmentSettings {
        variants: 6,
        candidates: 5,
        ..AugmentSettings::default()
    };
    let augmenter = Augmenter::new(&loaded.model, tokenizer, settings, &device).unwrap();
    let source = Example::new("The dog sleeps in the house, quietly.")
        .with_name("one")
        .with_pair("It is red.")
        .with_label("x");
    let variants = augmenter.augment(&source).unwrap();
    assert_eq!(
        variants,
        augmenter.augment(&source).unwrap(),
        "the same seed"
    );
    assert_eq!(variants.len(), 6);
    let mut changed = 0;
    for (number, variant) in variants.iter().enumerate() {
        let example = &variant.example;
        assert_eq!(variant.source, "one");
        assert_eq!(example.name, format!("one#{number}"));
        assert_eq!(example.label.as_deref(), Some("x"));
        // Marks and the number of words stay.
        assert!(
            example.text.ends_with('.') && example.text.contains(','),
            "{}",
            example.text
        );
        assert_eq!(example.text.split(' ').count(), 7);
        assert_eq!(example.pair.as_ref().unwrap().split(' ').count(), 3);
        changed += usize::from(example.text != source.text);
    }
    assert!(changed > 3, "{changed}");

    // Files say what a text was made from, and read as any others.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("augmented.jsonl");
    write_json_lines(&path, &variants).unwrap();
    let written = std::fs::read_to_string(&path).unwrap();
    let named = |line: &str| line.contains(r#""aug_of":"one""#);
    assert!(
        written.lines().count() == 6 && written.lines().all(named),
        "{written}"
    );
    let read = Corpus::open(&path).unwrap();
    for (variant, example) in variants.iter().zip(read.examples()) {
        assert_eq!(variant.example, *example);
    }

    let always = AugmentSettings {
        probability: 1.0,
        variants: 1,
        ..settings
    };
    let augmenter = Augmenter::new(&loaded.model, tokenizer, always, &device).unwrap();
    let variant = &augmenter.augment(&Example::new("in the house")).unwrap()[0].example;
    for (old, new) in ["in", "the", "house"].iter().zip(variant.text.split(' ')) {
        assert_ne!(*old, new, "every word gives way to another one");
    }
    let never = AugmentSettings {
        probability: 0.0,
        ..always
    };
    let augmenter = Augmenter::new(&loaded.model, tokenizer, never, &device).unwrap();
    assert_eq!(
        augmenter.augment(&source).unwrap()[0].example.text,
        source.text
    );
    for bad in [
        AugmentSettings {
            probability: 1.5,
            ..settings
        },
        AugmentSettings {
            candidates: 0,
            ..settings
        },
        AugmentSettings {
            batch: 0,
            ..settings
        },
        // The model has 512 positions.
        AugmentSettings {
            max_length: 513,
            ..settings
        },
    ] {
        assert!(Augmenter::new(&loaded.model, tokenizer, bad, &device).is_err());
    }
}

#[test]
fn a_word_at_the_cut_stays_whole() {
    let device = device();
    let loaded = Pretrained::<EncoderForMaskedLM>::load(mini(), &device).unwrap();
    let tokenizer = loaded.tokenizer().unwrap();
    let text = "the antidisestablishment";
    // `[CLS]`, `the` and the first piece of the other word are kept, and `[SEP]`.
    let settings = AugmentSettings {
        variants: 1,
        probability: 1.0,
        max_length: 4,
        ..AugmentSettings::default()
    };
    let uncut = tokenizer.encode(text, &EncodeOptions::new()).unwrap();
    assert!(uncut.len() > 4, "{uncut:?}");
    let augmenter = Augmenter::new(&loaded.model, tokenizer, settings, &device).unwrap();
    let variants = augmenter.augment(&Example::new(text)).unwrap();
    let (first, second) = variants[0].example.text.split_once(' ').unwrap();
    assert_ne!(first, "the");
    assert_eq!(second, "antidisestablishment");
}

#[test]
fn a_tokenizer_of_other_words_is_refused() {
    let device = device();
    let loaded = Pretrained::<EncoderForMaskedLM>::load(mini(), &device).unwrap();
    let tokenizer = loaded.tokenizer().unwrap();
    let few_words = EncoderConfig {
        vocab_size: 100,
        ..config(1, 2)
    };
    let small = Pretrained::<EncoderForMaskedLM>::new(&few_words, Seed::new(1), &device)
        .unwrap()
        .model;
    let settings = AugmentSettings {
        max_length: 32,
        ..AugmentSettings::default()
    };
    let error = Augmenter::new(&small, tokenizer, settings, &device).unwrap_err();
    assert!(matches!(error, Error::Core(_)), "{error}");
}
