use std::collections::BTreeMap;

use super::items::{Item, items};
use super::tables;
use super::words::{Word, Words};
use crate::amr::{AlignedGraph, NodeRef, TokenSpan};

type Rule = fn(&Item<'_>, &mut Words<'_>) -> Option<TokenSpan>;

/// From the strongest to the weakest.
const RULES: [Rule; 4] = [exact, letters, table, stem];

/// Aligns the nodes that have no span yet with the words that stand for them.
pub(super) fn align_words(
    aligned: &AlignedGraph,
    words: &mut Words<'_>,
    spans: &mut BTreeMap<NodeRef, TokenSpan>,
) {
    let items = items(aligned);
    for rule in RULES {
        for item in &items {
            if spans.contains_key(&item.node) {
                continue;
            }
            if let Some(span) = rule(item, words) {
                spans.insert(item.node, span);
            }
        }
    }
}

/// The concept or constant is a token.
fn exact(item: &Item<'_>, words: &mut Words<'_>) -> Option<TokenSpan> {
    if is_polarity(item) {
        return None;
    }
    words.take(|word| word.token == item.text)
}

/// Its letters are those of tokens, whatever the case and the hyphens. Numbers are left to their rule:
/// `1.5` is not `15`.
fn letters(item: &Item<'_>, words: &mut Words<'_>) -> Option<TokenSpan> {
    if item.text.parse::<f64>().is_ok() {
        return None;
    }
    words.take_letters(item.text)
}

fn table(item: &Item<'_>, words: &mut Words<'_>) -> Option<TokenSpan> {
    if is_polarity(item) {
        return words.take(|word| tables::is_negation(&word.lower));
    }
    let Ok(value) = item.text.parse::<f64>() else {
        return words.take(|word| tables::is_pronoun(&word.lower, item.text));
    };
    if item.role == ":month"
        && let Some(span) = words.take(|word| tables::is_month(&word.lower, value))
    {
        return Some(span);
    }
    scaled(value, words).or_else(|| words.take(|word| tables::number(&word.lower) == Some(value)))
}

/// A number and what multiplies it: `2.5 million`.
fn scaled(value: f64, words: &mut Words<'_>) -> Option<TokenSpan> {
    let product = |pair: &[Word<'_>]| {
        let free = pair.iter().all(|word| !word.taken);
        let factor = tables::scale(&pair[1].lower)?;
        let number = tables::number(&pair[0].lower)?;
        free.then_some(number * factor)
    };
    let at = words
        .words
        .windows(2)
        .position(|pair| product(pair) == Some(value))?;
    Some(words.take_span(TokenSpan::new(at, at + 2)))
}

/// How many letters a word and a concept have to share at their start.
const PREFIX: usize = 4;

/// How many letters each may have beyond.
const ENDING: usize = 5;

/// The endings that a concept of three letters may have; a shorter one is its own word or none.
const SHORT: usize = 3;
const INFLECTIONS: [&str; 4] = ["s", "es", "ed", "ing"];

/// The free word that shares the longest start with the concept: at least four letters, and neither
/// goes on for more than five. A concept of three letters is found with an ending of inflection.
fn stem(item: &Item<'_>, words: &mut Words<'_>) -> Option<TokenSpan> {
    let is_word = item.text.starts_with(char::is_alphabetic);
    if !is_word || item.abstract_frame || !item.role.is_empty() {
        return None;
    }
    let lower = item.text.to_lowercase();
    let concept: Vec<char> = lower.chars().collect();
    let shared = |word: &Word<'_>| {
        if concept.len() < PREFIX {
            let ending = word.lower.strip_prefix(lower.as_str());
            let fits = ending.is_some_and(|ending| INFLECTIONS.contains(&ending));
            return (fits && concept.len() == SHORT).then_some(SHORT);
        }
        let letters: Vec<char> = word.lower.chars().collect();
        let shared = letters
            .iter()
            .zip(&concept)
            .take_while(|(a, b)| a == b)
            .count();
        let longest = letters.len().max(concept.len());
        (shared >= PREFIX && longest - shared <= ENDING).then_some(shared)
    };
    let free = words
        .words
        .iter()
        .enumerate()
        .filter(|(_, word)| !word.taken);
    let found = free.filter_map(|(at, word)| Some((shared(word)?, std::cmp::Reverse(at))));
    let (_, std::cmp::Reverse(at)) = found.max()?;
    Some(words.take_span(TokenSpan::new(at, at + 1)))
}

fn is_polarity(item: &Item<'_>) -> bool {
    item.role == ":polarity" || item.text == "-"
}
