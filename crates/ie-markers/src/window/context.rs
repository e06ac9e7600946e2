//! How much text stands to the left and right of a sentence.

/// Sub-words of context `(left, right)` of a sentence of `sentence` sub-words in a window of `limit`,
/// where the document has `left` sub-words before the sentence and `right` after it.
///
/// The side with less text gives all it has, up to half of the room; the other side fills the rest. A
/// sentence that fills the window alone has no context.
pub fn context_lengths(left: usize, right: usize, sentence: usize, limit: usize) -> (usize, usize) {
    let room = limit.saturating_sub(sentence);
    let half = room / 2;
    if left < right {
        let taken = left.min(half);
        (taken, right.min(room - taken))
    } else {
        let taken = right.min(half);
        (left.min(room - taken), taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn goldens() {
        assert_eq!(context_lengths(10, 1000, 20, 510), (10, 480));
        assert_eq!(context_lengths(1000, 10, 20, 510), (480, 10));
        assert_eq!(context_lengths(300, 300, 21, 510), (245, 244));
        assert_eq!(context_lengths(300, 300, 510, 510), (0, 0));
        assert_eq!(context_lengths(300, 300, 511, 510), (0, 0));
        assert_eq!(context_lengths(5, 5, 20, 510), (5, 5));
    }

    proptest! {
        #[test]
        fn the_window_is_full_or_the_text_at_its_end(
            left in 0_usize..700, right in 0_usize..700, sentence in 0_usize..600, limit in 0_usize..600,
        ) {
            let (l, r) = context_lengths(left, right, sentence, limit);
            prop_assert!(l <= left && r <= right);
            let room = limit.saturating_sub(sentence);
            prop_assert_eq!(l + r, room.min(left + right));
            prop_assert!(l.abs_diff(r) <= 1 || l == left || r == right);
        }
    }
}
