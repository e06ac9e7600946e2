//! The union of the teachers' labels.
//!
//! A teacher's label is found in the union by its name, so that teachers may share labels. Scattering
//! is the embedding `E_i` of a teacher's probabilities into the columns of the student, zero where
//! the teacher knows nothing (arXiv 2210.05230, and section 3 of arXiv 2112.07327).

use std::collections::{BTreeSet, HashMap};

use plm_core::check::{finite, same_size};
use plm_core::data::Labels;
use serde::{Deserialize, Serialize};

use super::names::{check_dataset, check_names, qualified, shown};
use super::{Aliases, LabelSpaceBuilder};
use crate::{Error, Result};

/// The labels of one teacher and where they are in the union.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeacherLabels {
    /// The data set that its labels belong to, where they are told apart by data set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dataset: Option<String>,
    /// Its labels, by local id.
    pub(super) labels: Vec<String>,
    /// The union id of each.
    pub(super) map: Vec<usize>,
}

impl TeacherLabels {
    /// The data set that its labels belong to, where they are told apart by data set.
    pub fn dataset(&self) -> Option<&str> {
        self.dataset.as_deref()
    }

    /// Its labels as the teacher calls them, by local id.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The union id of each local id.
    pub fn map(&self) -> &[usize] {
        &self.map
    }
}

/// The union of the labels of several teachers, which may overlap.
///
/// ```
/// use plm_distill::LabelSpace;
///
/// # fn main() -> plm_distill::Result<()> {
/// let space = LabelSpace::builder()
///     .teacher(["World", "Sports"])
///     .teacher(["Sports", "Tech", "Business"])
///     .alias("Tech", "Sci/Tech")
///     .teacher(["Sci/Tech", "Health"])
///     .build()?;
/// assert_eq!(space.names(), ["World", "Sports", "Sci/Tech", "Business", "Health"]);
/// assert_eq!(space.map(1), [1, 2, 3]);
/// assert_eq!(space.scatter(1, &[0.5, 0.25, 0.25])?, [0.0, 0.5, 0.25, 0.25, 0.0]);
/// assert_eq!(space.owners(2), [1, 2]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSpace {
    union: Labels,
    teachers: Vec<TeacherLabels>,
    aliases: Aliases,
    /// For each union id, the teachers that know it, each with its local id.
    members: Vec<Vec<(usize, usize)>>,
}

impl LabelSpace {
    /// The union of the teachers' `lists` without aliases: in the order of the teachers and of their
    /// labels, each label where it first occurs.
    ///
    /// # Errors
    /// As [`LabelSpaceBuilder::build`].
    pub fn new<S: Into<String>>(
        lists: impl IntoIterator<Item = impl IntoIterator<Item = S>>,
    ) -> Result<Self> {
        let add = |builder: LabelSpaceBuilder, list| builder.teacher(list);
        lists.into_iter().fold(Self::builder(), add).build()
    }

    /// A union with aliases or with labels told apart by data set.
    pub fn builder() -> LabelSpaceBuilder {
        LabelSpaceBuilder::default()
    }

    /// A space of these parts, which are checked against each other.
    pub(super) fn from_parts(
        union: Vec<String>,
        teachers: Vec<TeacherLabels>,
        aliases: Aliases,
    ) -> Result<Self> {
        if teachers.is_empty() {
            return Err(Error::Empty { what: "teachers" });
        }
        let mut members = vec![Vec::new(); union.len()];
        for (index, teacher) in teachers.iter().enumerate() {
            check_teacher(index, teacher, &union, &aliases)?;
            for (local, &id) in teacher.map.iter().enumerate() {
                members[id].push((index, local));
            }
        }
        check_names("union", &union)?;
        if let Some(id) = members.iter().position(Vec::is_empty) {
            return Err(Error::entry(
                format!("union[{id}]"),
                format!("`{}`", union[id]),
                "known to no teacher; take it away",
            ));
        }
        check_aliases(&aliases, &teachers)?;
        let union = Labels::new(union)?;
        Ok(Self {
            union,
            teachers,
            aliases,
            members,
        })
    }

    /// The number of labels in the union, `|L|`.
    pub fn len(&self) -> usize {
        self.union.len()
    }

    /// Whether there is no label; there always are two or more.
    pub fn is_empty(&self) -> bool {
        self.union.is_empty()
    }

    /// The labels by union id: the student's columns.
    pub fn names(&self) -> &[String] {
        self.union.names()
    }

    /// The teachers in order.
    pub fn teachers(&self) -> &[TeacherLabels] {
        &self.teachers
    }

    /// The aliases.
    pub fn aliases(&self) -> &Aliases {
        &self.aliases
    }

    /// The union id of the label or alias `name`, where it is one.
    pub fn id(&self, name: &str) -> Option<usize> {
        self.union.index(self.aliases.resolve(name)).ok()
    }

