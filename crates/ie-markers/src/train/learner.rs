//! Losses of the models.

use burn::module::Module;
use plm_core::nn::{DropoutContext, Ffn};

use super::{Labeled, LabeledRelations};
use crate::Result;
use crate::encode::MarkerEncoder;
use crate::heads::{WeightedLoss, class_loss};
use crate::layout::Row;
use crate::model::{MarkerRelations, RowClassifier, check_labels};

/// What is minimized, and by which encoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// How levitated markers are encoded.
    pub encoder: MarkerEncoder,
    /// Weight of class 0 in the loss (`alpha`); every other class weighs 1.
    pub nil_weight: f64,
}

/// A model that can be trained.
pub trait Learner: Module {
    /// What it learns from.
    type Example;

    /// Text tokens and markers of an example.
    fn length(example: &Self::Example) -> usize;

    /// Targets of an example.
    fn targets(example: &Self::Example) -> usize;

    /// Checks that example number `number` fits the model.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) for another number of labels than targets,
    /// [`Error::Class`](crate::Error::Class) for a label that is no class of the model.
    fn check(&self, number: usize, example: &Self::Example) -> Result<()>;

    /// The mean loss over the targets of `examples`, and the sum of their weights.
    ///
    /// # Errors
    /// As [`RowClassifier::logits`] and [`class_loss`].
    fn loss(
        &self,
        examples: &[&Self::Example],
        objective: &Objective,
        dropout: &DropoutContext,
    ) -> Result<WeightedLoss>;
}

impl<M: RowClassifier> Learner for M {
    type Example = Labeled<M::Row>;

    fn length(example: &Self::Example) -> usize {
        example.row.text_length() + example.row.marker_count()
    }

    fn targets(example: &Self::Example) -> usize {
        example.row.targets()
    }

    fn check(&self, number: usize, example: &Self::Example) -> Result<()> {
        let targets = example.row.targets();
        check_labels(number, &example.labels, targets, self.classes())
    }

    fn loss(
        &self,
        examples: &[&Self::Example],
        objective: &Objective,
        dropout: &DropoutContext,
    ) -> Result<WeightedLoss> {
        let rows: Vec<&M::Row> = examples.iter().map(|example| &example.row).collect();
        let labels = flat(examples, |example| &example.labels);
        let logits = self.logits(&rows, objective.encoder, dropout)?;
        class_loss(logits, &labels, objective.nil_weight)
    }
}

/// The sum of the relation loss and, where the model has the auxiliary head, the entity loss of the
/// objects, whose classes all weigh 1. The sum counts for the number of its targets: no one number is the
/// weight of both means where class 0 weighs less, and a batch without relations still teaches types.
impl<F: Ffn> Learner for MarkerRelations<F> {
    type Example = LabeledRelations;

    fn length(example: &LabeledRelations) -> usize {
        example.row.text_length() + example.row.marker_count()
    }

    fn targets(example: &LabeledRelations) -> usize {
        example.row.targets()
    }

    fn check(&self, number: usize, example: &LabeledRelations) -> Result<()> {
        let targets = example.row.targets();
        check_labels(number, &example.relations, targets, self.relations())?;
        match self.entities() {
            Some(classes) => check_labels(number, &example.entities, targets, classes),
            None => Ok(()),
        }
    }

    fn loss(
        &self,
        examples: &[&LabeledRelations],
        objective: &Objective,
        dropout: &DropoutContext,
    ) -> Result<WeightedLoss> {
        let rows: Vec<_> = examples.iter().map(|example| &example.row).collect();
        let scores = self.scores(&rows, objective.encoder, dropout)?;
        let relations = flat(examples, |example| &example.relations);
        let loss = class_loss(scores.relations, &relations, objective.nil_weight)?;
        let Some(logits) = scores.entities else {
            return Ok(loss);
        };
        let entities = flat(examples, |example| &example.entities);
        let types = class_loss(logits, &entities, 1.0)?;
        Ok(WeightedLoss {
            mean: loss.mean + types.mean,
            weight: types.weight,
        })
    }
}

fn flat<E>(examples: &[&E], labels: impl Fn(&E) -> &Vec<usize>) -> Vec<usize> {
    let each = examples.iter().flat_map(|example| labels(example));
    each.copied().collect()
}
