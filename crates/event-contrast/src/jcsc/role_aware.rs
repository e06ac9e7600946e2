//! Trigger similarity that looks at the arguments' roles.

use std::collections::BTreeMap;

use plm_core::vector::dot;

use super::Links;
use crate::cluster::{Similarity, normalize, unit_rows};
use crate::{Error, Result};

/// Trigger similarity from senses and roles (after Huang et al. 2016): λ · the cosine of the
/// triggers + (1 − λ) · the mean over the AMR roles that both have of the cosine of what fills them.
///
/// What fills a role is the mean of its arguments' unit vectors; Huang et al. compose trigger and
/// argument by learned tensors. Triggers that share no role have their own cosine alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoleAware {
    /// The weight λ of the triggers' own cosine, in `[0, 1]`.
    pub lambda: f64,
}

impl RoleAware {
    /// The similarities of all pairs of triggers.
    ///
    /// # Shapes
    /// - senses: the triggers' cosines, `[triggers, triggers]`
    /// - arguments: `[arguments, width]`, row after row
    ///
    /// # Errors
    /// [`Error::Core`] where λ is out of range, a row is not whole, a number is not finite or
    /// `links` are between other numbers of items.
    pub fn similarity(
        &self,
        senses: &Similarity,
        arguments: &[f32],
        width: usize,
        links: &Links,
    ) -> Result<Similarity> {
        if !(0.0..=1.0).contains(&self.lambda) {
            let reason = format!("{}; must be from 0 to 1", self.lambda);
            return Err(Error::invalid("lambda", reason));
        }
        let unit = unit_rows(arguments, width)?;
        let linked = (links.of_triggers().len(), links.of_arguments().len());
        if linked != (senses.n(), unit.len() / width) {
            return Err(Error::invalid(
                "links",
                format!(
                    "between {} triggers and {} arguments, vectors for {} and {}",
                    linked.0,
                    linked.1,
                    senses.n(),
                    unit.len() / width
                ),
            ));
        }
        let mut roles: Vec<BTreeMap<u32, Vec<f64>>> = vec![BTreeMap::new(); senses.n()];
        for link in links.links() {
            let filled = roles[link.trigger].entry(link.role);
            let sum = filled.or_insert_with(|| vec![0.0; width]);
            let argument = &unit[link.argument * width..(link.argument + 1) * width];
            sum.iter_mut().zip(argument).for_each(|(sum, v)| *sum += v);
        }
        roles
            .iter_mut()
            .flat_map(BTreeMap::values_mut)
            .for_each(|sum| normalize(sum));
        Similarity::from_pairs(senses.n(), |p, q| {
            let shared: Vec<f64> = roles[p]
                .iter()
                .filter_map(|(role, filler)| Some(dot(filler, roles[q].get(role)?)))
                .collect();
            let sense = senses.get(p, q);
            if shared.is_empty() {
                return sense;
            }
            let structure = shared.iter().sum::<f64>() / shared.len() as f64;
            self.lambda * sense + (1.0 - self.lambda) * structure
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Link;
    use super::*;

    #[test]
    fn shared_roles_are_compared() {
        let senses = Similarity::cosine(&[1.0, 0.0, 0.0, 1.0, 1.0, 0.0], 2).unwrap();
        // Role 0 is filled by (1, 0) and (1, 0), role 1 by (0, 1) and by the middle of both.
        let arguments = [2.0, 0.0, 0.0, 3.0];
        let links = [
            (0, 0, 0),
            (0, 1, 1),
            (1, 0, 0),
            (1, 0, 1),
            (1, 1, 1),
            (2, 0, 7),
        ];
        let links = links.map(|(trigger, argument, role)| Link {
            trigger,
            argument,
            role,
        });
        let links = Links::new(3, 2, links.to_vec()).unwrap();
        let similarity = |lambda| RoleAware { lambda }.similarity(&senses, &arguments, 2, &links);
        let found = similarity(0.25).unwrap();
        let expected = 0.75 * (1.0 + 0.5_f64.sqrt()) / 2.0;
        assert!((found.get(0, 1) - expected).abs() < 1e-12);
        assert!((found.get(0, 0) - 1.0).abs() < 1e-12);
        // No role in common: the senses alone.
        assert_eq!((found.get(0, 2), found.get(1, 2)), (1.0, 0.0));
        assert_eq!(similarity(1.0).unwrap().get(0, 1), 0.0);
        assert!(similarity(1.5).is_err() && similarity(f64::NAN).is_err());
        let other = Links::new(3, 3, Vec::new()).unwrap();
        assert!(
            RoleAware { lambda: 0.5 }
                .similarity(&senses, &arguments, 2, &other)
                .is_err()
        );
    }
}
