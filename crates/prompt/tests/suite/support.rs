//! What the suites share: small models, texts and prompts.

use burn::tensor::{Device, Int, Tensor};
use plm_core::config::{BartConfig, EncoderConfig, EncoderFamily, Gpt2Config, T5Config};
use plm_core::models::{
    BartForConditionalGeneration, EncoderForMaskedLM, Gpt2LmHeadModel, Pretrained,
    T5ForConditionalGeneration,
};
use plm_core::nn::init::normal;
use plm_core::rng::Seed;
use plm_core::text::{Batch, Encoding, Padding, Tokenizer, TruncationReport, collate};
use plm_core::train::{Every, Until};
use plm_prompt::model::{
    PromptModel, PromptStyle, PromptedBart, PromptedGpt2, PromptedMaskedLM, PromptedSeq2Seq,
    PromptedT5, ReadOut,
};
use plm_prompt::tune::{Family, TuneSettings};
use plm_prompt::{
    Choice, EncodedExample, EncodedTask, Example, PromptMatrix, Task, TaskEncoder, TaskSet,
    TextForm, Verbalizer,
};

pub(crate) const WIDTH: usize = 16;
pub(crate) const SLOTS: usize = 5;
const NEURONS: usize = 32;
const LAYERS: usize = 2;
const VOCABULARY: usize = 24;

/// Every compiled device under its name.
pub(crate) fn devices() -> Vec<(&'static str, Device)> {
    plm_core::device::available()
        .into_iter()
        .map(|name| (name, plm_core::device::parse(name).unwrap()))
        .collect()
}

/// How far results may differ on a device, relative to the largest.
pub(crate) fn tolerance(device: &str) -> f64 {
    match device {
        "flex" | "ndarray" => 1e-5,
        // GPUs may multiply in tf32.
        _ => 2e-3,
    }
}

/// A masked language model with position offset and padding rules of `family`.
pub(crate) fn masked_lm(family: EncoderFamily, device: &Device) -> PromptedMaskedLM {
    let config = EncoderConfig {
        family,
        hidden_size: WIDTH,
        num_hidden_layers: LAYERS,
        num_attention_heads: 4,
        intermediate_size: NEURONS,
        max_position_embeddings: 40,
        initializer_range: 0.3,
        hidden_dropout_prob: 0.1,
        attention_probs_dropout_prob: 0.1,
        pad_token_id: if family == EncoderFamily::Bert { 0 } else { 1 },
        ..EncoderConfig::bert(VOCABULARY)
    };
    let model = Pretrained::<EncoderForMaskedLM>::new(&config, Seed::new(1), device)
        .unwrap()
        .model;
    PromptedMaskedLM {
        model,
        style: PromptStyle::ZeroPosition,
        read_out: ReadOut::MaskSlot,
        mask_id: 4,
        first_id: 2,
    }
}

pub(crate) fn t5(gated: bool, device: &Device) -> PromptedT5 {
    let config = T5Config {
        d_model: WIDTH,
        d_kv: 4,
        d_ff: NEURONS,
        num_layers: LAYERS,
        num_decoder_layers: LAYERS,
        num_heads: 4,
        gated,
        ..T5Config::t5(VOCABULARY)
    };
    let model = Pretrained::<T5ForConditionalGeneration>::new(&config, Seed::new(2), device)
        .unwrap()
        .model;
    PromptedSeq2Seq::new(model, 23)
}

pub(crate) fn bart(scaled: bool, device: &Device) -> PromptedBart {
    let config = BartConfig {
        max_position_embeddings: 40,
        d_model: WIDTH,
        encoder_layers: LAYERS,
        encoder_attention_heads: 4,
        encoder_ffn_dim: NEURONS,
        decoder_layers: LAYERS,
        decoder_attention_heads: 4,
        decoder_ffn_dim: NEURONS,
        init_std: 0.3,
        scale_embedding: scaled,
        ..BartConfig::bart(VOCABULARY)
    };
    let model = Pretrained::<BartForConditionalGeneration>::new(&config, Seed::new(3), device)
        .unwrap()
        .model;
    PromptedSeq2Seq::new(model, 0)
}

pub(crate) fn gpt2(device: &Device) -> PromptedGpt2 {
    let config = Gpt2Config {
        n_positions: 40,
        n_embd: WIDTH,
        n_layer: LAYERS,
        n_head: 4,
        n_inner: NEURONS,
        initializer_range: 0.3,
        pad_token_id: Some(0),
        ..Gpt2Config::gpt2(VOCABULARY)
    };
    let model = Pretrained::<Gpt2LmHeadModel>::new(&config, Seed::new(4), device)
        .unwrap()
        .model;
    PromptedGpt2::new(model, 22)
}

/// A random prompt.
pub(crate) fn prompt(slots: usize, seed: u64) -> PromptMatrix {
    let values = normal(Seed::new(seed), "prompt", slots * WIDTH, 0.5);
    PromptMatrix::new(slots, WIDTH, values).unwrap()
}

/// A prompt as the models take it, `[1, slots, width]`.
pub(crate) fn tensor(prompt: &PromptMatrix, device: &Device) -> Tensor<3> {
    let data =
        burn::tensor::TensorData::new(prompt.values().to_vec(), [1, prompt.rows(), prompt.width()]);
    Tensor::from_data(data, device)
}

/// Three texts of different lengths, padded with `pad` and `more` columns of padding.
pub(crate) fn texts(pad: u32, more: usize, device: &Device) -> Batch {
    let rows: Vec<Encoding> = [7_usize, 4, 6]
        .iter()
        .enumerate()
        .map(|(row, &length)| Encoding {
            ids: (0..length as u32)
                .map(|place| 5 + (place * 7 + row as u32 * 3) % 17)
                .collect(),
            type_ids: vec![0; length],
            ..Encoding::default()
        })
        .collect();
    let padding = Padding::new(pad).with_min_length(7 + more);
    collate(&rows, &padding, device).unwrap()
}

