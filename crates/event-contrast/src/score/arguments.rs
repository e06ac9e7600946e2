//! Scores of event argument extraction.

use std::fmt;

use plm_core::metrics::{Span, SpanScores, span_scores};
use serde::Serialize;

use super::ArgumentMode;
use crate::Result;

/// A candidate for an argument of one trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArgumentInstance {
    /// Its gold role; none if it is no argument.
    pub gold_role: Option<usize>,
    /// Its predicted role; none if it is taken for no argument, or could not be predicted because
    /// the text was too long.
    pub predicted_role: Option<usize>,
}

/// A trigger of the gold data, of the predictions or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerInstance {
    /// Its gold event type; none for a word that is no trigger.
    pub gold_type: Option<usize>,
    /// Its predicted event type; none for a word that is taken for no trigger.
    pub predicted_type: Option<usize>,
    /// The candidates for its arguments.
    pub arguments: Vec<ArgumentInstance>,
}

/// Scores in one mode and the counts behind them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ArgumentScores {
    /// Which triggers' arguments counted.
    pub mode: ArgumentMode,
    /// How many triggers that were.
    pub triggers: usize,
    /// Precision, recall and F1, and the right, gold and predicted arguments.
    pub arguments: SpanScores,
}

/// For people: the mode and the scores in percent.
impl fmt::Display for ArgumentScores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scores = self.arguments.scores;
        write!(
            f,
            "arguments ({}): P {:.2} R {:.2} F1 {:.2}",
            self.mode,
            100.0 * scores.precision,
            100.0 * scores.recall,
            100.0 * scores.f1
        )
    }
}

/// Micro precision, recall and F1 over pairs of event type and role.
///
/// An argument is right if its predicted pair equals its gold pair. A wrong pair where another was
/// due counts against precision and recall. A pair without an event type or a role is none: roles
/// predicted for a word that is taken for no trigger do not count.
///
/// Where a denominator is zero, so is the score.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) as [`span_scores`] has it; it refuses none of these spans.
pub fn argument_scores(triggers: &[TriggerInstance], mode: ArgumentMode) -> Result<ArgumentScores> {
    let mut gold = Vec::new();
    let mut predicted = Vec::new();
    let mut counted = 0;
    for (document, trigger) in triggers.iter().enumerate() {
        if !mode.counts(trigger) {
            continue;
        }
        counted += 1;
        let predicted_type = match mode {
            ArgumentMode::Gold => trigger.gold_type,
            _ => trigger.predicted_type,
        };
        for (at, argument) in trigger.arguments.iter().enumerate() {
            let span = |label| Span {
                document,
                start: at,
                end: at,
                label,
            };
            gold.extend(trigger.gold_type.zip(argument.gold_role).map(span));
            predicted.extend(predicted_type.zip(argument.predicted_role).map(span));
        }
    }
    Ok(ArgumentScores {
        mode,
        triggers: counted,
        arguments: span_scores(&gold, &predicted)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger(
        gold_type: Option<usize>,
        predicted_type: Option<usize>,
        roles: &[(Option<usize>, Option<usize>)],
    ) -> TriggerInstance {
        TriggerInstance {
            gold_type,
            predicted_type,
            arguments: roles
                .iter()
                .map(|&(gold_role, predicted_role)| ArgumentInstance {
                    gold_role,
                    predicted_role,
                })
                .collect(),
        }
    }

    /// A found trigger, a missed one and a spurious one.
    fn toy() -> Vec<TriggerInstance> {
        vec![
            trigger(
                Some(1),
                Some(1),
                &[(Some(0), Some(0)), (Some(2), Some(3)), (None, None)],
            ),
            trigger(
                Some(4),
                None,
                &[(Some(5), Some(5)), (Some(6), None), (Some(7), Some(7))],
            ),
            trigger(None, Some(4), &[(None, Some(5))]),
        ]
    }

    #[test]
    fn four_modes_have_four_denominators() {
        // Mode, triggers, right, gold, predicted.
        for (mode, triggers, counts) in [
            (ArgumentMode::Gold, 2, (3, 5, 4)),
            (ArgumentMode::Default, 2, (1, 2, 3)),
            (ArgumentMode::Loose, 1, (1, 2, 2)),
            (ArgumentMode::Strict, 3, (1, 5, 3)),
        ] {
            let scores = argument_scores(&toy(), mode).unwrap();
            let found = scores.arguments;
            assert_eq!(
                (found.correct, found.gold, found.predicted),
                counts,
                "{mode}"
            );
            assert_eq!((scores.mode, scores.triggers), (mode, triggers));
        }
        let strict = argument_scores(&toy(), ArgumentMode::Strict).unwrap();
        assert_eq!(
            strict.to_string(),
            "arguments (strict): P 33.33 R 20.00 F1 25.00"
        );
    }

    #[test]
    fn the_event_type_is_part_of_the_answer() {
        let wrong_type = [trigger(Some(1), Some(2), &[(Some(0), Some(0))])];
        let found = |mode| argument_scores(&wrong_type, mode).unwrap().arguments;
        for mode in [
            ArgumentMode::Default,
            ArgumentMode::Loose,
            ArgumentMode::Strict,
        ] {
            assert_eq!(
                (found(mode).correct, found(mode).gold, found(mode).predicted),
                (0, 1, 1)
            );
        }
        assert_eq!(found(ArgumentMode::Gold).correct, 1);
        let none = argument_scores(&[], ArgumentMode::Strict).unwrap();
        assert_eq!(none.arguments.scores.f1, 0.0);
    }

    #[test]
    fn modes_have_names() {
        for mode in ArgumentMode::ALL {
            assert_eq!(mode.to_string().parse::<ArgumentMode>().unwrap(), mode);
            let json = serde_json::to_string(&mode).unwrap();
            assert_eq!(json, format!("\"{mode}\""));
        }
        let error = "lax".parse::<ArgumentMode>().unwrap_err().to_string();
        assert!(error.contains("`lax`; one of gold"), "{error}");
    }
}
