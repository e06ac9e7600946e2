//! Sharing sorted labels out among teachers, as MUKI does to make its teachers
//! (arXiv 2210.05230; `k = floor(|L| / n)` labels each, the last teacher takes the rest).

use std::ops::Range;

use super::LabelSpace;
use super::names::{check_names, sort_labels};
use crate::{Error, Result};

/// Sorted labels cut into one slice for each teacher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelLayout {
    labels: Vec<String>,
    teachers: usize,
}

impl LabelLayout {
    /// `labels` in any order, [sorted](super::sort_labels) and shared out among `teachers`.
    ///
    /// # Errors
    /// [`Error::EmptyLabel`] and [`Error::DuplicateLabel`] for the labels' names, [`Error::Setting`]
    /// for no teacher, [`Error::TooFewLabels`] where a teacher would have fewer than two labels.
    pub fn new<S: Into<String>>(
        labels: impl IntoIterator<Item = S>,
        teachers: usize,
    ) -> Result<Self> {
        let mut labels: Vec<String> = labels.into_iter().map(Into::into).collect();
        check_names("labels", &labels)?;
        sort_labels(&mut labels);
        Self::share(labels, teachers)
    }

    /// `labels` that are sorted already: for lists whose places are in use, as in a teacher's output.
    ///
    /// # Errors
    /// [`Error::UnsortedLabels`] where they are not, else as [`LabelLayout::new`].
    pub fn from_sorted<S: Into<String>>(
        labels: impl IntoIterator<Item = S>,
        teachers: usize,
    ) -> Result<Self> {
        let labels: Vec<String> = labels.into_iter().map(Into::into).collect();
        let layout = Self::new(labels.iter().cloned(), teachers)?;
        match labels.iter().zip(&layout.labels).position(|(a, b)| a != b) {
            None => Ok(layout),
            // The smallest label that is left stands further on than here.
            Some(at) => Err(Error::UnsortedLabels {
                before: labels[at].clone(),
                after: layout.labels[at].clone(),
            }),
        }
    }

    fn share(labels: Vec<String>, teachers: usize) -> Result<Self> {
        if teachers == 0 {
            return Err(Error::Setting {
                name: "teachers",
                value: teachers.to_string(),
                limit: "at least 1",
            });
        }
        if labels.len() / teachers < 2 {
            return Err(Error::TooFewLabels {
                labels: labels.len(),
                teachers,
            });
        }
        Ok(Self { labels, teachers })
    }

    /// All labels, sorted: the student's columns.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The number of teachers.
    pub fn teachers(&self) -> usize {
        self.teachers
    }

