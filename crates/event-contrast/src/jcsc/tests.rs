use plm_core::metrics::adjusted_rand_index;
use plm_core::rng::Seed;
use rand::RngExt;

use super::*;
use crate::cluster::Similarity;

/// Noisy bundles: item i lies near axis `labels[i]`.
fn bundles(labels: &[usize], width: usize, noise: f32, seed: u64) -> Similarity {
    let mut rng = Seed::new(seed).rng();
    let rows: Vec<f32> = labels
        .iter()
        .flat_map(|&label| (0..width).map(move |at| if at == label { 1.0 } else { 0.0 }))
        .map(|mean: f32| mean + rng.random_range(-noise..noise))
        .collect();
    Similarity::cosine(&rows, width).unwrap()
}

fn link(trigger: usize, argument: usize) -> Link {
    Link {
        trigger,
        argument,
        role: 0,
    }
}

/// Three types of events whose arguments are of three types; trigger i has argument i.
fn clean() -> (Similarity, Similarity, Links, Vec<usize>) {
    let labels: Vec<usize> = (0..18).map(|item| item / 6).collect();
    let links = Links::new(18, 18, (0..18).map(|item| link(item, item)).collect()).unwrap();
    let similarity = |seed| bundles(&labels, 6, 0.15, seed);
    (similarity(1), similarity(2), links, labels)
}

#[test]
fn the_grid_finds_the_number_of_clusters() {
    let (triggers, arguments, links, labels) = clean();
    for objective_on in [ObjectiveOn::Base, ObjectiveOn::Updated] {
        let settings = Jcsc {
            objective_on,
            ..Jcsc::new(2..=5, 2..=4)
        };
        let fit = settings.fit(&triggers, &arguments, &links).unwrap();
        assert_eq!(
            (&fit.trigger_labels, &fit.argument_labels),
            (&labels, &labels)
        );
        assert_eq!(
            (fit.best.trigger_clusters, fit.best.argument_clusters),
            (3, 3)
        );
        let least = fit
            .steps
            .iter()
            .map(|step| step.objective)
            .fold(f64::INFINITY, f64::min);
        assert_eq!(fit.best.objective, least);
        let grid: std::collections::BTreeSet<_> = fit
            .steps
            .iter()
            .map(|step| (step.trigger_clusters, step.argument_clusters))
            .collect();
        assert_eq!(grid.len(), 12);
        assert!(fit.steps.iter().all(|step| step.iteration <= 10));
    }
}

#[test]
fn the_first_objective_is_that_of_the_plain_clusterings() {
    let (triggers, arguments, links, labels) = clean();
    let fit = Jcsc::new(3..=3, 3..=3)
        .fit(&triggers, &arguments, &links)
        .unwrap();
    let expected = clustering_objective(&labels, &triggers).unwrap()
        + clustering_objective(&labels, &arguments).unwrap();
    assert_eq!(fit.steps[0].iteration, 0);
    assert!((fit.steps[0].objective - expected).abs() < 1e-9);
    let none = Jcsc {
        iterations: 0,
        ..Jcsc::new(3..=3, 3..=3)
    };
    let fit = none.fit(&triggers, &arguments, &links).unwrap();
    assert_eq!((fit.steps.len(), fit.best.iteration), (1, 0));
}

#[test]
fn arguments_tell_apart_what_triggers_do_not() {
    // Triggers carry almost no information; their arguments do.
    let labels: Vec<usize> = (0..24).map(|item| item / 12).collect();
    let triggers = bundles(&labels, 12, 0.9, 3);
    let arguments = bundles(&labels, 12, 0.1, 4);
    let links = Links::new(24, 24, (0..24).map(|item| link(item, item)).collect()).unwrap();
    let rand_index = |iterations| {
        let settings = Jcsc {
            iterations,
            ..Jcsc::new(2..=2, 2..=2)
        };
        let fit = settings.fit(&triggers, &arguments, &links).unwrap();
        // Updated similarities lie higher within clusters, so that constrained rounds win.
        assert_eq!(fit.best.iteration > 0, iterations > 0);
        adjusted_rand_index(&labels, &fit.trigger_labels).unwrap()
    };
    assert!(rand_index(0) < 0.5, "{}", rand_index(0));
    assert_eq!(rand_index(10), 1.0);
}

#[test]
fn threads_do_not_matter_and_unlinked_items_are_allowed() {
    let labels: Vec<usize> = (0..20).map(|item| item % 3).collect();
    let triggers = bundles(&labels, 5, 0.6, 5);
    let arguments = bundles(&labels[..15], 5, 0.6, 6);
    let links = (0..12).map(|item| link(item, (item * 7) % 15)).collect();
    let links = Links::new(20, 15, links).unwrap();
    let run = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| {
                Jcsc::new(2..=4, 2..=3)
                    .fit(&triggers, &arguments, &links)
                    .unwrap()
            })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn faults_are_named() {
    let (triggers, arguments, links, _) = clean();
    let text = |settings: Jcsc| {
        let result = settings.fit(&triggers, &arguments, &links);
        result.unwrap_err().to_string()
    };
    assert!(text(Jcsc::new(0..=2, 2..=2)).contains("trigger clusters: 0 to 2"));
    assert!(
        text(Jcsc::new(2..=2, 2..=19))
            .contains("argument clusters: 2 to 19; must rise within 1 to 18")
    );
    let (high, low) = (4, 3);
    assert!(text(Jcsc::new(high..=low, 2..=2)).contains("4 to 3"));
    let few = Links::new(17, 18, Vec::new()).unwrap();
    let error = Jcsc::new(2..=2, 2..=2)
        .fit(&triggers, &arguments, &few)
        .unwrap_err()
        .to_string();
    assert!(error.contains("between 17 triggers"), "{error}");
}
