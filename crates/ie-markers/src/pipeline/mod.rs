//! From documents to entities and relations, and the training of what finds them.
//!
//! A stage is a model with its labels, settings and marker tokens. [`EntityStage`] makes rows of
//! sentences, trains on gold entities and predicts entities; [`RelationStage`] does the same with
//! relations between gold or predicted entities. [`Extractor`] runs both on raw text.
//!
//! | stage | model | rows |
//! |---|---|---|
//! | [`EntityStage`] | [`MarkerNer`](crate::model::MarkerNer) | packed levitated markers of all spans |
//! | | [`SpanConcatNer`](crate::model::SpanConcatNer) | all spans without markers |
//! | | [`SequenceTagger`](crate::model::SequenceTagger) | words |
//! | [`RelationStage`] | [`MarkerRelations`](crate::model::MarkerRelations) | a subject between solid markers, packed objects |
//! | | [`SolidPairRelations`](crate::model::SolidPairRelations) | a pair between solid markers |
//! | | [`LevitatedPairRelations`](crate::model::LevitatedPairRelations) | packed pairs with levitated markers |
//! | | [`TokenPairRelations`](crate::model::TokenPairRelations) | pairs without markers |
//!
//! A cheaper stage can propose the spans that another one decides on: [`EntityStage::propose`] of the first
//! and [`Candidates::Proposed`] in the settings of the second.
//!
//! Every span and pair is asked about in the window of its sentence that shows most of its context.
//! What no window holds and what has no tokens is in the reports. A stage that learns under a mask of its
//! own ([`MaskAblation`](crate::encode::MaskAblation)) keeps it among its settings.

mod entities;
mod entity_model;
mod entity_reader;
mod extraction;
mod extractor;
mod markers;
mod read;
mod relation_decode;
mod relation_model;
mod relation_reader;
mod relations;
mod report;
mod settings;
mod stage_file;
mod tags;
#[cfg(test)]
mod tests;

pub use entities::EntityStage;
pub use entity_model::{EntityModel, EntityRow};
pub use extraction::{ExtractedEntity, ExtractedRelation, Extraction};
pub use extractor::{Extractions, Extractor};
pub use relation_model::{EntityPair, Purpose, RelationModel, RelationRow};
pub use relations::{Development, RelationStage};
pub use report::{DataReport, PredictionReport, StageReport};
pub use settings::{
    Candidates, Computation, EndTypes, EntitySettings, Proposals, RelationSettings,
};
