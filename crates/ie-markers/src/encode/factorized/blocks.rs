//! Markers of one text in blocks of a few groups.

/// Markers that a block holds at most, where a group is not larger by itself. A block's markers meet in
/// one small square; more of them cost more hidden cells, fewer more copies of the text's keys.
const BLOCK_MARKERS: usize = 32;

/// How many blocks a text's groups are cut into, and groups in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Blocks {
    pub(super) count: usize,
    pub(super) groups: usize,
}

impl Blocks {
    /// Blocks for `groups` groups of `markers` markers, all equally full.
    pub(super) fn of(groups: usize, markers: usize) -> Self {
        let most = (BLOCK_MARKERS / markers).max(1);
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
            Blocks::of(1, 2),
            Blocks {
                count: 1,
                groups: 1
            }
        );
        assert_eq!(
            Blocks::of(256, 2),
            Blocks {
                count: 16,
                groups: 16
            }
        );
        // 17 groups do not fit 16: two blocks of 9, not 16 + 16.
        assert_eq!(
            Blocks::of(17, 2),
            Blocks {
                count: 2,
                groups: 9
            }
        );
        // A group that is larger than a block is a block of its own.
        assert_eq!(
            Blocks::of(3, 40),
            Blocks {
                count: 3,
                groups: 1
            }
        );
    }
}
