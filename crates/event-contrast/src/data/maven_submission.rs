//! Predictions in the form that MAVEN's evaluation takes.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::document::EventDocument;
use super::output::write_lines;
use crate::{Error, Result};

/// The predictions for a document: a line of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MavenSubmission {
    /// The document.
    pub id: String,
    /// One for each candidate.
    pub predictions: Vec<MavenPrediction>,
}

/// The type predicted for a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MavenPrediction {
    /// The candidate.
    pub id: String,
    /// The number of the type; 0 for no event.
    pub type_id: usize,
}

/// The submission for `document` with `type_ids` for its candidates, in order.
///
/// # Errors
/// [`plm_core::Error::Invalid`] where there are not as many numbers as candidates.
pub fn maven_submission(document: &EventDocument, type_ids: &[usize]) -> Result<MavenSubmission> {
    if type_ids.len() != document.candidates.len() {
        return Err(Error::invalid(
            format!("document `{}`", document.id),
            format!(
                "{} types for {} candidates",
                type_ids.len(),
                document.candidates.len()
            ),
        ));
    }
    Ok(MavenSubmission {
        id: document.id.clone(),
        predictions: document
            .candidates
            .iter()
            .zip(type_ids)
            .map(|(candidate, &type_id)| MavenPrediction {
                id: candidate.id.clone(),
                type_id,
            })
            .collect(),
    })
}

/// Writes a submission, one document a line.
///
/// # Errors
/// [`plm_core::Error::Io`] where `path` cannot be written.
pub fn write_maven_submission(
    path: impl AsRef<Path>,
    submissions: &[MavenSubmission],
) -> Result<()> {
    write_lines(path.as_ref(), submissions)
}

#[cfg(test)]
mod tests {
    use super::super::document::TriggerMention;
    use super::*;

    #[test]
    fn one_line_per_document() {
        let candidate = |id: &str| TriggerMention {
            id: id.into(),
            ..TriggerMention::default()
        };
        let document = EventDocument {
            id: "d".into(),
            candidates: vec![candidate("x"), candidate("y")],
            ..EventDocument::default()
        };
        let submission = maven_submission(&document, &[0, 168]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        write_maven_submission(&path, &[submission.clone(), submission]).unwrap();
        let line = r#"{"id":"d","predictions":[{"id":"x","type_id":0},{"id":"y","type_id":168}]}"#;
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{line}\n{line}\n"));
        let error = maven_submission(&document, &[1]).unwrap_err().to_string();
        assert!(error.contains("1 types for 2 candidates"), "{error}");
    }
}
