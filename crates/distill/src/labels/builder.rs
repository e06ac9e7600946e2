//! Making a label space from the teachers' lists.

use std::collections::HashMap;

use super::names::qualified;
use super::{Aliases, LabelSpace, TeacherLabels};
use crate::Result;

/// Teachers' labels on their way into a [`LabelSpace`].
#[derive(Debug, Clone, Default)]
pub struct LabelSpaceBuilder {
    teachers: Vec<(Option<String>, Vec<String>)>,
    aliases: Vec<(String, String)>,
}

impl LabelSpaceBuilder {
    /// With one more teacher, its labels by local id. Labels of the same name are the same.
    #[must_use]
    pub fn teacher<S: Into<String>>(mut self, labels: impl IntoIterator<Item = S>) -> Self {
        let labels = labels.into_iter().map(Into::into).collect();
        self.teachers.push((None, labels));
        self
    }

    /// With one more teacher, whose labels are called `dataset/label` in the union. They differ from
    /// those of all other data sets, unless an alias of this long name says otherwise.
    #[must_use]
    pub fn teacher_of<S: Into<String>>(
        mut self,
        dataset: impl Into<String>,
        labels: impl IntoIterator<Item = S>,
    ) -> Self {
        let labels = labels.into_iter().map(Into::into).collect();
        self.teachers.push((Some(dataset.into()), labels));
        self
    }

    /// With another name for a label. `label` is one that a teacher has, or an alias of one; `alias`
    /// may be a teacher's or occur in the data only.
    #[must_use]
    pub fn alias(mut self, alias: impl Into<String>, label: impl Into<String>) -> Self {
        self.aliases.push((alias.into(), label.into()));
        self
    }

    /// The label space.
    ///
    /// # Errors
    /// - [`Error::Empty`](crate::Error::Empty) for no teacher,
    ///   [`Error::TeacherLabels`](crate::Error::TeacherLabels) for one with fewer than two labels;
    /// - [`Error::EmptyLabel`](crate::Error::EmptyLabel),
    ///   [`Error::DuplicateLabel`](crate::Error::DuplicateLabel) and
    ///   [`Error::MergedLabels`](crate::Error::MergedLabels) for labels of one teacher that have no
    ///   name, the same name, or the same meaning;
    /// - [`Error::Dataset`](crate::Error::Dataset) for a data set without a name or with `/` in it;
    /// - [`Error::DuplicateAlias`](crate::Error::DuplicateAlias),
    ///   [`Error::AliasCycle`](crate::Error::AliasCycle) and
    ///   [`Error::UnknownAlias`](crate::Error::UnknownAlias) for an alias with two meanings, with
    ///   none, or with a meaning that is no teacher's label.
    pub fn build(self) -> Result<LabelSpace> {
        let aliases = Aliases::new(self.aliases)?;
        let mut union: Vec<String> = Vec::new();
        let mut ids: HashMap<String, usize> = HashMap::new();
        let mut teachers = Vec::with_capacity(self.teachers.len());
        for (dataset, labels) in self.teachers {
            let mut map = Vec::with_capacity(labels.len());
            for label in &labels {
                let name = qualified(dataset.as_deref(), label);
                let meant = aliases.resolve(&name);
                let id = *ids.entry(meant.to_owned()).or_insert_with(|| {
                    union.push(meant.to_owned());
                    union.len() - 1
                });
                map.push(id);
            }
            teachers.push(TeacherLabels {
                dataset,
                labels,
                map,
            });
        }
        LabelSpace::from_parts(union, teachers, aliases)
    }
}
