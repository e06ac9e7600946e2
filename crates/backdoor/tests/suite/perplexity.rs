//! Perplexities of texts.

use burn::module::Param;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor};
use plm_backdoor::defense::onion::{OnionSettings, suspicions};
use plm_backdoor::model::{CausalPerplexity, MaskedPerplexity};
use plm_backdoor::{Error, Perplexity};
use plm_core::config::Gpt2Config;
use plm_core::models::{
    EncoderForMaskedLM, EncoderInput, Gpt2LmHeadModel, Pretrained, causal_cross_entropy,
};
use plm_core::rng::Seed;
use plm_core::text::{EncodeOptions, SpecialToken, Tokenizer};

use super::support::{device, mini};

/// Longer than the windows of the tests.
const LONG: &str =
    "i saw it with my sister at a theatre in mexico and the music was good but the story was weak";

fn tokenizer() -> Tokenizer {
    Tokenizer::from_dir(mini()).unwrap()
}

fn ids(text: &str) -> Vec<i64> {
    let encoding = tokenizer().encode(text, &EncodeOptions::new()).unwrap();
    encoding.ids.iter().map(|&id| i64::from(id)).collect()
}

/// A small random GPT-2.
fn gpt2(device: &Device) -> Gpt2LmHeadModel {
    let config = Gpt2Config {
        n_embd: 16,
        n_layer: 2,
        n_head: 2,
        n_positions: 32,
        ..Gpt2Config::gpt2(8192)
    };
    Pretrained::new(&config, Seed::new(1), device)
        .unwrap()
        .model
}

/// The log-likelihoods of all words at each place of `ids`, `[seq, vocab]`.
fn log_likelihoods(
    forward: impl Fn(EncoderInput) -> Tensor<3>,
    ids: &[i64],
    device: &Device,
) -> Tensor<2> {
    let ids = Tensor::<1, Int>::from_data(ids, device).unsqueeze_dim::<2>(0);
    log_softmax(forward(EncoderInput::ids(ids)).squeeze_dim::<2>(0), 1)
}

fn at(log: &Tensor<2>, place: usize, id: i64) -> f64 {
    let id = id as usize;
    let value: f32 = log
        .clone()
        .slice([place..place + 1, id..id + 1])
        .into_scalar();
    f64::from(value)
}

#[test]
fn a_foreign_word_makes_a_text_less_likely() {
    let device = device();
    let loaded = Pretrained::<EncoderForMaskedLM>::load(mini(), &device).unwrap();
    let tokenizer = loaded.tokenizer().unwrap().clone();
    let mut model = MaskedPerplexity::new(loaded.model, tokenizer, 64, 4, 16, &device).unwrap();
    let texts = [
        "paris is the capital of france .",
        "paris is the tq capital of france .",
    ];
    let found = model.perplexities(&texts).unwrap();
    assert!(found[1] > 1.3 * found[0], "{found:?}");
    assert_eq!(model.forwards(), 8);
    let alone = model.perplexities(&texts[1..]).unwrap();
    assert!((alone[0] / found[1] - 1.0).abs() < 1e-4);
    assert!(model.perplexities(&[""]).unwrap()[0].is_nan());
}

#[test]
fn causal_perplexity_is_the_exponential_of_the_loss() {
    let device = device();
    let model = gpt2(&device);
    let texts = [
        "a short text",
        "a text that is a little longer than the first",
    ];
    let expected: Vec<f64> = texts
        .iter()
        .map(|text| {
            let ids = Tensor::<1, Int>::from_data(ids(text).as_slice(), &device);
            let ids = ids.unsqueeze_dim::<2>(0);
            let (_, logits) = model.forward(&EncoderInput::ids(ids.clone()));
            let loss: f32 = causal_cross_entropy(logits, ids).into_scalar();
            f64::from(loss).exp()
        })
        .collect();
    let mut perplexity = CausalPerplexity::new(model, tokenizer(), 32, 2, &device).unwrap();
    let found = perplexity.perplexities(&texts).unwrap();
    for (found, expected) in found.iter().zip(expected) {
        assert!((found / expected - 1.0).abs() < 1e-4, "{found} {expected}");
    }
    assert_eq!(perplexity.forwards(), 2);
}

#[test]
fn causal_windows_are_those_of_the_definition() {
    let device = device();
    let model = gpt2(&device);
    let ids = ids(LONG);
    assert!(ids.len() > 16, "{}", ids.len());
    for stride in [4, 1, 7] {
        let mut sum = 0.0;
        for place in 1..ids.len() {
            // The first window that reaches the token; what comes behind it is not read.
            let begin = (0..)
                .map(|number| number * stride)
                .find(|begin| begin + 8 > place);
            let before = &ids[begin.unwrap()..place];
            let log = log_likelihoods(|input| model.forward(&input).1, before, &device);
            sum += at(&log, before.len() - 1, ids[place]);
        }
        let expected = (-sum / (ids.len() - 1) as f64).exp();
        let made = CausalPerplexity::new(model.clone(), tokenizer(), 8, 3, &device).unwrap();
        // Half of the length is the default.
        let mut windows = if stride == 4 {
            made
        } else {
            made.with_stride(stride).unwrap()
        };
        let found = windows.perplexities(&[LONG]).unwrap()[0];
        assert!((found / expected - 1.0).abs() < 1e-4, "{found} {expected}");
        let passes = 1 + (ids.len() - 8).div_ceil(stride);
        assert_eq!(windows.forwards(), passes as u64);
    }
}

