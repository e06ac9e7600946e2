//! A teacher that remembers what it said.

use plm_core::nn::{FeedForward, Ffn};

use super::cached::{kept_scores, observation, records};
use super::precompute::answer;
use super::{LiveTeacher, Observation, Request, Teacher, TeacherInfo};
use crate::Result;
use crate::cache::TeacherCache;
use crate::example::Example;
use crate::score::{McScore, McSettings};

/// A teacher with a cache that fills as examples come by: where only some examples are selected, the
/// others are never asked about.
///
/// A full shard is written as it fills; call [`LazyTeacher::flush`] at the end, or the rest is lost.
#[derive(Debug)]
pub struct LazyTeacher<F: Ffn = FeedForward> {
    teacher: LiveTeacher<F>,
    cache: TeacherCache,
    asked: u64,
    missed: u64,
}

impl<F: Ffn> LazyTeacher<F> {
    /// `teacher` with what `cache` already holds.
    ///
    /// # Errors
    /// As [`LiveTeacher::cache_key`]; [`Error::StaleCache`](crate::Error::StaleCache) where the cache
    /// is of another teacher.
    pub fn new(teacher: LiveTeacher<F>, cache: TeacherCache) -> Result<Self> {
        let kept = cache.key();
        let key = teacher.cache_key(kept.scoring.as_ref(), &kept.first_token)?;
        cache.check_key(&key)?;
        Ok(Self {
            teacher,
            cache,
            asked: 0,
            missed: 0,
        })
    }

    /// The share of questions that the cache answered; nothing before the first one.
    pub fn hit_rate(&self) -> Option<f64> {
        (self.asked > 0).then(|| 1.0 - self.missed as f64 / self.asked as f64)
    }

    /// Writes what is new to disk.
    ///
    /// # Errors
    /// As [`TeacherCache::flush`].
    pub fn flush(&mut self) -> Result<()> {
        self.cache.flush()
    }

    fn fill(&mut self, examples: &[&Example]) -> Result<()> {
        let keys: Vec<(u64, u64)> = examples
            .iter()
            .map(|example| (example.id, example.text_hash()))
            .collect();
        let missing = self.cache.missing(&keys)?;
        self.asked += examples.len() as u64;
        self.missed += missing.len() as u64;
        if missing.is_empty() {
            return Ok(());
        }
        let missing: Vec<&Example> = missing.iter().map(|&row| examples[row]).collect();
        answer(&mut self.teacher, &missing, &mut self.cache)
    }
}

impl<F: Ffn> Teacher for LazyTeacher<F> {
    fn info(&self) -> &TeacherInfo {
        self.teacher.info()
    }

    fn observe(&mut self, examples: &[&Example], request: &Request) -> Result<Observation> {
        self.fill(examples)?;
        let info = self.teacher.info();
        let records = records(info, &self.cache, examples)?;
        observation(info, &self.cache, &records, request, self.teacher.device())
    }

    fn scores(&mut self, examples: &[&Example], settings: &McSettings) -> Result<Vec<McScore>> {
        self.fill(examples)?;
        let info = self.teacher.info();
        let records = records(info, &self.cache, examples)?;
        kept_scores(info, &self.cache, &records, settings)
    }

    fn forwards(&self) -> u64 {
        self.teacher.forwards()
    }
}
