//! Perplexities of texts.

use burn::tensor::{Int, Tensor};
use plm_backdoor::Perplexity;
use plm_backdoor::model::{CausalPerplexity, MaskedPerplexity};
use plm_core::config::Gpt2Config;
use plm_core::models::{
    EncoderForMaskedLM, EncoderInput, Gpt2LmHeadModel, Pretrained, causal_cross_entropy,
};
use plm_core::rng::Seed;
use plm_core::text::EncodeOptions;

use super::support::{device, mini};

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
    let tokenizer = plm_core::text::Tokenizer::from_dir(mini()).unwrap();
    let config = Gpt2Config {
        n_embd: 16,
        n_layer: 2,
        n_head: 2,
        n_positions: 32,
        ..Gpt2Config::gpt2(8192)
    };
    let model: Gpt2LmHeadModel = Pretrained::new(&config, Seed::new(1), &device).model;
    let texts = [
        "a short text",
        "a text that is a little longer than the first",
    ];
    let expected: Vec<f64> = texts
        .iter()
        .map(|text| {
            let encoding = tokenizer.encode(*text, &EncodeOptions::new()).unwrap();
            let ids: Vec<i64> = encoding.ids.iter().map(|&id| i64::from(id)).collect();
            let ids = Tensor::<1, Int>::from_data(ids.as_slice(), &device).unsqueeze_dim::<2>(0);
            let (_, logits) = model.forward(&EncoderInput::ids(ids.clone()));
            let loss: f32 = causal_cross_entropy(logits, ids).into_scalar();
            f64::from(loss).exp()
        })
        .collect();
    let mut perplexity = CausalPerplexity::new(model, tokenizer, 32, 2, &device).unwrap();
    let found = perplexity.perplexities(&texts).unwrap();
    for (found, expected) in found.iter().zip(expected) {
        assert!((found / expected - 1.0).abs() < 1e-4, "{found} {expected}");
    }
    assert_eq!(perplexity.forwards(), 2);
}
