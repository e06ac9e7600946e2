//! Adapters of other kinds.

use std::fs;
use std::path::Path;

use plm_prompt::io::{PeftAdapter, PeftKind};
use safetensors::SafeTensors;

use super::{expected, fixture, prompt};

const WEIGHTS: &str = "adapter_model.safetensors";

/// Reads the fixture `name`, writes it anew and reads that.
fn again(name: &str) -> [PeftAdapter; 2] {
    let folder = tempfile::tempdir().unwrap();
    let path = fixture("peft").join(name);
    let first = PeftAdapter::load(&path).unwrap();
    first.save(folder.path()).unwrap();
    let theirs = fs::read(path.join(WEIGHTS)).unwrap();
    let ours = fs::read(folder.path().join(WEIGHTS)).unwrap();
    let [theirs, ours] = [&theirs, &ours].map(|file| SafeTensors::deserialize(file).unwrap());
    assert_eq!(theirs.len(), ours.len(), "{name}");
    for (key, tensor) in theirs.tensors() {
        assert_eq!(
            tensor.data(),
            ours.tensor(&key).unwrap().data(),
            "{name} {key}"
        );
        assert_eq!(
            tensor.shape(),
            ours.tensor(&key).unwrap().shape(),
            "{name} {key}"
        );
    }
    let config = "adapter_config.json";
    let text = |folder: &Path| fs::read_to_string(folder.join(config)).unwrap();
    assert_eq!(text(&path), text(folder.path()), "{name}");
    let second = PeftAdapter::load(folder.path()).unwrap();
    [first, second]
}

#[test]
fn other_kinds_are_read_and_written_back() {
    let rows = |name| expected("peft", name);
    for adapter in again("seq2seq") {
        assert_eq!(adapter.prompt(None).unwrap(), rows("seq2seq"));
        assert_eq!(
            (adapter.unused_rows(), adapter.kind()),
            (3, PeftKind::PromptTuning)
        );
    }
    for adapter in again("p-tuning") {
        assert_eq!(adapter.prompt(None).unwrap(), rows("p-tuning"));
        assert_eq!(adapter.kind(), PeftKind::PTuning);
    }
    for adapter in again("classifier") {
        assert_eq!(adapter.prompt(None).unwrap(), rows("classifier"));
        let kept: Vec<_> = adapter.kept_tensors().collect();
        assert_eq!(
            kept,
            ["base_model.classifier.bias", "base_model.classifier.weight"]
        );
    }
}

#[test]
fn prompts_of_tasks_are_products() {
    for mut adapter in again("multitask") {
        assert_eq!((adapter.tasks(), adapter.unused_rows()), (2, 3));
        for task in [0, 1] {
            let ours = adapter.prompt(Some(task)).unwrap();
            let theirs = expected("peft", &format!("multitask.{task}"));
            assert_eq!((ours.rows(), ours.width()), (3, 24));
            for (a, b) in ours.values().iter().zip(theirs.values()) {
                assert!((a - b).abs() <= 1e-6 * b.abs().max(1e-3), "{a} {b}");
            }
        }
        let error = adapter.prompt(Some(2)).unwrap_err().to_string();
        assert!(error.contains("2 tasks and task 2"), "{error}");
        assert!(
            adapter
                .prompt(None)
                .unwrap_err()
                .to_string()
                .contains("name a task")
        );
        assert!(adapter.replace_prompt(prompt(3, 24)).is_err());
    }
}
