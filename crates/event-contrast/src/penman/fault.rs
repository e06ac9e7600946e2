/// What is wrong with a text in PENMAN notation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A string without its closing quote.
    #[error("a string without its closing `\"` on the same line")]
    OpenString,
    /// A `~` that begins no alignment.
    #[error("`~` begins no alignment; write e.g. `~e.2,3`, with numbers below 2^32")]
    Alignment,
    /// Something else than what has to stand there.
    #[error("found {found:?}, expected {expected}")]
    Unexpected {
        /// What stands there, shortened.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// The text ends inside a graph.
    #[error(
        "the text ends here, but {open} nodes are open, the last from line {line}, column {column}"
    )]
    Unclosed {
        /// How many closing brackets are missing.
        open: usize,
        /// Line of the last open bracket, from 1.
        line: usize,
        /// Its column in characters, from 1.
        column: usize,
    },
    /// A second concept for a variable.
    #[error("variable `{variable}` already has the concept `{concept}`; rename one of the nodes")]
    DuplicateVariable {
        /// The variable.
        variable: String,
        /// Its first concept.
        concept: String,
    },
    /// No graph where one is needed.
    #[error("there is no graph")]
    NoGraph,
    /// More than one graph where one is needed.
    #[error("there is text after the graph's end")]
    AfterGraph,
    /// A graph longer than the limit.
    #[error("the block is longer than {limit} bytes, the limit")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
}
