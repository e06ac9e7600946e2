/// Tokens that a concept, constant or role stems from: `~e.2,3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Alignment<'t> {
    text: &'t str,
}

impl<'t> Alignment<'t> {
    /// The alignment written `text`, which the lexer took for one.
    pub(super) fn new(text: &'t str) -> Self {
        Self { text }
    }

    /// As written, from the `~` on.
    pub fn as_str(self) -> &'t str {
        self.text
    }

    /// What stands before the numbers: `e.` for English in AMR, or nothing.
    pub fn prefix(self) -> &'t str {
        &self.text[1..self.numbers_at()]
    }

    /// The token numbers, as written.
    pub fn indices(self) -> impl Iterator<Item = usize> + 't {
        let numbers = self.numbers().split(',');
        numbers.filter_map(|number| number.parse().ok())
    }

    /// The token numbers as written, with commas.
    pub(super) fn numbers(self) -> &'t str {
        &self.text[self.numbers_at()..]
    }

    fn numbers_at(self) -> usize {
        self.text
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_and_numbers() {
        let read = |text| {
            let alignment = Alignment::new(text);
            (alignment.prefix(), alignment.indices().collect::<Vec<_>>())
        };
        assert_eq!(read("~e.2,13"), ("e.", vec![2, 13]));
        assert_eq!(read("~e4"), ("e", vec![4]));
        assert_eq!(read("~0"), ("", vec![0]));
    }
}
