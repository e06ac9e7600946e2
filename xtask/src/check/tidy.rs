//! `cargo xtask tidy`: rules of the project that no compiler checks.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::source::{before_tests, code_only, has_word, starts_path};
use super::tree::{crates, files};
use crate::workspace::Workspace;

/// Library lines of one file that are worth a second look.
const LONG: usize = 300;
/// Library lines of one file that are too many.
const TOO_LONG: usize = 500;
/// Largest fixture file in bytes.
const FIXTURE: u64 = 200_000;

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// False for a remark, true for a fault.
    pub fault: bool,
    /// File, from the root.
    pub file: PathBuf,
    /// Line from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.fault { "fault" } else { "remark" };
        write!(
            f,
            "{kind}: {}:{}: {}",
            self.file.display(),
            self.line,
            self.what
        )
    }
}

/// Every rule over every file of `workspace`.
///
/// # Errors
/// Where a file cannot be read or a `Cargo.toml` does not parse.
pub fn tidy(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut tree = Tree {
        root: workspace.root(),
        findings: Vec::new(),
    };
    let files = files(workspace.root());
    for file in &files {
        tree.text_rules(file)?;
        tree.fixture_rules(file, &files)?;
    }
    for krate in crates(workspace.root())? {
        tree.crate_rules(&krate)?;
        for file in files
            .iter()
            .filter(|file| file.starts_with(krate.join("src")))
        {
            tree.library_rules(file)?;
        }
    }
    for file in files.iter().filter(|file| file.starts_with("xtask/src")) {
        tree.length(file)?;
    }
    Ok(tree.findings)
}

struct Tree<'a> {
    root: &'a Path,
    findings: Vec<Finding>,
}

/// Every dependency in a `Cargo.toml`, those of single targets too, by its package's name, with the
/// kind of table it is in.
fn dependencies(manifest: &toml::Table) -> Vec<(&'static str, &str)> {
    let targets = (manifest.get("target").and_then(toml::Value::as_table)).into_iter();
    let targets = targets.flat_map(toml::Table::values);
    let tables: Vec<&toml::Table> = [manifest]
        .into_iter()
        .chain(targets.filter_map(toml::Value::as_table))
        .collect();
    let mut found = Vec::new();
    for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for table in &tables {
            let entries = (table.get(kind).and_then(toml::Value::as_table)).into_iter();
            for (key, value) in entries.flatten() {
                let package = value.get("package").and_then(toml::Value::as_str);
                found.push((kind, package.unwrap_or(key)));
            }
        }
    }
    found
}

