//! Which reproductions this build can run.

use anyhow::Result;

use super::{Context, Outcome};

/// A reproduction: everything it needs is in the context, everything it found is in the outcome.
pub type Runner = fn(&Context) -> Result<Outcome>;

/// Name in `systems.toml` and function, one line a system. Empty in a build without the models.
#[cfg(feature = "repro")]
pub const RUNNERS: &[(&str, Runner)] = &[
    ("core", super::core::run),
    ("prompt", super::prompt::run),
    ("prompt-subspace", super::prompt_subspace::run),
    ("moe", super::moe::run),
    ("distill", super::distill::run),
    ("amalgamate", super::amalgamate::run),
    ("backdoor", super::backdoor::run),
    ("graph-imbalance", super::graph_imbalance::run),
    ("ie-markers", super::ie_markers::run),
    ("event-contrast", super::event_contrast::run),
    ("lorentz", super::lorentz::run),
];

/// Name in `systems.toml` and function, one line a system. Empty in a build without the models.
#[cfg(not(feature = "repro"))]
pub const RUNNERS: &[(&str, Runner)] = &[];

/// The reproduction called `name`, where this build holds it.
pub fn find(name: &str) -> Option<Runner> {
    RUNNERS
        .iter()
        .find(|(other, _)| *other == name)
        .map(|(_, runner)| *runner)
}

#[cfg(all(test, feature = "repro"))]
mod tests {
    use super::*;
    use crate::systems;

    #[test]
    fn the_registry_and_the_data_file_name_the_same_systems() {
        let systems = systems::all().unwrap();
        let runnable: Vec<&str> = systems
            .iter()
            .filter(|system| !system.tiers.is_empty())
            .map(|system| system.name.as_str())
            .collect();
        let registered: Vec<&str> = RUNNERS.iter().map(|(name, _)| *name).collect();
        assert_eq!(runnable, registered);
    }
}
