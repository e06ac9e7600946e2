//! The program `moefy` as users run it: checkpoints to converted ones, and what it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use burn::tensor::Device;
use plm_core::checkpoint::SaveOptions;
use plm_core::config::{BartConfig, Gpt2Config, T5Config};
use plm_core::models::{
    BartForConditionalGeneration, EncoderForMaskedLM, EncoderInput, Gpt2LmHeadModel, Pretrained,
    PretrainedModel, Seq2SeqInput, T5ForConditionalGeneration,
};
use plm_core::rng::Seed;
use plm_core::text::Tokenizer;
use plm_moe::{LayerId, Policy, load};

use super::support::{
    LAYERS, assert_close, bart_config, devices, gpt2_config, ids, numbers, t5_config,
};

const MINI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/plm-mini");
const TOKENIZERS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../plm-core/tests/fixtures/text"
);

const SENTENCES: [&str; 6] = [
    "The old keeper climbed the stairs every evening to light the lamp.",
    "She opened the window and listened to the rain on the roof.",
    "A good film is a film that you want to watch again.",
    "The train from Paris was late, so we walked through the station.",
    "He read the letter twice and put it back into the drawer.",
    "The children counted the windows of the waiting room.",
];

/// A file of numbered sentences, with white space in between, that `join` follow each other on a line.
fn texts(folder: &Path, lines: usize, join: &str) -> PathBuf {
    let sentence = |line: usize| SENTENCES[line % SENTENCES.len()];
    let lines: Vec<String> = (0..lines)
        .map(|line| format!("{line} {}{join}{}", sentence(line), sentence(line + 1)))
        .collect();
    let path = folder.join("texts.txt");
    fs::write(&path, lines.join("\n \n")).unwrap();
    path
}

/// How a run ended, and what it said on either stream.
struct Run {
    code: Option<i32>,
    output: String,
    errors: String,
}

fn moefy(model: &Path, texts: &Path, out: &Path, rest: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moefy"));
    command.args([model, texts]).arg("--out").arg(out);
    command.args(["--device", devices()[0].0]).args(rest);
    let run = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run {
        code: run.status.code(),
        output: text(run.stdout),
        errors: text(run.stderr),
    }
}

/// A run that must succeed.
fn converted(model: &Path, texts: &Path, out: &Path, rest: &[&str]) -> Run {
    let run = moefy(model, texts, out, rest);
    assert_eq!(run.code, Some(0), "{}\n{}", run.output, run.errors);
    run
}

/// A run that must fail, and the parts that its message must have.
fn refused(model: &Path, texts: &Path, out: &Path, rest: &[&str], parts: &[&str]) {
    let run = moefy(model, texts, out, rest);
    assert_eq!(run.code, Some(1), "{}\n{}", run.output, run.errors);
    for part in parts {
        assert!(run.errors.contains(part), "{part}: {}", run.errors);
    }
    assert!(!run.errors.contains("panicked"), "{}", run.errors);
}

#[test]
fn a_checkpoint_becomes_one_of_experts() {
    let (_, device) = devices().remove(0);
    let folder = tempfile::tempdir().unwrap();
    let (model, out) = (Path::new(MINI), folder.path().join("out"));
    let texts = texts(folder.path(), 24, " ");
    let rest = ["--tokens", "400", "--router", "similarity"];
    let run = converted(model, &texts, &out, &rest);
    for part in ["enc.3", "capture", "times as fast", "EncoderForMaskedLM"] {
        assert!(run.output.contains(part), "{part}: {}", run.output);
    }
    assert!(!run.errors.contains("warning"), "{}", run.errors);
    // A tenth of the tokens plays no part but here.
    assert!(run.output.contains("on 40 tokens"), "{}", run.output);
    assert!(!run.output.contains("norms"), "{}", run.output);

    let loaded = load::<EncoderForMaskedLM>(&out, &device).unwrap();
    assert!(loaded.dense.tokenizer.is_some());
    let found: Vec<LayerId> = loaded.layers.keys().copied().collect();
    assert_eq!(found, (0..4).map(LayerId::encoder).collect::<Vec<_>>());
    for layer in loaded.layers.values() {
        assert_eq!(layer.partition.experts(), 32);
        // A fifth of the 32 experts.
        assert_eq!(layer.policy, Policy::TopK(6));
    }
    let original = Pretrained::<EncoderForMaskedLM>::load(model, &device).unwrap();
    let scores = |model: &EncoderForMaskedLM| {
        let input = EncoderInput::ids(ids(2, 8, &device));
        numbers(model.forward(&input).1)
    };
    let (again, expected) = (scores(&loaded.dense.model), scores(&original.model));
    assert_close(&again, &expected, 1e-4, "scores");

    let name = out.display().to_string();
    refused(model, &texts, &out, &rest, &[&name, "--overwrite"]);
}

