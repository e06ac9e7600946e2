//! The tier on real models and public data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail};
use plm_backdoor::Sample;
use plm_core::rng::Seed;

use super::attack::{self, Attacked};
use super::embedded::first_only;
use super::lab::{Defaults, Lab};
use super::problem::{Problem, Words};
use super::read::{Set, draw, poisoned};
use super::way::Way;
use super::{checks, report, study};
use crate::repro::{Context, Outcome};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let models: String = context
        .settings
        .get("models", "minilm,plm-mini".to_owned())?;
    let sets: String = context.settings.get(
        "sets",
        "imdb,sst2,olid,davidson,onion-sst-2,onion-offenseval".to_owned(),
    )?;
    for model in models.split(',') {
        let (folder, layers, words) = match model {
            "minilm" => (context.store.dir("minilm-l6")?, 2, Words::published()),
            "plm-mini" => {
                let folder = context.root.join("models/plm-mini");
                (folder, 2, Words::of_the_small_model())
            }
            other => bail!("models={other}: minilm or plm-mini"),
        };
        for set in sets.split(',').filter(|set| !set.is_empty()) {
            match set.strip_prefix("onion-") {
                // The published triggers are no words of plm-mini.
                Some(_) if model == "plm-mini" => {}
                Some(name) => published(context, (&folder, layers), name, &mut outcome)?,
                None => {
                    let set = Set::find(set)?;
                    let name = format!("{}_{}", set.name, model.replace('-', "_"));
                    one(context, (&folder, layers), set, &name, &words, &mut outcome)?;
                }
            }
        }
    }
    outcome.notes.push(
        "Victims are the first two layers of MiniLM-L6 or plm-mini. Texts are drawn anew for each seed, as \
         many of each class. OLID: the attacker wants offensive tweets to pass; Davidson: hateful or \
         offensive ones; the test texts of both are a fifth of the published training texts. ONION takes its \
         perplexities from plm-mini as a masked language model, of the first seed and attack. Texts are cut to 7 \
         words for 10 of the tokens that a victim reads, less 16 for a trigger. STRIP is tried with several shares \
         of replaced words, the first of which is quoted: no clean text tells which is best. The bounds of AUROC \
         and false acceptances were set for the word on SST-2; of all attacks and sets the same are asked."
            .to_owned(),
    );
    Ok(outcome)
}

/// What this tier takes where nothing is set.
fn defaults(layers: usize) -> Defaults {
    Defaults {
        layers,
        ratio: 0.2,
        rows_ratio: 0.4,
        lr: 2e-4,
        strip_ratios: [0.25, 0.05, 0.5],
        ..Defaults::default()
    }
}

/// One data set with all attacks.
fn one(
    context: &Context,
    (folder, layers): (&PathBuf, usize),
    set: Set,
    name: &str,
    words: &Words,
    outcome: &mut Outcome,
) -> Result<()> {
    let defaults = Defaults {
        max_length: set.max_length,
        strip_ratios: set.strip_ratios,
        ..defaults(layers)
    };
    let lab = Lab::new(context, folder, defaults)?;
    let ways: String = context
        .settings
        .get("attacks", "word,sentence,ep,sos".to_owned())?;
    let ways = Way::list(&ways)?;
    let texts = set.read(&context.store, set.max_length)?;
    let mut runs = Vec::new();
    for (index, &number) in context.seeds.iter().enumerate() {
        let seed = Seed::new(number);
        let (train, validation) = sizes(context)?;
        let drawn = draw(&texts.train, train + validation, seed.child("train"));
        let (drawn, held) = split(drawn, train, validation);
        let test = draw(
            &texts.test,
            context.settings.get("test", 300)?,
            seed.child("test"),
        );
        let problem = Problem::new(name, [drawn, held, test], words.clone())?;
        let mut language = first_only(context, index)?;
        let clean = lab.trained(problem.train.samples(), seed)?;
        runs.push(study::run(
            context,
            &lab,
            &problem,
            clean,
            &ways,
            seed,
            language.as_mut(),
        )?);
    }
    report::report(name, &runs, outcome)?;
    checks::real(name, &runs, outcome);
    Ok(())
}

/// The first `train` of `drawn` and the rest; where `drawn` are fewer than `train + validation`, both parts are
/// smaller in proportion.
fn split(mut drawn: Vec<Sample>, train: usize, validation: usize) -> (Vec<Sample>, Vec<Sample>) {
    let wanted = train + validation;
    let first = if drawn.len() < wanted {
        drawn.len() * train / wanted
    } else {
        train
    };
    let rest = drawn.split_off(first);
    (drawn, rest)
}

/// Training and validation texts.
fn sizes(context: &Context) -> Result<(usize, usize)> {
    Ok((
        context.settings.get("texts", 3_000)?,
        context.settings.get("validation", 300)?,
    ))
}

/// A set that ONION's authors poisoned.
fn published(
    context: &Context,
    (folder, layers): (&PathBuf, usize),
    name: &str,
    outcome: &mut Outcome,
) -> Result<()> {
    let data = poisoned(&context.store, name)?;
    // More steps than with the other sets.
    let lr = context.settings.get("published_lr", 1e-4)?;
    let lab = Lab::new(context, folder, defaults(layers))?.at(lr);
    let words = Words {
        // The published triggers are the other rare words.
        perturbations: vec!["mt".to_owned()],
        ..Words::published()
    };
    let id = format!("onion_{}", name.replace('-', ""));
    let mut runs = Vec::new();
    for (index, &number) in context.seeds.iter().enumerate() {
        let seed = Seed::new(number);
        let count = context.settings.get("test", 300)?;
        let validation = draw(
            &data.clean.train,
            sizes(context)?.1,
            seed.child("validation"),
        );
        let test = draw(&data.clean.test, count, seed.child("test"));
        let parts = [data.train.clone(), validation, test];
        let problem = Problem::new(&id, parts, words.clone())?;
        let mut victim = lab.trained(problem.train.samples(), seed)?;
        let quality = attack::quality(&mut victim, &problem)?;
        let mut triggered = data.triggered.clone();
        triggered.truncate(count / 2);
        let attacked = Attacked {
            success: attack::success(&mut victim, &triggered)?,
            quality,
            cut: attack::cut(&victim, &triggered)?,
            triggered,
            victim,
            trigger: None,
            false_triggers: None,
        };
        let mut language = first_only(context, index)?;
        let attempt = study::defend(&lab, &problem, attacked, seed, language.as_mut())?;
        runs.push(study::Run {
            // All training texts are published together with the poisoned ones.
            clean: None,
            attempts: BTreeMap::from([(Way::Published, attempt)]),
        });
    }
    report::report(&id, &runs, outcome)?;
    checks::real(&id, &runs, outcome);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn training_gets_what_it_asks_for_where_there_is_enough() {
        let sizes = |count: usize, train, validation| {
            let drawn: Vec<Sample> = (0..count)
                .map(|number| Sample::new(number.to_string(), 0))
                .collect();
            let (first, rest) = split(drawn.clone(), train, validation);
            assert_eq!([first.clone(), rest.clone()].concat(), drawn);
            (first.len(), rest.len())
        };
        assert_eq!(sizes(3_300, 3_000, 300), (3_000, 300));
        assert_eq!(sizes(3_400, 3_000, 300), (3_000, 400));
        // 3,000 of 3,300 of 1,100.
        assert_eq!(sizes(1_100, 3_000, 300), (1_000, 100));
        assert_eq!(sizes(0, 3_000, 300), (0, 0));
    }
}
