//! Alignment of AMR graphs to tokens by rules, for graphs that come without.
//!
//! Greedy, in the manner of JAMR's aligner (Flanigan et al. 2014) with fewer rules: the strongest rule
//! takes its tokens first, and a token serves one node, or one name with the node it names. The rules
//! are, in order: names as a whole; concepts and constants as they stand in the sentence, without the
//! number of their frame and whatever the case; numbers, months, negations and pronouns by tables; and
//! words that share their first four letters with a concept, or are a concept of three letters with an
//! ending of inflection.

mod items;
mod names;
mod rules;
mod tables;
#[cfg(test)]
mod tests;
mod words;

use crate::amr::AlignedGraph;

use words::Words;

/// Aligns `aligned` by rules where it has no alignments, and marks it so; otherwise leaves it as it is.
pub fn align(aligned: &mut AlignedGraph) {
    if !aligned.spans.is_empty() {
        return;
    }
    let mut words = Words::new(&aligned.tokens);
    let mut spans = names::align_names(aligned, &mut words);
    rules::align_words(aligned, &mut words, &mut spans);
    aligned.spans = spans.into_iter().map(|(n, span)| (n, vec![span])).collect();
    aligned.auto_aligned = true;
}
