//! PyTorch's files.

use std::fs;
use std::path::{Path, PathBuf};

use plm_core::check::{NotFiniteError, SizeError};
use plm_prompt::Error;
use plm_prompt::io::load_torch;
use safetensors::Dtype;

use super::{bytes, prompt, tensors};

/// A checkpoint that `torch.save` wrote, as an archive or in the form before that
/// (`make_checkpoint.py` beside it).
fn saved(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../plm-core/tests/fixtures/checkpoint")
        .join(folder)
        .join("pytorch_model.bin")
}

#[test]
fn a_matrix_is_read_by_its_name() {
    let name = "cls.predictions.transform.dense.weight";
    // The numbers that the script gives a tensor of this name.
    let sum: usize = name.bytes().map(usize::from).sum();
    let expected: Vec<f32> = (0..64)
        .map(|at| (((sum + 37 * at) % 129) as f32 - 64.0) / 64.0)
        .collect();
    for folder in ["torch", "torch-legacy"] {
        let found = load_torch(saved(folder), Some(name)).unwrap();
        assert_eq!((found.rows(), found.width()), (8, 8), "{folder}");
        assert_eq!(found.values(), expected, "{folder}");
    }
}

#[test]
fn what_is_no_prompt_is_refused() {
    let read = |name| load_torch(saved("torch"), name).unwrap_err();
    let unnamed = read(None);
    assert!(matches!(unnamed, Error::Candidates { .. }), "{unnamed}");
    let vector = read(Some("cls.predictions.bias"));
    let axes = matches!(
        vector,
        Error::Size(SizeError {
            found: 1,
            expected: 2,
            ..
        })
    );
    assert!(axes, "{vector}");
    let missing = read(Some("task_prompt"));
    assert!(matches!(missing, Error::Core(_)), "{missing}");
    assert!(load_torch(saved("none"), None).is_err());
}

#[test]
fn the_known_name_is_found_among_others() {
    // The same reader takes safetensors files, which can be written here.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.safetensors");
    let own = prompt(2, 3);
    let write = |values: &[f32]| {
        let content = tensors(
            &[],
            &[
                ("head.weight", Dtype::F32, vec![2, 2], bytes(&[0.0; 4])),
                ("task_prompt", Dtype::F32, vec![2, 3], bytes(values)),
            ],
        );
        fs::write(&path, content).unwrap();
        load_torch(&path, None)
    };
    assert_eq!(write(own.values()).unwrap(), own);
    let error = write(&[0.0, 0.0, 0.0, f32::NAN, 0.0, 0.0]).unwrap_err();
    assert!(
        matches!(error, Error::NotFinite(NotFiniteError { index: 3, .. })),
        "{error}"
    );
}
