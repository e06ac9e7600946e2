//! Training of node classifiers.
//!
//! [`train_full_batch`] makes one step an epoch on a whole graph: the transductive setting, or, on the
//! [`training_subgraph`], the inductive one. [`train_pprgo`] makes steps on batches of labeled nodes,
//! whose cost does not depend on the size of the graph. Both minimize an [`Objective`], keep the best
//! epoch by weighted F1 on the validation nodes, tell an observer of every epoch, and return a
//! [`Trained`] model. Models are evaluated on the plain device.

mod config;
mod full_batch;
mod objective;
mod penalty;
mod pprgo;
mod record;
mod run;
mod schedule;
mod scores;

pub use config::TrainConfig;
pub use full_batch::{train_full_batch, training_subgraph};
pub use objective::Objective;
pub use pprgo::{PprgoData, train_pprgo};
pub use record::{EpochRecord, Stopped, Trained};
pub use run::{EpochObserver, Evaluation};
pub use schedule::StepDecay;
pub use scores::NodeScores;