    /// Which of the labels each teacher owns.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let share = self.labels.len() / self.teachers;
        (0..self.teachers).map(move |teacher| {
            let last = teacher + 1 == self.teachers;
            let end = if last {
                self.labels.len()
            } else {
                (teacher + 1) * share
            };
            teacher * share..end
        })
    }

    /// The label space in which every teacher knows its slice.
    ///
    /// # Errors
    /// None for a layout: its slices are what [`LabelSpace::new`] asks for.
    pub fn space(&self) -> Result<LabelSpace> {
        LabelSpace::new(self.ranges().map(|range| self.labels[range].to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sizes(labels: usize, teachers: usize) -> Vec<usize> {
        let labels = (0..labels).map(|i| i.to_string());
        let layout = LabelLayout::new(labels, teachers).unwrap();
        layout.ranges().map(|range| range.len()).collect()
    }

    fn slices(labels: &[&str], teachers: usize) -> Vec<String> {
        let layout = LabelLayout::new(labels.iter().copied(), teachers).unwrap();
        layout
            .ranges()
            .map(|range| layout.labels()[range].join(" "))
            .collect()
    }

    #[test]
    fn the_last_teacher_takes_the_rest() {
        assert_eq!(sizes(10, 2), [5, 5]);
        assert_eq!(sizes(5, 2), [2, 3]);
        assert_eq!(sizes(15, 2), [7, 8]);
        assert_eq!(sizes(10, 3), [3, 3, 4]);
        assert_eq!(sizes(10, 4), [2, 2, 2, 4]);
        assert_eq!(sizes(14, 4), [3, 3, 3, 5]);
        assert_eq!(sizes(2, 1), [2]);
    }

    #[test]
    fn cnews_is_shared_out_by_code_point() {
        let labels = [
            "财经", "体育", "科技", "娱乐", "游戏", "家居", "时政", "房产", "时尚", "教育",
        ];
        let expected = ["体育 娱乐 家居 房产 教育", "时尚 时政 游戏 科技 财经"];
        assert_eq!(slices(&labels, 2), expected);
    }

    #[test]
    fn integers_are_shared_out_by_value() {
        let labels: Vec<String> = (0..12).rev().map(|i| i.to_string()).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        assert_eq!(slices(&labels, 3), ["0 1 2 3", "4 5 6 7", "8 9 10 11"]);
        assert_eq!(slices(&["b", "10", "9", "a"], 2), ["10 9", "a b"]);
    }

    #[test]
    fn ag_news_keeps_its_own_order() {
        // By code point `Business` would come first: these teachers are listed, not sorted.
        let labels = ["World", "Sports", "Business", "Sci/Tech"];
        assert_eq!(slices(&labels, 2), ["Business Sci/Tech", "Sports World"]);
        // The data set's own labels are integers, and their order is this one.
        assert_eq!(slices(&["3", "1", "0", "2"], 2), ["0 1", "2 3"]);
        let listed = LabelSpace::new([["World", "Sports"], ["Business", "Sci/Tech"]]).unwrap();
        assert_eq!(listed.names(), labels);
    }

    #[test]
    fn layouts_that_cannot_be_are_refused() {
        let new = |labels: &[&str], teachers| LabelLayout::new(labels.iter().copied(), teachers);
        match new(&["a", "b", "a"], 1) {
            Err(Error::DuplicateLabel {
                label,
                first,
                second,
                ..
            }) => {
                assert_eq!((label.as_str(), first, second), ("a", 0, 2));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(
            new(&["a", ""], 1),
            Err(Error::EmptyLabel { index: 1, .. })
        ));
        assert!(matches!(
            new(&["a", "b"], 0),
            Err(Error::Setting {
                name: "teachers",
                ..
            })
        ));
        let few = [
            (&["a"][..], 1),
            (&["a", "b", "c"][..], 2),
            (&["a", "b"][..], 3),
            (&[][..], 1),
        ];
        for (labels, teachers) in few {
            let error = new(labels, teachers);
            let count = labels.len();
            assert!(
                matches!(error, Err(Error::TooFewLabels { labels, teachers: t })
                    if labels == count && t == teachers),
                "{error:?}"
            );
        }
    }

    #[test]
    fn lists_in_use_must_be_sorted() {
        let layout = LabelLayout::from_sorted(["2", "9", "10", "11"], 2).unwrap();
        assert_eq!(layout.labels(), ["2", "9", "10", "11"]);
        match LabelLayout::from_sorted(["a", "c", "d", "b"], 2) {
            Err(Error::UnsortedLabels { before, after }) => {
                assert_eq!((before.as_str(), after.as_str()), ("c", "b"));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(
            LabelLayout::from_sorted(["b", "b"], 1),
            Err(Error::DuplicateLabel { .. })
        ));
    }

    #[test]
    fn slices_make_a_label_space() {
        let space = LabelLayout::new(["d", "a", "c", "b", "e"], 2)
            .unwrap()
            .space()
            .unwrap();
        assert_eq!(space.names(), ["a", "b", "c", "d", "e"]);
        assert_eq!(space.map(1), [2, 3, 4]);
        assert!(space.is_disjoint());
    }

    proptest! {
        #[test]
        fn slices_cover_all_labels_in_order(labels in 0_usize..200, teachers in 0_usize..20) {
            let names = (0..labels).map(|i| format!("label {i}"));
            match LabelLayout::new(names, teachers) {
                Ok(layout) => {
                    prop_assert!(teachers > 0 && labels >= 2 * teachers);
                    let places: Vec<usize> = layout.ranges().flatten().collect();
                    prop_assert_eq!(places, (0..labels).collect::<Vec<_>>());
                    prop_assert_eq!(layout.ranges().count(), teachers);
                    prop_assert!(layout.ranges().all(|range| range.len() >= labels / teachers));
                }
                Err(_) => prop_assert!(teachers == 0 || labels < 2 * teachers),
            }
        }
    }
}
