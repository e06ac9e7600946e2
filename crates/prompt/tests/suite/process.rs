//! A prompt that one process saves gives another process the same answers.

use std::path::Path;
use std::process::Command;

use plm_core::config::EncoderFamily;
use plm_prompt::io::{PromptFile, PromptInfo};
use plm_prompt::model::PromptStyle;

use super::support::{SLOTS, WIDTH, devices, masked_lm, prompt, scores};

/// Where the second process finds the prompt, and where it writes scores.
const FOLDER: &str = "PLM_PROMPT_TEST_FOLDER";
const HASH: &str = "0123456789abcdef";

fn answers(file: &Path) -> Vec<f64> {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Roberta, &device);
    let file = PromptFile::load(file).unwrap();
    file.check_backbone("tiny", HASH, WIDTH, Some(SLOTS))
        .unwrap();
    scores(&model, &file.prompt, 1)
}

/// Not a test of its own: the second process of the test below.
#[test]
fn second_process() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let text = format!("{:?}", answers(&folder.join("prompt.safetensors")));
    std::fs::write(folder.join("scores"), text).unwrap();
}

#[test]
fn another_process_gets_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prompt.safetensors");
    let info = PromptInfo::new("tiny", HASH, PromptStyle::ZeroPosition);
    let prompt = prompt(SLOTS, 1);
    PromptFile { prompt, info }.save(&path).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["suite::process::second_process", "--exact"])
        .env(FOLDER, folder.path())
        .status()
        .unwrap();
    assert!(status.success());
    let found = std::fs::read_to_string(folder.path().join("scores")).unwrap();
    assert_eq!(found, format!("{:?}", answers(&path)));
}
