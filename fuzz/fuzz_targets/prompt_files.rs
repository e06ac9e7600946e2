//! Soft prompts: our own file, tensors, adapters of PEFT, matrices of transfer; all come back.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use plm_fuzz::{file, folder, kind, parts, subfolder};
use plm_prompt::TransferMatrix;
use plm_prompt::io::{PeftAdapter, PromptFile, list_entries, load_safetensors_entry};

fn own(bytes: &[u8]) {
    let path = file("prompt", bytes);
    if let Ok(prompt) = PromptFile::load(&path) {
        let written = folder().join("written");
        prompt.save(&written).unwrap();
        assert_eq!(PromptFile::load(&written).unwrap(), prompt);
    }
    for entry in list_entries(&path).unwrap_or_default() {
        if let Ok(prompt) = load_safetensors_entry(&path, &entry.name) {
            assert_eq!((prompt.rows(), prompt.width()), (entry.rows, entry.width));
            assert_eq!(prompt.values().len(), entry.rows * entry.width);
        }
    }
}

/// Settings, a zero byte, weights.
fn adapter(bytes: &[u8]) {
    let [settings, weights] = parts(bytes);
    let folder = subfolder("adapter");
    fs::write(folder.join("adapter_config.json"), settings).unwrap();
    fs::write(folder.join("adapter_model.safetensors"), weights).unwrap();
    if let Ok(adapter) = PeftAdapter::load(&folder) {
        let _ = (adapter.prompt(None), adapter.prompt(Some(0)));
        let written = subfolder("adapter-written");
        adapter.save(&written).unwrap();
        let again = PeftAdapter::load(&written).unwrap();
        assert_eq!(again.prompt(None).ok(), adapter.prompt(None).ok());
        assert_eq!(again.tasks(), adapter.tasks());
        assert!(again.kept_tensors().eq(adapter.kept_tensors()));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    match kind % 3 {
        0 => own(bytes),
        1 => adapter(bytes),
        _ => {
            if let Ok(matrix) = TransferMatrix::load(file("matrix.json", bytes)) {
                let _ = matrix.relative_means();
                let path = folder().join("written.json");
                matrix.save(&path).unwrap();
                assert!(TransferMatrix::load(&path).is_ok());
            }
        }
    }
});
