//! Evaluations and losses of a run, those of earlier processes included.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::transfer::CurvePoint;
use crate::{Error, Result};

/// The file beside the checkpoints. The trainer cuts it back to the checkpoint that it goes on from.
pub(super) const FILE: &str = "metrics.jsonl";

/// What a run recorded.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Scores on the development set, in order.
    pub(super) curve: Vec<CurvePoint>,
    /// Mean loss of each line of the log.
    pub(super) losses: Vec<CurvePoint>,
}

/// A line of the file. JSON has no number for what is not finite: it stands there as `null`.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line {
    Log {
        step: u64,
        loss: Option<f64>,
    },
    Evaluation {
        step: u64,
        metric: Option<f64>,
    },
    #[serde(other)]
    Other,
}

impl History {
    /// Reads the JSON lines that the trainer wrote to `path`.
    ///
    /// # Errors
    /// [`Error::Core`] where the file cannot be read, or a line is not the trainer's.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|error| Error::io(path, error))?;
        let mut found = Self::default();
        for (number, line) in text.lines().enumerate() {
            let line = serde_json::from_str(line)
                .map_err(|error| Error::format(path, format!("line {}: {error}", number + 1)))?;
            let point = |step, value: Option<f64>| CurvePoint {
                step,
                score: value.unwrap_or(f64::NAN),
            };
            match line {
                Line::Log { step, loss } => found.losses.push(point(step, loss)),
                Line::Evaluation { step, metric } => found.curve.push(point(step, metric)),
                Line::Other => {}
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_kinds_are_read_and_others_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(
            &path,
            "{\"kind\":\"log\",\"step\":10,\"epoch\":0,\"loss\":0.5}\n\
             {\"kind\":\"evaluation\",\"step\":12,\"metric\":0.25,\"values\":{}}\n\
             {\"kind\":\"note\",\"step\":12}\n\
             {\"kind\":\"log\",\"step\":20,\"loss\":null}\n",
        )
        .unwrap();
        let found = History::read(&path).unwrap();
        let score = 0.25;
        assert_eq!(found.curve, [CurvePoint { step: 12, score }]);
        assert_eq!((found.losses[0].step, found.losses[0].score), (10, 0.5));
        assert_eq!(found.losses[1].step, 20);
        assert!(found.losses[1].score.is_nan());
        // To the last bit, which takes a reader that rounds once.
        let score = 1.0 / 11.0;
        let line = format!("{{\"kind\":\"evaluation\",\"step\":1,\"metric\":{score}}}\n");
        fs::write(&path, line).unwrap();
        assert_eq!(History::read(&path).unwrap().curve[0].score, score);
        fs::write(&path, "{\"kind\":\"log\",\"step\":1,\"loss\":1.0}\n{\n").unwrap();
        let error = History::read(&path).unwrap_err().to_string();
        assert!(error.contains(FILE) && error.contains("line 2"), "{error}");
    }
}
