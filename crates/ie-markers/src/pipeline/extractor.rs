//! Both stages in one.

use std::fs;
use std::io::Write;
use std::path::Path;

use burn::tensor::Device;
use plm_core::files::write_atomic;
use serde::{Deserialize, Serialize};

use super::stage_file::{read, to_json};
use super::{
    Computation, EntityModel, EntityStage, Extraction, PredictionReport, RelationModel,
    RelationStage,
};
use crate::Result;
use crate::data::{Document, Segmentation, Source};
use crate::heads::Head;
use crate::model::{Headed, MarkerNer, MarkerRelations};

/// Name of the file that says what an extractor's directory holds.
const FILE: &str = "extractor.json";
const ENTITIES: &str = "entities";
const RELATIONS: &str = "relations";

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    segmentation: Segmentation,
    relations: bool,
}

/// Finds the entities of texts and the relations between them.
#[derive(Debug, Clone)]
pub struct Extractor<E = MarkerNer, R = MarkerRelations> {
    /// Finds entities.
    pub entities: EntityStage<E>,
    /// Finds relations, where they are wanted.
    pub relations: Option<RelationStage<R>>,
    /// How raw text becomes sentences of words.
    pub segmentation: Segmentation,
    /// How predictions are computed.
    pub computation: Computation,
}

/// What was found in texts, and what was not looked at.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Extractions {
    /// One for each text.
    pub texts: Vec<Extraction>,
    /// What no prediction was made about. Documents are called by the numbers of their texts, from 0.
    pub report: PredictionReport,
}

impl<E: EntityModel, R: RelationModel> Extractor<E, R> {
    /// An extractor of these stages, for raw text by [`Segmentation::Rules`].
    pub fn new(entities: EntityStage<E>, relations: Option<RelationStage<R>>) -> Self {
        Self {
            entities,
            relations,
            segmentation: Segmentation::default(),
            computation: Computation::default(),
        }
    }

    /// Replaces the predicted entities and relations of `documents`, relations between predicted
    /// entities.
    ///
    /// # Errors
    /// As [`EntityStage::predict`] and [`RelationStage::predict`].
    pub fn predict(&self, documents: &mut [Document]) -> Result<PredictionReport> {
        let entities = self.entities.predict(documents, &self.computation)?;
        let mut report = PredictionReport {
            entities,
            ..PredictionReport::default()
        };
        if let Some(relations) = &self.relations {
            report.relations =
                relations.predict(documents, Source::Predicted, &self.computation)?;
        }
        Ok(report)
    }

    /// The entities and relations of raw `texts`.
    ///
    /// # Errors
    /// As [`Self::predict`].
    pub fn extract<S: AsRef<str>>(&self, texts: &[S]) -> Result<Extractions> {
        let documents = texts.iter().enumerate();
        let mut documents: Vec<Document> = documents
            .map(|(at, text)| Document::from_text(at.to_string(), text.as_ref(), self.segmentation))
            .collect();
        let report = self.predict(&mut documents)?;
        let texts = documents
            .iter()
            .map(Extraction::of)
            .collect::<Result<_>>()?;
        Ok(Extractions { texts, report })
    }

    /// Writes `extractor.json` and a Hugging Face directory for each stage, `entities` and `relations`.
    ///
    /// # Errors
    /// Where something cannot be written; as [`EntityStage::save`].
    pub fn save(&self, dir: impl AsRef<Path>) -> Result<()> {
        let dir = dir.as_ref();
        fs::create_dir_all(dir).map_err(|error| plm_core::Error::io(dir, error))?;
        self.entities.save(dir.join(ENTITIES))?;
        if let Some(relations) = &self.relations {
            relations.save(dir.join(RELATIONS))?;
        }
        let contents = to_json(&Contents {
            segmentation: self.segmentation,
            relations: self.relations.is_some(),
        })?;
        write_atomic(dir.join(FILE), |writer| writer.write_all(&contents))?;
        Ok(())
    }
}

impl<E: Head, R: Head> Extractor<Headed<E>, Headed<R>>
where
    Headed<E>: EntityModel,
    Headed<R>: RelationModel,
{
    /// Reads what [`Self::save`] wrote.
    ///
    /// # Errors
    /// As [`EntityStage::load`] and [`RelationStage::load`].
    pub fn from_dir(dir: impl AsRef<Path>, device: &Device) -> Result<Self> {
        let dir = dir.as_ref();
        let contents: Contents = read(&dir.join(FILE))?;
        let relations = match contents.relations {
            true => Some(RelationStage::load(dir.join(RELATIONS), device)?),
            false => None,
        };
        let entities = EntityStage::load(dir.join(ENTITIES), device)?;
        Ok(Self {
            segmentation: contents.segmentation,
            ..Self::new(entities, relations)
        })
    }
}
