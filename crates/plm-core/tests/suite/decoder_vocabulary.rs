//! New words for T5, BART and GPT-2 with all their heads, written and read again.

use std::path::Path;

use burn::module::Param;
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::checkpoint::SaveOptions;
use plm_core::config::{BartConfig, Gpt2Config, T5Config};
use plm_core::models::{
    BartForConditionalGeneration, BartForQuestionAnswering, BartForSequenceClassification,
    BartModel, EncoderInput, Gpt2ForQuestionAnswering, Gpt2ForSequenceClassification,
    Gpt2ForTokenClassification, Gpt2LmHeadModel, Gpt2Model, Pretrained, PretrainedModel,
    Seq2SeqInput, T5EncoderModel, T5ForConditionalGeneration, T5ForQuestionAnswering,
    T5ForSequenceClassification, T5ForTokenClassification, T5Model, WordTable,
};
use plm_core::rng::Seed;
use plm_core::text::Tokenizer;

use super::fixture::{check_close, devices};
use super::tensors::values;

const WIDTH: usize = 16;

pub(super) fn tokenizer(name: &str) -> Tokenizer {
    let texts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/text");
    Tokenizer::from_dir(texts.join(name)).unwrap()
}

pub(super) fn t5(tie_word_embeddings: bool) -> T5Config {
    T5Config {
        d_model: WIDTH,
        d_kv: 6,
        d_ff: 20,
        num_layers: 1,
        num_decoder_layers: 1,
        num_heads: 2,
        tie_word_embeddings,
        scale_decoder_outputs: tie_word_embeddings,
        ..T5Config::t5(tokenizer("t5").vocabulary_size())
    }
}

pub(super) fn bart(tie_word_embeddings: bool) -> BartConfig {
    BartConfig {
        max_position_embeddings: 16,
        d_model: WIDTH,
        encoder_layers: 1,
        encoder_attention_heads: 2,
        encoder_ffn_dim: 20,
        decoder_layers: 1,
        decoder_attention_heads: 2,
        decoder_ffn_dim: 20,
        init_std: 0.3,
        tie_word_embeddings,
        ..BartConfig::bart(tokenizer("roberta").vocabulary_size())
    }
}

pub(super) fn gpt2(tie_word_embeddings: bool) -> Gpt2Config {
    Gpt2Config {
        n_positions: 16,
        n_embd: WIDTH,
        n_layer: 1,
        n_head: 2,
        n_inner: 20,
        initializer_range: 0.3,
        tie_word_embeddings,
        ..Gpt2Config::gpt2(tokenizer("gpt2").vocabulary_size())
    }
}

/// One example with `word` in it, which ends with the end of sequence `end`.
pub(super) fn ids(word: usize, end: i64, device: &Device) -> Tensor<2, Int> {
    let ids = vec![7, 9, word as i64, 8, end];
    Tensor::from_data(TensorData::new(ids, [1, 5]), device)
}

pub(super) fn both(word: usize, end: i64, device: &Device) -> Seq2SeqInput {
    Seq2SeqInput::ids(ids(word, end, device), ids(word, end, device))
}

/// A new model with two words more; the outputs for known words stay as they were, a copied word acts
/// as the one it was copied from, and a directory holds all of it. `run` gives outputs for an input
/// with the word of the given id, without word scores.
fn grow<M: PretrainedModel + WordTable>(
    config: &M::Config,
    text: &str,
    run: impl Fn(&M, usize, &Device) -> Vec<f32>,
) {
    for (name, device) in devices() {
        let mut model = Pretrained::<M>::new(config, Seed::new(1), &device).unwrap();
        model.tokenizer = Some(tokenizer(text));
        let old = M::vocab_size(config);
        let before = run(&model.model, 10, &device);
        let table = model.model.words();
        let mut twin = model.clone();
        let add = |model: &mut Pretrained<M>, seed| {
            let words = ["zyzzyva", "zzz", "zyzzyva"];
            model.add_tokens(&words, false, Seed::new(seed)).unwrap()
        };
        let added = add(&mut model, 2);
        assert_eq!(added, [old as u32, old as u32 + 1, old as u32]);
        let grown = model.model.words();
        assert_eq!(grown.dims(), [old + 2, WIDTH], "{name}");
        assert_eq!(M::vocab_size(&model.settings().unwrap()), old + 2);
        assert_eq!(values(grown.clone().narrow(0, 0, old)), values(table));
        let new = values(grown.narrow(0, old, 2));
        assert!(new.iter().all(|&x| x != 0.0), "drawn rows");
        add(&mut twin, 3);
        assert_ne!(new, values(twin.model.words().narrow(0, old, 2)));
        assert_eq!(run(&model.model, 10, &device), before, "{name}");

        let known = model.tokenizer().unwrap().id_to_token(10).unwrap();
        assert_ne!(run(&model.model, old, &device), before, "{name}");
        model.copy_token(&known, "zyzzyva").unwrap();
        assert_eq!(run(&model.model, old, &device), before, "{name}");
        assert!(model.copy_token("no such word", "zyzzyva").is_err());

        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("grown");
        model.save(&target, &SaveOptions::new()).unwrap();
        let again = Pretrained::<M>::load(&target, &device).unwrap();
        assert_eq!(again.tokenizer().unwrap().vocabulary_size(), old + 2);
        assert_eq!(values(again.model.words()), values(model.model.words()));
        for word in [10, old, old + 1] {
            let expected = run(&model.model, word, &device);
            assert_eq!(run(&again.model, word, &device), expected, "{name}");
        }
    }
}

