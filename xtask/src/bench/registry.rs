//! Which benchmarks there are.

use anyhow::Result;

use super::{Context, Plan};

/// Makes a benchmark's cases: loads the models, prepares the inputs.
pub type Planner = fn(&Context) -> Result<Plan>;

/// Name and description, one line a benchmark.
pub const BENCHES: &[(&str, &str)] = &[(
    "core",
    "MiniLM-L6: load, forward, training step, latency, memory",
)];

/// Name and function, in the order of [`BENCHES`]. Empty in a build without the models.
#[cfg(feature = "repro")]
pub const PLANNERS: &[(&str, Planner)] = &[("core", super::core::plan)];

/// Name and function, in the order of [`BENCHES`]. Empty in a build without the models.
#[cfg(not(feature = "repro"))]
pub const PLANNERS: &[(&str, Planner)] = &[];

/// The benchmark called `name`, where this build holds it.
pub fn find(name: &str) -> Option<Planner> {
    PLANNERS
        .iter()
        .find(|(other, _)| *other == name)
        .map(|(_, planner)| *planner)
}

#[cfg(all(test, feature = "repro"))]
mod tests {
    use super::*;

    #[test]
    fn every_benchmark_has_its_function() {
        let listed: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
        let planned: Vec<&str> = PLANNERS.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, planned);
    }
}
