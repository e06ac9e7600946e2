//! One graph, one task, both geometries.

use std::ops::ControlFlow;

use anyhow::Result;
use burn::tensor::Device;
use indicatif::ProgressBar;
use plm_core::graph::Csr;
use plm_core::kernel::Activation;
use plm_core::rng::Seed;
use plm_lorentz::Curvature;

use plm_lorentz::data::graph::{GraphDataset, LinkSplit, LinkSplitConfig, NodeSplit, with_degrees};
use plm_lorentz::task::graph::{
    EpochRecord, GcnEncoderConfig, GraphInputs, GraphRecipe, GraphTrainConfig, LinkLoss,
    LinkScores, LorentzEncoderConfig, NodeClassifierConfig, NodeLoss, NodeScores, Trained,
    train_links, train_nodes,
};

/// How long runs last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    pub(super) epochs: usize,
    pub(super) patience: usize,
}

/// What the Euclidean twin has of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Twin {
    pub(super) lr: f64,
    pub(super) dropout: f64,
    pub(super) weight_decay: f64,
}

impl Twin {
    /// HGCN's learning rate, without dropout and weight decay.
    pub(super) const PLAIN: Self = Self {
        lr: 0.01,
        dropout: 0.0,
        weight_decay: 0.0,
    };

    fn encoder(self, d_input: usize, layers: usize) -> GcnEncoderConfig {
        GcnEncoderConfig {
            dropout: self.dropout,
            ..GcnEncoderConfig::new(d_input, layers)
        }
    }

    fn training(self, budget: Budget, seed: Seed) -> GraphTrainConfig {
        let config = GraphTrainConfig {
            weight_decay: self.weight_decay,
            ..GraphTrainConfig::new(self.lr, seed)
        };
        within(config, budget)
    }
}

/// What one run came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<S> {
    pub(super) test: S,
    pub(super) best_epoch: usize,
    pub(super) epochs: usize,
    pub(super) seconds_per_epoch: f64,
}

/// The runs of one seed, in the Lorentz model and in Euclidean space.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<S> {
    pub(super) lorentz: Run<S>,
    pub(super) euclid: Run<S>,
}

/// A graph whose edges are predicted.
pub(super) struct Links<'a> {
    pub(super) graph: &'a GraphDataset,
    pub(super) features: Csr<f32>,
    /// Whether degrees in the training graph are features.
    pub(super) degrees: bool,
    pub(super) split: LinkSplitConfig,
    pub(super) recipe: GraphRecipe,
    pub(super) twin: Twin,
}

/// A graph whose nodes are classified.
pub(super) struct Nodes<'a> {
    pub(super) graph: &'a GraphDataset,
    pub(super) features: Csr<f32>,
    pub(super) split: &'a dyn Fn(Seed) -> Result<NodeSplit>,
    pub(super) recipe: GraphRecipe,
    pub(super) twin: Twin,
}

impl Links<'_> {
    /// Trains both networks on the split of `seed`. The twin has as many layers of the same width and
    /// HGCN's loss for Euclidean networks, with which it is better than with the margin.
    pub(super) fn pair(
        &self,
        budget: Budget,
        seed: Seed,
        device: &Device,
        bar: &ProgressBar,
    ) -> Result<Pair<LinkScores>> {
        let split = LinkSplit::draw(&self.graph.adjacency, self.split, seed.child("split"))?;
        let adjacency = split.train_adjacency()?;
        let features = match self.degrees {
            true => with_degrees(&self.features, &adjacency)?,
            false => self.features.clone(),
        };
        let flat = GraphInputs::new(&features, &adjacency, device)?;
        let curved = flat.on_hyperboloid(Curvature::UNIT);
        let (device, init) = (device.clone().autodiff(), seed.child("model"));
        let train = seed.child("train");

        let model = self.recipe.encoder(curved.width()).init(init, &device)?;
        let loss = LinkLoss::Margin(self.recipe.margin);
        let config = within(self.recipe.training(train), budget);
        let trained = train_links(model, &curved, &split, loss, &config, &mut ticks(bar))?;
        let lorentz = Run::of(&trained);

        let encoder = self.twin.encoder(flat.width(), self.recipe.layers);
        let model = encoder.init(init, &device)?;
        let config = self.twin.training(budget, train);
        let loss = LinkLoss::FermiDirac;
        let trained = train_links(model, &flat, &split, loss, &config, &mut ticks(bar))?;
        Ok(Pair {
            lorentz,
            euclid: Run::of(&trained),
        })
    }
}

