//! Planetoid's pickles and test index: one of the eight files is the input, the others are good.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use plm_fuzz::graphs::assert_sound;
use plm_fuzz::{kind, subfolder};
use plm_graph_imbalance::data::read_planetoid;

const PARTS: [&str; 8] = ["graph", "x", "y", "tx", "ty", "allx", "ally", "test.index"];

/// For each part a folder with good files.
fn folders() -> &'static [PathBuf] {
    static FOLDERS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    FOLDERS.get_or_init(|| {
        let good = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../crates/graph-imbalance/tests/fixtures/planetoid");
        let fill = |part: &&str| {
            let folder = subfolder(part);
            for part in PARTS {
                let name = format!("ind.gaps.{part}");
                fs::copy(good.join(&name), folder.join(&name)).unwrap();
            }
            folder
        };
        PARTS.iter().map(fill).collect()
    })
}

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    let part = usize::from(kind) % PARTS.len();
    let folder = &folders()[part];
    fs::write(folder.join(format!("ind.gaps.{}", PARTS[part])), bytes).unwrap();
    if let Ok(dataset) = read_planetoid(folder, "gaps") {
        assert_sound(&dataset);
    }
});
