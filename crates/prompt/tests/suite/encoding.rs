//! From texts to ids.

use plm_core::text::Tokenizer;
use plm_prompt::catalog::{MaskedTemplate, T5Template, task};
use plm_prompt::{Error, Example, Task, TaskEncoder, TextForm};

use super::support::{devices, mini, opinions};

#[test]
fn label_words_that_cannot_answer_are_refused_with_the_remedy() {
    let (_, device) = devices().remove(0);
    let (_, tokenizer) = mini(&device);
    let encoder = TaskEncoder::new(&tokenizer, TextForm::Masked);
    let with = |words: &[&str]| {
        let mut task = opinions();
        task.label_words = words.iter().map(|&word| word.to_owned()).collect();
        encoder.train(&task).unwrap_err()
    };
    let split = with(&["bad", "untranslatability"]);
    assert!(matches!(&split, Error::LabelWord { pieces, .. } if pieces.len() > 1));
    assert!(split.to_string().contains("choose a word"), "{split}");
    assert!(matches!(
        with(&["bad", "漢"]),
        Error::UnknownLabelWord { .. }
    ));
    assert!(matches!(
        with(&["bad", "bad"]),
        Error::SharedLabelWord {
            first: 0,
            second: 1,
            ..
        }
    ));
    let missing = with(&["bad"]);
    assert!(
        matches!(
            missing,
            Error::Label {
                label: 1,
                classes: 1,
                ..
            }
        ),
        "{missing}"
    );
    assert!(matches!(with(&[]), Error::Empty { .. }));
}

#[test]
fn pairs_have_one_separator_and_are_cut_on_the_longer_side() {
    let (_, device) = devices().remove(0);
    let (_, tokenizer) = mini(&device);
    let mut task = opinions();
    task.train[0].text = "the film was good .".to_owned();
    task.train[0].pair = Some("i like it very much , she said to him .".to_owned());
    let encoder = TaskEncoder::new(&tokenizer, TextForm::Masked).with_max_tokens(12);
    let encoded = encoder.train(&task).unwrap();
    let ids = &encoded.examples[0].ids;
    assert_eq!(ids.len(), 12);
    let text = tokenizer.decode(ids, false).unwrap();
    assert_eq!(ids.iter().filter(|&&id| id == 3).count(), 2, "{text}");
    assert!(encoded.report.truncated >= 1);
    let tiny = TaskEncoder::new(&tokenizer, TextForm::Masked).with_max_tokens(2);
    assert!(tiny.train(&task).is_err());
}

#[test]
fn a_sentence_and_its_aspect_are_one_text() {
    let (_, device) = devices().remove(0);
    let (_, tokenizer) = mini(&device);
    let form = task("laptop").unwrap().masked_template.unwrap().form();
    assert_eq!(form, TextForm::Joined);
    assert_eq!(MaskedTemplate::Pair.form(), TextForm::Masked);
    let joined = TaskEncoder::new(&tokenizer, form);
    let masked = TaskEncoder::new(&tokenizer, TextForm::Masked);
    let (text, aspect) = ("the film was good .", "film");
    let words = ["bad", "good"];
    let found = ids_of(&joined, words, text, Some(aspect)).unwrap();
    let whole = ids_of(&masked, words, "the film was good . film", None).unwrap();
    assert_eq!(found, whole);
    let parted = ids_of(&masked, words, text, Some(aspect)).unwrap();
    assert_eq!(parted.len(), found.len() + 1);
    // Without an aspect both are the text.
    let alone = |encoder| ids_of(encoder, words, text, None).unwrap();
    assert_eq!(alone(&joined), alone(&masked));
    // The text is cut as a whole.
    let short = joined.with_max_tokens(5);
    let cut = ids_of(&short, words, text, Some(aspect)).unwrap();
    assert_eq!(cut, [&whole[..4], &whole[whole.len() - 1..]].concat());
}

/// A small tokenizer of T5.
fn t5_tokenizer() -> Tokenizer {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../plm-core/tests/fixtures/text/t5"
    );
    Tokenizer::from_dir(folder).unwrap()
}

/// Ids of one example of a task of two classes.
fn ids(encoder: &TaskEncoder<'_>, text: &str, pair: Option<&str>) -> Result<Vec<u32>, Error> {
    ids_of(encoder, ["good", "film"], text, pair)
}

/// The same with these label words.
fn ids_of(
    encoder: &TaskEncoder<'_>,
    words: [&str; 2],
    text: &str,
    pair: Option<&str>,
) -> Result<Vec<u32>, Error> {
    let example = Example {
        text: text.to_owned(),
        pair: pair.map(str::to_owned),
        label: 0,
    };
    let task = Task {
        name: "films".to_owned(),
        kind: "sentiment".to_owned(),
        label_words: words.map(str::to_owned).to_vec(),
        train: vec![example],
        dev: Vec::new(),
        test: Vec::new(),
    };
    Ok(encoder.train(&task)?.examples.remove(0).ids)
}

#[test]
fn templates_alone_say_where_a_text_ends() {
    let tokenizer = t5_tokenizer();
    let id = |token: &str| tokenizer.token_to_id(token).unwrap();
    let (good, film, a, b) = (id("▁good"), id("▁film"), id("▁a"), id("▁b"));
    let (end, sentinel) = (id("</s>"), id("<extra_id_0>"));
    let encode = |name: &str, text, pair| {
        let form = TextForm::Template(task(name).unwrap().t5_template);
        ids(&TaskEncoder::new(&tokenizer, form), text, pair).unwrap()
    };
    assert_eq!(encode("imdb", "good film", None), [good, film]);
    assert_eq!(encode("sst2", "good film", None), [good, film, end]);
    assert_eq!(encode("laptop", "good", Some("film")), [good, film, end]);
    assert_eq!(encode("mrpc", "a", Some("b")), [a, sentinel, b, end]);
    assert_eq!(encode("deontology", "a", Some("b")), [a, b]);
    // Written texts get the tokenizer's own end: twice, where the template has one.
    let written = TaskEncoder::new(&tokenizer, TextForm::Written);
    let text = T5Template::Ended.text(&["good film"]).unwrap();
    let twice = ids(&written, &text, None).unwrap();
    assert_eq!(twice, [good, film, end, end]);
    let wrong = TaskEncoder::new(&tokenizer, TextForm::Template(T5Template::Sentinel));
    assert!(matches!(ids(&wrong, "a", None), Err(Error::Size(_))));
}

#[test]
fn templates_cut_texts_and_keep_special_tokens() {
    let tokenizer = t5_tokenizer();
    let id = |token: &str| tokenizer.token_to_id(token).unwrap();
    let form = TextForm::Template(T5Template::Sentinel);
    let encoder = |limit| TaskEncoder::new(&tokenizer, form).with_max_tokens(limit);
    let found = ids(&encoder(5), "good film good film", Some("a")).unwrap();
    let expected = ["▁good", "▁film", "<extra_id_0>", "▁a", "</s>"].map(id);
    assert_eq!(found, expected);
    // No room beside the two special tokens.
    let none = ids(&encoder(2), "a", Some("b"));
    assert!(matches!(none, Err(Error::Setting { .. })));
}
