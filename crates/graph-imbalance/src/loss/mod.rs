//! Losses for imbalanced classes, one number for each labeled node.
//!
//! | function | for imbalance it | source |
//! |---|---|---|
//! | [`cross_entropy`] | does nothing | |
//! | [`re_weighted`] | multiplies by inverse class frequencies | |
//! | [`focal`] | fades well-classified nodes | Lin et al. 2017 |
//! | [`class_balanced`] | divides by effective numbers | Cui et al. 2019 |
//! | [`shifted_cross_entropy`] | shifts logits by class frequencies | Ren et al. 2020, Menon et al. 2021 |
//! | [`ldam`] | gives rare classes wider margins | Cao et al. 2019 |
//! | [`Tam`] | shifts logits by a node's neighborhood, under any of the others | Song et al. 2022 |
//!
//! [`ClassLoss`] has them by name. Losses stay apart by node, so that [`weighted_mean`] and
//! [`weighted_sum`] can multiply each by its ReNode weight.

mod class_balanced;
mod class_loss;
mod cross_entropy;
mod factors;
mod focal;
mod ldam;
mod mean;
mod tam;

pub use class_balanced::class_balanced;
pub use class_loss::{ClassLoss, LossConfig};
pub use cross_entropy::{cross_entropy, re_weighted, shifted_cross_entropy};
pub use factors::{effective_number, inverse_frequency, ldam_margins, log_counts, log_priors};
pub use focal::focal;
pub use ldam::ldam;
pub use mean::{Reduction, weighted_mean, weighted_sum};
pub use tam::{Tam, TamConfig};
