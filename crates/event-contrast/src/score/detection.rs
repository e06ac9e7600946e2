//! Scores of event detection.

use plm_core::metrics::{Average, Confusion, Scores};

use crate::Result;

/// Precision, recall and F1 over the event types 1 to `classes` − 1 of candidate words; class 0 is
/// "no event".
///
/// Micro averages are the usual score of ACE 2005 and MAVEN. Macro averages are over all types,
/// with zeros for those that do not occur, as in MAVEN. A candidate without a prediction is taken
/// for no event.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where the lengths differ, nothing is given, a class is not
/// below `classes` or there is no type beside "no event".
pub fn detection_scores(
    gold: &[usize],
    predicted: &[Option<usize>],
    classes: usize,
    average: Average,
) -> Result<Scores> {
    let predicted: Vec<usize> = predicted.iter().map(|class| class.unwrap_or(0)).collect();
    let confusion = Confusion::new(gold, &predicted, classes)?;
    let types: Vec<usize> = (1..classes).collect();
    Ok(confusion.average_over(average, &types)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_is_no_type() {
        let gold = [0, 1, 1, 2, 0, 3];
        let predicted = [Some(1), Some(1), Some(2), Some(2), Some(0), None];
        let micro = detection_scores(&gold, &predicted, 5, Average::Micro).unwrap();
        // Two of four predictions are right, two of four events found.
        assert_eq!((micro.precision, micro.recall, micro.f1), (0.5, 0.5, 0.5));
        let macro_average = detection_scores(&gold, &predicted, 5, Average::Macro).unwrap();
        // Type 1 has 1/2 and 1/2, type 2 has 1/2 and 1, types 3 and 4 have nothing.
        assert_eq!(macro_average.precision, 1.0 / 4.0);
        assert_eq!(macro_average.recall, 1.5 / 4.0);
        assert!((macro_average.f1 - (0.5 + 2.0 / 3.0) / 4.0).abs() < 1e-12);
        assert!(detection_scores(&gold, &predicted[1..], 5, Average::Micro).is_err());
        assert!(detection_scores(&gold, &predicted, 3, Average::Micro).is_err());
        assert!(detection_scores(&[0], &[None], 1, Average::Micro).is_err());
    }
}
