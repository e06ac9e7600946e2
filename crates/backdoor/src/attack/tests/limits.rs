use super::*;
use crate::Error;

#[test]
fn settings_out_of_their_limits_are_refused() {
    let clean = data(&[4, 4]);
    let good = || Poison::bad_net_word("cf", 1, seed());
    let error = |attack: Poison| attack.run(&clean).unwrap_err();
    for ratio in [0.0, 1.01, -0.1, f64::NAN, f64::INFINITY] {
        let found = error(Poison { ratio, ..good() });
        assert!(
            matches!(found, Error::Setting { name: "ratio", .. }),
            "{found}"
        );
    }
    assert!(matches!(
        error(Poison {
            ratio: 0.2,
            ..good()
        }),
        Error::NothingPoisoned { pool: 4, .. }
    ));
    let found = error(Poison {
        target: 2,
        ..good()
    });
    assert_eq!(
        found.to_string(),
        "the target class is 2; the data has 2 classes, counted from 0"
    );
    let position = Position::EVALUATED_SENTENCE;
    assert!(matches!(
        error(Poison { position, ..good() }),
        Error::Trigger { .. }
    ));
    let words = WordChoice::Random { count: 0 };
    assert!(matches!(
        error(Poison { words, ..good() }),
        Error::Setting { name: "words", .. }
    ));
    let position = Position::WithinFirst(0);
    assert!(matches!(
        error(Poison { position, ..good() }),
        Error::Setting { .. }
    ));
    assert!(matches!(
        error(Poison::bad_net_word("a b", 1, seed())),
        Error::Trigger { .. }
    ));

    let one_class = Dataset::new(vec![Sample::new("a", 1)], 3).unwrap();
    let run = |attack: Attack| attack.run(&one_class).unwrap_err();
    assert!(matches!(run(good().into()), Error::NoOther { target: 1 }));
    let setting = PoisonSetting::Clean;
    let clean_label = Poison {
        setting,
        target: 0,
        ..good()
    };
    assert!(matches!(
        run(clean_label.into()),
        Error::NoTarget { target: 0 }
    ));
    let evaluation = Evaluation::new(Trigger::word("cf"), 1, seed());
    assert!(matches!(run(evaluation.into()), Error::NoOther { .. }));
    assert!(matches!(
        run(Sos::new(MOVIE_WORDS, 0, seed()).into()),
        Error::NoTarget { .. }
    ));
    assert!(matches!(
        run(Sos::new(["one"], 1, seed()).into()),
        Error::Trigger { .. }
    ));
    let none = Dataset::new(Vec::new(), 2).unwrap();
    let setting = PoisonSetting::Mix;
    assert!(matches!(
        Poison { setting, ..good() }.run(&none),
        Err(Error::Empty { .. })
    ));
}
