//! How well chosen experts cover what matters.

use serde::{Deserialize, Serialize};

use crate::error::check_size;
use crate::{Error, Result, Selection};

/// What errors call scores.
const SCORES: &str = "the scores of experts";
/// What errors call contributions.
const CONTRIBUTIONS: &str = "the contributions of experts";

/// How much of the experts' contributions the chosen ones cover.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// See [`capture`].
    pub capture: f64,
    /// See [`recall`].
    pub recall: f64,
}

impl Coverage {
    /// That of the `k` experts of the highest scores.
    ///
    /// # Shapes and errors
    /// As [`capture`].
    pub fn of_best(
        scores: &[f32],
        contributions: &[f32],
        experts: usize,
        k: usize,
    ) -> Result<Self> {
        check(scores, contributions, experts, k)?;
        let chosen = rows(scores, experts).map(|scores| top(scores, k));
        cover(chosen, contributions, experts)
    }

    /// That of any number of experts a token: recall asks for as many of the largest contributions as
    /// the token has experts.
    ///
    /// # Shapes
    /// - contributions: `[tokens, experts]`
    ///
    /// # Errors
    /// As [`capture`].
    pub fn of_selection(selection: &Selection, contributions: &[f32]) -> Result<Self> {
        let experts = selection.experts();
        check_size(
            CONTRIBUTIONS,
            contributions.len(),
            selection.tokens() * experts,
        )?;
        check_finite(CONTRIBUTIONS, contributions, experts)?;
        let chosen = (0..selection.tokens()).map(|token| {
            let chosen = selection.of(token).iter();
            chosen
                .map(|&expert| expert as usize)
                .collect::<Vec<usize>>()
        });
        cover(chosen, contributions, experts)
    }
}

/// The mean, over tokens with any positive contribution, of the share of contributions that the `k`
/// experts of the highest scores have.
///
/// # Shapes
/// - scores, contributions: `[tokens, experts]`
///
/// # Errors
/// [`Error::Size`] and [`Error::Chosen`] where sizes do not fit, [`Error::NotFinite`] for a score or a
/// contribution that is NaN or infinite, [`Error::NoTokens`] where no token has a positive contribution.
pub fn capture(scores: &[f32], contributions: &[f32], experts: usize, k: usize) -> Result<f64> {
    Ok(Coverage::of_best(scores, contributions, experts, k)?.capture)
}

/// The mean share of the `k` largest contributions whose experts are among the `k` highest scores, over
/// the tokens of [`capture`].
///
/// # Shapes and errors
/// As [`capture`].
pub fn recall(scores: &[f32], contributions: &[f32], experts: usize, k: usize) -> Result<f64> {
    Ok(Coverage::of_best(scores, contributions, experts, k)?.recall)
}

/// The coverage of the experts `chosen` for each token.
fn cover(
    chosen: impl Iterator<Item = Vec<usize>>,
    contributions: &[f32],
    experts: usize,
) -> Result<Coverage> {
    let (mut captured, mut found, mut tokens) = (0.0, 0.0, 0.0);
    for (chosen, own) in chosen.zip(rows(contributions, experts)) {
        let total: f64 = own.iter().map(|&value| f64::from(value)).sum();
        if total <= 0.0 {
            continue;
        }
        let share: f64 = chosen.iter().map(|&expert| f64::from(own[expert])).sum();
        captured += share / total;
        let largest = top(own, chosen.len());
        let both = largest.iter().filter(|expert| chosen.contains(expert));
        found += both.count() as f64 / chosen.len().max(1) as f64;
        tokens += 1.0;
    }
    if tokens == 0.0 {
        return Err(Error::NoTokens {
            what: "measuring experts",
        });
    }
    Ok(Coverage {
        capture: captured / tokens,
        recall: found / tokens,
    })
}

/// The experts of the `k` highest values, highest first; of equal ones the lower numbers.
pub(crate) fn top(values: &[f32], k: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    order.truncate(k);
    order
}

fn rows(values: &[f32], experts: usize) -> impl Iterator<Item = &[f32]> {
    // Without experts there are no values.
    values.chunks_exact(experts.max(1))
}

/// Checks that there are scores and contributions of `experts` experts for the same tokens, all of them
/// numbers, and that a token can choose `k`.
///
/// # Errors
/// As [`capture`], but for tokens without contributions.
pub(crate) fn check(scores: &[f32], contributions: &[f32], experts: usize, k: usize) -> Result<()> {
    if k == 0 || k > experts {
        return Err(Error::Chosen { k, experts });
    }
    let whole = contributions.len().next_multiple_of(experts);
    check_size(CONTRIBUTIONS, contributions.len(), whole)?;
    check_size(SCORES, scores.len(), whole)?;
    check_finite(SCORES, scores, experts)?;
    check_finite(CONTRIBUTIONS, contributions, experts)
}