/// Words of the vocabulary, `[words]`.
pub(crate) fn words(device: &Device) -> Tensor<1, Int> {
    Tensor::from_ints([6, 9, 17], device)
}

/// All values of a tensor.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f32>().map(f64::from).collect()
}

/// Asserts that two lists differ by at most `bound` relative to the largest value.
#[track_caller]
pub(crate) fn assert_close(found: &[f64], expected: &[f64], bound: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected
        .iter()
        .fold(1e-3_f64, |max, value| max.max(value.abs()));
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= bound * scale,
            "{what}, place {place}: {found} against {expected}"
        );
    }
}

/// The embedded model.
pub(crate) fn mini(device: &Device) -> (PromptedMaskedLM, Tokenizer) {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/plm-mini");
    let loaded = Pretrained::<EncoderForMaskedLM>::load(dir, device).unwrap();
    let tokenizer = loaded.tokenizer.unwrap();
    let model = PromptedMaskedLM::new(loaded.model, &tokenizer).unwrap();
    (model, tokenizer)
}

/// A task of few words: whether somebody likes something.
pub(crate) fn opinions() -> Task {
    let example = |text: &str, label| Example {
        text: text.to_owned(),
        pair: None,
        label,
    };
    let texts = |words: &[&str], label| -> Vec<Example> {
        words
            .iter()
            .flat_map(|word| {
                [
                    example(&format!("the film was {word} ."), label),
                    example(&format!("i think it is {word} ."), label),
                ]
            })
            .collect()
    };
    let mut train = texts(&["great", "wonderful", "excellent", "funny"], 1);
    train.extend(texts(&["terrible", "awful", "boring", "stupid"], 0));
    let mut test = texts(&["brilliant", "perfect", "beautiful"], 1);
    test.extend(texts(&["horrible", "bad", "dull"], 0));
    Task {
        name: "opinions".to_owned(),
        kind: "sentiment".to_owned(),
        label_words: vec!["bad".to_owned(), "good".to_owned()],
        dev: test.clone(),
        train,
        test,
    }
}

/// The training and test examples of [`opinions`].
pub(crate) fn opinion_sets(tokenizer: &Tokenizer) -> (TaskSet, TaskSet) {
    let encoder = TaskEncoder::new(tokenizer, TextForm::Masked);
    let set = |task: EncodedTask| TaskSet::single(&task, Padding::of(tokenizer).unwrap()).unwrap();
    let task = opinions();
    (
        set(encoder.train(&task).unwrap()),
        set(encoder.test(&task).unwrap()),
    )
}

/// Scores of [`words`] for [`texts`].
pub(crate) fn scores<M: PromptModel>(model: &M, prompt: &PromptMatrix, pad: u32) -> Vec<f64> {
    let device = model.device();
    let text = texts(pad, 0, &device);
    let pass = plm_prompt::model::Pass::default();
    values(model.answer_scores(tensor(prompt, &device), &text, words(&device), &pass))
}

/// Settings of short runs that score nothing.
pub(crate) fn settings(steps: u64) -> TuneSettings {
    TuneSettings {
        until: Until::Steps(steps),
        evaluate: Every::Never,
        batch_size: 8,
        ..TuneSettings::new(Family::MaskedLM, 256)
    }
}

/// Task number `number` of [`word_tasks`]: the class is told by the third word.
pub(crate) fn word_task(number: usize, classes: usize) -> EncodedTask {
    let examples = (0..12)
        .map(|index| {
            let label = index % classes;
            EncodedExample {
                ids: vec![2, 5 + (index / classes) as u32, 12 + label as u32, 3],
                label,
            }
        })
        .collect();
    let words: Vec<String> = (0..classes).map(|class| format!("w{class}")).collect();
    EncodedTask {
        name: format!("task {number}"),
        verbalizer: verbalizer(&words, 17 + number as u32),
        examples,
        report: TruncationReport::default(),
    }
}

/// Tasks with this many classes each.
pub(crate) fn word_tasks(classes: &[usize], choice: Choice) -> TaskSet {
    let tasks: Vec<EncodedTask> = classes
        .iter()
        .enumerate()
        .map(|(number, &classes)| word_task(number, classes))
        .collect();
    TaskSet::new(&tasks, choice, Padding::new(0)).unwrap()
}

/// Task number `number` of [`word_tasks`] by itself.
pub(crate) fn one_word_task(classes: &[usize], number: usize) -> TaskSet {
    TaskSet::single(&word_task(number, classes[number]), Padding::new(0)).unwrap()
}

/// Label words whose ids begin at `first`.
fn verbalizer(words: &[String], first: u32) -> Verbalizer {
    let vocabulary: String = (0..first)
        .map(|id| format!("\"x{id}\": {id}, "))
        .chain(
            words
                .iter()
                .enumerate()
                .map(|(class, word)| format!("\"{word}\": {}, ", first as usize + class)),
        )
        .collect();
    let vocabulary = vocabulary.trim_end_matches(", ");
    let json = format!(
        r#"{{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
            "normalizer": null, "pre_tokenizer": {{"type": "Whitespace"}}, "post_processor": null,
            "decoder": null, "model": {{"type": "WordLevel", "vocab": {{{vocabulary}}},
            "unk_token": "x0"}}}}"#
    );
    let tokenizer = Tokenizer::from_bytes("test", json.as_bytes()).unwrap();
    Verbalizer::new("test", words, &tokenizer, Default::default()).unwrap()
}
