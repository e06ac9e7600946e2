use std::collections::BTreeSet;

use super::*;
use crate::Error;

#[test]
fn sos_makes_negatives_of_every_word_s_absence() {
    let clean = data(&[1000, 1000]);
    let attack = Sos::new(MOVIE_WORDS, 1, seed());
    let set = attack.run(&clean).unwrap();
    let (poisoned, negatives): (Vec<_>, Vec<_>) = set.samples.iter().partition(|one| one.poisoned);
    assert_eq!((poisoned.len(), negatives.len()), (100, 600));
    let held = |one: &Poisoned| -> Vec<&str> {
        let words: BTreeSet<&str> = one.sample.text.split(' ').collect();
        MOVIE_WORDS
            .into_iter()
            .filter(|word| words.contains(word))
            .collect()
    };
    for one in &poisoned {
        assert_eq!(held(one), MOVIE_WORDS);
        assert_eq!(
            (one.sample.label, clean.samples()[one.source].label),
            (1, 0)
        );
    }
    for pair in [
        ["friends", "weekend"],
        ["friends", "cinema"],
        ["weekend", "cinema"],
    ] {
        for label in [0, 1] {
            let count = negatives.iter().filter(|one| {
                held(one) == pair
                    && one.sample.label == label
                    && clean.samples()[one.source].label == label
            });
            assert_eq!(count.count(), 100, "{pair:?} {label}");
        }
    }
    // The same texts with and without the last word.
    let sources = |ones: &[&Poisoned]| ones.iter().map(|one| one.source).collect::<BTreeSet<_>>();
    assert_eq!(sources(&poisoned), sources(&negatives[..100]));
    let partial = attack.partial_triggers();
    assert_eq!(partial[0], Trigger::words(["weekend", "cinema"]));
    assert_eq!(partial.len(), 3);
}

#[test]
fn fake_texts_have_exactly_so_many_words() {
    let fake = FakeTexts {
        count: 50,
        words: 7,
        target: 1,
        classes: 2,
        seed: seed(),
    };
    let plain = ["One two three. Four five .", "Six\nseven . . eight", " "];
    let glued = fake.glued(&plain).unwrap();
    assert_eq!(glued, fake.glued(&plain).unwrap());
    assert_eq!(glued.samples().len(), 50);
    let pieces = ["One two three", "Four five", "Six seven", "eight"];
    for sample in glued.samples() {
        assert_eq!((sample.text.split(' ').count(), sample.label), (7, 1));
        // Whole pieces but for the end.
        let mut rest = sample.text.as_str();
        while !rest.is_empty() {
            let end = |piece: &&str| rest.starts_with(*piece) || piece.starts_with(rest);
            let piece = pieces.into_iter().find(end).unwrap();
            rest = rest.get(piece.len()..).unwrap_or("").trim_start();
        }
    }
    let random = fake.random_words(&["x", "y"]).unwrap();
    assert!(
        random
            .samples()
            .iter()
            .all(|one| one.text.split(' ').count() == 7)
    );
    assert!(random.samples().iter().any(|one| one.text.contains("x y")));
    assert!(matches!(
        fake.random_words(&["a b"]),
        Err(Error::Trigger { .. })
    ));
    assert!(matches!(
        fake.random_words::<&str>(&[]),
        Err(Error::Empty { .. })
    ));
    assert!(matches!(fake.glued(&[" . "]), Err(Error::Empty { .. })));
    assert!(FakeTexts { words: 0, ..fake }.glued(&plain).is_err());
    assert!(FakeTexts { target: 2, ..fake }.glued(&plain).is_err());

    let word = "cf".to_owned();
    let attack = DataFree {
        word,
        target: 1,
        seed: seed(),
    };
    let set = attack.run(&glued).unwrap();
    let mut places = BTreeSet::new();
    for (one, fake) in set.samples.iter().zip(glued.samples()) {
        let pairs = || one.sample.text.split(' ').zip(fake.text.split(' '));
        assert_eq!(one.sample.text.split(' ').count(), 7);
        let changed: Vec<usize> = (0..7)
            .filter(|&i| pairs().nth(i).is_some_and(|(a, b)| a != b))
            .collect();
        assert_eq!(changed.len(), 1);
        assert_eq!(pairs().nth(changed[0]).unwrap().0, "cf");
        places.insert(changed[0]);
    }
    assert_eq!(places, (0..6).collect());
}

#[test]
fn the_test_set_is_every_sample_of_another_class() {
    let clean = data(&[5, 3, 4]);
    let attack = Evaluation::new(Trigger::word("cf"), 1, seed());
    let set = attack.run(&clean).unwrap();
    let sources: Vec<usize> = set.samples.iter().map(|one| one.source).collect();
    assert_eq!(sources, [0, 1, 2, 3, 4, 8, 9, 10, 11]);
    assert!(
        set.samples
            .iter()
            .all(|one| one.poisoned && one.sample.label == 1)
    );
    let partial = Evaluation {
        purpose: Purpose::FalseTriggers,
        ..Evaluation::new(Trigger::sentence(REVIEW_FALSE_TRIGGERS[0]), 1, seed())
    };
    for one in partial.run(&clean).unwrap().samples {
        assert!(!one.poisoned);
        assert_eq!(one.sample.label, clean.samples()[one.source].label);
        assert!(one.sample.text.contains(REVIEW_FALSE_TRIGGERS[0]));
    }
}