impl Tree<'_> {
    fn fault(&mut self, file: &Path, line: usize, what: impl Into<String>) {
        self.findings.push(Finding {
            fault: true,
            file: file.to_path_buf(),
            line,
            what: what.into(),
        });
    }

    fn read(&self, file: &Path) -> Result<String> {
        let path = self.root.join(file);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    }

    /// No path of somebody's machine, no left-over of a merge.
    fn text_rules(&mut self, file: &Path) -> Result<()> {
        let path = self.root.join(file);
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        let Ok(text) = String::from_utf8(bytes) else {
            return Ok(());
        };
        let homes = [
            concat!("/ho", "me/"),
            concat!("/ro", "ot/"),
            concat!("/Us", "ers/"),
            concat!("/wo", "rk/"),
        ];
        let marks = [
            "<".repeat(7) + " ",
            ">".repeat(7) + " ",
            "|".repeat(7) + " ",
        ];
        for (index, line) in text.lines().enumerate() {
            for home in homes {
                if starts_path(line, home) {
                    self.fault(file, index + 1, format!("absolute path `{home}…`"));
                }
            }
            if marks.iter().any(|mark| line.starts_with(mark.as_str())) {
                self.fault(file, index + 1, "merge marker");
            }
        }
        Ok(())
    }

    /// Every fixture is small and has the script that made it beside or above it.
    fn fixture_rules(&mut self, file: &Path, files: &[PathBuf]) -> Result<()> {
        let in_fixtures =
            |path: &Path| path.components().any(|part| part.as_os_str() == "fixtures");
        let generator = |path: &Path| {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            name.starts_with("make_") && name.ends_with(".py")
        };
        if !in_fixtures(file.parent().unwrap_or(file)) || generator(file) {
            return Ok(());
        }
        let path = self.root.join(file);
        let size = fs::metadata(&path)
            .with_context(|| path.display().to_string())?
            .len();
        if size > FIXTURE {
            self.fault(
                file,
                0,
                format!("fixture of {size} bytes; at most {FIXTURE}"),
            );
        }
        let made = file
            .ancestors()
            .skip(1)
            .take_while(|folder| in_fixtures(folder))
            .any(|folder| {
                files
                    .iter()
                    .any(|other| generator(other) && other.parent() == Some(folder))
            });
        if !made {
            self.fault(
                file,
                0,
                "fixture without a generator `make_*.py` beside or above it",
            );
        }
        Ok(())
    }

    /// Who may depend on whom, and what every published crate carries.
    fn crate_rules(&mut self, krate: &Path) -> Result<()> {
        let manifest = krate.join("Cargo.toml");
        let toml: toml::Table = toml::from_str(&self.read(&manifest)?)
            .with_context(|| manifest.display().to_string())?;
        let package = toml.get("package").and_then(toml::Value::as_table);
        for key in [
            "name",
            "description",
            "readme",
            "version",
            "edition",
            "rust-version",
            "license",
            "authors",
            "keywords",
            "categories",
        ] {
            if !package.is_some_and(|package| package.contains_key(key)) {
                self.fault(&manifest, 0, format!("package metadata lacks `{key}`"));
            }
        }
        let inherits = toml
            .get("lints")
            .and_then(|lints| lints.get("workspace")?.as_bool());
        if inherits != Some(true) {
            self.fault(&manifest, 0, "`[lints] workspace = true` is missing");
        }
        let core = krate.ends_with("plm-core");
        for (table, name) in dependencies(&toml) {
            if name.starts_with("plm-") && (core || name != "plm-core") {
                self.fault(
                    &manifest,
                    0,
                    format!("{table}: `{name}`; method crates depend on plm-core alone"),
                );
            }
        }
        for name in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            let file = krate.join(name);
            if !self.root.join(&file).is_file() {
                self.fault(&file, 0, "missing");
            }
        }
        let library = krate.join("src/lib.rs");
        if !self
            .read(&library)?
            .contains("#![doc = include_str!(\"../README.md\")]")
        {
            self.fault(&library, 0, "the crate's documentation is not its README");
        }
        Ok(())
    }

    /// Library code says nothing, names no backend, re-exports by hand and comes in short files.
    fn library_rules(&mut self, file: &Path) -> Result<()> {
        if file.extension().is_none_or(|extension| extension != "rs") {
            return Ok(());
        }
        self.length(file)?;
        let text = self.read(file)?;
        let code = code_only(before_tests(&text));
        let names_backends = file.ends_with("src/device.rs")
            || file.components().any(|part| part.as_os_str() == "kernel")
            || file
                .file_stem()
                .is_some_and(|stem| stem.to_string_lossy().ends_with("_flex"));
        let says = ["print!", "println!", "eprint!", "eprintln!", "dbg!"];
        let backends = [
            "Device::flex",
            "Device::ndarray",
            "Device::wgpu",
            "Device::vulkan",
            "Device::cuda",
            "burn::backend",
        ];
        for (index, line) in code.lines().enumerate() {
            if let Some(word) = says.iter().find(|word| has_word(line, word)) {
                self.fault(file, index + 1, format!("`{word}` in library code"));
            }
            if let Some(word) = backends
                .iter()
                .find(|word| !names_backends && line.contains(**word))
            {
                self.fault(
                    file,
                    index + 1,
                    format!("`{word}`: only device.rs, kernel/ and *_flex.rs name backends"),
                );
            }
            let line = line.trim();
            if line.starts_with("pub use ") && line.ends_with("::*;") {
                self.fault(file, index + 1, "re-export by `*`; name what is public");
            }
        }
        Ok(())
    }

    fn length(&mut self, file: &Path) -> Result<()> {
        let lines = before_tests(&self.read(file)?).lines().count();
        if lines > LONG {
            self.findings.push(Finding {
                fault: lines > TOO_LONG,
                file: file.to_path_buf(),
                line: 0,
                what: format!("{lines} lines before the tests; more than {LONG} are worth a look, {TOO_LONG} the limit"),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let findings = tidy(&Workspace::find().unwrap()).unwrap();
        let faults: Vec<String> = findings
            .iter()
            .filter(|finding| finding.fault)
            .map(Finding::to_string)
            .collect();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    const MANIFEST: &str = "[package]\nname='plm-a'\ndescription=''\nreadme='README.md'\nversion='1.0.0'\n\
        edition='2024'\nrust-version='1.95'\nlicense='MIT'\nauthors=[]\nkeywords=[]\ncategories=[]\n\
        [lints]\nworkspace=true\n[dependencies]\nplm-core='1'\n";
    const LIBRARY: &str = "#![doc = include_str!(\"../README.md\")]\n";

    /// The texts of what is found in a workspace of one crate with these files changed.
    fn found(changes: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let sound = [
            ("crates/a/Cargo.toml", MANIFEST),
            ("crates/a/README.md", "# a\n"),
            ("crates/a/LICENSE-MIT", "MIT\n"),
            ("crates/a/LICENSE-APACHE", "Apache\n"),
            ("crates/a/src/lib.rs", LIBRARY),
        ];
        for (file, text) in sound.iter().chain(changes) {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let findings = tidy(&Workspace::at(folder.path())).unwrap();
        findings.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_sound_crate_gives_no_finding() {
        assert_eq!(found(&[]), Vec::<String>::new());
    }

    #[test]
    fn every_rule_can_be_broken() {
        let long = "fn f() {}\n".repeat(400);
        let too_long = format!("{LIBRARY}{}", "fn f() {}\n".repeat(501));
        let tested = format!("{LIBRARY}#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert_eq!(
            found(&[("crates/a/src/lib.rs", &tested)]),
            Vec::<String>::new()
        );
        let elsewhere = format!(
            "{MANIFEST}\n[target.'cfg(unix)'.dev-dependencies]\nother={{package=\"plm-moe\"}}\n"
        );
        let home = format!("see {}me/somebody/x\n", "/ho");
        let merge = format!("{} HEAD\n", "<".repeat(7));
        let big = "x".repeat(FIXTURE as usize + 1);
        for (file, text, expected) in [
            (
                "crates/a/src/b.rs",
                "fn f() { println!(\"x\"); }",
                "fault: crates/a/src/b.rs:1: `println!`",
            ),
            (
                "crates/a/src/b.rs",
                "\nuse burn::backend::Flex;",
                "fault: crates/a/src/b.rs:2: `burn::backend`",
            ),
            ("crates/a/src/b.rs", "pub use c::*;", "re-export"),
            (
                "crates/a/src/b.rs",
                &long,
                "remark: crates/a/src/b.rs:0: 400 lines",
            ),
            (
                "crates/a/src/lib.rs",
                &too_long,
                "fault: crates/a/src/lib.rs:0: 502 lines",
            ),
            ("crates/a/src/lib.rs", "//! A crate.\n", "not its README"),
            (
                "crates/a/Cargo.toml",
                &MANIFEST.replace("plm-core", "plm-moe"),
                "`plm-moe`",
            ),
            (
                "crates/a/Cargo.toml",
                &elsewhere,
                "dev-dependencies: `plm-moe`",
            ),
            (
                "crates/a/Cargo.toml",
                &MANIFEST.replace("keywords=[]", ""),
                "`keywords`",
            ),
            (
                "crates/a/Cargo.toml",
                &MANIFEST.replace("workspace=true", ""),
                "[lints]",
            ),
            ("crates/plm-core/Cargo.toml", MANIFEST, "plm-core alone"),
            (
                "crates/plm-core/Cargo.toml",
                MANIFEST,
                "fault: crates/plm-core/LICENSE-MIT:0: missing",
            ),
            ("docs/a.md", &home, "absolute path"),
            ("docs/a.md", &merge, "merge marker"),
            (
                "crates/a/tests/fixtures/x.json",
                "{}",
                "without a generator",
            ),
            (
                "crates/a/tests/fixtures/x.json",
                &big,
                "fixture of 200001 bytes",
            ),
        ] {
            let mut changes = vec![(file, text)];
            if file.contains("plm-core") {
                changes.extend([
                    ("crates/plm-core/README.md", "# core\n"),
                    ("crates/plm-core/src/lib.rs", LIBRARY),
                ]);
            }
            let found = found(&changes);
            assert!(
                found.iter().any(|line| line.contains(expected)),
                "{file}, {expected}: {found:?}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_a_fault_is_none() {
        let changes = [
            (
                "crates/a/src/b.rs",
                "//! println!(\"x\")\nfn f() { let s = \"dbg!\"; my_print!(); }\n",
            ),
            ("crates/a/src/device.rs", "fn f() { Device::flex(); }\n"),
            ("crates/a/tests/fixtures/deep/x.json", "{}"),
            (
                "crates/a/tests/fixtures/make_x.py",
                "# made with torch 2.15\n",
            ),
            (
                "docs/a.md",
                "https://example.org/home/x $HOME/x docs/work/x\n",
            ),
        ];
        assert_eq!(found(&changes), Vec::<String>::new());
    }
}
