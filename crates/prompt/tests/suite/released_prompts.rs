//! Similarities of the prompts that Su et al. released (thunlp/Prompt-Transferability at 2d15de5,
//! MIT), one safetensors file for each model in the folder `trained-prompts` of the store `$PLM_STORE`.

use std::path::{Path, PathBuf};

use plm_prompt::catalog::{Backbone, tasks};
use plm_prompt::published::{pair_similarities, similarity_figures, transfer_matrix};
use plm_prompt::similarity::{EmbeddingMetric, SimilarityMatrix, Slots, TransferCorrelation};
use plm_prompt::{PromptMatrix, TaskLabel};
use safetensors::SafeTensors;

/// The folder with the files, if the store has it.
#[expect(clippy::print_stderr, reason = "says why a test checks nothing")]
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("PLM_STORE").map(|root| Path::new(&root).join("trained-prompts"));
    let folder = folder.filter(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("skipped: trained-prompts not in the store that PLM_STORE names");
    }
    folder
}

/// The prompts for `backbone`, in the order of the tasks.
fn prompts(folder: &Path, backbone: Backbone) -> Vec<(TaskLabel, PromptMatrix)> {
    let name = backbone.name().replace('-', "_");
    let bytes = std::fs::read(folder.join(format!("{name}.safetensors"))).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tasks = tasks()
        .iter()
        .filter(|task| backbone.is_t5() || task.masked_template.is_some());
    let read = |task: &plm_prompt::catalog::Task| {
        let key = format!("{}Prompt{}", task.file_name, backbone.file_suffix());
        let tensor = file.tensor(&key).unwrap();
        let [rows, width] = *tensor.shape() else {
            panic!("{key} has shape {:?}", tensor.shape());
        };
        assert_eq!(width, backbone.width());
        let bytes = tensor.data().as_chunks::<4>().0;
        let values = bytes
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect();
        (
            task.label(),
            PromptMatrix::new(rows, width, values).unwrap(),
        )
    };
    tasks.map(read).collect()
}

fn matrix(prompts: &[(TaskLabel, PromptMatrix)], metric: EmbeddingMetric) -> SimilarityMatrix {
    let labels = prompts.iter().map(|(label, _)| label.clone()).collect();
    let similarity =
        |i: usize, j: usize| metric.similarity(&prompts[i].1, &prompts[j].1, Slots::All);
    SimilarityMatrix::from_fn(labels, similarity).unwrap()
}

/// `found` rounds to `expected` at so many decimals.
fn assert_rounds(found: f64, expected: f64, decimals: i32, context: &str) {
    let error = (found - expected).abs();
    assert!(
        error <= 0.5001 * 10_f64.powi(-decimals),
        "{context}: {found} for {expected}"
    );
}

#[test]
fn pairs_are_as_similar_as_measured_before() {
    let Some(folder) = folder() else { return };
    for pair in pair_similarities() {
        let prompts = prompts(&folder, pair.backbone);
        let of = |name| {
            &prompts
                .iter()
                .find(|(label, _)| label.name == name)
                .unwrap()
                .1
        };
        for (metric, expected) in EmbeddingMetric::ALL.into_iter().zip(pair.similarities) {
            let [a, b] = pair.tasks;
            let found = metric.similarity(of(a), of(b), Slots::All).unwrap();
            let context = format!("{} of {a} and {b}, {}", metric.name(), pair.backbone.name());
            assert_rounds(found, expected, 6, &context);
        }
    }
}

/// How far a correlation may lie from one with the scores before they were rounded: rounding makes
/// ties, and breaking them in favor of the similarity or against it moves the mean per target by up
/// to 0.1 to either side.
const ROUNDED_SCORES: f64 = 0.015;

#[test]
fn means_and_correlations_are_as_measured_before() {
    let Some(folder) = folder() else { return };
    for figures in similarity_figures() {
        let prompts = prompts(&folder, figures.backbone);
        let transfer = transfer_matrix(figures.backbone).unwrap();
        for metric in EmbeddingMetric::ALL {
            let similarity = matrix(&prompts, metric);
            let context = format!("{}, {}", metric.name(), figures.backbone.name());
            let means = similarity.group_means();
            if let Some([same, different]) = figures.means(metric) {
                assert_rounds(means.same_type.unwrap(), same, 4, &context);
                assert_rounds(means.different_type.unwrap(), different, 4, &context);
            }
            if let Some(transfer) = &transfer {
                let found = TransferCorrelation::new(&similarity, transfer).unwrap();
                let mean = found.per_target.included.mean.unwrap();
                let error = (mean - figures.spearman(metric)).abs();
                assert!(error < ROUNDED_SCORES, "{context}: {mean}");
            }
        }
    }
}

#[test]
fn correlations_of_roberta_large_differ_by_the_way_of_counting() {
    let Some(folder) = folder() else { return };
    let backbone = Backbone::RobertaLarge;
    let similarity = matrix(
        &prompts(&folder, backbone),
        EmbeddingMetric::EuclideanConcat,
    );
    let transfer = transfer_matrix(backbone).unwrap().unwrap();
    let found = TransferCorrelation::new(&similarity, &transfer).unwrap();
    let ways = [
        (found.per_target.excluded, -0.07),
        (found.per_source.included, 0.52),
        (found.global.excluded, 0.28),
    ];
    for (found, expected) in ways {
        assert_rounds(found.mean.unwrap(), expected, 2, "E_concat, roberta-large");
        assert_eq!(found.undefined, 0);
    }
}