#[test]
fn mistakes_are_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (model, out) = (Path::new(MINI), at("out"));
    let texts = texts(folder.path(), 24, " ");
    let empty = at("empty.txt");
    fs::write(&empty, "\n  \n\t\n").unwrap();
    let short = at("short.txt");
    fs::write(&short, "Rain.\n").unwrap();
    let none = at("none");
    let shown = |path: &Path| path.display().to_string();

    let size = ["--expert-size", "7"];
    refused(model, &texts, &out, &size, &["7", "1024", "4 and 8"]);
    for size in ["0", "1024", "100000"] {
        let size = ["--expert-size", size];
        refused(model, &texts, &out, &size, &["--expert-size", "1024"]);
    }
    refused(model, &empty, &out, &[], &[&shown(&empty)]);
    refused(model, &none, &out, &[], &[&shown(&none)]);
    refused(model, &short, &out, &[], &["tokens", "10"]);
    refused(&none, &texts, &out, &[], &[&shown(&none)]);
    refused(model, &texts, &out, &["--share", "1.5"], &["share", "1.5"]);
    refused(model, &texts, &out, &["--tokens", "3"], &["--tokens 3"]);
    let operations = ["--operations", "0"];
    refused(model, &texts, &out, &operations, &["--operations 0"]);
    refused(model, &texts, &out, &["--dynamic", "2"], &["tau", "2"]);
    let router = ["--dynamic", "0.5", "--router", "mlp"];
    refused(model, &texts, &out, &router, &["contribution"]);
    assert!(!out.exists());

    // Folders that are not for us, whatever the options say.
    let other = at("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("notes.txt"), "mine").unwrap();
    let overwrite = ["--overwrite"];
    refused(model, &texts, &other, &overwrite, &[&shown(&other)]);
    assert!(other.join("notes.txt").exists());
    for (config, parts) in [
        (
            r#"{"model_type": "bert", "architectures": ["BertLMHeadModel"]}"#,
            ["BertLMHeadModel", "BertForMaskedLM"],
        ),
        (r#"{"model_type": "llama"}"#, ["llama", "gpt2"]),
    ] {
        fs::write(other.join("config.json"), config).unwrap();
        refused(&other, &texts, &out, &[], &parts);
    }
    refused(&other, &texts, &other, &overwrite, &["the model itself"]);
}

/// A new model in `dir`, with the tokenizer of a fixture.
fn saved<M: PretrainedModel>(
    config: &M::Config,
    tokenizer: &str,
    dir: &Path,
    device: &Device,
) -> Pretrained<M> {
    let tokenizer = Tokenizer::from_dir(Path::new(TOKENIZERS).join(tokenizer)).unwrap();
    let pretrained = Pretrained {
        tokenizer: Some(tokenizer),
        ..Pretrained::<M>::new(config, Seed::new(1), device).unwrap()
    };
    pretrained.save(dir, &SaveOptions::new()).unwrap();
    pretrained
}

#[test]
fn decoders_choose_experts_by_token() {
    let (_, device) = devices().remove(0);
    let folder = tempfile::tempdir().unwrap();
    let (model, out) = (folder.path().join("model"), folder.path().join("out"));
    let config = Gpt2Config {
        vocab_size: 420,
        ..gpt2_config()
    };
    let original = saved::<Gpt2LmHeadModel>(&config, "gpt2", &model, &device);
    let texts = texts(folder.path(), 8, " ");
    let rest = ["--expert-size", "4", "--dynamic", "0.5"];
    let run = converted(&model, &texts, &out, &rest);
    // Fewer than the 20,000 that are asked for where nothing is said.
    assert!(run.errors.contains("warning"), "{}", run.errors);
    assert!(run.output.contains("norms"), "{}", run.output);
    let loaded = load::<Gpt2LmHeadModel>(&out, &device).unwrap();
    assert_eq!(loaded.layers.len(), LAYERS);
    for layer in loaded.layers.values() {
        assert_eq!(layer.policy, Policy::Max { tau: 0.5 });
    }
    let scores = |model: &Gpt2LmHeadModel| {
        let input = EncoderInput::ids(ids(2, 8, &device));
        numbers(model.forward(&input).1)
    };
    let (again, expected) = (scores(&loaded.dense.model), scores(&original.model));
    assert_close(&again, &expected, 1e-4, "scores");
}

#[test]
fn sources_and_targets_share_one_budget() {
    let (_, device) = devices().remove(0);
    let folder = tempfile::tempdir().unwrap();
    let (model, out) = (folder.path().join("model"), folder.path().join("out"));
    let config = T5Config {
        vocab_size: 344,
        ..t5_config(false)
    };
    let original = saved::<T5ForConditionalGeneration>(&config, "t5", &model, &device);
    let texts = texts(folder.path(), 16, "\t");
    let rest = ["--expert-size", "4", "--share", "0.25", "--per-layer"];
    let fast = ["--router", "similarity", "--tokens", "200"];
    converted(
        &model,
        &texts,
        &out,
        &[rest.as_slice(), fast.as_slice()].concat(),
    );
    let loaded = load::<T5ForConditionalGeneration>(&out, &device).unwrap();
    let chosen = loaded.layers.values().map(|layer| match layer.policy {
        Policy::TopK(k) => k,
        other => panic!("{other:?}"),
    });
    // Eight experts in each of four layers, and a fourth of them all.
    assert_eq!(chosen.sum::<usize>(), 8);
    assert!(loaded.layers.contains_key(&LayerId::decoder(LAYERS - 1)));
    let scores = |model: &T5ForConditionalGeneration| {
        let input = Seq2SeqInput::ids(ids(2, 8, &device), ids(2, 5, &device));
        numbers(model.forward(&input).1)
    };
    let (again, expected) = (scores(&loaded.dense.model), scores(&original.model));
    assert_close(&again, &expected, 1e-4, "scores");
}

#[test]
fn calibrated_weights_are_those_that_are_written() {
    let (_, device) = devices().remove(0);
    let folder = tempfile::tempdir().unwrap();
    let (model, out) = (folder.path().join("model"), folder.path().join("out"));
    let config = BartConfig {
        vocab_size: 420,
        ..bart_config()
    };
    let original = saved::<BartForConditionalGeneration>(&config, "roberta", &model, &device);
    // Without tabs, the target is the text itself.
    let texts = texts(folder.path(), 16, " ");
    let rest = ["--expert-size", "4", "--tokens", "200"];
    let fast = ["--router", "similarity", "--calibrate"];
    let rest = [rest.as_slice(), fast.as_slice()].concat();
    let run = converted(&model, &texts, &out, &rest);
    assert!(run.output.contains("fitted"), "{}", run.output);
    assert!(run.output.contains("dense: false"), "{}", run.output);
    let loaded = load::<BartForConditionalGeneration>(&out, &device).unwrap();
    assert_eq!(loaded.layers.len(), 2 * LAYERS);
    let scores = |model: &BartForConditionalGeneration| {
        let input = Seq2SeqInput::ids(ids(2, 8, &device), ids(2, 5, &device));
        numbers(model.forward(&input).1)
    };
    let (found, before) = (scores(&loaded.dense.model), scores(&original.model));
    let gap = |(a, b): (&f32, &f32)| (a - b).abs();
    let largest = found.iter().zip(&before).map(gap).fold(0.0, f32::max);
    assert!(largest > 1e-3, "{largest}");
    let again = [rest.as_slice(), ["--overwrite"].as_slice()].concat();
    converted(&model, &texts, &out, &again);
}
