use proptest::prelude::*;

use super::*;
use crate::Error;
use crate::words::Unit;

/// Undoes insertions, the last first.
fn restored(text: &str, entry: &Entry, position: Position) -> String {
    let unit = position.unit();
    entry
        .edits
        .iter()
        .rev()
        .fold(text.to_owned(), |text, edit| {
            unit.remove(&text, edit.at, unit.count(&edit.text)).unwrap()
        })
}

fn positions() -> impl Strategy<Value = Position> {
    prop_oneof![
        (1_usize..300).prop_map(Position::WithinFirst),
        Just(Position::Whole),
        prop::option::of(1_usize..5).prop_map(|limit| Position::SentenceSlot { limit }),
        Just(Position::UniformInclusive),
        Just(Position::Front),
    ]
}

proptest! {
    #[test]
    fn without_its_trigger_a_text_is_the_original(
        texts in prop::collection::vec("[a-c .é\t]{0,20}", 1..6),
        position in positions(),
        sentence in "[ ]?[xyz.]([xyz .]{0,6})",
        count in 1_usize..4,
        number: u64,
    ) {
        let mut samples: Vec<_> = texts.iter().map(|text| Sample::new(text, 0)).collect();
        samples.push(Sample::new("target", 1));
        let clean = Dataset::new(samples, 2).unwrap();
        for trigger in [Trigger::words(RARE_WORDS), Trigger::sentence(sentence)] {
            for words in [WordChoice::All, WordChoice::Random { count }] {
                let attack = Evaluation {
                    trigger: trigger.clone(),
                    words,
                    position,
                    ..Evaluation::new(trigger.clone(), 1, Seed::new(number))
                };
                if position.unit() == Unit::Sentence && trigger.pieces().len() > 1 {
                    prop_assert!(attack.run(&clean).is_err());
                    continue;
                }
                let set = attack.run(&clean).unwrap();
                for (one, entry) in set.samples.iter().zip(set.manifest.entries()) {
                    prop_assert_eq!(&restored(&one.sample.text, entry, position), &texts[one.source]);
                    prop_assert_ne!(&one.sample.text, &texts[one.source]);
                }
            }
        }
    }

    #[test]
    fn the_first_hundred_words_hold_the_trigger(words in 1_usize..300, number: u64) {
        let text = vec!["w"; words].join(" ");
        let clean = Dataset::new(vec![Sample::new(text, 0)], 2).unwrap();
        let attack = Evaluation::new(Trigger::word("cf"), 1, Seed::new(number));
        let set = attack.run(&clean).unwrap();
        let at = set.samples[0].sample.text.split(' ').position(|word| word == "cf").unwrap();
        prop_assert!(at <= 98);
        prop_assert!(words > 1 || at == 0);
        prop_assert!(at < words);
    }

    #[test]
    fn counts_are_rounded_down(others in 1_usize..60, targets in 1_usize..60, ratio in 0.01_f64..=1.0) {
        let clean = data(&[others, targets]);
        let attack = Poison { ratio, ..Poison::embedding("cf", 1, seed()) };
        let expected = (ratio * others as f64).floor() as usize;
        match attack.run(&clean) {
            Ok(set) => prop_assert_eq!(set.samples.len(), expected),
            Err(Error::NothingPoisoned { .. }) => prop_assert_eq!(expected, 0),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
