use tokenizers as tk;

/// What a position in [`Encoding::offsets`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum OffsetUnit {
    /// Unicode characters (scalar values), as in Python. Where byte-level tokens share a
    /// character, only one of them spans it, as in the original.
    #[default]
    Chars,
    /// Bytes of the UTF-8 text, always at the ends of characters, for slicing a `&str`. Where
    /// byte-level tokens share a character, each spans all of it.
    Bytes,
}

/// One encoded input. All vectors have one entry per token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Encoding {
    /// Token ids.
    pub ids: Vec<u32>,
    /// Token types: 0 for the first side, 1 for the second where the model tells them apart.
    pub type_ids: Vec<u32>,
    /// Half-open span of each token in its text (for words: in its word), in the unit asked for.
    /// `(0, 0)` for special tokens.
    pub offsets: Vec<(usize, usize)>,
    /// Which word of its side a token belongs to: the word's index for input given as words, else
    /// the index of the piece that the tokenizer split the text into. `None` for special tokens.
    pub word_ids: Vec<Option<u32>>,
    /// Which side of a pair a token belongs to (0 or 1). `None` for special tokens.
    pub sequence_ids: Vec<Option<usize>>,
    /// Whether a token was added by the tokenizer, not by the text.
    pub special_tokens_mask: Vec<bool>,
    /// How many of the text's tokens truncation cut off. 0: nothing was lost.
    pub truncated: usize,
}

impl Encoding {
    pub(super) fn new(encoding: &tk::Encoding, truncated: usize) -> Self {
        Self {
            ids: encoding.get_ids().to_vec(),
            type_ids: encoding.get_type_ids().to_vec(),
            offsets: encoding.get_offsets().to_vec(),
            word_ids: encoding.get_word_ids().to_vec(),
            sequence_ids: encoding.get_sequence_ids(),
            special_tokens_mask: encoding
                .get_special_tokens_mask()
                .iter()
                .map(|&flag| flag != 0)
                .collect(),
            truncated,
        }
    }

    /// The number of tokens.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The positions of the tokens of word `word` on side `sequence` (0 or 1), empty where
    /// truncation cut it off or the word has no token.
    pub fn word_tokens(&self, sequence: usize, word: u32) -> Vec<usize> {
        (0..self.len())
            .filter(|&at| {
                self.word_ids[at] == Some(word) && self.sequence_ids[at] == Some(sequence)
            })
            .collect()
    }

    /// For every token whether it begins a word. Special tokens do.
    pub fn word_starts(&self) -> Vec<bool> {
        (0..self.len())
            .map(|at| {
                at == 0
                    || self.word_ids[at].is_none()
                    || self.word_ids[at] != self.word_ids[at - 1]
                    || self.sequence_ids[at] != self.sequence_ids[at - 1]
            })
            .collect()
    }
}
