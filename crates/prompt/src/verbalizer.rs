//! From words to classes.

use plm_core::text::{EncodeOptions, Tokenizer};

use crate::{Error, Result};

/// One word for each class of a task: the class whose word scores best is the prediction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verbalizer {
    words: Vec<String>,
    ids: Vec<u32>,
}

/// What becomes of a label word that is more than one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Pieces {
    /// An error: masked language models fill one place.
    #[default]
    Whole,
    /// The first piece stands for the word: models that write it piece by piece (T5).
    First,
}

impl Verbalizer {
    /// The label words of `task` in order of its classes, as the tokenizer spells them without a space
    /// before.
    ///
    /// # Errors
    /// [`Error::Empty`] without words; [`Error::LabelWord`] for a word of several tokens where it must
    /// be whole; [`Error::UnknownLabelWord`]; [`Error::SharedLabelWord`] where two classes share a
    /// token; [`Error::Core`] where the tokenizer fails.
    pub fn new<S: AsRef<str>>(
        task: &str,
        words: &[S],
        tokenizer: &Tokenizer,
        pieces: Pieces,
    ) -> Result<Self> {
        if words.is_empty() {
            return Err(Error::Empty {
                what: "label words",
            });
        }
        let mut ids: Vec<u32> = Vec::with_capacity(words.len());
        let options = EncodeOptions::new().without_special_tokens();
        let unknown = tokenizer.special(plm_core::text::SpecialToken::Unk);
        for (class, word) in words.iter().enumerate() {
            let word = word.as_ref();
            let found = tokenizer.encode(word, &options)?.ids;
            let whole = pieces == Pieces::First || found.len() == 1;
            let id = match found.first() {
                Some(&id) if whole => id,
                Some(_) => {
                    return Err(Error::LabelWord {
                        task: task.to_owned(),
                        word: word.to_owned(),
                        pieces: found
                            .iter()
                            .map(|&id| tokenizer.id_to_token(id).unwrap_or_default())
                            .collect(),
                    });
                }
                None => return Err(unknown_word(task, word)),
            };
            if Some(id) == unknown {
                return Err(unknown_word(task, word));
            }
            if let Some(first) = ids.iter().position(|&other| other == id) {
                return Err(Error::SharedLabelWord {
                    task: task.to_owned(),
                    word: word.to_owned(),
                    first,
                    second: class,
                });
            }
            ids.push(id);
        }
        Ok(Self {
            words: words.iter().map(|word| word.as_ref().to_owned()).collect(),
            ids,
        })
    }

    /// The words, in order of the classes.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The ids of their tokens.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.ids.len()
    }
}

fn unknown_word(task: &str, word: &str) -> Error {
    Error::UnknownLabelWord {
        task: task.to_owned(),
        word: word.to_owned(),
    }
}
