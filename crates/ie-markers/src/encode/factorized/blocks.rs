//! Markers of one text in blocks of a few groups.

/// Markers that a block has room for at least. A block's markers meet in one square; more of them cost
/// more hidden cells, fewer more copies of the text's keys. As many as the text has tokens balance both.
const LEAST_MARKERS: usize = 32;

/// How many blocks a text's groups are cut into, and groups in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Blocks {
    pub(super) count: usize,
    pub(super) groups: usize,
}

impl Blocks {
    /// Blocks for `groups` groups of `markers` markers beside a text of `text` tokens, all equally full.
    pub(super) fn of(groups: usize, markers: usize, text: usize) -> Self {
        let most = (text.max(LEAST_MARKERS) / markers).max(1);
        let count = groups.div_ceil(most);
        Self {
            count,
            groups: groups.div_ceil(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_all_groups_with_little_room_left() {
        assert_eq!(
            Blocks::of(1, 2, 10),
            Blocks {
                count: 1,
                groups: 1
            }
        );
        assert_eq!(
            Blocks::of(256, 2, 10),
            Blocks {
                count: 16,
                groups: 16
            }
        );
        assert_eq!(
            Blocks::of(256, 2, 128),
            Blocks {
                count: 4,
                groups: 64
            }
        );
        // 17 groups do not fit 16: two blocks of 9, not 16 + 16.
        assert_eq!(
            Blocks::of(17, 2, 32),
            Blocks {
                count: 2,
                groups: 9
            }
        );
        // A group that is larger than a block is a block of its own.
        assert_eq!(
            Blocks::of(3, 40, 20),
            Blocks {
                count: 3,
                groups: 1
            }
        );
    }
}
