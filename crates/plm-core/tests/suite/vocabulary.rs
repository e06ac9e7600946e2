//! New words, and directories that are written and read again.

use burn::module::Module;
use plm_core::checkpoint::{SaveDtype, SaveOptions};
use plm_core::models::{
    EncoderForMaskedLM, EncoderForSequenceClassification, EncoderInput, EncoderModel, Pretrained,
    WordTable,
};
use plm_core::rng::Seed;
use plm_core::text::{EncodeOptions, Padding, collate};

use super::fixture::{Fixture, check_close, devices};

fn plm_mini() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/plm-mini")
}

#[test]
fn words_are_added_and_copied() {
    let (name, device) = devices().remove(0);
    let mut model = Pretrained::<EncoderForMaskedLM>::load(plm_mini(), &device).unwrap();
    let ids = model
        .add_tokens(&["zyzzyva", "the"], false, Seed::new(1))
        .unwrap();
    assert_eq!(ids[0], 8192);
    assert_eq!(Some(ids[1]), model.tokenizer().unwrap().token_to_id("the"));
    assert_eq!(model.model.words().dims(), [8193, 256]);
    assert_eq!(model.settings().unwrap().vocab_size, 8193);
    model.copy_token("[MASK]", "zyzzyva").unwrap();

    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("grown");
    model.save(&target, &SaveOptions::new()).unwrap();
    let again = Pretrained::<EncoderForMaskedLM>::load(&target, &device).unwrap();
    let tokenizer = again.tokenizer().unwrap();
    let padding = Padding::of(tokenizer).unwrap();
    let scores = |text: &str| -> Vec<f32> {
        let encoding = tokenizer.encode(text, &EncodeOptions::new()).unwrap();
        assert_eq!(encoding.len(), 9, "{text} is one token a word");
        let batch = collate(&[encoding], &padding, &device).unwrap();
        let (_, logits) = again.model.forward(&EncoderInput::ids(batch.ids));
        logits.into_data().try_to_vec().unwrap()
    };
    let gap = scores("paris is the [MASK] of france .");
    let word = scores("paris is the zyzzyva of france .");
    let what = "the new word acts like the one it was copied from";
    check_close(&word, &gap, name, what);
    assert!(model.copy_token("[MASK]", "no such word").is_err());
}

#[test]
fn words_that_are_added_later_differ_under_one_seed() {
    let (_, device) = devices().remove(0);
    let mut model = Pretrained::<EncoderForMaskedLM>::load(plm_mini(), &device).unwrap();
    let mut twin = model.clone();
    for word in ["zyzzyva", "zzz"] {
        model.add_tokens(&[word], false, Seed::new(1)).unwrap();
    }
    let rows = |model: &Pretrained<EncoderForMaskedLM>| -> Vec<f32> {
        let new = model.model.words().slice([8192..8194, 0..256]);
        new.into_data().try_to_vec().unwrap()
    };
    let new = rows(&model);
    assert_ne!(new[..256], new[256..]);
    let words = ["zyzzyva", "zzz"];
    twin.add_tokens(&words, false, Seed::new(1)).unwrap();
    assert_eq!(rows(&twin), new, "together or one after the other");
}

#[test]
fn words_of_a_model_that_is_trained_are_copied_and_added_and_stay_trainable() {
    let device = devices().remove(0).1.autodiff();
    let model = Pretrained::<EncoderForMaskedLM>::load(plm_mini(), &device).unwrap();
    let words = model.model.words();
    let copied = model.model.train().with_word_copied(5, 9);
    let rows = copied.words().slice([5..6, 0..256]);
    let grown = copied.with_new_words(rows.clone());
    assert_eq!(grown.words().dims(), [words.dims()[0] + 1, 256]);
    assert!(grown.words().is_require_grad());
    for row in [9, words.dims()[0]] {
        let row = grown.words().slice([row..row + 1, 0..256]);
        let gap: f32 = (row - words.clone().slice([5..6, 0..256]))
            .abs()
            .max()
            .into_scalar();
        assert_eq!(gap, 0.0);
    }
}

