//! The same number of experts for every token.

use rayon::prelude::*;

use super::Selection;

/// Scores from which on a second thread pays.
const PARALLEL: usize = 1 << 11;

/// The `k` best of every `experts` scores, which are finite; the choice of [`super::Policy::TopK`] without
/// comparing floats.
pub(super) fn select(scores: &[f32], experts: usize, k: usize) -> Selection {
    let tokens = scores.len() / experts;
    let mut chosen = vec![0; tokens * k];
    let choose = |keys: &mut Vec<u64>, (row, chosen): (&[f32], &mut [u32])| {
        keys.clear();
        keys.extend((0..).zip(row).map(|(expert, &score)| key(score, expert)));
        let (_, &mut last, _) = keys.select_nth_unstable(k - 1);
        let best = (0..)
            .zip(row)
            .filter(|&(expert, &score)| key(score, expert) <= last);
        for (place, (expert, _)) in chosen.iter_mut().zip(best) {
            *place = expert;
        }
    };
    let keys = || Vec::with_capacity(experts);
    if scores.len() < PARALLEL {
        let rows = scores.chunks_exact(experts).zip(chosen.chunks_exact_mut(k));
        let mut keys = keys();
        rows.for_each(|row| choose(&mut keys, row));
    } else {
        scores
            .par_chunks_exact(experts)
            .zip(chosen.par_chunks_exact_mut(k))
            .for_each_init(keys, choose);
    }
    Selection {
        experts,
        offsets: (0..=tokens).map(|token| token * k).collect(),
        chosen,
    }
}

/// A number for each expert and finite score, the smaller the better; equal scores, as those of both
/// zeros are, rank by the number of the expert.
fn key(score: f32, expert: u32) -> u64 {
    // Adding 0 makes one zero of two. As integers, floats rise from -0 down and from 0 up.
    let bits = (score + 0.0).to_bits();
    let rising = if bits >> 31 == 1 {
        !bits
    } else {
        bits | 1 << 31
    };
    u64::from(!rising) << 32 | u64::from(expert)
}

#[cfg(test)]
mod tests {
    use super::super::Policy;
    use super::*;

    #[test]
    fn keys_rank_as_scores_do() {
        let rising = [
            f32::MIN,
            -1.0,
            -f32::MIN_POSITIVE,
            -1e-45,
            0.0,
            1e-45,
            f32::MIN_POSITIVE,
            1.0,
            f32::MAX,
        ];
        for pair in rising.windows(2) {
            assert!(key(pair[1], 9) < key(pair[0], 0), "{pair:?}");
        }
        assert!(key(-0.0, 1) < key(0.0, 2) && key(0.0, 1) < key(-0.0, 2));
    }

    #[test]
    fn many_rows_are_chosen_as_one_by_one() {
        let mut state = 1_u32;
        let scores: Vec<f32> = (0..64 * 48)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Few values, so that many are equal.
                (state >> 28) as f32 - 7.5
            })
            .collect();
        for k in [1, 5, 47, 48] {
            let all = Policy::TopK(k).select(&scores, 48).unwrap();
            for (token, row) in scores.chunks_exact(48).enumerate() {
                let mut order: Vec<u32> = (0..48).collect();
                order.sort_by(|&a, &b| row[b as usize].total_cmp(&row[a as usize]));
                order[..k].sort_unstable();
                assert_eq!(all.of(token), &order[..k]);
                assert_eq!(
                    all.of(token),
                    Policy::TopK(k).select(row, 48).unwrap().of(0)
                );
            }
        }
    }
}
