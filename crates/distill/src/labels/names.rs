//! Names of labels: their order, and what they must be.

use std::collections::HashMap;

use crate::{Error, Result};

/// Sorts `labels` by code point, or by value where all are decimal integers of 64 bits.
///
/// A number with a plus sign or leading zeros is no integer here: `01` and `1` are different labels.
pub fn sort_labels<S: AsRef<str>>(labels: &mut [S]) {
    if labels.iter().all(|label| integer(label.as_ref()).is_some()) {
        labels.sort_by_key(|label| integer(label.as_ref()));
    } else {
        labels.sort_by(|a, b| a.as_ref().cmp(b.as_ref()));
    }
}

fn integer(label: &str) -> Option<i64> {
    let number: i64 = label.parse().ok()?;
    (number.to_string() == label).then_some(number)
}

/// The names of the list `place` are neither empty nor given twice.
pub(crate) fn check_names<S: AsRef<str>>(place: &str, names: &[S]) -> Result<()> {
    let mut places = HashMap::with_capacity(names.len());
    for (index, name) in names.iter().map(AsRef::as_ref).enumerate() {
        if name.is_empty() {
            return Err(Error::EmptyLabel {
                place: place.to_owned(),
                index,
            });
        }
        if let Some(first) = places.insert(name, index) {
            return Err(Error::DuplicateLabel {
                place: place.to_owned(),
                label: name.to_owned(),
                first,
                second: index,
            });
        }
    }
    Ok(())
}

/// `dataset` can stand before labels: with a `/` in it, `a/b` and `c` would mix with `a` and `b/c`.
pub(crate) fn check_dataset(dataset: &str) -> Result<()> {
    if dataset.is_empty() || dataset.contains('/') {
        return Err(Error::Dataset {
            dataset: dataset.to_owned(),
        });
    }
    Ok(())
}

/// `name` as it is called among several data sets: `dataset/name`, or itself without a data set.
pub(crate) fn qualified(dataset: Option<&str>, name: &str) -> String {
    match dataset {
        Some(dataset) => format!("{dataset}/{name}"),
        None => name.to_owned(),
    }
}

/// The first of `names`, for a message.
pub(crate) fn shown(names: &[String]) -> String {
    const MOST: usize = 20;
    let more = if names.len() > MOST { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(MOST)].join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted<const N: usize>(mut labels: [&str; N]) -> [&str; N] {
        sort_labels(&mut labels);
        labels
    }

    #[test]
    fn integers_are_sorted_by_value_only_among_themselves() {
        assert_eq!(sorted(["10", "9", "-1", "0"]), ["-1", "0", "9", "10"]);
        assert_eq!(sorted(["10", "9", "x"]), ["10", "9", "x"]);
        assert_eq!(sorted(["10", "09"]), ["09", "10"]);
        assert_eq!(sorted(["9", "10", "+1"]), ["+1", "10", "9"]);
        let beyond = "9223372036854775808";
        assert_eq!(sorted(["10", beyond, "1"]), ["1", "10", beyond]);
    }

    #[test]
    fn names_are_sorted_by_code_point() {
        assert_eq!(sorted(["b", "a", "B", "é", "z"]), ["B", "a", "b", "z", "é"]);
    }

    #[test]
    fn long_lists_are_cut_in_messages() {
        let names: Vec<String> = (0..21).map(|i| i.to_string()).collect();
        assert!(shown(&names).ends_with("18, 19, …"));
        assert_eq!(shown(&names[..2]), "0, 1");
    }
}
