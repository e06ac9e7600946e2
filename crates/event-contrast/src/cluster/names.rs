//! What a cluster is called.

use std::collections::BTreeMap;

use plm_core::vector::dot;

use super::similarity::{normalize, unit_rows};
use crate::{Error, Result};

/// The item of each cluster that is nearest to its centroid: the highest cosine with the mean of
/// the cluster's unit vectors, the first among equals.
///
/// # Shapes
/// - rows: `[n, width]`, row after row
/// - labels: `[n]`
///
/// # Errors
/// [`Error::Core`] where the rows are not whole, a number is not finite or there is not one label
/// for each row.
pub fn central_items(
    rows: &[f32],
    width: usize,
    labels: &[usize],
) -> Result<BTreeMap<usize, usize>> {
    let unit = unit_rows(rows, width)?;
    let n = unit.len() / width;
    check_count("labels", labels.len(), n)?;
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (item, &label) in labels.iter().enumerate() {
        members.entry(label).or_default().push(item);
    }
    let row = |item: usize| &unit[item * width..(item + 1) * width];
    Ok(members
        .into_iter()
        .map(|(label, items)| {
            let mut centroid = vec![0.0; width];
            for &item in &items {
                centroid
                    .iter_mut()
                    .zip(row(item))
                    .for_each(|(sum, v)| *sum += v);
            }
            normalize(&mut centroid);
            let mut best = (items[0], f64::NEG_INFINITY);
            for item in items {
                let cosine = dot(row(item), &centroid);
                // Sums in another order must not decide between equals.
                if cosine > best.1 + 1e-12 {
                    best = (item, cosine);
                }
            }
            (label, best.0)
        })
        .collect())
}

/// The name of each cluster: that of its [central item](central_items).
///
/// # Errors
/// As [`central_items`]; [`Error::Core`] where there is not one name for each row.
pub fn cluster_names<S: AsRef<str>>(
    rows: &[f32],
    width: usize,
    labels: &[usize],
    names: &[S],
) -> Result<BTreeMap<usize, String>> {
    check_count("names", names.len(), labels.len())?;
    let items = central_items(rows, width, labels)?;
    Ok(items
        .into_iter()
        .map(|(label, item)| (label, names[item].as_ref().to_owned()))
        .collect())
}

fn check_count(what: &str, found: usize, items: usize) -> Result<()> {
    if found == items {
        return Ok(());
    }
    Err(Error::invalid(what, format!("{found} for {items} items")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_bundle_names_it() {
        let rows = [1.0, 0.0, 5.0, 5.0, 0.0, 1.0, -1.0, 0.0, -1.0, 0.0];
        let names = ["left", "middle", "right", "one", "two"];
        let found = cluster_names(&rows, 2, &[7, 7, 7, 2, 2], &names).unwrap();
        let expected = BTreeMap::from([(2, "one".to_owned()), (7, "middle".to_owned())]);
        assert_eq!(found, expected);
        assert!(cluster_names(&rows, 2, &[0; 5], &names[..4]).is_err());
        let error = central_items(&rows, 2, &[0; 4]).unwrap_err().to_string();
        assert!(error.contains("labels: 4 for 5 items"), "{error}");
    }
}
