//! The paper's setting on AG News: BERT-base, two teachers of two labels each. Students of all methods are
//! trained in MUKI's batches of 16; the authors' scripts have 32 for the other methods.

use anyhow::Result;
use plm_core::rng::Seed;
use plm_distill::corpus::Corpus;
use plm_distill::fit::FitSettings;

use super::embedded::shared_out;
use super::study;
use crate::repro::distill::lab::Lab;
use crate::repro::tasks::LabeledText;
use crate::repro::{Context, Outcome};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let (model, data) = (context.folder("model")?, context.folder("ag-news")?);
    let fit = FitSettings {
        epochs: context.settings.get("epochs", 3)?,
        batch_size: 16,
        lr: context.settings.get("lr", 2e-5)?,
        ..FitSettings::default()
    };
    let teacher_fit = FitSettings {
        batch_size: 64,
        ..fit.clone()
    };
    let lab = Lab {
        teacher_fit,
        ..Lab::load(&model, 128, fit, &context.device)?
    };
    let train = texts(&data.join("train.jsonl"))?;
    let test = texts(&data.join("test.jsonl"))?;
    let mut runs = Vec::new();
    for &number in &context.seeds {
        let problem = shared_out(&lab, (lab.layers, lab.layers), &train, &test, 2)?;
        runs.push(study::run(context, "ag-news", &problem, Seed::new(number))?);
    }
    study::report("ag-news", &runs, &mut outcome)?;
    Ok(outcome)
}

/// The texts of a file with their labels' numbers: names in the order of their letters would give the
/// teachers other pairs of labels than the paper's.
fn texts(path: &std::path::Path) -> Result<Vec<LabeledText>> {
    let corpus = Corpus::open(path)?;
    corpus
        .examples()
        .iter()
        .map(|example| match example.label.as_deref() {
            Some(label @ ("0" | "1" | "2" | "3")) => Ok((example.text.clone(), label.to_owned())),
            other => anyhow::bail!(
                "{}: example `{}` has the label {other:?}; give it a number from 0 to 3",
                path.display(),
                example.name
            ),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_published_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let read = |label: &str| {
            let path = folder.path().join("train.jsonl");
            let line = format!("{{\"id\": \"one\", \"text\": \"a\"{label}}}");
            std::fs::write(&path, line).unwrap();
            texts(&path)
        };
        let found = read(", \"label\": 3").unwrap();
        assert_eq!(found, [("a".to_owned(), "3".to_owned())]);
        for label in ["", ", \"label\": 4", ", \"label\": \"World\""] {
            let error = read(label).unwrap_err().to_string();
            assert!(
                error.contains("`one`") && error.contains("0 to 3"),
                "{error}"
            );
        }
    }
}
