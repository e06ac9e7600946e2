//! Public graphs: where they lie, and how each task on them is trained.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use plm_core::graph::Csr;
use plm_core::rng::Seed;

use super::lab::Twin;
use super::published::{self, Published};
use crate::store::Store;
use crate::systems::Tier;
use plm_lorentz::data::graph::{
    GraphDataset, LinkSplitConfig, NodeSplit, row_normalized, with_degrees,
};
use plm_lorentz::task::graph::GraphRecipe;

/// Everything that can be run with the assets of the store.
pub(super) const SETS: &str =
    "disease-lp,airport-lp,cora-lp,airport-nc,airport-nc-clean,cora-nc,depth";

/// Behind the name of a set of links: with the negatives of HGCN's code.
const COMPAT: &str = "-compat";

/// What the paper has beside them; their files are no assets.
const REST: [&str; 3] = ["pubmed-lp", "pubmed-nc", "disease-nc"];

/// What the twin has on the links of citations, whose features ask for it.
const CITED_LINKS_TWIN: Twin = Twin {
    dropout: 0.5,
    weight_decay: 1e-3,
    ..Twin::PLAIN
};

/// What the twin has on the nodes of citations. Of decoupled decay, .05 shrinks weights by as much a step at
/// this learning rate as GCN's L2 term of 5e-4 is large: .01 · .05 = 5e-4.
const CITED_NODES_TWIN: Twin = Twin {
    dropout: 0.5,
    weight_decay: 0.05,
    ..Twin::PLAIN
};

/// What the twin has on the nodes of the airport graph.
const AIRPORT_NODES_TWIN: Twin = Twin {
    weight_decay: 1e-4,
    ..Twin::PLAIN
};

/// A file of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum File {
    DiseaseLinks,
    DiseaseNodes,
    Airport,
    Cora,
    Pubmed,
}

impl File {
    /// The folder of the store that holds it, and its name there.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::DiseaseLinks => ("hgcn-graphs", "disease_lp.safetensors.gz"),
            Self::DiseaseNodes => ("disease-nc-graph", "disease_nc.safetensors.gz"),
            Self::Airport => ("hgcn-graphs", "airport_nc.safetensors.gz"),
            Self::Cora => ("cora-graph", "cora_planetoid.safetensors.gz"),
            Self::Pubmed => ("pubmed-graph", "pubmed_planetoid.safetensors.gz"),
        }
    }

    /// Where it lies in `store`: in an asset, or in a folder that the user fills.
    ///
    /// # Errors
    /// Where it is not there; the text says how to get it.
    pub(super) fn path(self, store: &Store) -> Result<PathBuf> {
        let (folder, name) = self.place();
        if store.manifest().find(folder).is_ok() {
            return Ok(store.dir(folder)?.join(name));
        }
        let folder = store.root().join(folder);
        let path = folder.join(name);
        ensure!(
            path.is_file(),
            "`{name}` is not in the store and no asset: write the graph as \
             `plm_lorentz::data::graph::read_graph` reads it into {}",
            folder.display()
        );
        Ok(path)
    }

    /// What links are predicted from, degrees aside.
    pub(super) fn link_features(self, graph: &GraphDataset) -> Result<Csr<f32>> {
        Ok(match self {
            Self::DiseaseLinks | Self::DiseaseNodes => graph.features.clone(),
            Self::Airport => {
                let raw = graph.raw_features.as_ref();
                row_normalized(raw.context("the airport graph lacks `raw_feat`")?)?
            }
            Self::Cora | Self::Pubmed => row_normalized(&graph.features)?,
        })
    }

    /// What nodes are classified by.
    pub(super) fn node_features(self, graph: &GraphDataset) -> Result<Csr<f32>> {
        let features = row_normalized(&graph.features)?;
        Ok(match self {
            Self::Airport => with_degrees(&features, &graph.adjacency)?,
            _ => features,
        })
    }
}

/// A graph and a task on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set {
    pub(super) file: File,
    pub(super) task: Task,
    pub(super) recipe: GraphRecipe,
    pub(super) twin: Twin,
    pub(super) figures: Published,
    /// What the Lorentz network must reach at least.
    pub(super) bound: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Task {
    Links(LinkSplitConfig),
    Nodes(Split),
    /// Nodes, by networks of several depths.
    Depth(Split),
}

/// Who trains on which nodes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Split {
    /// That of the file.
    Public,
    /// HGCN's, with so much to validate and to test on.
    Hgcn(f64, f64),
    /// The same without nodes in two parts.
    Clean(f64, f64),
}

impl Split {
    const AIRPORT: Self = Self::Hgcn(0.15, 0.15);

    pub(super) fn draw(self, graph: &GraphDataset, seed: Seed) -> Result<NodeSplit> {
        Ok(match self {
            Self::Public => graph.split.clone().context("the file has no split")?,
            Self::Hgcn(valid, test) => NodeSplit::hgcn_compat(&graph.labels, valid, test, seed)?,
            Self::Clean(valid, test) => NodeSplit::stratified(&graph.labels, valid, test, seed)?,
        })
    }
}

impl Set {
    /// The same with negatives as HGCN's code draws them; there is none but of links.
    fn compat(self) -> Option<Self> {
        let Task::Links(split) = self.task else {
            return None;
        };
        Some(Self {
            task: Task::Links(LinkSplitConfig {
                hgcn_compat: true,
                ..split
            }),
            bound: None,
            ..self
        })
    }

    /// Whether negatives are those of HGCN's code.
    pub(super) fn is_compat(&self) -> bool {
        matches!(self.task, Task::Links(split) if split.hgcn_compat)
    }
}

