//! Public data sets as sentences.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use plm_core::data::{JsonLines, Lines, open};
use plm_core::rng::Seed;
use plm_event_contrast::align::align;
use plm_event_contrast::amr::AlignedGraph;
use plm_event_contrast::data::{
    EventArgument, EventDocument, Filler, TokenSpan, TriggerMention, read_bionlp, read_ecb,
    read_ecb_sentences, read_litbank,
};
use plm_event_contrast::penman::{Entry, Reader, Strictness, Style};
use rand::seq::SliceRandom;
use serde::Deserialize;

use super::amr::round_trip;
use super::archive;
use crate::store::Store;

/// The graphs of the store, with alignments, and how many changed when written and read again.
#[derive(Debug, Default)]
pub(super) struct Graphs {
    /// Graphs of Bio-AMR with their alignments, and of MASSIVE-AMR aligned by rules.
    pub(super) aligned: Vec<AlignedGraph>,
    /// Graphs of all files.
    pub(super) read: usize,
    /// Blocks that are no whole graph: files that their origin cut off end with one.
    pub(super) skipped: usize,
    pub(super) failed: usize,
}

/// An utterance of MASSIVE-AMR.
#[derive(Deserialize)]
struct Utterance {
    id: String,
    utt: String,
    raw_amr: String,
}

/// Reads all graphs.
pub(super) fn graphs(store: &Store) -> Result<Graphs> {
    let folder = store.dir("amr")?;
    let mut graphs = Graphs::default();
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .with_context(|| folder.display().to_string())?
        .collect::<std::io::Result<Vec<_>>>()?
        .into_iter()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".txt") {
            graphs.file(&path, name.starts_with("alignment-"))?;
        } else if name.ends_with(".jsonl") {
            graphs.utterances(&path)?;
        }
    }
    Ok(graphs)
}

impl Graphs {
    fn file(&mut self, path: &Path, alignments: bool) -> Result<()> {
        let mut reader =
            Reader::<_, Entry>::new(open(path)?, path).with_strictness(Strictness::Lenient);
        for entry in reader.by_ref() {
            self.count(&entry?.tree.to_penman(Style::OneLine));
        }
        self.skipped += reader.skipped();
        if alignments {
            let reader = Reader::<_, AlignedGraph>::new(open(path)?, path)
                .with_strictness(Strictness::Lenient);
            for graph in reader {
                self.aligned.push(graph?);
            }
        }
        Ok(())
    }

    fn utterances(&mut self, path: &Path) -> Result<()> {
        for utterance in JsonLines::<_, Utterance>::new(open(path)?, path) {
            let Utterance { id, utt, raw_amr } = utterance?;
            let one_line: Vec<&str> = utt.split_whitespace().collect();
            let block = format!("# ::id {id}\n# ::snt {}\n{raw_amr}\n", one_line.join(" "));
            let mut reader = Reader::<_, AlignedGraph>::new(block.as_bytes(), path)
                .with_strictness(Strictness::Lenient);
            let Some(graph) = reader.next() else {
                self.skipped += 1;
                continue;
            };
            let mut graph = graph?;
            align(&mut graph);
            self.count(&raw_amr);
            self.aligned.push(graph);
        }
        Ok(())
    }

    fn count(&mut self, text: &str) {
        self.read += 1;
        self.failed += usize::from(!round_trip(text));
    }
}

/// LitBank, sentence by sentence: training and test novels.
pub(super) fn litbank(store: &Store) -> Result<[Vec<EventDocument>; 2]> {
    let path = store.dir("litbank")?.join("litbank_events_entities.tar.gz");
    let files = archive::files(&path, |name| name.contains("/brat/"))?;
    let lines =
        |bytes: &'_ [u8], name: &str| Lines::new(std::io::Cursor::new(bytes.to_vec()), name);
    let mut documents = Vec::new();
    for (name, text) in &files {
        let Some(id) = name
            .strip_prefix("events/brat/")
            .and_then(|name| name.strip_suffix("_brat.txt"))
        else {
            continue;
        };
        let annotations = |layer: &str| {
            let name = format!("{layer}/brat/{id}_brat.ann");
            files.get(&name).map(|bytes| lines(bytes, &name))
        };
        let events = annotations("events").with_context(|| format!("`{id}` has no events"))?;
        let (document, _) =
            read_litbank(id, text.as_slice(), name, events, annotations("entities"))?;
        documents.push(document);
    }
    // Every fifth novel is tested on.
    let mut parts = [Vec::new(), Vec::new()];
    for (at, document) in documents.iter().enumerate() {
        parts[usize::from(at % 5 == 4)].extend(by_sentence(document));
    }
    Ok(parts)
}

