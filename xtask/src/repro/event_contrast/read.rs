//! Public data sets as sentences.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result};
use plm_core::data::{JsonLines, Lines, open};
use plm_core::rng::Seed;
use plm_event_contrast::align::align;
use plm_event_contrast::amr::AlignedGraph;
use plm_event_contrast::data::{
    EventArgument, EventDocument, Filler, ReadReport, TokenSpan, TriggerMention, read_bionlp,
    read_ecb, read_ecb_sentences, read_litbank,
};
use plm_event_contrast::penman::{Block, Blocks, Place, ReadBlock as _, Reader, Strictness};
use rand::seq::SliceRandom;
use serde::Deserialize;

use super::amr::{Trip, round_trip};
use super::archive;
use crate::store::Store;

/// The graphs of the store, with alignments, and what became of the texts of all files.
#[derive(Debug, Default)]
pub(super) struct Graphs {
    /// Graphs of Bio-AMR with their alignments, and of MASSIVE-AMR aligned by rules.
    pub(super) aligned: Vec<AlignedGraph>,
    /// Graphs that were read. Those of Bio-AMR stand in up to three files.
    pub(super) read: usize,
    /// The names of these.
    pub(super) ids: BTreeSet<String>,
    /// Files that their origin cut off within their last graph.
    pub(super) cut: usize,
    /// Other graphs that were not read.
    pub(super) refused: usize,
    /// Graphs that changed when written and read again.
    pub(super) changed: usize,
    /// Graphs whose alignments or tokens were not read.
    pub(super) unaligned: usize,
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
        let blocks = Blocks::new(open(path)?, path);
        let blocks = blocks.collect::<plm_event_contrast::Result<Vec<Block>>>()?;
        let mut found = Vec::new();
        for (at, block) in blocks.iter().enumerate() {
            let last = at + 1 == blocks.len();
            self.count(block.metadata().get("id"), &block.text, last);
            if alignments {
                let place = Place {
                    origin: path,
                    line: block.line,
                };
                AlignedGraph::read_block(block, place, &mut found);
            }
        }
        // What cannot be read is left out and counted.
        for graph in found {
            match graph {
                Ok(graph) => self.aligned.push(graph),
                Err(_) => self.unaligned += 1,
            }
        }
        Ok(())
    }

    fn utterances(&mut self, path: &Path) -> Result<()> {
        for utterance in JsonLines::<_, Utterance>::new(open(path)?, path) {
            let Utterance { id, utt, raw_amr } = utterance?;
            self.count(Some(&id), &raw_amr, false);
            let one_line: Vec<&str> = utt.split_whitespace().collect();
            let block = format!("# ::id {id}\n# ::snt {}\n{raw_amr}\n", one_line.join(" "));
            let mut reader = Reader::<_, AlignedGraph>::new(block.as_bytes(), path)
                .with_strictness(Strictness::Lenient);
            let Some(graph) = reader.next() else {
                self.unaligned += 1;
                continue;
            };
            let mut graph = graph?;
            align(&mut graph);
            self.aligned.push(graph);
        }
        Ok(())
    }

    /// Reads, writes and reads the graph in `text` as its file has it; there is none in comments alone.
    fn count(&mut self, id: Option<&str>, text: &str, last: bool) {
        let Some(open) = open_brackets(text) else {
            return;
        };
        if last && open > 0 {
            self.cut += 1;
            return;
        }
        match round_trip(text) {
            Trip::Refused => {
                self.refused += 1;
                return;
            }
            Trip::Changed => self.changed += 1,
            Trip::Same => {}
        }
        self.read += 1;
        self.ids.extend(id.map(str::to_owned));
    }
}

/// How many more brackets are opened than closed in `text`, outside of strings and comments; none where
/// there are no brackets. The parser that is tested has no part in it.
fn open_brackets(text: &str) -> Option<isize> {
    let (mut found, mut open) = (false, 0);
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        let (mut quoted, mut escaped) = (false, false);
        for character in line.chars() {
            match character {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '(' if !quoted => {
                    found = true;
                    open += 1;
                }
                ')' if !quoted => open -= 1,
                _ => {}
            }
        }
    }
    found.then_some(open)
}

/// What was read of a data set and what was lost, as a remark.
pub(super) fn remark(name: &str, report: &ReadReport) -> String {
    let report = report.to_string().replace('\n', "; ");
    format!(
        "{name}: {report}. Sentences are taken one by one: of an argument in another sentence than its event \
         nothing is left, not even a miss."
    )
}

/// Sentences of a training part and a test part, and what the reader found and lost.
pub(super) type Parts = ([Vec<EventDocument>; 2], ReadReport);

/// LitBank, sentence by sentence: training and test novels.
pub(super) fn litbank(store: &Store) -> Result<Parts> {
    let path = store.dir("litbank")?.join("litbank_events_entities.tar.gz");
    let files = archive::files(&path, |name| name.contains("/brat/"))?;
    let lines =
        |bytes: &'_ [u8], name: &str| Lines::new(std::io::Cursor::new(bytes.to_vec()), name);
    let (mut documents, mut report) = (Vec::new(), ReadReport::default());
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
        let (document, own) =
            read_litbank(id, text.as_slice(), name, events, annotations("entities"))?;
        report.merge(&own);
        documents.push(document);
    }
    // Every fifth novel is tested on.
    let mut parts = [Vec::new(), Vec::new()];
    for (at, document) in documents.iter().enumerate() {
        parts[usize::from(at % 5 == 4)].extend(by_sentence(document));
    }
    Ok((parts, report))
}