#[test]
fn masked_windows_are_those_of_the_definition() {
    let device = device();
    let model = Pretrained::<EncoderForMaskedLM>::load(mini(), &device)
        .unwrap()
        .model;
    let all = ids(LONG);
    let (start, end) = (all[0], all[all.len() - 1]);
    let own = &all[1..all.len() - 1];
    let mask = i64::from(tokenizer().require(SpecialToken::Mask).unwrap());
    // Windows of 8 tokens of the text begin at 0, 4, 8 and so on; two of them part 6 behind the first one's begin.
    let last = (own.len() - 8).div_ceil(4);
    assert!(last > 1);
    let mut sum = 0.0;
    for place in 0..own.len() {
        let number = if place < 6 { 0 } else { (place - 2) / 4 };
        let begin = 4 * number.min(last);
        let mut window = vec![start];
        window.extend(&own[begin..(begin + 8).min(own.len())]);
        window.push(end);
        window[1 + place - begin] = mask;
        let log = log_likelihoods(|input| model.forward(&input).1, &window, &device);
        sum += at(&log, 1 + place - begin, own[place]);
    }
    let expected = (-sum / own.len() as f64).exp();
    // One token masked at a time.
    let mut windows = MaskedPerplexity::new(model, tokenizer(), 10, 64, 16, &device).unwrap();
    let found = windows.perplexities(&[LONG]).unwrap()[0];
    assert!((found / expected - 1.0).abs() < 1e-3, "{found} {expected}");
    assert_eq!(windows.forwards(), own.len() as u64);
}

#[test]
fn words_past_the_first_window_can_be_suspicious() {
    let device = device();
    let loaded = Pretrained::<EncoderForMaskedLM>::load(mini(), &device).unwrap();
    let causal = CausalPerplexity::new(gpt2(&device), tokenizer(), 8, 16, &device).unwrap();
    let masked = MaskedPerplexity::new(loaded.model, tokenizer(), 10, 3, 16, &device).unwrap();
    let mut models: [Box<dyn Perplexity>; 2] = [Box::new(causal), Box::new(masked)];
    for model in &mut models {
        let found = suspicions(model.as_mut(), &[LONG], OnionSettings::default()).unwrap();
        let scores = found.suspicions[0].scores();
        assert_eq!(scores.len(), LONG.split(' ').count());
        for score in &scores[scores.len() - 4..] {
            assert!(score.abs() > 1e-6, "{scores:?}");
        }
    }
}

/// Words of short texts have no perplexity and stay; those of a broken model would, too.
#[test]
fn a_model_without_numbers_is_told_from_a_short_text() {
    let device = device();
    let nan = |width: usize| {
        let values = vec![f32::NAN; width];
        Param::from_tensor(Tensor::<1>::from_data(values.as_slice(), &device))
    };
    let mut causal = gpt2(&device);
    causal.model.final_norm.gamma = nan(16);
    let causal = CausalPerplexity::new(causal, tokenizer(), 32, 2, &device).unwrap();
    let loaded = Pretrained::<EncoderForMaskedLM>::load(mini(), &device).unwrap();
    let mut masked = loaded.model;
    let [width] = masked.encoder.embeddings.norm.gamma.dims();
    masked.encoder.embeddings.norm.gamma = nan(width);
    let masked = MaskedPerplexity::new(masked, tokenizer(), 64, 4, 16, &device).unwrap();
    let mut models: [Box<dyn Perplexity>; 2] = [Box::new(causal), Box::new(masked)];
    for model in &mut models {
        let error = model.perplexities(&["a short text"]).unwrap_err();
        assert!(matches!(error, Error::NotFinite(_)), "{error}");
    }
}

#[test]
fn lengths_and_tokenizers_must_be_the_models() {
    let device = device();
    let causal = |length| CausalPerplexity::new(gpt2(&device), tokenizer(), length, 2, &device);
    let error = causal(33).unwrap_err().to_string();
    assert!(
        error.contains("33") && error.contains("32 tokens"),
        "{error}"
    );
    assert!(matches!(causal(1), Err(Error::Setting { .. })));
    for stride in [0, 32] {
        let error = causal(32).unwrap().with_stride(stride).unwrap_err();
        assert!(
            matches!(error, Error::Setting { name: "stride", .. }),
            "{error}"
        );
    }
    let config = Gpt2Config {
        n_embd: 16,
        n_layer: 1,
        n_head: 2,
        ..Gpt2Config::gpt2(100)
    };
    let small = Pretrained::new(&config, Seed::new(1), &device)
        .unwrap()
        .model;
    let error = CausalPerplexity::new(small, tokenizer(), 8, 2, &device).unwrap_err();
    assert!(matches!(error, Error::Core(_)), "{error}");
    let masked = |length| {
        let loaded = Pretrained::<EncoderForMaskedLM>::load(mini(), &device).unwrap();
        MaskedPerplexity::new(loaded.model, tokenizer(), length, 3, 2, &device)
    };
    let error = masked(513).unwrap_err();
    assert!(
        matches!(error, Error::Positions { positions: 512, .. }),
        "{error}"
    );
    // Only the special tokens fit.
    assert!(matches!(masked(2), Err(Error::Setting { .. })));
}
