//! Training: optimizer, schedules, one explicit loop, checkpoints that resume exactly.
//!
//! [`Trainer`] runs the loop. Methods whose loop is another one use its parts: [`Gradients`] for the
//! backward pass, accumulation and clipping, [`Optimizer`] for the update, [`Schedule`] for the
//! learning rate, [`CheckpointStore`] and [`MetricsWriter`] for what is written, [`EarlyStopping`]
//! for when to stop. Nothing here prints; [`Observer`]s hear what happens.

mod batches;
mod config;
mod ema;
mod exact;
mod flat;
mod gradients;
mod journal;
mod observer;
mod optimizer;
mod params;
mod passes;
mod patience;
mod replicas;
mod report;
mod run;
mod schedule;
mod snapshot;
mod state;
mod step;
mod store;
mod tensors_file;
mod trainer;

pub use batches::{Batches, MappedBatches, ShuffledIndices, map_batches};
pub use config::{CheckpointConfig, Every, NonFinite, TrainConfig, Until};
pub use ema::WeightAverage;
pub use gradients::Gradients;
pub use journal::MetricsWriter;
pub use observer::{EvaluationRecord, Event, LogRecord, Observer, StepRecord};
pub use optimizer::{
    AdafactorConfig, AdamWConfig, Algorithm, GroupSettings, Optimizer, ParamGroup, SgdConfig,
};
pub use params::{ParamCount, ParamInfo, count_params, each_param, freeze, unfreeze};
pub use patience::{Best, EarlyStopping, Goal};
pub use report::{StopReason, TrainReport};
pub use schedule::Schedule;
pub use snapshot::{Snapshot, checksum};
pub use state::{LossWindow, TrainState};
pub use step::{Evaluation, EvaluationContext, StepContext, StepLoss};
pub use store::{Checkpoint, CheckpointStore};
pub use trainer::Trainer;
