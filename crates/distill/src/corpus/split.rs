//! Parts of a corpus, chosen at random by a seed.

use plm_core::rng::Seed;
use rand::RngExt;
use rand::seq::SliceRandom;

use super::Corpus;
use crate::{Error, Result};

/// The shares of a corpus that are held back; the rest is for training. MUKI holds back 5 % of most
/// training sets for validation, and 10 % of the 5AbstractsGroup.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplitShares {
    /// For validation, in `[0, 1]`.
    pub validation: f64,
    /// For the test, in `[0, 1]`.
    pub test: f64,
}

/// Rows of a corpus: every row in one of three lists, each ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// For training.
    pub train: Vec<usize>,
    /// For validation.
    pub validation: Vec<usize>,
    /// For the test.
    pub test: Vec<usize>,
}

/// Splits the rows of `corpus` by `seed`. The sizes held back are the shares of all rows, rounded to
/// the nearest whole number.
///
/// Where `stratified`, each held-back part takes rows of every label in proportion, up to one row
/// above or below the share of the rows it was drawn from. Rows without a label count as one more label.
///
/// # Errors
/// [`Error::Setting`] where a share is not in `[0, 1]` or their sum exceeds 1.
pub fn split(corpus: &Corpus, shares: SplitShares, stratified: bool, seed: Seed) -> Result<Split> {
    for (name, share) in [
        ("validation", shares.validation),
        ("test", shares.test),
        ("validation + test", shares.validation + shares.test),
    ] {
        if !(0.0..=1.0).contains(&share) {
            return Err(Error::Setting {
                name,
                value: share.to_string(),
                limit: "a share of the rows is from 0 to 1",
            });
        }
    }
    let size = |share: f64| (corpus.len() as f64 * share).round() as usize;
    let mut rows: Vec<usize> = (0..corpus.len()).collect();
    rows.shuffle(&mut seed.stream("corpus split"));
    if stratified {
        rows.sort_by_key(|&row| corpus.examples()[row].label.as_deref());
    }
    // Where each part starts is drawn too, so that every row has the same chance of being held back.
    let mut starts = seed.stream("corpus split starts");
    let mut part = |rows: &[usize], share| {
        let start = starts.random_range(0..rows.len().max(1));
        spread(rows, size(share), start)
    };
    let (validation, rest) = part(&rows, shares.validation);
    let (test, train) = part(&rest, shares.test);
    Ok(Split {
        train: ascending(train),
        validation: ascending(validation),
        test: ascending(test),
    })
}

/// `per_label` rows for each of `labels` labels, drawn from all rows of `corpus` at once and not label
/// by label, as MUKI's `few_shot_k` does; ascending.
///
/// # Errors
/// [`Error::TooFewRows`] where the corpus has fewer rows.
pub fn few_shot(
    corpus: &Corpus,
    labels: usize,
    per_label: usize,
    seed: Seed,
) -> Result<Vec<usize>> {
    let needed = per_label.saturating_mul(labels);
    if needed > corpus.len() {
        return Err(Error::TooFewRows {
            needed,
            per_label,
            labels,
            rows: corpus.len(),
        });
    }
    let mut rows: Vec<usize> = (0..corpus.len()).collect();
    rows.shuffle(&mut seed.stream("few-shot"));
    rows.truncate(needed);
    Ok(ascending(rows))
}

/// `count` of `rows` at even distances (all of them where there are fewer), and the others. `start`,
/// below the number of rows, moves the places.
///
/// Any run of `r` rows among `n` has `r * count / n` of them, rounded up or down.
fn spread(rows: &[usize], count: usize, start: usize) -> (Vec<usize>, Vec<usize>) {
    let total = rows.len() as u128;
    let count = (count as u128).min(total);
    let below = |place: usize| (place as u128 * count + start as u128) / total;
    let mut taken = Vec::with_capacity(count as usize);
    let mut left = Vec::with_capacity(rows.len() - count as usize);
    for (place, &row) in rows.iter().enumerate() {
        if below(place + 1) > below(place) {
            taken.push(row);
        } else {
            left.push(row);
        }
    }
    (taken, left)
}

