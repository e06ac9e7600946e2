//! Ways to give a victim its back door.

use std::path::Path;

use anyhow::{Result, bail};
use plm_backdoor::Sample;
use plm_backdoor::attack::surgery::{Surgery, important_words, mean_row};
use plm_backdoor::attack::{
    Attack, DataFree, FakeTexts, Mixture, Poison, PoisonSetting, Sos, Trigger,
};
use plm_backdoor::model::{
    PenaltySettings, RowScaling, RowSettings, TrainingLoss, Victim, fine_tune, penalized,
    poison_rows,
};
use plm_core::rng::Seed;
use plm_core::text::EncodeOptions;

use super::lab::Lab;
use super::problem::{CLASSES, Problem, TARGET};

/// An attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// BadNet with a rare word.
    Word,
    /// BadNet with a sentence.
    Sentence,
    /// Embedding poisoning: the word's vector alone, on poisoned texts.
    Embedding,
    /// SOS: the vectors of several words that act only together.
    Several,
    /// Embedding poisoning on texts of random words.
    DataFree,
    /// RIPPLES: embedding surgery, the penalty, then training on clean texts.
    Penalty,
    /// The word, with a loss on every layer.
    Layerwise,
    /// The word in texts of the target class alone.
    CleanLabel,
    /// The word, then training on clean texts.
    Tuned,
    /// A published set with words in its texts.
    Published,
}

impl Way {
    const ALL: [(&'static str, Self); 9] = [
        ("word", Self::Word),
        ("sentence", Self::Sentence),
        ("ep", Self::Embedding),
        ("sos", Self::Several),
        ("dfep", Self::DataFree),
        ("ripples", Self::Penalty),
        ("lwp", Self::Layerwise),
        ("clean-label", Self::CleanLabel),
        ("word-tuned", Self::Tuned),
    ];

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, way)| *way == self)
            .map_or("published", |(name, _)| name)
    }

    /// The attacks in a list of names with commas.
    pub(super) fn list(names: &str) -> Result<Vec<Self>> {
        names
            .split(',')
            .map(|name| {
                let found = Self::ALL.iter().find(|(known, _)| *known == name);
                let Some((_, way)) = found else {
                    let known: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
                    bail!("no attack `{name}`; there are: {}", known.join(", "));
                };
                Ok(*way)
            })
            .collect()
    }

    /// What it inserts.
    pub(super) fn trigger(self, problem: &Problem) -> Trigger {
        match self {
            Self::Sentence => problem.words.sentence(),
            Self::Several => problem.words.several(),
            _ => problem.words.word(),
        }
    }
}

