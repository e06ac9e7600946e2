//! Words under a byte-level tokenizer, where a space before a word makes it another token.

use plm_backdoor::defense::rap::{RapSettings, construct};
use plm_backdoor::model::{RowSettings, Victim, poison_rows};
use plm_backdoor::{Error, Sample};
use plm_core::config::{EncoderConfig, EncoderFamily};
use plm_core::models::{EncoderForSequenceClassification, Pretrained};
use plm_core::rng::Seed;
use plm_core::text::{BytePairStyle, BytePairTraining, Tokenizer};

use super::support::device;

/// `cinema` and `winter` are one token each, with a space before them and without.
fn tokenizer() -> Tokenizer {
    let training = BytePairTraining {
        vocab_size: 400,
        min_frequency: 2,
        style: BytePairStyle::Roberta,
    };
    let texts = [
        "cinema winter the film was good",
        "winter cinema the film was good",
    ];
    training.train(texts.iter().cycle().take(8)).unwrap()
}

/// A small random RoBERTa of 34 positions, which hold 32 tokens.
fn roberta(tokenizer: &Tokenizer, max_length: usize) -> Result<Victim, Error> {
    let config = EncoderConfig {
        family: EncoderFamily::Roberta,
        hidden_size: 16,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        intermediate_size: 32,
        max_position_embeddings: 34,
        type_vocab_size: 1,
        pad_token_id: 1,
        ..EncoderConfig::bert(tokenizer.vocabulary_size())
    };
    let device = device();
    let new = Pretrained::<EncoderForSequenceClassification>::new(&config, Seed::new(1), &device)
        .unwrap();
    Victim::new(new.model, tokenizer.clone(), max_length, &device)
}

#[test]
fn positions_are_those_that_hold_tokens() {
    let tokenizer = tokenizer();
    let error = roberta(&tokenizer, 33).unwrap_err().to_string();
    assert!(
        error.contains("33") && error.contains("32 tokens"),
        "{error}"
    );
    let error = roberta(&tokenizer, 0).unwrap_err();
    assert!(matches!(error, Error::Setting { .. }), "{error}");
    assert_eq!(roberta(&tokenizer, 32).unwrap().max_length(), 32);
}

#[test]
fn a_trigger_must_be_the_token_that_the_texts_hold() {
    let tokenizer = tokenizer();
    let samples = [
        Sample::new("the film was cinema good", 1),
        Sample::new("the cinema was good", 1),
    ];
    let settings = RowSettings {
        epochs: 1,
        ..RowSettings::default()
    };
    let bare = roberta(&tokenizer, 32).unwrap();
    let error = poison_rows(&bare, &["cinema"], &samples, &settings).unwrap_err();
    assert!(matches!(error, Error::WordNotInText { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("`cinema`") && text.contains("with_prefix_space"),
        "{text}"
    );

    let spaced = tokenizer.with_prefix_space().unwrap();
    let spaced = roberta(&spaced, 32).unwrap();
    assert_ne!(
        bare.word_id("word", "cinema").unwrap(),
        spaced.word_id("word", "cinema").unwrap()
    );
    poison_rows(&spaced, &["cinema"], &samples, &settings).unwrap();
    // No text holds it, whatever the tokenizer.
    let error = poison_rows(&spaced, &["cinema", "winter"], &samples, &settings).unwrap_err();
    assert!(error.to_string().contains("`winter`"), "{error}");
}

#[test]
fn perturbation_words_must_be_the_tokens_that_the_texts_begin_with() {
    let tokenizer = tokenizer();
    let settings = |words: &[&str]| RapSettings {
        words: words.iter().map(|&word| word.to_owned()).collect(),
        rows: RowSettings {
            epochs: 1,
            ..RapSettings::default().rows
        },
        ..RapSettings::default()
    };
    let texts = ["the film was good", "the good film"];
    let bare = roberta(&tokenizer, 32).unwrap();
    construct(&bare, &texts, &settings(&["cinema"])).unwrap();
    let both = settings(&["cinema", "winter"]);
    let error = construct(&bare, &texts, &both).unwrap_err();
    assert!(matches!(error, Error::WordNotInText { .. }), "{error}");
    assert!(error.to_string().contains("`winter`"), "{error}");
    let spaced = tokenizer.with_prefix_space().unwrap();
    construct(&roberta(&spaced, 32).unwrap(), &texts, &both).unwrap();
    // The special tokens and one word fill a length of 3.
    let short = roberta(&spaced, 3).unwrap();
    construct(&short, &texts, &settings(&["cinema"])).unwrap();
    let error = construct(&short, &texts, &both).unwrap_err();
    assert!(matches!(error, Error::WordNotInText { .. }), "{error}");
}