#[test]
fn a_directory_written_and_read_gives_the_same_outputs() {
    let fixture = Fixture::open("bert-mlm");
    for (name, device) in devices() {
        let model = Pretrained::<EncoderForMaskedLM>::load(&fixture.dir, &device).unwrap();
        for (dtype, tolerance) in [(SaveDtype::F32, 0.0), (SaveDtype::Bf16, 0.1)] {
            let dir = tempfile::tempdir().unwrap();
            let target = dir.path().join("saved");
            let report = model
                .save(&target, &SaveOptions::new().dtype(dtype))
                .unwrap();
            assert!(!report.tensors.iter().any(|name| name.contains("decoder")));
            let again = Pretrained::<EncoderForMaskedLM>::load(&target, &device).unwrap();
            let input = EncoderInput::ids(fixture.ints("input_ids", &device));
            let run = |model: &EncoderForMaskedLM| model.forward(&input).1;
            let gap: f32 = (run(&model.model) - run(&again.model))
                .abs()
                .max()
                .into_scalar();
            assert!(gap <= tolerance, "{dtype:?} on {name}: {gap}");
        }
    }
}

#[test]
fn a_base_checkpoint_takes_a_new_head() {
    let (_, device) = devices().remove(0);
    let load = |seed| {
        Pretrained::<EncoderForSequenceClassification>::load_with_new_head(
            plm_mini(),
            3,
            Seed::new(seed),
            &device,
        )
        .unwrap()
    };
    let model = load(1);
    assert_eq!(model.settings().unwrap().num_labels, 3);
    assert_eq!(model.model.classifier.output.weight.dims(), [256, 3]);
    assert!(!model.report.missing.is_empty() && !model.report.unused.is_empty());
    let weights = |model: &Pretrained<EncoderForSequenceClassification>| -> Vec<f32> {
        let weight = model.model.classifier.output.weight.val();
        weight.into_data().try_to_vec().unwrap()
    };
    assert_eq!(weights(&model), weights(&load(1)));
    assert_ne!(weights(&model), weights(&load(2)));
    let text = Pretrained::<EncoderForSequenceClassification>::load(plm_mini(), &device)
        .unwrap_err()
        .to_string();
    assert!(text.contains("classifier"), "{text}");
}

#[test]
fn a_head_in_the_file_makes_way_for_a_new_one() {
    let (_, device) = devices().remove(0);
    type Model = EncoderForSequenceClassification;
    // The head in the files has three classes.
    for (name, own) in [
        ("bert-seqcls", "classifier.weight"),
        ("roberta-seqcls", "classifier.out_proj.weight"),
    ] {
        let dir = Fixture::open(name).dir;
        let old = Pretrained::<Model>::load(&dir, &device).unwrap();
        for classes in [3, 5] {
            let load = |seed| {
                let seed = Seed::new(seed);
                Pretrained::<Model>::load_with_new_head(&dir, classes, seed, &device).unwrap()
            };
            let head = |model: &Pretrained<Model>| -> Vec<f32> {
                let weight = model.model.classifier.output.weight.val();
                weight.into_data().try_to_vec().unwrap()
            };
            let model = load(1);
            assert_eq!(model.settings().unwrap().num_labels, classes);
            assert_eq!(model.model.classifier.output.weight.dims(), [16, classes]);
            assert_ne!(head(&model), head(&old), "{name}");
            assert_ne!(head(&model), head(&load(2)), "{name}");
            assert!(model.report.unused.iter().any(|unused| unused == own));
            let missing = |path: &str| model.report.missing.iter().any(|other| other == path);
            assert!(missing("classifier.output.weight"));
            assert!(!missing("encoder.pooler.weight"), "{name}");
            let words = |model: &Pretrained<Model>| -> Vec<f32> {
                model.model.words().into_data().try_to_vec().unwrap()
            };
            assert_eq!(words(&model), words(&old));
        }
    }
}

#[test]
fn a_base_model_reads_the_checkpoint_of_a_headed_one() {
    let (_, device) = devices().remove(0);
    let model = Pretrained::<EncoderModel>::load(plm_mini(), &device).unwrap();
    assert!(model.model.pooler.is_none());
    assert_eq!(model.model.num_params(), 5_388_288);
    assert!(
        model
            .report
            .unused
            .iter()
            .all(|name| name.starts_with("cls."))
    );
}
