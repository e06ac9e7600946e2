//! Settings of the generator.

use plm_core::check::{below_one, up_to_one};
use serde::{Deserialize, Serialize};

use super::event_kinds::EVENT_KINDS;
use crate::{Error, Result};

/// How many sentences, how many types, and how hard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeneratorConfig {
    /// Sentences for pre-training.
    pub unlabeled: usize,
    /// Sentences for fine-tuning.
    pub labeled: usize,
    /// Sentences for choosing a checkpoint, of the same kind as the labeled.
    pub development: usize,
    /// Sentences for testing.
    pub test: usize,
    /// Event types, 2 to 20.
    pub event_types: usize,
    /// Trigger words of a type, 1 to 5.
    pub triggers_per_type: usize,
    /// How many of these stand in test sentences and never in labeled ones; less than
    /// `triggers_per_type`. With 0, all stand in both.
    pub held_out_triggers: usize,
    /// Share of the fillers of a type's object that stand in test sentences and never in labeled
    /// ones of this type, in [0, 1). At least one of each pool is on either side. With 0, all
    /// stand in both.
    pub held_out_fillers: f64,
    /// Fewest events in a sentence, at least 1.
    pub min_events: usize,
    /// Most events in a sentence, at most 3.
    pub max_events: usize,
    /// Chance that an argument comes from a pool of another type, in [0, 1]: the larger, the less
    /// an argument tells of its event.
    pub mixing: f64,
    /// Chance that a person or town is a name, in [0, 1].
    pub names: f64,
    /// Chance of an adjective before a noun, in [0, 1].
    pub modifiers: f64,
    /// Chance that a sentence that can be passive is, in [0, 1].
    pub passives: f64,
    /// Chance that an event has a place, in [0, 1].
    pub places: f64,
    /// Chance that an event has a time, in [0, 1].
    pub times: f64,
    /// Chance of a clause that tells of no event, in [0, 1].
    pub distractors: f64,
    /// Chance that a node of the graph lost its alignment, in [0, 1].
    pub unaligned: f64,
}

impl Default for GeneratorConfig {
    /// 2 000 unlabeled, 200 labeled, 100 development and 400 test sentences of one to three events
    /// of 16 types; two of five triggers and 30 % of the fillers are held out.
    fn default() -> Self {
        Self {
            unlabeled: 2000,
            labeled: 200,
            development: 100,
            test: 400,
            event_types: 16,
            triggers_per_type: 5,
            held_out_triggers: 2,
            held_out_fillers: 0.3,
            min_events: 1,
            max_events: 3,
            mixing: 0.1,
            names: 0.1,
            modifiers: 0.3,
            passives: 0.2,
            places: 0.3,
            times: 0.4,
            distractors: 0.3,
            unaligned: 0.0,
        }
    }
}

impl GeneratorConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`plm_core::Error::Config`] naming the setting, its value and the limits.
    pub fn validate(&self) -> Result<()> {
        const ORIGIN: &str = "GeneratorConfig";
        let triggers = EVENT_KINDS[0].triggers.len();
        for (key, value, least, most) in [
            ("event_types", self.event_types, 2, EVENT_KINDS.len()),
            ("triggers_per_type", self.triggers_per_type, 1, triggers),
            (
                "held_out_triggers",
                self.held_out_triggers,
                0,
                self.triggers_per_type.saturating_sub(1),
            ),
            ("max_events", self.max_events, 1, 3),
            ("min_events", self.min_events, 1, self.max_events),
        ] {
            if !(least..=most).contains(&value) {
                let reason = format!("is {value}, must be {least} to {most}");
                return Err(Error::config(ORIGIN, key, reason));
            }
        }
        for (key, value) in [
            ("mixing", self.mixing),
            ("names", self.names),
            ("modifiers", self.modifiers),
            ("passives", self.passives),
            ("places", self.places),
            ("times", self.times),
            ("distractors", self.distractors),
            ("unaligned", self.unaligned),
        ] {
            up_to_one(ORIGIN, key, value)?;
        }
        below_one(ORIGIN, "held_out_fillers", self.held_out_fillers)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_their_limits_are_named() {
        GeneratorConfig::default().validate().unwrap();
        let says = |change: fn(&mut GeneratorConfig), expected: &str| {
            let mut config = GeneratorConfig::default();
            change(&mut config);
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        says(|c| c.event_types = 1, "`event_types` is 1, must be 2 to 20");
        says(|c| c.triggers_per_type = 6, "must be 1 to 5");
        says(|c| c.held_out_triggers = 5, "`held_out_triggers` is 5");
        says(|c| c.min_events = 0, "`min_events` is 0, must be 1 to 3");
        says(|c| c.max_events = 4, "`max_events` is 4");
        says(|c| c.mixing = -0.1, "`mixing` is -0.1");
        says(|c| c.unaligned = f64::NAN, "`unaligned` is NaN");
        says(|c| c.held_out_fillers = 1.0, "[0, 1)");
    }
}