/// BioNLP GE-2013, sentence by sentence: the training and the development texts.
pub(super) fn bionlp(store: &Store) -> Result<[Vec<EventDocument>; 2]> {
    let path = store.dir("bionlp-ge13")?.join("bionlp_st_2013_ge.tar.gz");
    let files = archive::files(&path, |name| !name.starts_with("test/"))?;
    let mut parts = [Vec::new(), Vec::new()];
    for (name, text) in &files {
        let Some(stem) = name.strip_suffix(".txt") else {
            continue;
        };
        let annotations = |end: &str| {
            let name = format!("{stem}.{end}");
            let bytes = files.get(&name)?.clone();
            Some(Lines::new(std::io::Cursor::new(bytes), name))
        };
        let Some(a1) = annotations("a1") else {
            continue;
        };
        let (document, _) = read_bionlp(stem, text.as_slice(), name, a1, annotations("a2"))?;
        parts[usize::from(stem.starts_with("devel/"))].extend(by_sentence(&document));
    }
    Ok(parts)
}

/// The validated sentences of ECB+ by topic. An event's type is the chain of its coreferent mentions.
pub(super) fn ecb(store: &Store) -> Result<BTreeMap<usize, Vec<EventDocument>>> {
    let path = store.dir("ecbplus")?.join("ecbplus.tar.gz");
    let files = archive::files(&path, |name| {
        name.ends_with(".xml") || name.ends_with("sentences.csv")
    })?;
    let table = "ECBplus_coreference_sentences.csv";
    let table_bytes = files.get(table).with_context(|| format!("no `{table}`"))?;
    let validated = read_ecb_sentences(table_bytes.as_slice(), table)?;
    let mut topics: BTreeMap<usize, Vec<EventDocument>> = BTreeMap::new();
    for (name, xml) in files.iter().filter(|(name, _)| name.ends_with(".xml")) {
        let topic = name
            .split('/')
            .rev()
            .nth(1)
            .and_then(|topic| topic.parse().ok());
        let topic: usize = topic.with_context(|| format!("`{name}` lies in no topic"))?;
        let (mut document, _) = read_ecb(xml.as_slice(), name, 8 << 20)?;
        let id = document.id.trim_end_matches(".xml").to_owned();
        for event in &mut document.events {
            event.event_type = event.id.clone();
        }
        let sentences = by_sentence(&document).into_iter();
        let kept = sentences.filter(|sentence| {
            let number = sentence.id.rsplit('#').next().and_then(|n| n.parse().ok());
            number.is_some_and(|sentence| {
                validated.contains(&plm_event_contrast::data::EcbSentence {
                    document: id.clone(),
                    sentence,
                })
            })
        });
        topics.entry(topic).or_default().extend(kept);
    }
    Ok(topics)
}

/// Each sentence as a document of its own, named after document and sentence; what fills a role from
/// another sentence is lost.
pub(super) fn by_sentence(document: &EventDocument) -> Vec<EventDocument> {
    let mut sentences: Vec<EventDocument> = document
        .sentences
        .iter()
        .enumerate()
        .map(|(number, sentence)| EventDocument {
            id: format!("{}#{number}", document.id),
            sentences: vec![sentence.clone()],
            ..EventDocument::default()
        })
        .collect();
    let moved = |span: TokenSpan| TokenSpan {
        sentence: 0,
        ..span
    };
    for entity in &document.entities {
        for mention in &entity.mentions {
            let mut own = entity.clone();
            own.mentions = vec![mention.clone()];
            own.mentions[0].span = moved(mention.span);
            sentences[mention.span.sentence].entities.push(own);
        }
    }
    for event in &document.events {
        for (index, mention) in event.mentions.iter().enumerate() {
            let mut own = event.clone();
            own.mentions = vec![TriggerMention {
                span: moved(mention.span),
                ..mention.clone()
            }];
            let arguments = event
                .arguments
                .iter()
                .filter(|argument| argument.mention.is_none_or(|own| own == index));
            own.arguments = arguments
                .flat_map(|argument| {
                    let spans = document.spans(argument.filler).into_iter();
                    let here = spans.filter(|span| span.sentence == mention.span.sentence);
                    here.map(|span| {
                        EventArgument::new(argument.role.clone(), Filler::Span(moved(span)))
                    })
                })
                .collect();
            sentences[mention.span.sentence].events.push(own);
        }
    }
    sentences
}