    /// The union id of each local id of `teacher`.
    ///
    /// # Panics
    /// Where there is no such teacher.
    pub fn map(&self, teacher: usize) -> &[usize] {
        &self.teachers[teacher].map
    }

    /// The teachers that know the union's label `id`, ascending; none where there is no such label.
    pub fn owners(&self, id: usize) -> Vec<usize> {
        self.members(id).map(|(teacher, _)| teacher).collect()
    }

    /// The local id of the union's label `id` at `teacher`, where the teacher knows it.
    pub fn local(&self, teacher: usize, id: usize) -> Option<usize> {
        let mut members = self.members(id);
        members
            .find(|member| member.0 == teacher)
            .map(|member| member.1)
    }

    /// The teachers that know the union's label `id`, each with its local id.
    pub(crate) fn members(&self, id: usize) -> impl Iterator<Item = (usize, usize)> {
        self.members.get(id).into_iter().flatten().copied()
    }

    /// The `probabilities` `[|L_i|]` of `teacher` in the columns of the union `[|L|]`, zero elsewhere.
    /// Their sum stays what it is, with overlaps too.
    ///
    /// # Errors
    /// [`Error::Teacher`] for a teacher that does not exist, [`Error::Size`] for another number of
    /// probabilities than the teacher has labels, [`Error::NotFinite`] for NaN or infinity.
    pub fn scatter(&self, teacher: usize, probabilities: &[f64]) -> Result<Vec<f64>> {
        let known = self.teachers.get(teacher).ok_or(Error::Teacher {
            teacher,
            teachers: self.teachers.len(),
        })?;
        same_size(
            format!("probabilities of teacher {teacher}"),
            probabilities.len(),
            known.map.len(),
        )?;
        finite("probabilities", probabilities.iter().copied())?;
        let mut columns = vec![0.0; self.len()];
        for (&id, &probability) in known.map.iter().zip(probabilities) {
            columns[id] = probability;
        }
        Ok(columns)
    }

    /// Whether every label belongs to one teacher only, as in MUKA's main setting.
    pub fn is_disjoint(&self) -> bool {
        self.members.iter().all(|members| members.len() == 1)
    }

    /// The union ids that several teachers know, ascending.
    pub fn overlaps(&self) -> Vec<usize> {
        let shared = |&id: &usize| self.members[id].len() > 1;
        (0..self.len()).filter(shared).collect()
    }
}

/// `teacher`, the one at `index`, has two labels or more, all different and mapped to where the
/// union has them.
fn check_teacher(
    index: usize,
    teacher: &TeacherLabels,
    union: &[String],
    aliases: &Aliases,
) -> Result<()> {
    let TeacherLabels {
        dataset,
        labels,
        map,
    } = teacher;
    if labels.len() < 2 {
        return Err(Error::TeacherLabels {
            teacher: index,
            labels: labels.len(),
        });
    }
    let place = format!("teachers[{index}]");
    check_names(&place, labels)?;
    if let Some(dataset) = dataset {
        check_dataset(dataset)?;
    }
    same_size(format!("{place}.map"), map.len(), labels.len())?;
    let mut locals = HashMap::with_capacity(map.len());
    for (local, (label, &id)) in labels.iter().zip(map).enumerate() {
        let name = qualified(dataset.as_deref(), label);
        let meant = aliases.resolve(&name);
        if union.get(id).is_none_or(|found| found != meant) {
            let found = union
                .get(id)
                .map_or("beyond the union's end", String::as_str);
            return Err(Error::entry(
                format!("{place}.map[{local}]"),
                format!("{id}, {found}"),
                format!("the place of `{meant}` in the union"),
            ));
        }
        if let Some(first) = locals.insert(id, local) {
            return Err(Error::MergedLabels {
                teacher: index,
                first: labels[first].clone(),
                second: label.clone(),
                label: meant.to_owned(),
            });
        }
    }
    Ok(())
}

/// Every alias leads to a label that one of the `teachers` has under this very name: a mistyped label
/// would become one more column.
fn check_aliases(aliases: &Aliases, teachers: &[TeacherLabels]) -> Result<()> {
    let names = |teacher: &TeacherLabels| {
        let name = |label: &String| qualified(teacher.dataset(), label);
        teacher.labels.iter().map(name).collect::<Vec<_>>()
    };
    let known: BTreeSet<String> = teachers.iter().flat_map(names).collect();
    for (alias, _) in aliases.pairs() {
        let label = aliases.resolve(alias);
        if !known.contains(label) {
            return Err(Error::UnknownAlias {
                alias: alias.to_owned(),
                label: label.to_owned(),
                known: shown(&known.into_iter().collect::<Vec<_>>()),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "space_tests.rs"]
mod tests;
