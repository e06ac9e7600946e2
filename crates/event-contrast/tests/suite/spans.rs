//! Sub-words of spans, markers, and the two layouts.

use std::ops::Range;

use burn::tensor::Tensor;
use plm_core::nn::DropoutMode;
use plm_core::rng::Seed;
use plm_core::text::Encoding;
use plm_event_contrast::amr::TokenSpan;
use plm_event_contrast::finetune::{Candidate, Markers, encode_candidate};
use plm_event_contrast::pairs::{PairSettings, PairSource};
use plm_event_contrast::text::{
    ContrastSentence, EventContrast, EventEncoder, Layout, PairLayout, PairPlan, pool_mean,
    span_states,
};

use super::support::{aligned, bert, close, corpus, devices, span_encoder, values};

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn sub_words_do_not_cross_borders() {
    let encoder = span_encoder(64);
    let tokens = words("Uncopyrightable rebels attacked the city yesterday .");
    let spans = [(0, 2), (1, 3), (2, 3), (0, 7), (4, 5)].map(|(s, e)| TokenSpan::new(s, e));
    let encoded = encoder.encode(&tokens, &spans).unwrap();
    for (span, range) in spans.iter().zip(&encoded.ranges) {
        let ids = &encoded.encoding.ids[range.clone().unwrap()];
        let text = encoder.tokenizer().decode(ids, true).unwrap();
        let expected = tokens[span.start..span.end].join("").to_lowercase();
        assert_eq!(text.replace(' ', ""), expected, "{span}");
    }
    for (start, end) in [(3, 3), (6, 8)] {
        let error = encoder.encode(&tokens, &[TokenSpan::new(start, end)]);
        assert!(error.unwrap_err().to_string().contains("of 7 tokens"));
    }
}

#[test]
fn spans_beyond_the_length_are_dropped() {
    let encoder = span_encoder(6);
    let tokens = words("the city was taken by the army");
    let spans = [(0, 2), (3, 4), (4, 5), (2, 7)].map(|(s, e)| TokenSpan::new(s, e));
    let encoded = encoder.encode(&tokens, &spans).unwrap();
    assert_eq!(encoded.encoding.len(), 6);
    assert_eq!(encoded.ranges, [Some(1..3), Some(4..5), None, None]);
    let separator = encoder.tokenizer().token_to_id("[SEP]").unwrap();
    assert_eq!(encoded.encoding.ids[5], separator);
    assert_eq!(encoded.encoding.truncated, 3);
}

#[test]
fn markers_and_segments() {
    let encoder = span_encoder(32);
    let markers = Markers::reserved(encoder.tokenizer(), 3).unwrap();
    let tokens = words("the city was taken by the army");
    let read = |trigger: (usize, usize), argument: Option<(usize, usize)>, length: usize| {
        let candidate = Candidate {
            sentence: 0,
            trigger: TokenSpan::new(trigger.0, trigger.1),
            event_type: 3,
            argument: argument.map(|(start, end)| TokenSpan::new(start, end)),
            class: 0,
        };
        let encoder = span_encoder(length);
        let encoded = encode_candidate(&encoder, &markers, &tokens, &candidate).unwrap()?;
        let ids = &encoded.encoding.ids;
        let text = encoded.segments.iter().map(|segment| {
            let tokens = ids[segment.clone()].iter();
            let tokens = tokens.map(|&id| encoder.tokenizer().id_to_token(id).unwrap());
            tokens.collect::<Vec<_>>().join(" ")
        });
        Some(text.collect::<Vec<_>>())
    };
    let detection = ["[CLS] the city was", "[unused0] taken by the army [SEP]"];
    assert_eq!(read((3, 4), None, 32).unwrap(), detection);
    let before = [
        "[unused6] taken [unused7] by the army [SEP]",
        "[unused0] the city [unused1] was",
        "[CLS]",
    ];
    assert_eq!(read((3, 4), Some((0, 2)), 32).unwrap(), before);
    let after = [
        "[CLS] the city was",
        "[unused6] taken [unused7] by",
        "[unused0] the army [unused1] [SEP]",
    ];
    assert_eq!(read((3, 4), Some((5, 7)), 32).unwrap(), after);
    // Neighbors, and a trigger within its argument.
    let neighbors = [
        "[CLS] the city was",
        "[unused6] taken [unused7]",
        "[unused0] by [unused1] the army [SEP]",
    ];
    assert_eq!(read((3, 4), Some((4, 5)), 32).unwrap(), neighbors);
    let within = [
        "[unused6] taken [unused7] [unused1] by the army [SEP]",
        "[unused0] was",
        "[CLS] the city",
    ];
    assert_eq!(read((3, 4), Some((2, 4)), 32).unwrap(), within);
    // 7 words, 4 markers and 2 special tokens.
    assert!(read((3, 4), Some((5, 7)), 13).is_some());
    assert!(read((3, 4), Some((5, 7)), 12).is_none());
    assert!(read((3, 4), Some((0, 2)), 11).is_some());
    assert!(Markers::reserved(encoder.tokenizer(), 32).is_err());
    assert!(markers.of_type(4).is_err() && markers.of_type(0).is_err());
}

