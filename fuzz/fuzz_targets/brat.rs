//! brat's standoff: what is read without a finding is written and read again the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_core::data::Lines;
use plm_fuzz::{kind, parts};
use plm_ie_markers::data::{
    Alignment, BratOptions, Corpus, Entity, ReadOptions, RelationMention, Segmentation, Source,
    brat_files, read_brat,
};

fn read(text: &str, annotations: &[u8], options: &BratOptions) -> Option<Corpus> {
    let mut corpus = Corpus::default();
    let lines = Lines::new(annotations, "d.ann");
    read_brat("d", text, lines, options, &mut corpus).ok()?;
    Some(corpus)
}

/// Entities and relations of the sentences of the one document, in order.
fn annotated(corpus: &Corpus) -> Vec<(Vec<Entity>, Vec<RelationMention>)> {
    let sentences = corpus.documents[0].sentences.iter();
    sentences
        .map(|sentence| {
            let (mut entities, mut relations) =
                (sentence.entities.clone(), sentence.relations.clone());
            entities.sort();
            relations.sort();
            (entities, relations)
        })
        .collect()
}

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    let [text, annotations] = parts(bytes);
    let text = String::from_utf8_lossy(text);
    let options = BratOptions {
        segmentation: Segmentation::default(),
        alignment: match kind % 2 {
            0 => Alignment::Widen,
            _ => Alignment::default(),
        },
        read: ReadOptions {
            skip_unreadable: kind & 2 == 0,
            restore_brackets: false,
        },
    };
    let Some(corpus) = read(&text, annotations, &options) else {
        assert!(kind & 2 != 0);
        return;
    };
    for sentence in &corpus.documents[0].sentences {
        let words = sentence.words.len();
        assert!(sentence.entities.iter().all(|e| e.span.is_within(words)));
    }
    if !corpus.report.is_clean() {
        return;
    }
    let (files, report) = brat_files(&corpus.documents[0], Source::Gold).unwrap();
    assert!(report.is_clean());
    let again = read(
        &files.text,
        files.annotations.as_bytes(),
        &BratOptions::default(),
    )
    .unwrap();
    assert_eq!(annotated(&again), annotated(&corpus));
});
