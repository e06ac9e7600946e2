//! Moves of single nodes between the two sides of a divided graph.

use super::coarsen::Level;

/// The most passes over one graph.
const PASSES: usize = 8;

/// Marks nodes that cannot move.
const LOCKED: i64 = i64::MIN;

/// A graph in two parts that is improved as Fiduccia and Mattheyses (1982) do.
///
/// A pass moves every node at most once, always the one that lowers the cut most or raises it
/// least, from the side that is too large if one is; the best state on the way is kept. So a pass
/// can climb over states that are worse.
pub(super) struct Bisection<'a> {
    level: &'a Level,
    sides: Vec<bool>,
    wanted: i64,
    slack: i64,
    /// The size of the first side.
    first: i64,
    cut: i64,
    /// By how much the cut falls if a node moves, for the nodes of each side that can.
    gains: [Vec<i64>; 2],
}

impl<'a> Bisection<'a> {
    /// A division, with the size that the first side is to have. It may miss that by less than the
    /// size of the largest node.
    pub(super) fn new(level: &'a Level, sides: Vec<bool>, wanted: i64) -> Self {
        let first = sides
            .iter()
            .zip(&level.sizes)
            .filter(|side| !*side.0)
            .map(|side| side.1)
            .sum();
        let mut bisection = Self {
            level,
            gains: [vec![LOCKED; sides.len()], vec![LOCKED; sides.len()]],
            sides,
            wanted,
            slack: level.largest() - 1,
            first,
            cut: 0,
        };
        bisection.unlock();
        bisection
    }

    /// For each node whether it is on the second side.
    pub(super) fn into_sides(self) -> Vec<bool> {
        self.sides
    }

    /// By how much the sides miss their sizes beyond the slack, and the cut; the less the better.
    pub(super) fn quality(&self) -> (i64, i64) {
        (
            ((self.first - self.wanted).abs() - self.slack).max(0),
            self.cut,
        )
    }

    /// Moves `seed` to the first side, and then whatever costs least until that side is large
    /// enough.
    pub(super) fn grow(&mut self, seed: usize) {
        let mut next = seed;
        while self.first < self.wanted {
            self.shift(next);
            next = best(&self.gains[1]).0;
        }
    }

    /// Repeats passes until one does not help.
    pub(super) fn refine(&mut self) {
        for _ in 0..PASSES {
            let before = self.quality();
            self.pass();
            if self.quality() >= before {
                break;
            }
        }
    }

    fn pass(&mut self) {
        self.unlock();
        // Far fewer moves than nodes lead to the better states, if there are any.
        let patience = (self.sides.len() / 20).max(40);
        let mut best_quality = self.quality();
        let mut moved = Vec::new();
        let mut kept = 0;
        while moved.len() - kept < patience {
            let Some(node) = self.next_move() else {
                break;
            };
            self.shift(node);
            moved.push(node);
            if self.quality() < best_quality {
                best_quality = self.quality();
                kept = moved.len();
            }
        }
        for &node in moved[kept..].iter().rev() {
            self.shift(node);
        }
    }

    /// The node to move: of the side that is too large, else the one with the higher gain.
    fn next_move(&self) -> Option<usize> {
        let excess = self.first - self.wanted;
        let candidates = [best(&self.gains[0]), best(&self.gains[1])];
        let side = if excess > self.slack {
            0
        } else if excess < -self.slack {
            1
        } else {
            let [first, second] = [candidates[0].1, candidates[1].1];
            usize::from(second > first || (second == first && excess < 0))
        };
        let (node, gain) = candidates[side];
        (gain != LOCKED).then_some(node)
    }

    /// Computes all gains and the cut afresh.
    fn unlock(&mut self) {
        let mut twice = 0;
        for node in 0..self.sides.len() {
            let (mut inside, mut outside) = (0, 0);
            for (neighbor, weight) in self.level.graph.neighbors(node) {
                match self.sides[neighbor as usize] == self.sides[node] {
                    true => inside += weight,
                    false => outside += weight,
                }
            }
            let side = usize::from(self.sides[node]);
            self.gains[side][node] = outside - inside;
            self.gains[1 - side][node] = LOCKED;
            twice += outside;
        }
        self.cut = twice / 2;
    }

    /// Moves a node to the other side and locks it there.
    fn shift(&mut self, node: usize) {
        let from = self.sides[node];
        let (mut inside, mut outside) = (0, 0);
        for (neighbor, weight) in self.level.graph.neighbors(node) {
            let neighbor = neighbor as usize;
            let side = self.sides[neighbor];
            // An edge within the side is cut now, one across no longer.
            let change = match side == from {
                true => {
                    inside += weight;
                    2 * weight
                }
                false => {
                    outside += weight;
                    -2 * weight
                }
            };
            let gain = &mut self.gains[usize::from(side)][neighbor];
            if *gain != LOCKED {
                *gain += change;
            }
        }
        self.cut += inside - outside;
        let size = self.level.sizes[node];
        self.first += if from { size } else { -size };
        self.gains[usize::from(from)][node] = LOCKED;
        self.sides[node] = !from;
    }
}

/// The first node with the highest gain, and the gain.
fn best(gains: &[i64]) -> (usize, i64) {
    let (blocks, rest) = gains.as_chunks::<8>();
    let mut lanes = [LOCKED; 8];
    for block in blocks {
        for (lane, &gain) in lanes.iter_mut().zip(block) {
            *lane = (*lane).max(gain);
        }
    }
    let best = lanes.iter().chain(rest).copied().fold(LOCKED, i64::max);
    let place = gains.iter().position(|&gain| gain == best);
    (place.unwrap_or(0), best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::Graph;

    #[test]
    fn a_pass_climbs_out_of_a_bad_division() {
        // Two cliques of four, divided across: every first move makes the cut worse or equal.
        let mut edges = vec![(0, 4, 1)];
        for clique in [0, 4] {
            for a in clique..clique + 4 {
                edges.extend((a + 1..clique + 4).map(|b| (a, b, 10)));
            }
        }
        let level = Level::finest(Graph::from_edges(8, &edges).unwrap());
        let sides = [false, false, true, true, true, true, false, false];
        let mut bisection = Bisection::new(&level, sides.to_vec(), 4);
        assert_eq!(bisection.quality(), (0, 81));
        bisection.refine();
        assert_eq!(bisection.quality(), (0, 1));
        let labels: Vec<u32> = bisection.into_sides().into_iter().map(u32::from).collect();
        assert_eq!(level.graph.cut(&labels).unwrap(), 1);
    }

    #[test]
    fn sizes_are_made_right_first() {
        let edges: Vec<_> = (1..20).map(|node| (node - 1, node, 5)).collect();
        let level = Level::finest(Graph::from_edges(20, &edges).unwrap());
        let mut bisection = Bisection::new(&level, vec![true; 20], 7);
        assert_eq!(bisection.quality(), (7, 0));
        bisection.refine();
        assert_eq!(bisection.quality().0, 0);
        let first = bisection.into_sides().iter().filter(|&&side| !side).count();
        assert_eq!(first, 7);
    }
}