impl Nodes<'_> {
    /// Trains both networks on the split of `seed`. The twin has as many layers of the same width and
    /// cross-entropy.
    pub(super) fn pair(
        &self,
        budget: Budget,
        seed: Seed,
        device: &Device,
        bar: &ProgressBar,
    ) -> Result<Pair<NodeScores>> {
        Ok(Pair {
            lorentz: self.lorentz(|encoder| encoder, budget, seed, device, bar)?,
            euclid: self.euclid(self.recipe.layers, budget, seed, device, bar)?,
        })
    }

    /// Trains the twin alone, with so many convolutions.
    pub(super) fn euclid(
        &self,
        layers: usize,
        budget: Budget,
        seed: Seed,
        device: &Device,
        bar: &ProgressBar,
    ) -> Result<Run<NodeScores>> {
        let split = (self.split)(seed.child("split"))?;
        let inputs = GraphInputs::new(&self.features, &self.graph.adjacency, device)?;
        let model = NodeClassifierConfig {
            encoder: self.twin.encoder(inputs.width(), layers),
            classes: self.graph.n_classes,
        };
        let model = model.init(seed.child("model"), &device.clone().autodiff())?;
        let config = self.twin.training(budget, seed.child("train"));
        let (labels, loss) = (&self.graph.labels, NodeLoss::CrossEntropy);
        let trained = train_nodes(
            model,
            &inputs,
            labels,
            &split,
            loss,
            &config,
            &mut ticks(bar),
        )?;
        Ok(Run::of(&trained))
    }

    /// Trains the Lorentz network alone, its encoder changed by `change`.
    pub(super) fn lorentz(
        &self,
        change: impl Fn(LorentzEncoderConfig) -> LorentzEncoderConfig,
        budget: Budget,
        seed: Seed,
        device: &Device,
        bar: &ProgressBar,
    ) -> Result<Run<NodeScores>> {
        let split = (self.split)(seed.child("split"))?;
        let inputs = GraphInputs::new(&self.features, &self.graph.adjacency, device)?;
        let inputs = inputs.on_hyperboloid(Curvature::UNIT);
        let model = NodeClassifierConfig {
            encoder: change(self.recipe.encoder(inputs.width())),
            classes: self.graph.n_classes,
        };
        let model = model.init(seed.child("model"), &device.clone().autodiff())?;
        let config = within(self.recipe.training(seed.child("train")), budget);
        let (labels, loss) = (&self.graph.labels, NodeLoss::Margin(self.recipe.margin));
        let trained = train_nodes(
            model,
            &inputs,
            labels,
            &split,
            loss,
            &config,
            &mut ticks(bar),
        )?;
        Ok(Run::of(&trained))
    }
}

impl<S: Copy> Run<S> {
    fn of<M>(trained: &Trained<M, S>) -> Self {
        Self {
            test: trained.test,
            best_epoch: trained.best_epoch,
            epochs: trained.history.len(),
            seconds_per_epoch: trained.seconds_per_epoch,
        }
    }
}

/// A Lorentz encoder of `layers` convolutions with ReLU, with or without residual connections.
pub(super) fn deep(
    layers: usize,
    residual: bool,
) -> impl Fn(LorentzEncoderConfig) -> LorentzEncoderConfig {
    move |encoder| LorentzEncoderConfig {
        layers,
        residual,
        activation: Some(Activation::Relu),
        ..encoder
    }
}

fn within(config: GraphTrainConfig, budget: Budget) -> GraphTrainConfig {
    GraphTrainConfig {
        max_epochs: budget.epochs,
        patience: Some(budget.patience),
        ..config
    }
}

/// Moves the bar with every epoch.
fn ticks(bar: &ProgressBar) -> impl FnMut(&EpochRecord) -> ControlFlow<()> + '_ {
    |_| {
        bar.inc(1);
        ControlFlow::Continue(())
    }
}
