//! Checkpoints as safetensors, PyTorch's pickles, alone and in an archive, and an index of shards.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_core::checkpoint::{TensorSource, fingerprint};
use plm_fuzz::{archive, file, kind};
use plm_prompt::io::load_torch;

fn read(name: &str, bytes: &[u8]) {
    let path = file(name, bytes);
    let _ = fingerprint(&path);
    let Ok(source) = TensorSource::open(&path) else {
        return;
    };
    for tensor in source.names() {
        let bits = source.dtype(tensor).unwrap().bitsize();
        let count: usize = source.shape(tensor).unwrap().iter().product();
        assert!(count * bits / 8 <= bytes.len());
        for values in [source.read_f32(tensor), source.read_f32_transposed(tensor)] {
            assert!(values.map_or(true, |values| values.len() == count));
        }
        if let Ok(values) = source.read_i64(tensor) {
            assert_eq!(values.len(), count);
        }
    }
    if let Ok(prompt) = load_torch(&path, None) {
        assert_eq!(prompt.values().len(), prompt.rows() * prompt.width());
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    match kind % 4 {
        0 => read("model.safetensors", bytes),
        1 => read("pytorch_model.bin", bytes),
        2 => read("model.safetensors.index.json", bytes),
        _ => {
            let archive = archive(&[
                ("archive/data.pkl", bytes),
                ("archive/data/0", &[0; 64]),
                ("archive/byteorder", b"little"),
                ("archive/version", b"3\n"),
            ]);
            read("pytorch_model.bin", &archive);
        }
    }
});
