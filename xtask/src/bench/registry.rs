//! Which benchmarks there are.

use anyhow::{Result, bail, ensure};

use super::{Context, Plan};
use crate::report::table;
use crate::store::Store;

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
    /// Assets of the store that must be there.
    pub needs: &'static [&'static str],
}

impl Bench {
    /// What to do where the peer does not run.
    pub fn peer_help(&self) -> String {
        format!(
            "the peer of `{}` needs Python with the libraries of `benches/peers/{}` (`--python PATH`), or use \
             `--peer none`",
            self.name, self.peer
        )
    }
}

/// All benchmarks.
pub const BENCHES: &[Bench] = &[
    Bench {
        name: "core",
        about: "MiniLM-L6: load, forward, training step, latency, memory",
        peer: "torch_bert.py",
        needs: &["minilm-l6"],
    },
    Bench {
        name: "pretrain",
        about: "the loss curve of `cargo xtask pretrain` at plm-mini's size on IMDB's training reviews, both \
                sides from the same weights on the same masked windows: ratios near 1 mean the same curve",
        peer: "torch_pretrain.py",
        needs: &["imdb"],
    },
    Bench {
        name: "graph-imbalance",
        about: "a GCN's training step on Cora, Totoro on growing graphs (PLM_BENCH_LARGE=1 adds the \
                largest), sparse products",
        peer: "torch_geometric_gcn.py",
        needs: &["cora-planetoid", "cora-graph"],
    },
    Bench {
        name: "moe",
        about: "layers of experts against dense ones, a whole encoder, conversion",
        peer: "torch_ffn.py",
        needs: &[],
    },
    Bench {
        name: "prompt",
        about: "a step of prompt tuning on plm-mini, what frozen weights and the short head save",
        peer: "torch_prompt.py",
        needs: &[],
    },
    Bench {
        name: "distill",
        about: "a step of distillation from MiniLM-L6 to its first three layers, live and cached teachers",
        peer: "torch_distill.py",
        needs: &["minilm-l6"],
    },
    Bench {
        name: "backdoor",
        about: "a check of RAP, STRIP and ONION on long texts, a step of RAP's construction",
        peer: "torch_backdoor.py",
        needs: &["minilm-l6"],
    },
    Bench {
        name: "ie-markers",
        about: "packed markers against one span a row and the published padding, extraction",
        peer: "torch_plmarker.py",
        needs: &["minilm-l6"],
    },
    Bench {
        name: "event-contrast",
        about: "reading and writing PENMAN, encoding once a sentence, a step of the graph encoder",
        peer: "torch_gin.py",
        needs: &[],
    },
    Bench {
        name: "lorentz",
        about: "hyperbolic layers and attention against Euclidean ones, knowledge-graph completion",
        peer: "torch_lorentz.py",
        needs: &[],
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

/// A table of all benchmarks and what they need.
pub fn list() -> String {
    let rows: Vec<Vec<String>> = (BENCHES.iter())
        .map(|bench| {
            let needs = match bench.needs {
                [] => "nothing".to_owned(),
                needs => needs.join(", "),
            };
            vec![bench.name.to_owned(), needs, bench.about.to_owned()]
        })
        .collect();
    table(&["benchmark", "needs", "what"], &rows)
}

/// The benchmark called `name`.
///
/// # Errors
/// Where there is none; the text lists those there are.
pub fn named(name: &str) -> Result<&'static Bench> {
    let found = BENCHES.iter().find(|bench| bench.name == name);
    let known: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
    match found {
        Some(bench) => Ok(bench),
        None => bail!(
            "no benchmark is called `{name}`; there are: {}",
            known.join(", ")
        ),
    }
}

/// Refuses `benches` that cannot be measured, before minutes of building: with no sample or thread, with a
/// number type that one of them does not take, or without its assets.
///
/// # Errors
/// Says what is wrong, and how missing assets can be had.
pub fn check(
    benches: &[Bench],
    dtype: &str,
    rounds: Option<usize>,
    threads: Option<usize>,
    store: &Store,
) -> Result<()> {
    ensure!(
        rounds != Some(0),
        "--rounds 0: at least one sample is needed"
    );
    ensure!(
        threads != Some(0),
        "--threads 0: at least one thread is needed"
    );
    let mut missing = Vec::new();
    for Bench { name, needs, .. } in benches {
        ensure!(
            dtype == "f32" || *name == "core",
            "bench {name} --dtype {dtype}: only core is measured in other types than f32"
        );
        let assets = needs.iter().filter_map(|asset| store.dir(asset).err());
        missing.extend(assets.map(|error| format!("\n  {name}: {error:#}")));
    }
    ensure!(
        missing.is_empty(),
        "assets are missing:{}",
        missing.concat()
    );
    Ok(())
}

/// The planner of the benchmark called `name`, where this build holds it.
pub fn find(name: &str) -> Option<Planner> {
    PLANNERS
        .iter()
        .find(|(other, _)| *other == name)
        .map(|(_, planner)| *planner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Manifest;
    use crate::workspace::Workspace;

    #[cfg(feature = "repro")]
    #[test]
    fn every_benchmark_has_its_function() {
        let listed: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
        let planned: Vec<&str> = PLANNERS.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, planned);
    }

    #[test]
    fn every_benchmark_has_its_peer_and_its_assets() {
        let manifest = Manifest::committed().unwrap();
        let workspace = Workspace::find().unwrap();
        for bench in BENCHES {
            let script = workspace.root().join("benches/peers").join(bench.peer);
            assert!(script.is_file(), "{}", script.display());
            for asset in bench.needs {
                manifest.find(asset).unwrap();
            }
        }
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::at(root.path(), Manifest::committed().unwrap());
        let (core, moe) = (*named("core").unwrap(), *named("moe").unwrap());
        let said = |benches: &[Bench], dtype, rounds, threads| {
            let checked = check(benches, dtype, rounds, threads, &store);
            checked.map_or_else(|error| error.to_string(), |()| String::new())
        };
        assert_eq!(said(&[moe], "f32", Some(1), Some(1)), "");
        assert!(said(&[moe], "f32", Some(0), None).contains("--rounds 0"));
        assert!(said(&[moe], "f32", None, Some(0)).contains("--threads 0"));
        assert!(said(&[moe], "f16", None, None).contains("bench moe --dtype f16"));
        let text = said(&[moe, core], "f32", None, None);
        assert!(
            text.contains("core: asset `minilm-l6`") && !text.contains("moe: "),
            "{text}"
        );
        assert!(said(&[core], "bf16", None, None).contains("minilm-l6"));
    }

    #[test]
    fn lists_name_every_benchmark() {
        let text = list();
        assert!(
            BENCHES.iter().all(|bench| text.contains(bench.about)),
            "{text}"
        );
        let text = named("cores").unwrap_err().to_string();
        assert!(
            text.contains("`cores`") && text.contains("core, pretrain"),
            "{text}"
        );
    }
}
