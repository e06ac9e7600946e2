//! How much results vary from run to run.

use plm_core::metrics::mean_std;

use crate::{DefinedMean, Error, Result};

/// The sample standard deviation of each task's scores over its `runs`, averaged over tasks
/// (arXiv 2110.07867: 10 runs of each unseen task). Tasks with one run are counted as undefined.
///
/// # Errors
/// [`Error::Empty`] for no tasks, [`Error::Core`] for a task without runs or a score that is NaN
/// or infinite.
pub fn stability<Runs: AsRef<[f64]>>(tasks: &[Runs]) -> Result<DefinedMean> {
    if tasks.is_empty() {
        return Err(Error::Empty {
            what: "tasks with runs",
        });
    }
    let deviations: Vec<Option<f64>> = tasks
        .iter()
        .map(|runs| Ok(mean_std(runs.as_ref())?.std))
        .collect::<Result<_>>()?;
    Ok(deviations.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviations_are_averaged_over_tasks() {
        // Sample standard deviations 2 and 0; the last task has none.
        let found = stability(&[vec![1.0, 3.0, 5.0], vec![4.0, 4.0], vec![9.0]]).unwrap();
        assert_eq!(found.mean, Some(1.0));
        assert_eq!((found.defined, found.undefined), (2, 1));
    }

    #[test]
    fn faulty_runs_are_refused() {
        assert!(stability::<Vec<f64>>(&[]).is_err());
        assert!(stability(&[Vec::new()]).is_err());
        assert!(stability(&[[1.0, f64::INFINITY]]).is_err());
    }
}
