//! Label spaces in `labels.json`: the union, the teachers' maps, the aliases.

use std::io::{Read, Write};
use std::path::Path;

use plm_core::data::{open, read_json};
use plm_core::files::write_atomic;
use serde::{Deserialize, Serialize};

use super::{Aliases, LabelSpace, TeacherLabels};
use crate::Result;

/// The longest file that is read: 64 MiB.
const LIMIT: usize = 64 << 20;

/// The file's contents.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelFile {
    union: Vec<String>,
    teachers: Vec<TeacherLabels>,
    #[serde(default, skip_serializing_if = "Aliases::is_empty")]
    aliases: Aliases,
}

impl LabelSpace {
    /// Reads the label space in the file at `path`. Its union may be in any order, which is kept.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where it cannot be opened, else as [`LabelSpace::read`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::read(open(path)?, path)
    }

    /// Reads a label space from `reader`, which errors call `origin`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where it is not JSON of this form, a key is unknown, or it
    /// is longer than 64 MiB. [`Error::InFile`](crate::Error::InFile) around
    /// [`Error::Entry`](crate::Error::Entry) where a map leads to another label or out of the union, or
    /// no teacher knows a label of the union, and around the errors of
    /// [`LabelSpaceBuilder::build`](super::LabelSpaceBuilder::build).
    pub fn read(reader: impl Read, origin: impl AsRef<Path>) -> Result<Self> {
        let origin = origin.as_ref();
        let file: LabelFile = read_json(reader, origin, LIMIT)?;
        Self::from_parts(file.union, file.teachers, file.aliases)
            .map_err(|error| error.in_file(origin))
    }

    /// Writes the label space to `path`, from where [`LabelSpace::load`] gives it back.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the file cannot be written; what was there before is
    /// then still there.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let file = LabelFile {
            union: self.names().to_vec(),
            teachers: self.teachers().to_vec(),
            aliases: self.aliases().clone(),
        };
        Ok(write_atomic(path, |writer| {
            serde_json::to_writer_pretty(&mut *writer, &file)?;
            writer.write_all(b"\n")
        })?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Error;

    const FILE: &str = r#"{
  "union": ["b", "ag/x", "a"],
  "teachers": [
    {"labels": ["a", "b"], "map": [2, 0]},
    {"dataset": "ag", "labels": ["x", "y"], "map": [1, 2]}
  ],
  "aliases": {"ag/y": "a"}
}"#;

    fn read(text: &str) -> Result<LabelSpace> {
        LabelSpace::read(text.as_bytes(), "labels.json")
    }

    /// The text of the error that `FILE` gives with `old` replaced by `new`.
    fn refused(old: &str, new: &str) -> String {
        assert!(FILE.contains(old), "{old}");
        read(&FILE.replace(old, new)).unwrap_err().to_string()
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.json");
        let space = read(FILE).unwrap();
        assert_eq!(space.names(), ["b", "ag/x", "a"]);
        assert_eq!(space.map(1), [1, 2]);
        space.save(&path).unwrap();
        assert_eq!(LabelSpace::load(&path).unwrap(), space);
        let text = std::fs::read_to_string(&path).unwrap();
        space.save(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        let plain = LabelSpace::new([["0", "1"], ["2", "3"]]).unwrap();
        plain.save(&path).unwrap();
        assert_eq!(LabelSpace::load(&path).unwrap(), plain);
    }

    #[test]
    fn contradictions_are_named_with_their_key() {
        for (old, new, parts) in [
            (
                "[2, 0]",
                "[3, 0]",
                ["`teachers[0].map[0]` is 3", "end", "`a`"],
            ),
            (
                "[2, 0]",
                "[1, 0]",
                ["`teachers[0].map[0]` is 1", "ag/x", "`a`"],
            ),
            ("[2, 0]", "[2]", ["teachers[0].map", ": 1", "expected 2"]),
            (
                "\"a\"],",
                "\"a\", \"c\"],",
                ["`union[3]`", "`c`", "no teacher"],
            ),
            ("\"a\"],", "\"a\", \"b\"],", ["union", "`b`", "label 3"]),
            (
                "\"ag/y\": \"a\"",
                "\"ag/y\": \"z\"",
                ["`teachers[1].map[1]` is 2", "a", "`z`"],
            ),
            (
                "\"ag/y\": \"a\"",
                "\"q\": \"z\", \"ag/y\": \"a\"",
                ["`q`", "`z`", "a, ag/x, ag/y, b"],
            ),
            (
                "\"x\", \"y\"",
                "\"x\", \"x\"",
                ["teachers[1]", "`x`", "label 1"],
            ),
            (
                "\"x\", \"y\"",
                "\"x\", \"\"",
                ["teachers[1]", "label 1", "empty"],
            ),
            ("\"ag\"", "\"a/g\"", ["`a/g`", "/", "labels.json"]),
        ] {
            let error = refused(old, new);
            assert!(error.starts_with("labels.json: "), "{error}");
            assert!(
                parts.iter().all(|part| error.contains(part)),
                "{error} lacks {parts:?}"
            );
        }
        let none = read(r#"{"union": [], "teachers": []}"#);
        assert!(matches!(none, Err(Error::InFile { .. })));
    }

    #[test]
    fn unknown_and_repeated_keys_are_refused() {
        let unknown = refused("\"union\"", "\"extra\": 1, \"union\"");
        assert!(
            unknown.contains("labels.json:2") && unknown.contains("`extra`"),
            "{unknown}"
        );
        assert!(refused("\"dataset\"", "\"data\"").contains("`data`"));
        assert!(refused("{\"ag/y\": \"a\"}", "{\"x\": \"a\", \"x\": \"b\"}").contains("`x`"));
        assert!(refused("[1, 2]", "[1, -2]").contains("labels.json:5"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = LabelSpace::read(&bytes[..], "f");
        }

        #[test]
        fn damaged_files_are_read_or_refused(place in 0..FILE.len(), byte: u8) {
            let mut bytes = FILE.as_bytes().to_vec();
            bytes[place] = byte;
            if let Ok(space) = LabelSpace::read(&bytes[..], "f") {
                let ids = space.teachers().iter().flat_map(TeacherLabels::map);
                prop_assert!(ids.into_iter().all(|&id| id < space.len()));
            }
        }
    }
}
