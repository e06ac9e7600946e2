//! Runs that are stopped and go on.

use plm_core::config::EncoderFamily;
use plm_core::train::{CheckpointConfig, Every};
use plm_prompt::tune::{TuneSettings, tune};
use plm_prompt::{Choice, SoftPrompt};

use super::support::{SLOTS, devices, masked_lm, prompt, settings, word_tasks};

#[test]
fn the_same_seed_gives_the_same_prompt_and_a_stopped_run_goes_on() {
    for (name, device) in devices() {
        let model = masked_lm(EncoderFamily::Bert, &device);
        let set = word_tasks(&[3], Choice::Own);
        let dir = tempfile::tempdir().unwrap();
        let start = prompt(SLOTS, 1);
        let run = |steps, checkpoint: Option<CheckpointConfig>| {
            let settings = TuneSettings {
                checkpoint,
                ..settings(steps)
            };
            let source = SoftPrompt::new(&start, &device);
            let tuned = tune(&model, source, &set, None, &settings, None).unwrap();
            tuned.source.to_matrix()
        };
        let straight = run(12, None);
        assert_eq!(run(12, None), straight, "{name}");
        let place = || Some(CheckpointConfig::new(dir.path()));
        let half = run(7, place());
        assert_ne!(half, straight, "{name}");
        assert_eq!(run(12, place()), straight, "{name}");
    }
}

#[test]
fn a_run_that_goes_on_has_all_its_curves() {
    for (name, device) in devices() {
        let model = masked_lm(EncoderFamily::Bert, &device);
        let set = word_tasks(&[3], Choice::Own);
        let dir = tempfile::tempdir().unwrap();
        let run = |steps, checkpoint: Option<CheckpointConfig>| {
            let settings = TuneSettings {
                checkpoint,
                evaluate: Every::Steps(4),
                evaluate_initial: true,
                ..settings(steps)
            };
            let source = SoftPrompt::new(&prompt(SLOTS, 1), &device);
            tune(&model, source, &set, Some(&set), &settings, None).unwrap()
        };
        let straight = run(24, None);
        let place = || Some(CheckpointConfig::new(dir.path()));
        assert_eq!(run(12, place()).report.resumed_from, None, "{name}");
        let resumed = run(24, place());
        assert_eq!(resumed.report.resumed_from, Some(12), "{name}");
        assert_eq!(resumed.source.to_matrix(), straight.source.to_matrix());
        for (found, expected, steps) in [
            (
                &resumed.curve,
                &straight.curve,
                vec![0, 4, 8, 12, 16, 20, 24],
            ),
            (&resumed.losses, &straight.losses, vec![10, 20]),
        ] {
            let own: Vec<u64> = found.iter().map(|point| point.step).collect();
            assert_eq!(own, steps, "{name}");
            assert_eq!(expected.len(), steps.len(), "{name}");
            for (found, expected) in found.iter().zip(expected) {
                assert_eq!(found.step, expected.step, "{name}");
                let gap = (found.score - expected.score).abs();
                assert!(gap < 1e-6, "{name}: {found:?} against {expected:?}");
            }
        }
    }
}
