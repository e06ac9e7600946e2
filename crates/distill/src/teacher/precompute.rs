//! Filling a cache.

use plm_core::nn::Ffn;

use super::{LiveTeacher, Request, Teacher};
use crate::cache::{Record, TeacherCache};
use crate::example::Example;
use crate::loss::rows_of;
use crate::{Error, Result};

/// Asks `teacher` about the `examples` that `cache` lacks, `batch` at a time, longest last, and writes
/// what it says. A run that is stopped goes on where the last full shard ends. Returns how many
/// examples were asked about; `progress` is told after each batch how many were.
///
/// # Errors
/// Those of the teacher and of the cache; [`Error::Setting`] for a batch of 0.
pub fn precompute<F: Ffn>(
    teacher: &mut LiveTeacher<F>,
    examples: &[&Example],
    cache: &mut TeacherCache,
    batch: usize,
    mut progress: impl FnMut(usize),
) -> Result<usize> {
    if batch == 0 {
        return Err(Error::Setting {
            name: "batch",
            value: "0".to_owned(),
            limit: "must be at least 1",
        });
    }
    let keys: Vec<(u64, u64)> = examples
        .iter()
        .map(|example| (example.id, example.text_hash()))
        .collect();
    let mut missing = cache.missing(&keys)?;
    // Texts of like length together: less of a batch is padding.
    missing.sort_by_key(|&row| examples[row].text.len());
    for rows in missing.chunks(batch) {
        let examples: Vec<&Example> = rows.iter().map(|&row| examples[row]).collect();
        answer(teacher, &examples, cache)?;
        progress(rows.len());
    }
    cache.flush()?;
    Ok(missing.len())
}

/// Asks about `examples` and puts the answers into `cache`.
pub(super) fn answer<F: Ffn>(
    teacher: &mut LiveTeacher<F>,
    examples: &[&Example],
    cache: &mut TeacherCache,
) -> Result<()> {
    let key = cache.key().clone();
    let request = Request {
        hidden: key.first_token.clone(),
        first_token: true,
        length: 0,
    };
    let observed = teacher.observe(examples, &request)?;
    let scores = match &key.scoring {
        Some(settings) => Some(teacher.scores(examples, settings)?),
        None => None,
    };
    let mut first_token = vec![Vec::new(); examples.len()];
    for index in &key.first_token {
        let vectors = rows_of(observed.hidden[index].clone().squeeze_dim(1));
        for (row, vector) in first_token.iter_mut().zip(vectors) {
            row.extend(vector.iter().map(|&value| value as f32));
        }
    }
    let logits = rows_of(observed.logits);
    for (row, (example, first_token)) in examples.iter().zip(first_token).enumerate() {
        let record = Record {
            logits: logits[row].iter().map(|&value| value as f32).collect(),
            score: scores.as_ref().map(|scores| scores[row]),
            first_token,
        };
        cache.insert(example.id, example.text_hash(), record)?;
    }
    Ok(())
}
