//! A run's settings in one TOML file.

mod presets;

pub use presets::{PRESETS, preset};

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::amalgamate::AmalgamationSettings;
use crate::dynamic::DynamicSettings;
use crate::fit::FitSettings;
use crate::student::LayerChoice;
use crate::{Error, Result};

/// What is run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunMethod {
    /// Distillation of one label set.
    Dynamic(DynamicSettings),
    /// Amalgamation of several label sets.
    Amalgamation(AmalgamationSettings),
}

/// Where a student comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudentSource {
    /// Hugging Face directory.
    pub path: PathBuf,
    /// Layers that are kept.
    pub layers: LayerChoice,
    /// Longest text in tokens.
    pub max_length: usize,
}

/// A run: `run.toml`.
///
/// ```
/// use plm_distill::run_file::RunFile;
///
/// let run = RunFile::parse(r#"
///     teachers = ["small/teacher.toml", "large/teacher.toml"]
///     [student]
///     path = "bert-base-uncased"
///     layers = { keep = "first", count = 6 }
///     max_length = 128
///     [method.dynamic]
///     adoption = "soft"
///     selection = { strategy = "margin", ratio = 0.5 }
///     [fit]
///     lr = 2e-5
/// "#)?;
/// assert_eq!(run.teachers.len(), 2);
/// # Ok::<(), plm_distill::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFile {
    /// Teachers' cards, the least capable first: see [`TeacherCard::open`](crate::TeacherCard::open).
    pub teachers: Vec<PathBuf>,
    /// The student.
    pub student: StudentSource,
    /// The method.
    pub method: RunMethod,
    /// How the student is trained.
    #[serde(default)]
    pub fit: FitSettings,
}

impl RunFile {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`Error::RunFile`] naming line, key and what is allowed; [`Error::Setting`], [`Error::Size`] and
    /// [`Error::Empty`] for settings out of their limits.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |reason: String| Error::RunFile { reason };
        let run: Self = toml::from_str(text).map_err(|error| refuse(error.to_string()))?;
        match &run.method {
            // Whether there are labels is known when data is.
            RunMethod::Dynamic(settings) => settings.check(run.teachers.len(), true)?,
            RunMethod::Amalgamation(_) if run.teachers.is_empty() => {
                return Err(Error::Empty { what: "teachers" });
            }
            RunMethod::Amalgamation(settings) => settings.check()?,
        }
        if run.student.max_length == 0 {
            return Err(Error::Setting {
                name: "student.max_length",
                value: "0".to_owned(),
                limit: "must be at least 1",
            });
        }
        run.fit.check()?;
        Ok(run)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Core`] where it cannot be read, and those of [`RunFile::parse`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|error| plm_core::Error::io(path, error))?;
        Self::parse(&text).map_err(|error| plm_core::Error::format(path, error.to_string()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_strict_and_say_what_is_wrong() {
        let good = r#"
            teachers = ["a/teacher.toml"]
            [student]
            path = "bert"
            layers = { keep = "list", layers = [0, 2, 4] }
            max_length = 64
            [method.amalgamation]
            method = { method = "muka", weighting = { kind = "hard" } }
            scoring = { kind = "monte_carlo", passes = 8 }
        "#;
        let run = RunFile::parse(good).unwrap();
        let RunMethod::Amalgamation(settings) = &run.method else {
            panic!("{run:?}");
        };
        assert_eq!(settings.method.name(), "muka-hard");
        let again = toml::to_string(&run).unwrap();
        assert_eq!(RunFile::parse(&again).unwrap(), run);
        for (from, to, text) in [
            ("max_length", "length", "length"),
            ("passes = 8", "passes = 0", "passes"),
            (
                "max_length = 64",
                "max_length = 0",
                "student.max_length = 0",
            ),
            ("[\"a/teacher.toml\"]", "[]", "teachers: there is none"),
            (
                "\"hard\"",
                "\"soft\", temperature = 0.0",
                "weighting.temperature",
            ),
            ("\"list\"", "\"some\"", "some"),
            ("\"muka\"", "\"mukka\"", "mukka"),
        ] {
            let error = RunFile::parse(&good.replace(from, to))
                .unwrap_err()
                .to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
