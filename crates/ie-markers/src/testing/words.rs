//! A tokenizer whose ids can be worked out by hand.

use plm_core::text::SpecialToken;

use crate::Result;
use crate::data::WordSpan;
use crate::subwords::{Subwords, WordTokenizer};

pub(crate) const CLS: u32 = 2;
pub(crate) const SEP: u32 = 3;

/// Word `17x3` becomes three tokens, 1170, 1171 and 1172; any other word a token for each letter, 5000
/// and its code point. Words of dots are nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Toy {
    pub(crate) tokens: Vec<(&'static str, u32)>,
    pub(crate) without_mask: bool,
}

impl WordTokenizer for Toy {
    fn split(&self, word: &str) -> Result<Vec<u32>> {
        if word == "?" {
            return Ok(vec![1]);
        }
        let pair = word.split_once('x');
        let numbers =
            pair.and_then(|(name, count)| Some((name.parse().ok()?, count.parse().ok()?)));
        Ok(match numbers {
            Some((name, count)) => (0..count).map(|k| toy_id(name, k)).collect(),
            None => {
                let letters = word.chars().filter(|&c| c != '.');
                letters.map(|c| 5000 + u32::from(c)).collect()
            }
        })
    }

    fn special(&self, role: SpecialToken) -> Option<u32> {
        match role {
            SpecialToken::Unk => Some(1),
            SpecialToken::Cls => Some(CLS),
            SpecialToken::Sep => Some(SEP),
            SpecialToken::Mask => (!self.without_mask).then_some(4),
            _ => None,
        }
    }

    fn token_id(&self, token: &str) -> Option<u32> {
        let found = self.tokens.iter().find(|(name, _)| *name == token);
        found.map(|(_, id)| *id)
    }
}

/// Id of piece `piece` of the word with number `name`.
pub(crate) fn toy_id(name: u32, piece: u32) -> u32 {
    1000 + 10 * name + piece
}

/// A document whose word number `i` has `counts[i]` pieces, cut into sentences.
pub(crate) fn toy_document(sentences: &[Vec<u32>]) -> Subwords {
    let mut name = 0;
    let words: Vec<Vec<String>> = sentences
        .iter()
        .map(|counts| {
            let words = counts.iter().map(|count| {
                name += 1;
                format!("{}x{count}", name - 1)
            });
            words.collect()
        })
        .collect();
    Subwords::new(words.iter().map(Vec::as_slice), &Toy::default()).unwrap()
}

pub(crate) fn span(start: usize, end: usize) -> WordSpan {
    WordSpan::new(start, end)
}
