//! Corpora, label spaces, teachers' cards and settings of runs: what is written comes back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_core::data::TableFormat;
use plm_distill::run_file::RunFile;
use plm_distill::{Corpus, LabelSpace, TeacherCard};
use plm_fuzz::{folder, kind};

fn corpus(bytes: &[u8], kind: u8) {
    let found = match kind % 4 {
        0 => Corpus::read_json_lines(bytes, "f"),
        1 => Corpus::read_csv(bytes, "f"),
        2 => Corpus::read_table(bytes, "f", TableFormat::tsv()),
        _ => Corpus::read_table(bytes, "f", TableFormat::csv().with_header(false)),
    };
    if let Ok(corpus) = found {
        assert!(corpus.len() <= bytes.len());
        let path = folder().join("corpus.jsonl");
        corpus.write_json_lines(&path).unwrap();
        assert_eq!(Corpus::open(&path).unwrap(), corpus);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    match kind % 7 {
        kind @ 0..4 => corpus(bytes, kind),
        4 => {
            if let Ok(space) = LabelSpace::read(bytes, "f") {
                let path = folder().join("labels.json");
                space.save(&path).unwrap();
                assert_eq!(LabelSpace::load(&path).unwrap(), space);
            }
        }
        5 => {
            if let Ok(card) = TeacherCard::parse(bytes, "f") {
                let path = folder().join("card.toml");
                card.save(&path).unwrap();
                assert_eq!(TeacherCard::load(&path).unwrap(), card);
            }
        }
        _ => {
            let text = String::from_utf8_lossy(bytes);
            if let Ok(run) = RunFile::parse(&text) {
                let written = toml::to_string(&run).unwrap();
                assert_eq!(RunFile::parse(&written).unwrap(), run);
            }
        }
    }
});
