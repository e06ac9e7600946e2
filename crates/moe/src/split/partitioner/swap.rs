//! Exchanges of nodes between parts, which keep their sizes.

use super::super::graph::Graph;
use super::parts::Parts;

/// Exchanges pairs of nodes between parts until no single exchange lowers the cut (Kernighan and
/// Lin 1970, without their sequences of exchanges that first raise it).
pub(super) fn refine(graph: &Graph, labels: Vec<u32>, parts: usize) -> Vec<u32> {
    let mut division = Parts::new(graph, labels, parts);
    // Two parts are looked at again only if one of them has changed in between.
    let mut changed = vec![1_u32; parts];
    let mut round = 1;
    while changed.contains(&round) {
        round += 1;
        for a in 0..parts {
            for b in a + 1..parts {
                if changed[a].max(changed[b]) + 1 >= round && exchange(&mut division, a, b) {
                    changed[a] = round;
                    changed[b] = round;
                }
            }
        }
    }
    division.into_labels()
}

/// Exchanges nodes of two parts while that lowers the cut, and says whether it did.
fn exchange(parts: &mut Parts<'_>, a: usize, b: usize) -> bool {
    let mut exchanged = false;
    while let Some((first, second)) = best_exchange(parts, a, b) {
        parts.shift(first, b);
        parts.shift(second, a);
        exchanged = true;
    }
    exchanged
}

/// The nodes of two parts whose exchange lowers the cut most; none if no exchange lowers it.
fn best_exchange(parts: &Parts<'_>, a: usize, b: usize) -> Option<(u32, u32)> {
    let best = |from: usize, to: usize| {
        let gains = parts.members(from).iter().map(|&node| parts.gain(node, to));
        gains.max()
    };
    let second_best = best(b, a)?;
    if best(a, b)? + second_best <= 0 {
        return None;
    }
    let (first, second) = (ranked(parts, a, b), ranked(parts, b, a));
    let mut best = 0;
    let mut pair = None;
    for &(gain_a, node_a) in &first {
        if gain_a + second_best <= best {
            break;
        }
        for &(gain_b, node_b) in &second {
            if gain_a + gain_b <= best {
                break;
            }
            // The edge between the two stays cut.
            let gain = gain_a + gain_b - 2 * parts.graph().weight(node_a, node_b);
            if gain > best {
                best = gain;
                pair = Some((node_a, node_b));
            }
        }
    }
    pair
}

/// The nodes of a part with their gains from moving to another, highest first.
fn ranked(parts: &Parts<'_>, from: usize, to: usize) -> Vec<(i64, u32)> {
    let members = parts.members(from).iter();
    let mut ranked: Vec<(i64, u32)> = members.map(|&node| (parts.gain(node, to), node)).collect();
    ranked.sort_unstable_by(|x, y| y.0.cmp(&x.0).then(x.1.cmp(&y.1)));
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchanges_count_the_edge_between_the_two() {
        // Exchanging 1 and 2 seems to gain 8 + 8, but their own edge of 9 would stay cut.
        let held = Graph::from_edges(4, &[(1, 2, 9), (0, 1, 1), (2, 3, 1)]).unwrap();
        let labels = refine(&held, vec![0, 0, 1, 1], 2);
        assert_eq!(held.cut(&labels).unwrap(), 2);
        let crossed = Graph::from_edges(4, &[(0, 2, 2), (1, 3, 2), (1, 2, 1)]).unwrap();
        let labels = refine(&crossed, vec![0, 0, 1, 1], 2);
        assert_eq!(crossed.cut(&labels).unwrap(), 1);
    }

    #[test]
    fn shuffled_cliques_come_together() {
        let mut edges = Vec::new();
        for a in 0..24_u32 {
            edges.extend((a + 1..24).filter(|b| a % 4 == b % 4).map(|b| (a, b, 1)));
        }
        let graph = Graph::from_edges(24, &edges).unwrap();
        let labels = refine(&graph, (0..24).map(|node| node / 6).collect(), 4);
        assert_eq!(graph.cut(&labels).unwrap(), 0);
    }
}
