use rand::seq::SliceRandom;

use crate::rng::Seed;
use crate::{Error, Result};

/// Splits `count` examples into training and development indices by `seed`: `dev` of them, at
/// random, for development. Both lists are ascending.
///
/// # Errors
/// [`Error::Invalid`] where `dev` exceeds `count`.
pub fn train_dev(count: usize, dev: usize, seed: Seed) -> Result<(Vec<usize>, Vec<usize>)> {
    if dev > count {
        return Err(Error::invalid(
            "dev",
            format!("is {dev}, but there are only {count} examples"),
        ));
    }
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut seed.stream("train/dev split"));
    let mut train = order.split_off(dev);
    train.sort_unstable();
    order.sort_unstable();
    Ok((train, order))
}

/// `k` examples of each class, by `seed`; ascending. `classes` holds the class of every example.
///
/// # Errors
/// As [`k_shot_parts`].
pub fn k_shot(classes: &[usize], k: usize, seed: Seed) -> Result<Vec<usize>> {
    Ok(k_shot_parts(classes, &[k], seed)?.remove(0))
}

/// Disjoint samples, part `p` with `sizes[p]` examples of each class; each ascending. With `[k, k]`
/// the few-shot training and development sets of LM-BFF (Gao et al. 2021).
///
/// # Errors
/// [`Error::Invalid`] where a class below the largest has fewer examples than the parts need.
pub fn k_shot_parts(classes: &[usize], sizes: &[usize], seed: Seed) -> Result<Vec<Vec<usize>>> {
    let mut parts = vec![Vec::new(); sizes.len()];
    // Sorting instead of one list per class: a stray huge class number costs no memory.
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.shuffle(&mut seed.stream("k-shot"));
    order.sort_by_key(|&index| classes[index]);
    let needed = sizes.iter().fold(0_usize, |sum, &k| sum.saturating_add(k));
    let mut next = 0;
    for members in order.chunk_by(|&a, &b| classes[a] == classes[b]) {
        let class = classes[members[0]];
        if class != next && needed > 0 {
            return Err(shortage(next, 0, needed));
        }
        if members.len() < needed {
            return Err(shortage(class, members.len(), needed));
        }
        next = class.saturating_add(1);
        let mut rest = members;
        for (part, &size) in parts.iter_mut().zip(sizes) {
            let (taken, left) = rest.split_at(size);
            part.extend_from_slice(taken);
            rest = left;
        }
    }
    for part in &mut parts {
        part.sort_unstable();
    }
    Ok(parts)
}

fn shortage(class: usize, found: usize, needed: usize) -> Error {
    Error::invalid(
        "k",
        format!("class {class} has {found} examples, {needed} are needed"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shortages_name_the_class() {
        let seed = Seed::new(1);
        let error = k_shot(&[0, 0, 1], 2, seed).unwrap_err().to_string();
        assert!(error.contains("class 1 has 1 examples, 2"), "{error}");
        let error = k_shot(&[0, 2], 1, seed).unwrap_err().to_string();
        assert!(error.contains("class 1 has 0"), "{error}");
        assert!(k_shot(&[0, usize::MAX], 1, seed).is_err());
        assert!(train_dev(3, 4, seed).is_err());
        assert_eq!(k_shot(&[], 3, seed).unwrap(), Vec::<usize>::new());
    }

    #[test]
    fn seeds_choose_differently() {
        let classes: Vec<usize> = (0..100).map(|i| i % 2).collect();
        let pick = |seed| k_shot(&classes, 5, Seed::new(seed)).unwrap();
        assert_eq!(pick(1), pick(1));
        assert_ne!(pick(1), pick(2));
        let split = |seed| train_dev(100, 10, Seed::new(seed)).unwrap().1;
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
    }

    proptest! {
        #[test]
        fn parts_are_disjoint_and_even(per_class in 4_usize..20, classes in 1_usize..5, seed: u64) {
            let list: Vec<usize> = (0..per_class * classes).map(|i| i % classes).collect();
            let parts = k_shot_parts(&list, &[3, 1], Seed::new(seed)).unwrap();
            for (part, k) in parts.iter().zip([3, 1]) {
                prop_assert!(part.is_sorted());
                for class in 0..classes {
                    let n = part.iter().filter(|&&i| list[i] == class).count();
                    prop_assert_eq!(n, k);
                }
            }
            prop_assert!(parts[0].iter().all(|i| !parts[1].contains(i)));
        }

        #[test]
        fn a_split_loses_nothing(count in 0_usize..200, share in 0.0..=1.0_f64, seed: u64) {
            let dev = (count as f64 * share) as usize;
            let (train, held) = train_dev(count, dev, Seed::new(seed)).unwrap();
            prop_assert_eq!(held.len(), dev);
            prop_assert!(train.is_sorted() && held.is_sorted());
            let mut all = [train, held].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..count).collect::<Vec<_>>());
        }
    }
}
