//! Reading, writing and both.

use plm_core::data::Lines;
use proptest::prelude::*;

use super::super::document::*;
use super::super::report::Loss;
use super::super::segment::{SentenceSplit, TextLayout, Tokenization};
use super::{UnifiedUnit, read_unified, write_unified};

const LINE: &str = r#"{"id":"s1","text":"Rebels attacked Rome","events":[{"type":"Attack","triggers":[{"id":"t","trigger_word":"attacked","position":[7,15],"arguments":[{"role":"Attacker","mentions":[{"mention":"Rebels","position":[0,6]}]},{"role":"Place","id":"E","mentions":[{"position":[16,20]}]}]}]}],"negative_triggers":[{"trigger_word":"Rebels","position":[0,6]}],"entities":[{"id":"E","type":"GPE","mentions":[{"mention_id":"x","mention":"Rom","position":[16,20]}]}]}"#;

#[test]
fn a_line_of_omnievent() {
    let mut reader = read_unified(Lines::new(LINE.as_bytes(), "u.jsonl"));
    let document = reader.next().unwrap().unwrap();
    document.validate().unwrap();
    let event = &document.events[0];
    assert_eq!(
        (event.id.as_str(), event.mentions[0].id.as_str()),
        ("0", "t")
    );
    assert_eq!(event.mentions[0].span, TokenSpan::new(0, 1, 2));
    let fillers: Vec<Filler> = event.arguments.iter().map(|a| a.filler).collect();
    let rebels = Filler::Span(TokenSpan::new(0, 0, 1));
    assert_eq!(fillers, [rebels, Filler::Entity(0)]);
    assert!(event.arguments.iter().all(|a| a.mention == Some(0)));
    assert_eq!(document.negative_triggers[0].id, "0");
    assert_eq!(reader.report().lost(Loss::TextMismatch), 1);
}

/// Reads what `write_unified` wrote, sentences in lines.
fn written(documents: &[EventDocument], unit: UnifiedUnit) -> (Vec<EventDocument>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u.jsonl");
    write_unified(&path, documents, unit).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let layout = TextLayout::new(Tokenization::Whitespace, SentenceSplit::Lines);
    let reader = read_unified(Lines::new(text.as_bytes(), "u")).with_layout(layout);
    let found = reader.collect::<Result<_, _>>().unwrap();
    (found, text)
}

/// `document` as the unified form keeps it.
fn kept(mut document: EventDocument) -> EventDocument {
    for sentence in &mut document.sentences {
        sentence.text = None;
        sentence.characters = None;
    }
    document
}

fn two_sentences() -> EventDocument {
    let sentence = |text: &str| EventSentence {
        tokens: text.split(' ').map(str::to_owned).collect(),
        ..EventSentence::default()
    };
    let mention = |id: &str, span| TriggerMention {
        id: id.into(),
        span,
    };
    EventDocument {
        id: "d".into(),
        sentences: vec![sentence("né men fought"), sentence("they fled")],
        events: vec![Event {
            id: "e".into(),
            event_type: "Fight".into(),
            mentions: vec![mention("t", TokenSpan::new(0, 2, 3))],
            arguments: vec![EventArgument {
                role: "Side".into(),
                filler: Filler::Span(TokenSpan::new(1, 0, 1)),
                mention: Some(0),
            }],
            ..Event::default()
        }],
        ..EventDocument::default()
    }
}

#[test]
fn documents_keep_what_sentences_lose() {
    let document = two_sentences();
    let (found, text) = written(std::slice::from_ref(&document), UnifiedUnit::Document);
    assert_eq!(found.len(), 1);
    assert_eq!(kept(found[0].clone()), document);
    assert!(text.contains(r#""position":[7,13]"#), "{text}");
    assert!(text.contains(r#""position":[14,18]"#), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u.jsonl");
    let report = write_unified(&path, &[document], UnifiedUnit::Sentence).unwrap();
    assert_eq!(report.lost(Loss::CrossSentenceArgument), 1);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
}

#[test]
fn test_lines_have_candidates_alone() {
    let mut document = two_sentences();
    document.candidates = document.events[0].mentions.clone();
    document.events.clear();
    let (found, text) = written(std::slice::from_ref(&document), UnifiedUnit::Document);
    assert_eq!(kept(found[0].clone()), document);
    assert!(
        !text.contains("events") && !text.contains("negative"),
        "{text}"
    );
}

fn documents() -> impl Strategy<Value = EventDocument> {
    let sentences = prop::collection::vec(prop::collection::vec("[a-zé.]{1,4}", 1..6), 1..4);
    let picks = prop::collection::vec((any::<u16>(), any::<u16>(), any::<u16>()), 2..6);
    (sentences, picks).prop_map(|(sentences, picks)| {
        let spans: Vec<TokenSpan> = picks
            .iter()
            .map(|&(a, b, c)| {
                let sentence = a as usize % sentences.len();
                let start = b as usize % sentences[sentence].len();
                let end = start + 1 + c as usize % (sentences[sentence].len() - start);
                TokenSpan::new(sentence, start, end)
            })
            .collect();
        let mentions = spans.iter().enumerate();
        let entity = Entity {
            id: "E".into(),
            entity_type: None,
            mentions: mentions
                .map(|(at, &span)| EntityMention {
                    id: at.to_string(),
                    span,
                })
                .collect(),
        };
        let argument = |filler| EventArgument {
            role: "R".into(),
            filler,
            mention: Some(0),
        };
        EventDocument {
            id: "d".into(),
            sentences: sentences
                .into_iter()
                .map(|tokens| EventSentence {
                    tokens,
                    ..EventSentence::default()
                })
                .collect(),
            entities: vec![entity],
            events: vec![Event {
                id: "e".into(),
                event_type: "T".into(),
                mentions: vec![TriggerMention {
                    id: "t".into(),
                    span: spans[0],
                }],
                arguments: vec![
                    argument(Filler::Entity(0)),
                    argument(Filler::Span(spans[1])),
                ],
                ..Event::default()
            }],
            ..EventDocument::default()
        }
    })
}

proptest! {
    #[test]
    fn written_documents_read_the_same(document in documents()) {
        let (found, _) = written(std::slice::from_ref(&document), UnifiedUnit::Document);
        prop_assert_eq!(kept(found[0].clone()), document);
    }
}
