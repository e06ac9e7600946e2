use proptest::prelude::*;

use super::super::Document;
use super::{Segmentation, segment, split_words};

fn words(text: &str) -> Vec<String> {
    split_words(text)
        .into_iter()
        .map(|word| word.text)
        .collect()
}

fn check(text: &str, expected: &str) {
    assert_eq!(words(text).join(" "), expected, "{text:?}");
}

#[test]
fn punctuation_brackets_and_quotes_are_words() {
    check("He said: \"Go (now)!\"", "He said : \" Go ( now ) ! \"");
    check("wait... what?!", "wait ... what ? !");
    check("a -- b – c", "a -- b – c");
    check("“Ja”, she said.", "“ Ja ” , she said .");
    check("``Well,'' he", "`` Well , '' he");
}

#[test]
fn numbers_and_units() {
    check(
        "It cost $3.50, or 1,000 yen (5%).",
        "It cost $ 3.50 , or 1,000 yen ( 5 % ) .",
    );
    check("At 10:30 on 1/2/2020.", "At 10:30 on 1/2/2020 .");
    check("In 1999, π = 3.14.", "In 1999 , π = 3.14 .");
}

#[test]
fn contractions_come_apart() {
    check("I don't know John's cat.", "I do n't know John 's cat .");
    check(
        "They’ll say we’re O'Neil's",
        "They ’ll say we ’re O'Neil 's",
    );
    check("Lincoln 's Inn do n't 've", "Lincoln 's Inn do n't 've");
    check("rock 'n' roll", "rock ' n ' roll");
}

#[test]
fn abbreviations_and_hyphens_stay_whole() {
    check(
        "Dr. J. Smith of the U.S. Army.",
        "Dr. J. Smith of the U.S. Army .",
    );
    check("Acme Inc., e.g. (etc.)", "Acme Inc. , e.g. ( etc. )");
    check(
        "a rigidly-moving AT&T state-of-the-art",
        "a rigidly-moving AT&T state-of-the-art",
    );
    check("vitamin C. Then", "vitamin C. Then");
    check("It was I. He said no.", "It was I . He said no .");
    check("No. 5 and no.", "No. 5 and no .");
}

#[test]
fn addresses_stay_whole() {
    check(
        "See http://a.b/c?d=1. Mail x.y@z.org!",
        "See http://a.b/c?d=1 . Mail x.y@z.org !",
    );
    check(
        "(www.a.com), @name #tag: ok",
        "( www.a.com ) , @name #tag : ok",
    );
    check("https://a.org/B_(c).", "https://a.org/B_(c) .");
}

#[test]
fn scripts_other_than_latin() {
    check("東京は大きい。", "東 京 は 大 き い 。");
    check("नमस्ते दुनिया", "नमस्ते दुनिया");
    check(
        "cafe\u{301} 👩\u{200d}👩\u{200d}👧!",
        "cafe\u{301} 👩\u{200d}👩\u{200d}👧 !",
    );
    check("a\u{200b}b\u{0}c\u{feff}", "a b c");
}

fn sentences(text: &str) -> Vec<String> {
    let sentences = segment(text, Segmentation::Rules).into_iter();
    let join = |sentence: Vec<super::RawWord>| {
        let words: Vec<_> = sentence.into_iter().map(|word| word.text).collect();
        words.join(" ")
    };
    sentences.map(join).collect()
}

#[test]
fn sentences_end_at_their_marks() {
    assert_eq!(
        sentences("A b. C d! E f? G"),
        ["A b .", "C d !", "E f ?", "G"]
    );
    assert_eq!(
        sentences("Really?! Yes... No."),
        ["Really ? !", "Yes ...", "No ."]
    );
    assert_eq!(sentences("He left. she stayed"), ["He left . she stayed"]);
    assert_eq!(sentences("东京。大阪！"), ["东 京 。", "大 阪 ！"]);
    assert!(sentences(" \n ").is_empty());
}

#[test]
fn quotes_and_brackets_close_with_their_sentence() {
    assert_eq!(
        sentences("\"Go.\" He went. (She too.) \"Oh!\" they said"),
        [
            "\" Go . \"",
            "He went .",
            "( She too . )",
            "\" Oh ! \" they said"
        ]
    );
}

#[test]
fn abbreviations_do_not_end_sentences() {
    assert_eq!(
        sentences("Dr. Smith met J. Doe."),
        ["Dr. Smith met J. Doe ."]
    );
    assert_eq!(sentences("In the U.S. Army he"), ["In the U.S. Army he"]);
    assert_eq!(
        sentences("He left the U.S. The end."),
        ["He left the U.S.", "The end ."]
    );
    assert_eq!(
        sentences("See Fig. 3. Then go."),
        ["See Fig. 3 .", "Then go ."]
    );
    assert_eq!(
        sentences("1. First item. 2. Next"),
        ["1 . First item .", "2 . Next"]
    );
}

#[test]
fn blank_lines_end_sentences_and_single_breaks_do_not() {
    assert_eq!(
        sentences("A title\n\nand a\nwrapped line"),
        ["A title", "and a wrapped line"]
    );
    assert_eq!(sentences("a\r\n\r\nb"), ["a", "b"]);
    let lines = segment("a b.\nc d's e. F\n", Segmentation::Lines);
    assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [3, 6]);
    let lines = segment("a b.\n\nc d's e. F", Segmentation::Tokenized);
    assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(lines[1][1].text, "d's");
}

#[test]
fn documents_keep_the_text() {
    let document = Document::from_text("d", "É b.  Ça", Segmentation::Rules);
    assert_eq!(document.sentences.len(), 2);
    let last = &document.sentences[1];
    let offset = last.offsets.as_ref().unwrap()[0];
    assert_eq!((offset.start, offset.end), (6, 8));
    assert_eq!(offset.of(document.text.as_ref().unwrap()), Some("Ça"));
}

proptest! {
    #[test]
    fn words_are_the_text_without_spaces(text in any::<String>()) {
        holds(&text)?;
    }

    #[test]
    fn words_are_the_text_of_difficult_pieces(
        parts in prop::collection::vec(
            "[a-cA-C]{1,2}|[0-9]|[.!?'\"()@:/&#-]|\u{301}|\u{200d}|\u{200b}|東|👩|’|n't| |\n|U\\.S\\.|www\\.|…",
            0..14,
        ),
    ) {
        holds(&parts.concat())?;
    }
}

fn holds(text: &str) -> Result<(), TestCaseError> {
    let characters: Vec<char> = text.chars().collect();
    let all = split_words(text);
    let mut at = 0;
    for word in &all {
        prop_assert!(!word.text.is_empty() && word.span.start >= at);
        prop_assert_eq!(
            characters[word.span.start..word.span.end]
                .iter()
                .collect::<String>(),
            word.text.as_str()
        );
        at = word.span.end;
    }
    let separates = |c: &char| {
        c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}' | '\u{feff}' | '\u{2060}')
    };
    let kept = characters.iter().filter(|c| !separates(c)).count();
    prop_assert_eq!(
        all.iter().map(|w| w.text.chars().count()).sum::<usize>(),
        kept
    );
    let by_rules = segment(text, Segmentation::Rules);
    prop_assert!(by_rules.iter().all(|sentence| !sentence.is_empty()));
    prop_assert_eq!(by_rules.concat().len(), all.len());
    Ok(())
}