/// Scores of a language model's words: the old ones stay, the new ones are those of the drawn rows,
/// and all are the same after writing and reading. `scores` maps decoder states to word scores.
fn grow_scores<M: PretrainedModel + WordTable>(
    config: &M::Config,
    text: &str,
    factor: f64,
    prepare: impl Fn(M) -> M,
    scores: impl Fn(&M, Tensor<2>) -> Tensor<2>,
) {
    for (name, device) in devices() {
        let mut model = Pretrained::<M>::new(config, Seed::new(1), &device).unwrap();
        model.model = prepare(model.model);
        model.tokenizer = Some(tokenizer(text));
        let old = M::vocab_size(config);
        let hidden: Vec<f32> = (0..2 * WIDTH).map(|at| (at as f32 * 0.7).sin()).collect();
        let hidden = Tensor::<2>::from_data(TensorData::new(hidden, [2, WIDTH]), &device);
        let before = scores(&model.model, hidden.clone());
        let words = ["zyzzyva", "zzz"];
        model.add_tokens(&words, false, Seed::new(2)).unwrap();
        let after = scores(&model.model, hidden.clone());
        assert_eq!(after.dims(), [2, old + 2]);
        let kept = values(after.clone().narrow(1, 0, old));
        check_close(&kept, &values(before), name, "known words");
        let rows = model.model.words().narrow(0, old, 2);
        let expected = hidden.clone().matmul(rows.transpose()) * factor;
        let new = values(after.narrow(1, old, 2));
        check_close(&new, &values(expected), name, "new words");

        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("grown");
        model.copy_token("zzz", "zyzzyva").unwrap();
        model.save(&target, &SaveOptions::new()).unwrap();
        let again = Pretrained::<M>::load(&target, &device).unwrap();
        let expected = values(scores(&model.model, hidden.clone()));
        assert_eq!(values(scores(&again.model, hidden)), expected, "{name}");
    }
}

#[test]
fn t5_words() {
    let config = t5(true);
    let end = config.eos_token_id as i64;
    let name = "t5";
    grow::<T5Model>(&config, name, |model, word, device| {
        let output = model.forward(&both(word, end, device));
        values(output.decoder.last_hidden_state)
    });
    grow::<T5EncoderModel>(&config, name, |model, word, device| {
        let input = EncoderInput::ids(ids(word, end, device));
        values(model.forward(&input).last_hidden_state)
    });
    grow::<T5ForSequenceClassification>(&config, name, |model, word, device| {
        values(model.forward(&both(word, end, device)).unwrap().1)
    });
    grow::<T5ForQuestionAnswering>(&config, name, |model, word, device| {
        values(model.forward(&both(word, end, device)).1)
    });
    grow::<T5ForTokenClassification>(&config, name, |model, word, device| {
        values(model.forward(&EncoderInput::ids(ids(word, end, device))).1)
    });
    for tied in [true, false] {
        let config = t5(tied);
        grow::<T5ForConditionalGeneration>(&config, name, |model, word, device| {
            let (output, _) = model.forward(&both(word, end, device));
            values(output.decoder.last_hidden_state)
        });
        let factor = if tied { (WIDTH as f64).powf(-0.5) } else { 1.0 };
        let keep = |model: T5ForConditionalGeneration| model;
        grow_scores(&config, name, factor, keep, |model, hidden| {
            model.scores(hidden, None)
        });
    }
}

#[test]
fn bart_words() {
    let config = bart(true);
    let end = config.eos_token_id as i64;
    let name = "roberta";
    grow::<BartModel>(&config, name, |model, word, device| {
        let output = model.forward(&both(word, end, device));
        values(output.decoder.last_hidden_state)
    });
    grow::<BartForSequenceClassification>(&config, name, |model, word, device| {
        values(model.forward(&both(word, end, device)).unwrap().1)
    });
    grow::<BartForQuestionAnswering>(&config, name, |model, word, device| {
        values(model.forward(&both(word, end, device)).1)
    });
    for tied in [true, false] {
        let config = bart(tied);
        grow::<BartForConditionalGeneration>(&config, name, |model, word, device| {
            let (output, _) = model.forward(&both(word, end, device));
            values(output.decoder.last_hidden_state)
        });
        // The final bias is all ones, so that the zeros of new words show.
        let biased = |mut model: BartForConditionalGeneration| {
            model.final_logits_bias = model.final_logits_bias.map(|bias| {
                let ones = bias.val().ones_like();
                Param::from_tensor(ones).set_require_grad(false)
            });
            model
        };
        grow_scores(&config, name, 1.0, biased, |model, hidden| {
            model.scores(hidden, None)
        });
    }
}

#[test]
fn gpt2_words() {
    let config = gpt2(true);
    let name = "gpt2";
    let input = |word, device: &Device| EncoderInput::ids(ids(word, 5, device));
    grow::<Gpt2Model>(&config, name, |model, word, device| {
        values(model.forward(&input(word, device)).last_hidden_state)
    });
    grow::<Gpt2ForSequenceClassification>(&config, name, |model, word, device| {
        values(model.forward(&input(word, device)).unwrap().1)
    });
    grow::<Gpt2ForTokenClassification>(&config, name, |model, word, device| {
        values(model.forward(&input(word, device)).1)
    });
    grow::<Gpt2ForQuestionAnswering>(&config, name, |model, word, device| {
        values(model.forward(&input(word, device)).1)
    });
    for tied in [true, false] {
        let config = gpt2(tied);
        grow::<Gpt2LmHeadModel>(&config, name, |model, word, device| {
            values(model.forward(&input(word, device)).0.last_hidden_state)
        });
        let keep = |model: Gpt2LmHeadModel| model;
        grow_scores(&config, name, 1.0, keep, |model, hidden| {
            model.scores(hidden, None)
        });
    }
}
