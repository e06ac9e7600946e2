//! Events in standoff files and tables: BioNLP, LitBank, any brat; documents are valid.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_core::data::Lines;
use plm_event_contrast::data::{
    StandoffLayout, read_bionlp, read_ecb_sentences, read_litbank, read_litbank_tsv, read_standoff,
};
use plm_fuzz::{kind, parts};

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    let [text, one, two] = parts(bytes);
    let lines = |bytes| Lines::new(bytes, "f");
    let found = match kind % 5 {
        0 => read_bionlp("d", text, "t", lines(one), Some(lines(two))),
        1 => read_litbank("d", text, "t", lines(one), Some(lines(two))),
        2 => {
            let layout = StandoffLayout {
                triggers: vec!["X".into()],
                ..StandoffLayout::default()
            };
            read_standoff("d", text, "t", [lines(one), lines(two)], &layout)
        }
        3 => read_litbank_tsv("d", lines(bytes)),
        _ => {
            let _ = read_ecb_sentences(bytes, "f");
            return;
        }
    };
    if let Ok((document, _)) = found {
        document.validate().unwrap();
    }
});
