/// Where a symbol lies in the text that holds all symbols of a tree or graph, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    start: u32,
    end: u32,
}

impl Piece {
    /// No symbol: symbols are never empty.
    pub(super) const NONE: Self = Self { start: 0, end: 0 };

    /// The longest text that is read, in bytes: inverse roles written beside it still fit in 32 bits.
    pub(super) const LIMIT: usize = 1 << 30;

    /// The piece from byte `start` to before `end` of a text.
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    /// `symbol` at the end of `text`.
    pub(super) fn push(text: &mut String, symbol: &str) -> Self {
        let start = text.len();
        text.push_str(symbol);
        Self::new(start, text.len())
    }

    pub(super) fn of(self, text: &str) -> &str {
        &text[self.start as usize..self.end as usize]
    }

    pub(super) fn is_none(self) -> bool {
        self.start == self.end
    }

    /// Without its last `bytes` bytes.
    pub(super) fn shortened(self, bytes: usize) -> Self {
        Self::new(self.start as usize, self.end as usize - bytes)
    }
}
