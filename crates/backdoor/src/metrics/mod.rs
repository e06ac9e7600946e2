//! How well attacks and defenses work, and what they cost.
//!
//! | of | measures |
//! |---|---|
//! | an attack | [`attack_success_rate`], [`false_trigger_rate`], [`CleanQuality`] |
//! | a trigger's secrecy | [`trigger_rank`], [`detection_rate`] |
//! | a detector at a threshold | [`DetectionRates`] |
//! | a detector over all thresholds | [`detection_curve`], [`Separation`] |
//! | its cost | [`CostMeter`], [`Cost`] |
//!
//! A share is a [`Rate`], which keeps its counts; it has no value where there is nothing to count.

mod attack;
mod cost;
mod curve;
mod rate;
mod rates;
mod separation;
mod trigger_rank;

pub use attack::{CleanQuality, FalseTriggers, attack_success_rate, false_trigger_rate};
pub use cost::{Cost, CostMeter, Forwards};
pub use curve::{CurvePoint, detection_curve};
pub use rate::Rate;
pub use rates::DetectionRates;
pub use separation::Separation;
pub use trigger_rank::{RankOf, TriggerRank, detection_rate, positions_of, trigger_rank};