/// `count` sentences with an event, in random order. Words that trigger nothing become candidates, three
/// for each event.
pub(super) fn draw(documents: &[EventDocument], count: usize, seed: Seed) -> Vec<EventDocument> {
    let mut drawn: Vec<EventDocument> = documents
        .iter()
        .filter(|document| !document.events.is_empty())
        .cloned()
        .collect();
    drawn.shuffle(&mut seed.rng());
    drawn.truncate(count);
    for (at, document) in drawn.iter_mut().enumerate() {
        let taken: Vec<TokenSpan> = document
            .events
            .iter()
            .flat_map(|event| &event.mentions)
            .map(|mention| mention.span)
            .collect();
        let tokens = &document.sentences[0].tokens;
        let mut free: Vec<usize> = (0..tokens.len())
            .filter(|&at| tokens[at].chars().all(char::is_alphabetic))
            .filter(|&at| {
                !taken
                    .iter()
                    .any(|span| (span.start..span.end).contains(&at))
            })
            .collect();
        free.shuffle(&mut seed.at(at as u64).stream("negatives"));
        free.truncate(3 * document.events.len());
        let negative = |at: usize| TriggerMention {
            id: format!("token-{at}"),
            span: TokenSpan::new(0, at, at + 1),
        };
        document.negative_triggers = free.into_iter().map(negative).collect();
    }
    drawn
}

#[cfg(test)]
mod tests {
    use plm_event_contrast::data::{Event, EventSentence};

    use super::*;

    fn two() -> EventDocument {
        let sentence = |text: &str| EventSentence {
            tokens: text.split(' ').map(str::to_owned).collect(),
            ..EventSentence::default()
        };
        let mention = |sentence, at| TriggerMention {
            id: String::new(),
            span: TokenSpan::new(sentence, at, at + 1),
        };
        let argument = |sentence, at| {
            EventArgument::new("Agent", Filler::Span(TokenSpan::new(sentence, at, at + 1)))
        };
        EventDocument {
            id: "d".into(),
            sentences: vec![sentence("she ran away"), sentence("they saw her run .")],
            events: vec![Event {
                event_type: "Run".into(),
                mentions: vec![mention(0, 1), mention(1, 3)],
                arguments: vec![argument(0, 0), argument(1, 2)],
                ..Event::default()
            }],
            ..EventDocument::default()
        }
    }

    #[test]
    fn sentences_keep_what_stands_in_them() {
        let sentences = by_sentence(&two());
        assert_eq!(sentences.len(), 2);
        for (sentence, at) in sentences.iter().zip([0, 2]) {
            sentence.validate().unwrap();
            assert_eq!(sentence.events.len(), 1);
            let arguments = &sentence.events[0].arguments;
            let expected = Filler::Span(TokenSpan::new(0, at, at + 1));
            assert_eq!(arguments.len(), 1);
            assert_eq!(arguments[0].filler, expected);
        }
    }

    #[test]
    fn negatives_are_other_words() {
        let drawn = draw(&by_sentence(&two()), 5, Seed::new(1));
        assert_eq!(drawn.len(), 2);
        for document in drawn {
            document.validate().unwrap();
            let trigger = document.events[0].mentions[0].span;
            let words = document.sentences[0].tokens.len();
            let negatives = &document.negative_triggers;
            assert!(negatives.iter().all(|negative| negative.span != trigger));
            // Of five tokens one is a trigger and one a full stop.
            assert_eq!(negatives.len(), if words == 3 { 2 } else { 3 });
        }
    }
}
