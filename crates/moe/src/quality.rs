//! How well chosen experts cover what matters.

use crate::{Error, Result};

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
    check(scores, contributions, experts, k)?;
    let (mut sum, mut tokens) = (0.0, 0);
    for (scores, own) in rows(scores, experts).zip(rows(contributions, experts)) {
        let total: f64 = own.iter().map(|&value| f64::from(value)).sum();
        if total > 0.0 {
            let chosen: f64 = top(scores, k).iter().map(|&e| f64::from(own[e])).sum();
            sum += chosen / total;
            tokens += 1;
        }
    }
    mean(sum, tokens)
}

/// The mean share of the `k` largest contributions whose experts are among the `k` highest scores.
///
/// # Shapes and errors
/// As [`capture`].
pub fn recall(scores: &[f32], contributions: &[f32], experts: usize, k: usize) -> Result<f64> {
    check(scores, contributions, experts, k)?;
    let (mut sum, mut tokens) = (0.0, 0);
    for (scores, own) in rows(scores, experts).zip(rows(contributions, experts)) {
        if own.iter().any(|&value| value > 0.0) {
            let chosen = top(scores, k);
            let largest = top(own, k);
            let both = largest.iter().filter(|e| chosen.contains(e)).count();
            sum += both as f64 / k as f64;
            tokens += 1;
        }
    }
    mean(sum, tokens)
}

/// The experts of the `k` highest values, highest first; of equal ones the lower numbers.
pub(crate) fn top(values: &[f32], k: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    order.truncate(k);
    order
}

fn rows(values: &[f32], experts: usize) -> impl Iterator<Item = &[f32]> {
    values.chunks_exact(experts)
}

fn check(scores: &[f32], contributions: &[f32], experts: usize, k: usize) -> Result<()> {
    if k == 0 || k > experts {
        return Err(Error::Chosen { k, experts });
    }
    if scores.len() != contributions.len() || !scores.len().is_multiple_of(experts) {
        return Err(Error::Size {
            what: "the scores of experts".to_owned(),
            found: scores.len(),
            expected: contributions.len(),
        });
    }
    for (what, values) in [
        ("the scores of experts", scores),
        ("the contributions of experts", contributions),
    ] {
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite {
                what: what.to_owned(),
                row: place / experts,
                column: place % experts,
                value: f64::from(values[place]),
            });
        }
    }
    Ok(())
}

fn mean(sum: f64, tokens: usize) -> Result<f64> {
    if tokens == 0 {
        return Err(Error::NoTokens {
            what: "measuring experts",
        });
    }
    Ok(sum / tokens as f64)
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
