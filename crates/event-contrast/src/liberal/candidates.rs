use std::collections::BTreeMap;

use crate::amr::TokenSpan;
use crate::jcsc::{Link, Links};
use crate::pairs::SentencePairs;
use crate::{Error, Result};

/// The triggers and arguments of a corpus and which belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiberalCandidates {
    /// Sentence and tokens of each trigger.
    pub triggers: Vec<(usize, TokenSpan)>,
    /// Sentence and tokens of each argument; one that several triggers have is there once.
    pub arguments: Vec<(usize, TokenSpan)>,
    /// Which belong together, in which roles: roles are numbered from 1, whatever the case of their
    /// letters; 0 is an unknown one.
    pub links: Links,
    /// The tokens of each sentence with candidates.
    pub(super) tokens: BTreeMap<usize, Vec<String>>,
}

impl LiberalCandidates {
    /// The candidates of sentences, numbered from 0; none is a sentence without pairs. What
    /// [`extract_any`](crate::pairs::extract_any) gives has those of sentences with one event too.
    ///
    /// # Errors
    /// [`Error::Core`] where no sentence has any.
    pub fn new(sentences: &[Option<SentencePairs>]) -> Result<Self> {
        let (mut triggers, mut arguments) = (Vec::new(), Vec::new());
        let (mut links, mut known) = (Vec::new(), BTreeMap::new());
        let mut tokens = BTreeMap::new();
        for (sentence, pairs) in sentences.iter().enumerate() {
            let Some(pairs) = pairs else { continue };
            let mut numbers: BTreeMap<TokenSpan, usize> = BTreeMap::new();
            for trigger in &pairs.triggers {
                for (at, &span) in trigger.arguments.iter().enumerate() {
                    let argument = *numbers.entry(span).or_insert_with(|| {
                        arguments.push((sentence, span));
                        arguments.len() - 1
                    });
                    let named = trigger.roles.get(at).map_or(&[][..], Vec::as_slice);
                    let mut roles: Vec<u32> =
                        named.iter().map(|name| number(&mut known, name)).collect();
                    if roles.is_empty() {
                        roles.push(0);
                    }
                    links.extend(roles.into_iter().map(|role| Link {
                        trigger: triggers.len(),
                        argument,
                        role,
                    }));
                }
                triggers.push((sentence, trigger.trigger));
            }
            tokens.insert(sentence, pairs.tokens.clone());
        }
        if triggers.is_empty() {
            let reason = format!("none in {} sentences", sentences.len());
            return Err(Error::invalid("triggers", reason));
        }
        Ok(Self {
            links: Links::new(triggers.len(), arguments.len(), links)?,
            triggers,
            arguments,
            tokens,
        })
    }
}

/// The number of a role, a new one where it was not seen before.
fn number(known: &mut BTreeMap<String, u32>, name: &str) -> u32 {
    let next = known.len() as u32 + 1;
    *known.entry(name.to_lowercase()).or_insert(next)
}
