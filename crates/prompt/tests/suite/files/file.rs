//! Our own file.

use std::fs;

use plm_core::check::NotFiniteError;
use plm_core::config::EncoderFamily;
use plm_prompt::io::{PromptFile, PromptInfo};
use plm_prompt::model::{PromptStyle, ReadOut};
use plm_prompt::{Error, PromptMatrix};
use proptest::prelude::*;
use safetensors::SafeTensors;

use super::{bytes, diverged, prompt};
use crate::suite::support::{SLOTS, WIDTH, devices, masked_lm, t5};

const HASH: &str = "0123456789abcdef";

/// A file with all that there can be.
pub(super) fn example() -> PromptFile {
    let info = PromptInfo {
        task: Some("sst2".to_owned()),
        label_words: vec!["negative".to_owned(), "über \"x\"".to_owned()],
        label_ids: vec![33_407, 22_173],
        template: Some("single".to_owned()),
        seed: Some(u64::MAX),
        steps: Some(2_500),
        score: Some(0.1 + 0.2),
        ..PromptInfo::new("roberta-base", HASH, PromptStyle::ZeroPosition)
            .with_read_out(ReadOut::MaskToken)
    };
    PromptFile {
        prompt: prompt(2, 3),
        info,
    }
}

#[test]
fn what_was_saved_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let file = example();
    file.save(&path).unwrap();
    assert_eq!(PromptFile::load(&path).unwrap(), file);
    let first = fs::read(&path).unwrap();
    file.save(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), first);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    // Others read it too.
    let others = SafeTensors::deserialize(&first).unwrap();
    assert_eq!(
        others.tensor("prompt").unwrap().data(),
        bytes(file.prompt.values())
    );
    let least = PromptFile {
        prompt: prompt(0, 3),
        info: PromptInfo::new("t5", HASH, PromptStyle::Absolute),
    };
    least.save(&path).unwrap();
    assert_eq!(PromptFile::load(&path).unwrap(), least);
}

#[test]
fn information_that_cannot_be_kept_is_refused_and_the_old_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    example().save(&path).unwrap();
    type Change = fn(&mut PromptInfo);
    let cases: [(Change, &str); 4] = [
        (|info| info.backbone.clear(), "backbone = empty"),
        (
            |info| info.config_hash = "XYZ".to_owned(),
            "config_hash = `XYZ`",
        ),
        (
            |info| info.label_ids.truncate(1),
            "label_ids = 1 for 2 words",
        ),
        (|info| info.score = Some(f64::NAN), "score = NaN"),
    ];
    for (change, text) in cases {
        let mut file = example();
        change(&mut file.info);
        let error = file.save(&path).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
        assert_eq!(PromptFile::load(&path).unwrap(), example());
    }
    assert!(
        example()
            .save(folder.path().join("no/such.safetensors"))
            .is_err()
    );
}

#[test]
fn numbers_that_could_not_be_loaded_are_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    example().save(&path).unwrap();
    let broken = PromptFile {
        prompt: diverged(2, 3),
        ..example()
    };
    let error = broken.save(&path).unwrap_err();
    assert!(
        matches!(error, Error::NotFinite(NotFiniteError { index: 0, .. })),
        "{error}"
    );
    assert_eq!(PromptFile::load(&path).unwrap(), example());
}

#[test]
fn another_backbone_is_refused_with_the_way_out() {
    let file = example();
    file.check_backbone("roberta-base", HASH, 3, Some(2))
        .unwrap();
    file.check_backbone("roberta-base", HASH, 3, None).unwrap();
    for (name, hash, width, rows, text) in [
        (
            "bert",
            HASH,
            3,
            None,
            "`roberta-base`, the backbone `bert`; load the model",
        ),
        (
            "roberta-base",
            "00",
            3,
            None,
            "`0123456789abcdef`, the backbone `00`; load the version",
        ),
        (
            "roberta-base",
            HASH,
            6,
            None,
            "the width 3, the backbone 6; a prompt fits",
        ),
        ("roberta-base", HASH, 1, None, "the width 3, the backbone 1"),
        (
            "roberta-base",
            HASH,
            3,
            Some(1),
            "slots 2, the backbone 1; set the number",
        ),
    ] {
        let error = file
            .check_backbone(name, hash, width, rows)
            .unwrap_err()
            .to_string();
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn a_model_that_reads_prompts_in_another_way_is_refused() {
    let (_, device) = devices().remove(0);
    let file = |width, style, read_out| PromptFile {
        prompt: prompt(SLOTS, width),
        info: PromptInfo::new("tiny", HASH, style).with_read_out(read_out),
    };
    let model = masked_lm(EncoderFamily::Bert, &device);
    let (zero, absolute) = (PromptStyle::ZeroPosition, PromptStyle::Absolute);
    let own = file(WIDTH, zero, ReadOut::MaskSlot);
    own.check_model(&model).unwrap();
    for (other, text) in [
        (
            file(WIDTH + 1, zero, ReadOut::MaskSlot),
            "the width 17, the backbone 16",
        ),
        (
            file(WIDTH, absolute, ReadOut::MaskSlot),
            "the style `absolute`, the backbone `zero_position`",
        ),
        (
            file(WIDTH, zero, ReadOut::MaskToken),
            "the answer at `mask_token`, the backbone `mask_slot`",
        ),
    ] {
        let error = other.check_model(&model).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    let other = file(WIDTH, absolute, ReadOut::FirstSlot);
    let laid_out = model.with_layout(absolute, ReadOut::FirstSlot);
    other.check_model(&laid_out).unwrap();
    assert!(own.check_model(&laid_out).is_err());
    // T5 leaves no choice.
    other.check_model(&t5(false, &device)).unwrap();
    assert!(
        file(3, zero, ReadOut::MaskSlot)
            .check_model(&t5(false, &device))
            .is_err()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_prompt_comes_back(
        rows in 0_usize..5,
        width in 1_usize..6,
        numbers in prop::collection::vec(prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO, 30),
        words in prop::collection::vec(any::<String>(), 0..4),
        (task, template) in any::<(Option<String>, Option<String>)>(),
        (seed, steps) in any::<(Option<u64>, Option<u64>)>(),
        score in prop::option::of(prop::num::f64::NORMAL),
        zero in any::<bool>(),
        read_out in prop::sample::select(vec![
            ReadOut::MaskSlot,
            ReadOut::FirstSlot,
            ReadOut::MaskToken,
        ]),
    ) {
        let style = if zero { PromptStyle::ZeroPosition } else { PromptStyle::Absolute };
        let file = PromptFile {
            prompt: PromptMatrix::new(rows, width, numbers[..rows * width].to_vec()).unwrap(),
            info: PromptInfo {
                task,
                label_ids: (0..words.len() as u32).collect(),
                label_words: words,
                template,
                seed,
                steps,
                score,
                ..PromptInfo::new("a/b c", HASH, style).with_read_out(read_out)
            },
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        file.save(&path).unwrap();
        prop_assert_eq!(PromptFile::load(&path).unwrap(), file);
    }
}