/// The set called `name`; of links also with `-compat` behind it.
pub(super) fn find(name: &str) -> Option<Set> {
    match name.strip_suffix(COMPAT) {
        Some(name) => plain(name)?.compat(),
        None => plain(name),
    }
}

fn plain(name: &str) -> Option<Set> {
    let links = |file, recipe, figures, bound| Set {
        file,
        task: Task::Links(LinkSplitConfig::default()),
        recipe,
        twin: match file {
            File::Cora | File::Pubmed => CITED_LINKS_TWIN,
            _ => Twin::PLAIN,
        },
        figures,
        bound,
    };
    let nodes = |file, split, recipe, figures, bound| Set {
        file,
        task: Task::Nodes(split),
        recipe,
        twin: match file {
            File::Cora | File::Pubmed => CITED_NODES_TWIN,
            File::Airport => AIRPORT_NODES_TWIN,
            _ => Twin::PLAIN,
        },
        figures,
        bound,
    };
    let airport = |split, figures, bound| {
        let recipe = GraphRecipe::AIRPORT_NODES;
        nodes(File::Airport, split, recipe, figures, bound)
    };
    Some(match name {
        "disease-lp" => links(
            File::DiseaseLinks,
            GraphRecipe::DISEASE_LINKS,
            published::DISEASE_LINKS,
            Some(0.95),
        ),
        "airport-lp" => links(
            File::Airport,
            GraphRecipe::AIRPORT_LINKS,
            published::AIRPORT_LINKS,
            Some(0.955),
        ),
        "cora-lp" => links(
            File::Cora,
            GraphRecipe::CORA_LINKS,
            published::CORA_LINKS,
            Some(0.93),
        ),
        "pubmed-lp" => links(
            File::Pubmed,
            GraphRecipe::PUBMED_LINKS,
            published::PUBMED_LINKS,
            None,
        ),
        "airport-nc" => airport(Split::AIRPORT, published::AIRPORT_NODES, Some(0.9)),
        "airport-nc-clean" => airport(
            Split::Clean(0.15, 0.15),
            published::AIRPORT_NODES_CLEAN,
            None,
        ),
        "depth" => Set {
            task: Task::Depth(Split::AIRPORT),
            ..airport(Split::AIRPORT, Published::default(), None)
        },
        "cora-nc" => nodes(
            File::Cora,
            Split::Public,
            GraphRecipe::CORA_NODES,
            published::CORA_NODES,
            None,
        ),
        "pubmed-nc" => nodes(
            File::Pubmed,
            Split::Public,
            GraphRecipe::PUBMED_NODES,
            published::PUBMED_NODES,
            None,
        ),
        "disease-nc" => nodes(
            File::DiseaseNodes,
            Split::Hgcn(0.1, 0.6),
            GraphRecipe::DISEASE_NODES,
            published::DISEASE_NODES,
            None,
        ),
        _ => return None,
    })
}

/// The names of what a tier runs unless the user names others, and what the paper has beside that is not in
/// `store`.
pub(super) fn defaults(tier: Tier, store: &Store) -> (String, Vec<&'static str>) {
    let mut names = vec![SETS];
    let mut missing = Vec::new();
    if tier == Tier::Paper {
        for name in REST {
            let there = find(name).is_some_and(|set| set.file.path(store).is_ok());
            let list = if there { &mut names } else { &mut missing };
            list.push(name);
        }
    }
    (names.join(","), missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Manifest;

    #[test]
    fn every_name_is_a_set() {
        for name in SETS.split(',').chain(REST) {
            assert!(find(name).is_some(), "{name}");
        }
        assert!(find("cora").is_none());
    }

    #[test]
    fn links_can_have_the_negatives_of_hgcn() {
        for name in ["disease-lp", "airport-lp", "cora-lp", "pubmed-lp"] {
            let own = find(name).unwrap();
            let theirs = find(&format!("{name}-compat")).unwrap();
            assert!(!own.is_compat() && theirs.is_compat(), "{name}");
            assert_eq!((own.file, own.recipe), (theirs.file, theirs.recipe));
            assert_eq!(theirs.bound, None);
        }
        for name in [
            "airport-nc-compat",
            "depth-compat",
            "disease-lp-compat-compat",
        ] {
            assert!(find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn the_papers_sets_are_run_or_named_as_missing() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::at(root.path(), Manifest::committed().unwrap());
        let (real, missing) = defaults(Tier::Real, &store);
        assert_eq!((real.as_str(), missing.len()), (SETS, 0));
        let (paper, missing) = defaults(Tier::Paper, &store);
        assert_eq!((paper.as_str(), &missing[..]), (SETS, &REST[..]));
        let text = File::Pubmed.path(&store).unwrap_err().to_string();
        assert!(
            text.contains("pubmed_planetoid") && text.ends_with("pubmed-graph"),
            "{text}"
        );
        // Assets are fetched.
        let text = File::Cora.path(&store).unwrap_err().to_string();
        assert!(text.contains("fetch cora-graph"), "{text}");
        let (folder, name) = File::Pubmed.place();
        std::fs::create_dir(root.path().join(folder)).unwrap();
        let file = root.path().join(folder).join(name);
        std::fs::write(&file, "").unwrap();
        assert_eq!(File::Pubmed.path(&store).unwrap(), file);
        let (paper, missing) = defaults(Tier::Paper, &store);
        assert_eq!(paper, format!("{SETS},pubmed-lp,pubmed-nc"));
        assert_eq!(missing, ["disease-nc"]);
    }
}
