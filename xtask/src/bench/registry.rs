//! Which benchmarks there are.

use anyhow::Result;

use super::{Context, Plan};

/// Makes a benchmark's cases: loads the models, prepares the inputs.
pub type Planner = fn(&Context) -> Result<Plan>;

/// A benchmark as it is listed.
#[derive(Debug, Clone, Copy)]
pub struct Bench {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it measures.
    pub about: &'static str,
    /// The peer's script in `benches/peers`.
    pub peer: &'static str,
}

/// All benchmarks.
pub const BENCHES: &[Bench] = &[
    Bench {
        name: "core",
        about: "MiniLM-L6: load, forward, training step, latency, memory",
        peer: "torch_bert.py",
    },
    Bench {
        name: "pretrain",
        about: "the loss curve of `cargo xtask pretrain` at plm-mini's size on IMDB's training reviews, both \
                sides from the same weights on the same masked windows: ratios near 1 mean the same curve",
        peer: "torch_pretrain.py",
    },
    Bench {
        name: "graph-imbalance",
        about: "a GCN's training step on Cora, Totoro on growing graphs (PLM_BENCH_LARGE=1 adds the \
                largest), sparse products",
        peer: "torch_geometric_gcn.py",
    },
    Bench {
        name: "moe",
        about: "layers of experts against dense ones, a whole encoder, conversion",
        peer: "torch_ffn.py",
    },
    Bench {
        name: "prompt",
        about: "a step of prompt tuning on plm-mini, what frozen weights and the short head save",
        peer: "torch_prompt.py",
    },
    Bench {
        name: "distill",
        about: "a step of distillation from MiniLM-L6 to its first three layers, live and cached teachers",
        peer: "torch_distill.py",
    },
    Bench {
        name: "backdoor",
        about: "a check of RAP, STRIP and ONION on long texts, a step of RAP's construction",
        peer: "torch_backdoor.py",
    },
    Bench {
        name: "ie-markers",
        about: "packed markers against one span a row and the published padding, extraction",
        peer: "torch_plmarker.py",
    },
    Bench {
        name: "event-contrast",
        about: "reading and writing PENMAN, encoding once a sentence, a step of the graph encoder",
        peer: "torch_gin.py",
    },
    Bench {
        name: "lorentz",
        about: "hyperbolic layers and attention against Euclidean ones, knowledge-graph completion",
        peer: "torch_lorentz.py",
    },
];

/// Name and function, in the order of [`BENCHES`]. Empty in a build without the models.
#[cfg(feature = "repro")]
pub const PLANNERS: &[(&str, Planner)] = &[
    ("core", super::core::plan),
    ("pretrain", super::pretrain::plan),
    ("graph-imbalance", super::graph_imbalance::plan),
    ("moe", super::moe::plan),
    ("prompt", super::prompt::plan),
    ("distill", super::distill::plan),
    ("backdoor", super::backdoor::plan),
    ("ie-markers", super::ie_markers::plan),
    ("event-contrast", super::event_contrast::plan),
    ("lorentz", super::lorentz::plan),
];

/// Name and function, in the order of [`BENCHES`]. Empty in a build without the models.
#[cfg(not(feature = "repro"))]
pub const PLANNERS: &[(&str, Planner)] = &[];

/// The planner of the benchmark called `name`, where this build holds it.
pub fn find(name: &str) -> Option<Planner> {
    PLANNERS
        .iter()
        .find(|(other, _)| *other == name)
        .map(|(_, planner)| *planner)
}

#[cfg(all(test, feature = "repro"))]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn every_benchmark_has_its_function_and_its_peer() {
        let listed: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
        let planned: Vec<&str> = PLANNERS.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, planned);
        for bench in BENCHES {
            let workspace = Workspace::find().unwrap();
            let script = workspace.root().join("benches/peers").join(bench.peer);
            assert!(script.is_file(), "{}", script.display());
        }
    }
}
