//! A teacher that is read from a cache.

use burn::tensor::Device;

use super::{Observation, Request, Teacher, TeacherInfo};
use crate::cache::{CacheKey, Record, TeacherCache};
use crate::example::Example;
use crate::loss::{matrix, tensor3};
use crate::score::{McScore, McSettings};
use crate::{Error, Result};

/// The kept answers of a teacher whose model need not be at hand.
#[derive(Debug)]
pub struct CachedTeacher {
    info: TeacherInfo,
    cache: TeacherCache,
    device: Device,
}

impl CachedTeacher {
    /// The teacher described by `info` as kept in `cache`; tensors are made on `device`.
    ///
    /// # Errors
    /// [`Error::StaleCache`] naming what is different where the cache is of a teacher with another number of
    /// classes, another tokenizer or length, or another width where it keeps vectors.
    pub fn new(info: TeacherInfo, cache: TeacherCache, device: &Device) -> Result<Self> {
        let kept = cache.key();
        cache.check_key(&CacheKey {
            tokenizer: info.tokenizer.clone(),
            max_length: info.max_length,
            classes: info.classes,
            hidden_size: if kept.first_token.is_empty() {
                0
            } else {
                info.hidden_size
            },
            ..kept.clone()
        })?;
        Ok(Self {
            info,
            cache,
            device: device.clone().inner(),
        })
    }

    /// The cache.
    pub fn cache(&self) -> &TeacherCache {
        &self.cache
    }
}

impl Teacher for CachedTeacher {
    fn info(&self) -> &TeacherInfo {
        &self.info
    }

    fn observe(&mut self, examples: &[&Example], request: &Request) -> Result<Observation> {
        let records = records(&self.info, &self.cache, examples)?;
        observation(&self.info, &self.cache, &records, request, &self.device)
    }

    fn scores(&mut self, examples: &[&Example], settings: &McSettings) -> Result<Vec<McScore>> {
        let records = records(&self.info, &self.cache, examples)?;
        kept_scores(&self.info, &self.cache, &records, settings)
    }

    fn forwards(&self) -> u64 {
        0
    }
}

/// The kept record of each example.
pub(super) fn records<'c>(
    info: &TeacherInfo,
    cache: &'c TeacherCache,
    examples: &[&Example],
) -> Result<Vec<&'c Record>> {
    examples
        .iter()
        .map(|example| {
            cache
                .get(example.id, example.text_hash())?
                .ok_or_else(|| Error::NotCached {
                    teacher: info.name.clone(),
                    example: example.name.clone(),
                })
        })
        .collect()
}

/// Records as tensors.
pub(super) fn observation(
    info: &TeacherInfo,
    cache: &TeacherCache,
    records: &[&Record],
    request: &Request,
    device: &Device,
) -> Result<Observation> {
    let logits: Vec<Vec<f64>> = records
        .iter()
        .map(|record| {
            record
                .logits
                .iter()
                .map(|&value| f64::from(value))
                .collect()
        })
        .collect();
    let key = cache.key();
    let mut hidden = std::collections::BTreeMap::new();
    for &index in &request.hidden {
        let place = key.first_token.iter().position(|&kept| kept == index);
        let (Some(place), true) = (place, request.first_token) else {
            return Err(Error::HiddenState {
                name: info.name.clone(),
                index,
                reason: format!(
                    "the cache keeps the first token of hidden states {:?}; ask the live teacher, or \
                     compare first tokens of these",
                    key.first_token
                ),
            });
        };
        let width = key.hidden_size;
        let values = records
            .iter()
            .flat_map(|record| &record.first_token[place * width..(place + 1) * width]);
        let values: Vec<f32> = values.copied().collect();
        hidden.insert(index, tensor3(values, [records.len(), 1, width], device));
    }
    Ok(Observation {
        logits: matrix(&logits, info.classes, device),
        hidden,
    })
}

/// The scores in records, if they were computed with `settings`.
pub(super) fn kept_scores(
    info: &TeacherInfo,
    cache: &TeacherCache,
    records: &[&Record],
    settings: &McSettings,
) -> Result<Vec<McScore>> {
    if cache.key().scoring.as_ref() != Some(settings) {
        return Err(Error::Scoring {
            name: info.name.clone(),
            kept: format!("{:?}", cache.key().scoring),
            wanted: format!("{settings:?}"),
        });
    }
    let scores: Option<Vec<McScore>> = records.iter().map(|record| record.score).collect();
    scores.ok_or_else(|| Error::Scoring {
        name: info.name.clone(),
        kept: "rows without scores".to_owned(),
        wanted: format!("{settings:?}"),
    })
}