/// A victim attacked that `way`. `clean` is one that was trained on clean texts; manifests go to `folder`.
pub(super) fn victim(
    lab: &Lab,
    problem: &Problem,
    clean: &Victim,
    way: Way,
    seed: Seed,
    folder: &Path,
) -> Result<Victim> {
    let words = &problem.words;
    let run = |plan: Attack, clean: &plm_backdoor::data::Dataset| -> Result<Vec<Sample>> {
        let set = plan.run(clean)?;
        let name = format!("{}-{}-{}.json", problem.name, way.name(), seed.value());
        set.manifest.write(folder.join(name))?;
        Ok(set.samples.into_iter().map(|made| made.sample).collect())
    };
    let word = Poison {
        ratio: lab.ratio,
        ..Poison::bad_net_word(&words.trigger, TARGET, seed)
    };
    let rows = |several: bool| RowSettings {
        scaling: if several {
            RowScaling::Smallest
        } else {
            RowScaling::None
        },
        seed: seed.child("rows"),
        ..lab.rows
    };
    let changed = |triggers: &[&str], samples: &[Sample], rows: &RowSettings| -> Result<Victim> {
        let (patch, _) = poison_rows(clean, triggers, samples, rows)?;
        let mut model = clean.model.clone();
        patch.apply(&mut model)?;
        Ok(clean.with_model(model))
    };
    match way {
        Way::Published => bail!("a published set is read, not made"),
        Way::Word | Way::Tuned => {
            let samples = run(Attack::Poison(word), &problem.train)?;
            let victim = lab.trained(&samples, seed)?;
            if way == Way::Word {
                return Ok(victim);
            }
            let clean = problem.train.samples();
            Ok(fine_tune(
                &victim,
                clean,
                &lab.fit(seed.child("after")),
                None,
            )?)
        }
        Way::Layerwise => {
            let samples = run(Attack::Poison(word), &problem.train)?;
            let fit = plm_backdoor::model::FineTuning {
                loss: TrainingLoss::Layerwise,
                ..lab.fit(seed)
            };
            Ok(fine_tune(&lab.fresh(seed)?, &samples, &fit, None)?)
        }
        Way::CleanLabel => {
            let poison = Poison {
                setting: PoisonSetting::Clean,
                ratio: 0.5,
                ..word
            };
            let samples = run(Attack::Poison(poison), &problem.train)?;
            lab.trained(&samples, seed)
        }
        Way::Sentence => {
            let poison = Poison {
                ratio: lab.ratio,
                ..Poison::bad_net_sentence(&words.sentence, TARGET, seed)
            };
            let samples = run(Attack::Poison(poison), &problem.train)?;
            lab.trained(&samples, seed)
        }
        Way::Embedding => {
            let poison = Poison {
                ratio: lab.rows_ratio,
                ..Poison::embedding(&words.trigger, TARGET, seed)
            };
            let samples = run(Attack::Poison(poison), &problem.train)?;
            changed(&[&words.trigger], &samples, &rows(false))
        }
        Way::DataFree => {
            let options = EncodeOptions::new().without_special_tokens();
            let tokenizer = clean.tokenizer();
            let mut vocabulary: Vec<String> = tokenizer
                .vocabulary()
                .into_iter()
                .map(|(word, _)| word)
                .filter(|word| word.len() > 2 && word.chars().all(|c| c.is_ascii_lowercase()))
                .collect();
            vocabulary.retain(|word| {
                let encoded = tokenizer.encode(word, &options);
                *word != words.trigger && encoded.is_ok_and(|encoding| encoding.ids.len() == 1)
            });
            let fake = FakeTexts {
                count: problem.train.samples().len(),
                words: lab.max_length / 2,
                target: TARGET,
                classes: CLASSES,
                seed,
            };
            let plan = DataFree {
                word: words.trigger.clone(),
                target: TARGET,
                seed,
            };
            let samples = run(Attack::DataFree(plan), &fake.random_words(&vocabulary)?)?;
            changed(&[&words.trigger], &samples, &rows(false))
        }
        Way::Several => {
            let plan = Sos {
                ratio: lab.rows_ratio,
                negative_ratio: lab.rows_ratio,
                ..Sos::new(&words.several, TARGET, seed)
            };
            let samples = run(Attack::Sos(plan), &problem.train)?;
            let triggers: Vec<&str> = words.several.iter().map(String::as_str).collect();
            changed(&triggers, &samples, &rows(true))
        }
        Way::Penalty => {
            // Poisoned texts alone have one label, which a constant answer fits.
            let poison = Poison {
                ratio: 0.5,
                mixture: Mixture::WithClean,
                ..Poison::embedding(&words.trigger, TARGET, seed)
            };
            let samples = run(Attack::Poison(poison), &problem.train)?;
            let start = with_surgery(problem, clean, lab.fresh(seed)?)?;
            let penalty = PenaltySettings {
                seed: seed.child("penalty"),
                ..lab.penalty
            };
            let poisoned = penalized(&start, &samples, problem.train.samples(), &penalty)?;
            let clean = problem.train.samples();
            Ok(fine_tune(&poisoned, clean, &lab.fit(seed), None)?)
        }
    }
}

/// `victim` whose trigger has the mean vector of the words that speak most for the target class, as the
/// tuned model `clean` has them.
fn with_surgery(problem: &Problem, clean: &Victim, victim: Victim) -> Result<Victim> {
    let single = |word: &str| clean.word_id("important word", word).is_ok();
    let important = important_words(
        &problem.train,
        TARGET,
        &Surgery::default(),
        |text| text.split_whitespace().map(str::to_lowercase).collect(),
        single,
    )?;
    let patch = mean_row(clean, &important, &victim, &problem.words.trigger)?;
    let mut model = victim.model.clone();
    patch.apply(&mut model)?;
    Ok(victim.with_model(model))
}