/// BioNLP GE-2013, sentence by sentence: the training and the development texts.
pub(super) fn bionlp(store: &Store) -> Result<Parts> {
    let path = store.dir("bionlp-ge13")?.join("bionlp_st_2013_ge.tar.gz");
    let files = archive::files(&path, |name| !name.starts_with("test/"))?;
    let (mut parts, mut report) = ([Vec::new(), Vec::new()], ReadReport::default());
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
        let (document, own) = read_bionlp(stem, text.as_slice(), name, a1, annotations("a2"))?;
        report.merge(&own);
        parts[usize::from(stem.starts_with("devel/"))].extend(by_sentence(&document));
    }
    Ok((parts, report))
}

/// The validated sentences of ECB+ by topic. An event's type is the chain of its coreferent mentions.
pub(super) fn ecb(store: &Store) -> Result<(BTreeMap<usize, Vec<EventDocument>>, ReadReport)> {
    let path = store.dir("ecbplus")?.join("ecbplus.tar.gz");
    let files = archive::files(&path, |name| {
        name.ends_with(".xml") || name.ends_with("sentences.csv")
    })?;
    let table = "ECBplus_coreference_sentences.csv";
    let table_bytes = files.get(table).with_context(|| format!("no `{table}`"))?;
    let validated = read_ecb_sentences(table_bytes.as_slice(), table)?;
    let mut topics: BTreeMap<usize, Vec<EventDocument>> = BTreeMap::new();
    let mut report = ReadReport::default();
    for (name, xml) in files.iter().filter(|(name, _)| name.ends_with(".xml")) {
        let topic = name
            .split('/')
            .rev()
            .nth(1)
            .and_then(|topic| topic.parse().ok());
        let topic: usize = topic.with_context(|| format!("`{name}` lies in no topic"))?;
        let (mut document, own) = read_ecb(xml.as_slice(), name, 8 << 20)?;
        report.merge(&own);
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
    Ok((topics, report))
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
    let candidate = |mention: &TriggerMention| TriggerMention {
        span: moved(mention.span),
        ..mention.clone()
    };
    for negative in &document.negative_triggers {
        let sentence = &mut sentences[negative.span.sentence];
        sentence.negative_triggers.push(candidate(negative));
    }
    for open in &document.candidates {
        let sentence = &mut sentences[open.span.sentence];
        sentence.candidates.push(candidate(open));
    }
    for event in &document.events {
        for (index, mention) in event.mentions.iter().enumerate() {
            let mut own = event.clone();
            own.mentions = vec![candidate(mention)];
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
    use plm_event_contrast::data::{Event, EventSentence, read_maven};
    use plm_event_contrast::finetune::{EventCorpus, EventLabels};

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

    /// A sentence of MAVEN keeps its negative triggers, and with them class 0, and what is to be
    /// predicted.
    #[test]
    fn sentences_keep_their_negatives_and_candidates() {
        let train = r#"{"id":"a","title":"T","content":[{"sentence":"He won","tokens":["He","won"]},{"sentence":"They did go","tokens":["They","did","go"]}],"events":[{"id":"e","type":"Win","type_id":3,"mention":[{"id":"m","trigger_word":"won","sent_id":0,"offset":[1,2]}]}],"negative_triggers":[{"id":"n","trigger_word":"did","sent_id":1,"offset":[1,2]},{"id":"o","trigger_word":"go","sent_id":1,"offset":[2,3]}]}"#;
        let test = r#"{"id":"b","title":"T","content":[{"sentence":"Go","tokens":["Go"]},{"sentence":"He won","tokens":["He","won"]}],"candidates":[{"id":"c","trigger_word":"won","sent_id":1,"offset":[1,2]}]}"#;
        let lines = format!("{train}\n{test}\n");
        let documents = read_maven(Lines::new(lines.as_bytes(), "m.jsonl"));
        let documents: Vec<EventDocument> = documents.map(std::result::Result::unwrap).collect();
        let sentences: Vec<_> = documents.iter().flat_map(by_sentence).collect();
        let ids = |mentions: &[TriggerMention]| -> Vec<String> {
            mentions.iter().map(|mention| mention.id.clone()).collect()
        };
        assert_eq!(ids(&sentences[1].negative_triggers), ["n", "o"]);
        assert_eq!(ids(&sentences[3].candidates), ["c"]);
        let labels = EventLabels::of(&sentences);
        let corpus = EventCorpus::new(&sentences, &labels).unwrap();
        assert_eq!(corpus.types(), [1, 0, 0, 0]);
    }

    #[test]
    fn texts_are_counted_without_the_parser() {
        assert_eq!(open_brackets("# ::snt a (b\n"), None);
        assert_eq!(open_brackets("# ::id 1\n(a / b :c \"(\\\"(\")\n"), Some(0));
        let mut graphs = Graphs::default();
        let cut = "(a / b :ARG0 (c / d";
        graphs.count(Some("1"), "# ::id 1\n(a / b :ARG0 (c / d))\n", false);
        graphs.count(Some("1"), "(a / b :ARG0 (c / d))", false);
        graphs.count(None, "# no graph\n", false);
        graphs.count(Some("2"), cut, false);
        graphs.count(Some("3"), cut, true);
        assert_eq!((graphs.read, graphs.ids.len()), (2, 1));
        assert_eq!((graphs.refused, graphs.cut, graphs.changed), (1, 1, 0));
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