#[test]
fn encoding_once_equals_encoding_per_pair() {
    let encoder = span_encoder(64);
    let graphs = aligned(&corpus(6, 1, 1).unlabeled);
    let pairs = PairSource::Amr(&graphs, PairSettings::default()).pairs();
    let sentences = ContrastSentence::all(&encoder, &pairs).unwrap();
    let sentences: Vec<&ContrastSentence> = sentences.iter().collect();
    assert!(sentences.len() > 3);
    for contrast in [EventContrast::default(), EventContrast::paper()] {
        let plan = PairPlan::new(&sentences, &contrast, Seed::new(1));
        let count: usize = sentences.iter().map(|each| each.n_pairs()).sum();
        assert_eq!(plan.pairs.len(), count);
        for (name, device) in devices() {
            let model = EventEncoder::new(bert(&device), &contrast, Seed::new(2), &device);
            let losses = |layout| {
                let layout = PairLayout::new(&plan, sentences.len(), layout);
                let rows = layout.rows.len();
                let off = DropoutMode::Off;
                let found =
                    contrast.batch_losses(&model, &sentences, &layout, &encoder, off, &device);
                (values(found.unwrap()), rows)
            };
            let (once, rows) = losses(Layout::Once);
            let (per_pair, more) = losses(Layout::PerPair);
            assert_eq!((rows, more), (sentences.len(), count), "{name}");
            close(&once, &per_pair, 1e-5);
            assert!(once.iter().all(|&loss| loss > 0.0));
        }
    }
}

/// Values and gradients, with dropout; the spans of a sentence overlap, and some sub-words are in none.
#[test]
fn states_of_spans_are_those_of_the_whole_batch() {
    let encoder = span_encoder(64);
    let graphs = aligned(&corpus(6, 1, 1).unlabeled);
    let pairs = PairSource::Amr(&graphs, PairSettings::default()).pairs();
    let sentences = ContrastSentence::all(&encoder, &pairs).unwrap();
    let encodings: Vec<Encoding> = sentences.iter().map(|each| each.encoding.clone()).collect();
    let mut spans: Vec<(usize, Range<usize>)> = Vec::new();
    for (row, sentence) in sentences.iter().enumerate() {
        spans.push((row, 1..3));
        for trigger in &sentence.triggers {
            let arguments = trigger.arguments.iter().cloned();
            let own = arguments.chain([trigger.trigger.clone()]);
            spans.extend(own.map(|range| (row, range)));
        }
    }
    for (_, device) in devices() {
        let device = device.autodiff();
        let model = bert(&device);
        let input = encoder.input(&encodings, &device).unwrap();
        let input = input.with_dropout(DropoutMode::Train { seed: 3 });
        let hidden = model.forward(&input).last_hidden_state;
        let whole = pool_mean(hidden, &spans).unwrap();
        let chosen = span_states(&model, &input, &spans).unwrap();
        close(&values(chosen.clone()), &values(whole.clone()), 1e-5);
        let gradients = |states: Tensor<2>| states.powi_scalar(3).mean().backward();
        let (chosen, whole) = (gradients(chosen), gradients(whole));
        let layer = &model.layers[0];
        for weight in [
            &layer.attention.query.weight,
            &layer.attention.value.weight,
            &layer.ffn.inner.weight,
            &model.embeddings.word.weight,
        ] {
            let gradient = |of| values(weight.val().grad(of).unwrap());
            close(&gradient(&chosen), &gradient(&whole), 1e-5);
        }
        assert!(span_states(&model, &input, &[(0, 60..70)]).is_err());
    }
}

/// The paper's numbers of negatives are reached with other sentences' spans; none is a true argument.
#[test]
fn negatives_are_filled_up_from_other_sentences() {
    let encoder = span_encoder(64);
    let graphs = aligned(&corpus(40, 1, 1).unlabeled);
    let pairs = PairSource::Amr(&graphs, PairSettings { keep_named: true }).pairs();
    let sentences = ContrastSentence::all(&encoder, &pairs).unwrap();
    let sentences: Vec<&ContrastSentence> = sentences.iter().collect();
    let plan = PairPlan::new(&sentences, &EventContrast::paper(), Seed::new(1));
    for pair in &plan.pairs {
        assert_eq!(pair.argument_negatives.len(), 30);
        assert_eq!(pair.trigger_negatives.len(), 9);
        let own = &plan.arguments[&pair.trigger];
        assert!(
            pair.argument_negatives
                .iter()
                .all(|span| !own.contains(span))
        );
        let has = |trigger| plan.arguments[trigger].contains(&pair.argument);
        assert!(!pair.trigger_negatives.iter().any(has));
    }
    assert_eq!(
        plan,
        PairPlan::new(&sentences, &EventContrast::paper(), Seed::new(1))
    );
    let in_sentence = PairPlan::new(&sentences, &EventContrast::default(), Seed::new(1));
    for pair in &in_sentence.pairs {
        let near =
            |span: &plm_event_contrast::text::SpanPlace| span.sentence == pair.trigger.sentence;
        assert!(pair.argument_negatives.iter().all(near));
        assert!(pair.trigger_negatives.is_empty());
    }
}
