//! How the study tuned its prompts.

use serde::Serialize;

use super::{Backbone, Task};

/// Settings of one run. The optimizer is AdamW (betas 0.9 and 0.999, epsilon 1e-6, no weight
/// decay) at a constant rate, without warm-up, clipping or accumulation. The development set is
/// scored after every epoch, and the epoch with the best score is kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Training {
    /// Standard deviation of the normal distribution, with mean 0, that the prompt's values are
    /// drawn from.
    pub init_deviation: f64,
    /// Learning rate.
    pub learning_rate: f64,
    /// Examples for an update.
    pub batch_size: usize,
    /// Most epochs. `None` where only a range is known: with T5-small and T5-base 200 to 300 for
    /// generated answers, 100 to 500 for classes.
    pub epoch_cap: Option<usize>,
    /// The epoch whose prompt was kept and published, where it is known.
    pub chosen_epoch: Option<usize>,
}

impl Training {
    /// Slots of a prompt.
    pub const SLOTS: usize = 100;

    /// The settings of `task` on `backbone`; `None` where that model does not run the task.
    pub fn of(task: &Task, backbone: Backbone) -> Option<Self> {
        if task.masked_template.is_none() && !backbone.is_t5() {
            return None;
        }
        let row = ROBERTA.iter().find(|row| row.task == task.name);
        Some(match backbone {
            Backbone::RobertaBase => Self {
                init_deviation: 0.02,
                learning_rate: 1e-3,
                batch_size: if task.name == "mrpc" { 8 } else { 16 },
                epoch_cap: row.map(|row| row.base_cap),
                chosen_epoch: row.map(|row| row.base_chosen),
            },
            Backbone::RobertaLarge => Self {
                init_deviation: 0.02,
                learning_rate: 1e-4,
                batch_size: 16,
                epoch_cap: row.map(|row| row.large_cap),
                chosen_epoch: None,
            },
            Backbone::T5Small => Self {
                epoch_cap: (task.name == "movierationales").then_some(900),
                ..Self::t5(5e-3)
            },
            Backbone::T5Base => match task.name {
                "laptop" | "qnli" | "snli" => Self::t5(1e-2),
                _ => Self::t5(5e-3),
            },
            Backbone::T5Large => Self {
                batch_size: if task.name == "laptop" { 12 } else { 16 },
                epoch_cap: Some(500),
                ..Self::t5(1e-3)
            },
        })
    }

    fn t5(learning_rate: f64) -> Self {
        Self {
            // The default of the framework's embedding layer.
            init_deviation: 1.0,
            learning_rate,
            batch_size: 16,
            epoch_cap: None,
            chosen_epoch: None,
        }
    }
}

/// Epochs of a task with RoBERTa.
struct Epochs {
    task: &'static str,
    base_cap: usize,
    base_chosen: usize,
    large_cap: usize,
}

static ROBERTA: [Epochs; 13] = [
    epochs("imdb", 72, 23, 300),
    epochs("sst2", 76, 25, 72),
    epochs("laptop", 1280, 32, 300),
    epochs("restaurant", 300, 33, 330),
    epochs("movierationales", 128, 21, 1280),
    epochs("tweeteval_sentiment", 128, 28, 128),
    epochs("mnli", 128, 44, 128),
    epochs("qnli", 128, 51, 128),
    epochs("snli", 64, 29, 32),
    epochs("deontology", 128, 63, 300),
    epochs("justice", 128, 29, 300),
    epochs("qqp", 96, 22, 52),
    epochs("mrpc", 72, 66, 300),
];

const fn epochs(
    task: &'static str,
    base_cap: usize,
    base_chosen: usize,
    large_cap: usize,
) -> Epochs {
    Epochs {
        task,
        base_cap,
        base_chosen,
        large_cap,
    }
}
