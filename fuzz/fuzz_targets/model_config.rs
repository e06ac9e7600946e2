//! `config.json` and `generation_config.json`: settings that are written are read the same.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use plm_core::config::{BartConfig, ConfigFile, EncoderConfig, Gpt2Config, ModelConfig, T5Config};
use plm_core::generate::GenerationConfig;
use plm_fuzz::{kind, subfolder};

fn check<C: ModelConfig + PartialEq + std::fmt::Debug>(file: &ConfigFile) {
    let Ok(config) = C::from_file(file) else {
        return;
    };
    let written = ConfigFile::from_fields("written", config.to_fields());
    assert_eq!(C::from_file(&written).unwrap(), config);
}

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    if kind % 2 == 1 {
        let folder = subfolder("generation");
        fs::write(folder.join("generation_config.json"), bytes).unwrap();
        if let Ok(config) = GenerationConfig::read(folder) {
            config.check().unwrap();
        }
        return;
    }
    let folder = subfolder("config");
    fs::write(folder.join("config.json"), bytes).unwrap();
    let Ok(file) = ConfigFile::read(folder) else {
        return;
    };
    check::<EncoderConfig>(&file);
    check::<Gpt2Config>(&file);
    check::<T5Config>(&file);
    check::<BartConfig>(&file);
    let _ = GenerationConfig::from_file(&file);
});