/// Checks that contributions are numbers.
///
/// # Shapes
/// - contributions: `[tokens, experts]`
///
/// # Errors
/// [`Error::NotFinite`].
pub(crate) fn check_contributions(contributions: &[f32], experts: usize) -> Result<()> {
    check_finite(CONTRIBUTIONS, contributions, experts)
}

/// Checks that the numbers of a matrix are finite.
///
/// # Shapes
/// - values: `[rows, columns]`
///
/// # Errors
/// [`Error::NotFinite`].
pub(crate) fn check_finite(what: &str, values: &[f32], columns: usize) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(place) => Err(Error::NotFinite {
            what: what.to_owned(),
            row: place / columns,
            column: place % columns,
            value: f64::from(values[place]),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_worked_values() {
        // Contributions of the tokens (2, 1), (-1, 2) and (1, -3) on the toy layer, k = 1.
        let contributions = [5.0, 1.0, 1.0, 5.0, 1.0, 0.0];
        let best = capture(&contributions, &contributions, 2, 1).unwrap();
        assert!((best - 8.0 / 9.0).abs() < 1e-12);
        assert_eq!(recall(&contributions, &contributions, 2, 1).unwrap(), 1.0);
        let worst = contributions.map(|value| -value);
        assert!((capture(&worst, &contributions, 2, 1).unwrap() - 1.0 / 9.0).abs() < 1e-12);
        assert_eq!(recall(&worst, &contributions, 2, 1).unwrap(), 0.0);
        assert_eq!(capture(&worst, &contributions, 2, 2).unwrap(), 1.0);
    }

    #[test]
    fn tokens_may_choose_different_numbers_of_experts() {
        let contributions = [5.0, 1.0, 2.0, 1.0, 4.0, 3.0, 0.0, 0.0, 0.0, 1.0, 1.0, 6.0];
        let lists = [vec![0, 1], vec![2], vec![0, 1, 2], vec![]];
        let selection = Selection::from_lists(&lists, 3).unwrap();
        let found = Coverage::of_selection(&selection, &contributions).unwrap();
        // Six of eight and one of two, three of eight and none of one; a token without contributions does
        // not count, one without experts does.
        assert!((found.capture - (0.75 + 0.375) / 3.0).abs() < 1e-12);
        assert!((found.recall - 0.5 / 3.0).abs() < 1e-12);
        assert!(matches!(
            Coverage::of_selection(&selection, &contributions[..9]),
            Err(Error::Size { .. })
        ));
        let nobody = Selection::from_lists(&[[0_u32; 0]], 0).unwrap();
        assert!(matches!(
            Coverage::of_selection(&nobody, &[]),
            Err(Error::NoTokens { .. })
        ));
    }

    #[test]
    fn ties_go_to_lower_numbers() {
        assert_eq!(top(&[1.0, 2.0, 2.0, 0.0], 2), [1, 2]);
        assert_eq!(top(&[0.0, 0.0, 0.0], 2), [0, 1]);
    }

    #[test]
    fn tokens_without_contributions_do_not_count() {
        let contributions = [0.0, 0.0, 3.0, 1.0];
        assert_eq!(capture(&[1.0; 4], &contributions, 2, 1).unwrap(), 0.75);
        assert!(matches!(
            capture(&[1.0; 2], &[0.0; 2], 2, 1),
            Err(Error::NoTokens { .. })
        ));
    }

    #[test]
    fn bad_arguments_are_refused() {
        assert!(matches!(
            capture(&[0.0; 4], &[0.0; 4], 2, 3),
            Err(Error::Chosen { k: 3, experts: 2 })
        ));
        assert!(matches!(
            recall(&[0.0; 3], &[0.0; 4], 2, 1),
            Err(Error::Size { .. })
        ));
        for bad in [f32::NAN, f32::INFINITY] {
            let spoiled = [1.0, 2.0, 3.0, bad];
            for (scores, own) in [(spoiled, [1.0; 4]), ([1.0; 4], spoiled)] {
                for error in [capture(&scores, &own, 2, 1), recall(&scores, &own, 2, 1)] {
                    assert!(
                        matches!(
                            error,
                            Err(Error::NotFinite {
                                row: 1,
                                column: 1,
                                ..
                            })
                        ),
                        "{error:?}"
                    );
                }
            }
        }
    }
}
