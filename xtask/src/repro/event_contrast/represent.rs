//! From vectors of mentions to what is clustered; the same for every encoder.

use std::collections::BTreeMap;

use plm_event_contrast::liberal::CandidateVectors;
use plm_event_contrast::text::SpanVectors;

/// What the mentions of both sides are called.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub(super) triggers: Vec<String>,
    pub(super) arguments: Vec<String>,
}

/// `vectors` of length 1 with their mean taken off, so that cosines spread; with `senses` every mention
/// gets the mean of all with its name: Huang et al. (ACL 2016), from whom the procedure comes, compare
/// senses of words and not mentions, and what a vector has of its own sentence goes with the mean.
pub(super) fn prepare(vectors: &CandidateVectors, names: &Names, senses: bool) -> CandidateVectors {
    let one = |vectors: &SpanVectors, names: &[String]| {
        let centered = unit(&centered(&unit(vectors)));
        if senses {
            unit(&averaged(&centered, names))
        } else {
            centered
        }
    };
    CandidateVectors {
        triggers: one(&vectors.triggers, &names.triggers),
        arguments: one(&vectors.arguments, &names.arguments),
    }
}

/// Rows of length 1; rows of zeros stay.
fn unit(vectors: &SpanVectors) -> SpanVectors {
    let mut vectors = vectors.clone();
    for row in vectors.values.chunks_exact_mut(vectors.width) {
        let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        if length > 0.0 {
            row.iter_mut().for_each(|value| *value /= length);
        }
    }
    vectors
}

/// Rows without their mean. Rows of zeros are no vectors: they stay.
fn centered(vectors: &SpanVectors) -> SpanVectors {
    let mut vectors = vectors.clone();
    let filled = |row: &[f32]| row.iter().any(|&value| value != 0.0);
    let mut mean = vec![0.0_f64; vectors.width];
    let mut count = 0_usize;
    for row in vectors.values.chunks_exact(vectors.width) {
        if filled(row) {
            count += 1;
            add(&mut mean, row);
        }
    }
    for row in vectors.values.chunks_exact_mut(vectors.width) {
        if filled(row) {
            for (value, mean) in row.iter_mut().zip(&mean) {
                *value -= (mean / count as f64) as f32;
            }
        }
    }
    vectors
}

/// For each row the sum of all rows with its name.
fn averaged(vectors: &SpanVectors, names: &[String]) -> SpanVectors {
    let mut sums: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (row, name) in vectors.values.chunks_exact(vectors.width).zip(names) {
        let sum = sums.entry(name);
        add(sum.or_insert_with(|| vec![0.0; vectors.width]), row);
    }
    let values = names.iter().flat_map(|name| &sums[name.as_str()]);
    SpanVectors {
        width: vectors.width,
        values: values.map(|&value| value as f32).collect(),
    }
}

fn add(sum: &mut [f64], row: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += f64::from(*value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(values: &[f32]) -> SpanVectors {
        SpanVectors {
            width: 2,
            values: values.to_vec(),
        }
    }

    #[test]
    fn means_are_taken_off_and_names_share_a_vector() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let names = Names {
            triggers: names(&["go", "eat", "go", "none"]),
            arguments: names(&["a"]),
        };
        let given = CandidateVectors {
            triggers: vectors(&[2.0, 0.0, 0.0, 3.0, 0.0, -1.0, 0.0, 0.0]),
            arguments: vectors(&[1.0, 0.0]),
        };
        let found = prepare(&given, &names, false).triggers;
        // The mean of (1, 0), (0, 1) and (0, −1) is (1/3, 0).
        let length = (1.0_f32 / 9.0 + 1.0).sqrt();
        let expected = [1.0, 0.0, -1.0 / 3.0 / length, 1.0 / length];
        for (found, expected) in found.values.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert_eq!(found.row(3), [0.0, 0.0]);
        let senses = prepare(&given, &names, true).triggers;
        assert_eq!(senses.row(0), senses.row(2));
        assert_eq!(senses.row(1), found.row(1));
        // One vector is its own mean: nothing is left of it.
        assert_eq!(prepare(&given, &names, true).arguments.row(0), [0.0, 0.0]);
    }
}