fn ascending(mut rows: Vec<usize>) -> Vec<usize> {
    rows.sort_unstable();
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Example;

    /// `counts[c]` rows of each class `c`, mixed.
    fn corpus(counts: &[usize]) -> Corpus {
        let longest = counts.iter().copied().max().unwrap_or_default();
        let rows = (0..longest).flat_map(|i| (0..counts.len()).map(move |class| (i, class)));
        let rows = rows.filter(|&(i, class)| i < counts[class]);
        Corpus::new(
            rows.map(|(i, class)| {
                Example::new(format!("{class} {i}")).with_label(class.to_string())
            }),
        )
        .unwrap()
    }

    fn of_class(corpus: &Corpus, rows: &[usize], class: usize) -> usize {
        let label = class.to_string();
        let has = |&&row: &&usize| corpus.examples()[row].label.as_ref() == Some(&label);
        rows.iter().filter(has).count()
    }

    #[test]
    fn rows_are_taken_at_even_distances() {
        let rows = [0, 1, 2, 3, 4, 5, 6];
        assert_eq!(spread(&rows, 3, 0), (vec![2, 4, 6], vec![0, 1, 3, 5]));
        assert_eq!(spread(&rows, 3, 6).0, [0, 2, 4]);
        assert_eq!(spread(&rows, 3, 3).0, [1, 3, 5]);
        assert_eq!(spread(&rows, 9, 5), (rows.to_vec(), Vec::new()));
        assert_eq!(spread(&rows, 0, 5), (Vec::new(), rows.to_vec()));
        assert_eq!(spread(&[], 2, 0), (Vec::new(), Vec::new()));
    }

    #[test]
    fn every_row_has_the_same_chance() {
        // Each label once: without moving places the same three would always be held back.
        let corpus = corpus(&[1; 10]);
        let shares = SplitShares {
            validation: 0.3,
            test: 0.0,
        };
        let mut counts = [0_u32; 10];
        for seed in 0..1000 {
            let parts = split(&corpus, shares, true, Seed::new(seed)).unwrap();
            parts.validation.iter().for_each(|&row| counts[row] += 1);
        }
        // 300 each on average, with a deviation of 14.5.
        assert!(
            counts.iter().all(|count| count.abs_diff(300) < 75),
            "{counts:?}"
        );
    }

    #[test]
    fn strata_keep_their_shares() {
        let corpus = corpus(&[60, 30, 10]);
        let shares = SplitShares {
            validation: 0.1,
            test: 0.2,
        };
        let parts = split(&corpus, shares, true, Seed::new(3)).unwrap();
        let count = |rows: &[usize]| [0, 1, 2].map(|class| of_class(&corpus, rows, class));
        assert_eq!(count(&parts.validation), [6, 3, 1]);
        assert_eq!(count(&parts.test), [12, 6, 2]);
        assert_eq!(count(&parts.train), [42, 21, 7]);
    }

    #[test]
    fn seeds_choose_differently() {
        let corpus = corpus(&[50, 50]);
        let shares = SplitShares {
            validation: 0.05,
            test: 0.0,
        };
        for stratified in [false, true] {
            let held = |seed| {
                let parts = split(&corpus, shares, stratified, Seed::new(seed)).unwrap();
                parts.validation
            };
            assert_eq!(held(1).len(), 5);
            assert_eq!(held(1), held(1));
            assert_ne!(held(1), held(2));
        }
        let few = |seed| few_shot(&corpus, 2, 4, Seed::new(seed)).unwrap();
        assert_eq!(few(1).len(), 8);
        assert_eq!(few(1), few(1));
        assert_ne!(few(1), few(2));
    }

    #[test]
    fn few_shots_are_not_balanced() {
        // 90 and 10 rows: five a class on average would need a draw of each class.
        let corpus = corpus(&[90, 10]);
        let rare: usize = (0..200)
            .map(|seed| {
                of_class(
                    &corpus,
                    &few_shot(&corpus, 2, 5, Seed::new(seed)).unwrap(),
                    1,
                )
            })
            .sum();
        // One in ten rows on average, with a deviation below 0.07.
        let mean = rare as f64 / 200.0;
        assert!((mean - 1.0).abs() < 0.3, "{mean}");
    }

    #[test]
    fn shares_and_sizes_have_limits() {
        let corpus = corpus(&[2, 2]);
        let refused = |validation, test| {
            let shares = SplitShares { validation, test };
            split(&corpus, shares, false, Seed::new(1))
                .unwrap_err()
                .to_string()
        };
        assert!(refused(-0.1, 0.0).starts_with("validation = -0.1"));
        assert!(refused(0.0, f64::NAN).starts_with("test = NaN"));
        assert!(refused(0.75, 0.5).starts_with("validation + test = 1.25"));
        let error = few_shot(&corpus, 2, 3, Seed::new(1))
            .unwrap_err()
            .to_string();
        assert!(error.contains('6') && error.contains('4'), "{error}");
        assert!(few_shot(&corpus, usize::MAX, 2, Seed::new(1)).is_err());
        assert_eq!(few_shot(&corpus, 2, 2, Seed::new(1)).unwrap(), [0, 1, 2, 3]);
    }

    proptest! {
        #[test]
        fn splits_lose_nothing_and_strata_stay_in_proportion(
            counts in prop::collection::vec(0_usize..30, 1..5),
            validation in 0.0..=0.5_f64,
            test in 0.0..=0.5_f64,
            stratified: bool,
            seed: u64,
        ) {
            let corpus = corpus(&counts);
            let shares = SplitShares { validation, test };
            let parts = split(&corpus, shares, stratified, Seed::new(seed)).unwrap();
            let size = (corpus.len() as f64 * validation).round() as usize;
            prop_assert_eq!(parts.validation.len(), size);
            for part in [&parts.train, &parts.validation, &parts.test] {
                prop_assert!(part.is_sorted());
            }
            if stratified && !corpus.is_empty() {
                for (class, &count) in counts.iter().enumerate() {
                    let found = of_class(&corpus, &parts.validation, class) as f64;
                    let exact = (count * size) as f64 / corpus.len() as f64;
                    prop_assert!((found - exact).abs() < 1.0);
                }
            }
            let mut all = [parts.train, parts.validation, parts.test].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..corpus.len()).collect::<Vec<_>>());
        }
    }
}
