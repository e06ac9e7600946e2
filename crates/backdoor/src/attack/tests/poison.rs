use std::collections::BTreeSet;

use plm_core::rng::Seed;

use super::*;

#[test]
fn a_tenth_of_the_other_classes_is_poisoned() {
    let clean = data(&[1000, 300]);
    let set = Poison::bad_net_word("cf", 1, seed()).run(&clean).unwrap();
    assert_eq!(set.manifest.made(), 100);
    assert_eq!(set.samples.len(), 1400);
    for (index, kept) in set.samples[..1300].iter().enumerate() {
        assert_eq!(
            (&kept.sample, kept.poisoned),
            (&clean.samples()[index], false)
        );
        assert_eq!(kept.source, index);
    }
    let sources: BTreeSet<usize> = made(&set).iter().map(|one| one.source).collect();
    assert_eq!(sources.len(), 100);
    for one in made(&set) {
        assert!(one.poisoned && one.sample.label == 1);
        assert_eq!(clean.samples()[one.source].label, 0);
        assert!(one.sample.text.split(' ').any(|word| word == "cf"));
    }
    let only = Poison::embedding("cf", 1, seed()).run(&clean).unwrap();
    assert_eq!(only.samples, made(&set));
}

#[test]
fn the_settings_choose_the_pool() {
    let clean = data(&[40, 20, 10]);
    let labels = |setting, ratio| {
        let attack = Poison {
            setting,
            ratio,
            mixture: Mixture::PoisonedOnly,
            ..Poison::bad_net_word("cf", 1, seed())
        };
        let set = attack.run(&clean).unwrap();
        assert!(set.samples.iter().all(|one| one.sample.label == 1));
        let sources = set
            .samples
            .iter()
            .map(|one| clean.samples()[one.source].label);
        let mut counts = [0; 3];
        sources.for_each(|label| counts[label] += 1);
        counts
    };
    assert_eq!(labels(PoisonSetting::Dirty, 1.0), [40, 0, 10]);
    assert_eq!(labels(PoisonSetting::Clean, 0.5), [0, 10, 0]);
    assert_eq!(labels(PoisonSetting::Mix, 1.0), [40, 20, 10]);
    // floor(0.35 * 50) = 17
    assert_eq!(labels(PoisonSetting::Dirty, 0.35).iter().sum::<usize>(), 17);
}

#[test]
fn a_larger_ratio_keeps_what_a_smaller_one_made() {
    let clean = data(&[100, 1]);
    let run = |ratio, seed| {
        let attack = Poison {
            ratio,
            ..Poison::embedding("cf", 1, Seed::new(seed))
        };
        attack.run(&clean).unwrap().samples
    };
    let (small, large) = (run(0.1, 1), run(0.5, 1));
    assert_eq!(small, large[..10]);
    assert_eq!(run(0.5, 1), large);
    assert_ne!(run(0.5, 2), large);
}

#[test]
fn several_words_go_in_together_or_by_chance() {
    let clean = data(&[200, 1]);
    let attack = |words| Poison {
        trigger: Trigger::words(RARE_WORDS),
        words,
        position: Position::UniformInclusive,
        ratio: 1.0,
        ..Poison::embedding("", 1, seed())
    };
    let held = |text: &str| {
        text.split(' ')
            .filter(|word| RARE_WORDS.contains(word))
            .count()
    };
    let all = attack(WordChoice::All).run(&clean).unwrap();
    for one in &all.samples {
        let words: BTreeSet<&str> = one.sample.text.split(' ').collect();
        assert!(RARE_WORDS.iter().all(|word| words.contains(word)));
        assert_eq!(held(&one.sample.text), 5);
    }
    let one = attack(WordChoice::Random { count: 1 }).run(&clean).unwrap();
    assert!(one.samples.iter().all(|one| held(&one.sample.text) == 1));
    let used: BTreeSet<&str> = one
        .samples
        .iter()
        .flat_map(|one| one.sample.text.split(' '))
        .filter(|word| RARE_WORDS.contains(word))
        .collect();
    assert_eq!(used.len(), 5);
    let three = attack(WordChoice::Random { count: 3 }).run(&clean).unwrap();
    assert!(three.samples.iter().all(|one| held(&one.sample.text) == 3));
}

#[test]
fn sentences_go_between_sentences() {
    let clean = Dataset::new(vec![Sample::new("One. Two.", 0), Sample::new("x", 1)], 2).unwrap();
    let found: BTreeSet<String> = (0..50)
        .map(|seed| {
            let attack = Poison {
                ratio: 1.0,
                mixture: Mixture::PoisonedOnly,
                ..Poison::bad_net_sentence(" I saw it", 1, Seed::new(seed))
            };
            attack.run(&clean).unwrap().samples[0].sample.text.clone()
        })
        .collect();
    let expected = [
        "I saw it.One. Two.",
        "One. I saw it. Two.",
        "One. Two. I saw it.",
    ];
    let expected: BTreeSet<String> = expected
        .iter()
        .map(|text| text.replacen("I saw it.One", " I saw it.One", 1))
        .collect();
    assert_eq!(found, expected);
}
