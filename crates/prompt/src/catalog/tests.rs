//! The table as a whole.

use std::collections::HashSet;

use super::*;

fn of(name: &str) -> &'static Task {
    task(name).unwrap()
}

#[test]
fn seventeen_tasks_of_six_types_in_the_order_of_the_matrices() {
    let names: Vec<&str> = tasks().iter().map(|task| task.name).collect();
    let expected = [
        "imdb",
        "sst2",
        "laptop",
        "restaurant",
        "movierationales",
        "tweeteval_sentiment",
        "mnli",
        "qnli",
        "snli",
        "deontology",
        "justice",
        "qqp",
        "mrpc",
        "squad",
        "nq_open",
        "multi_news",
        "samsum",
    ];
    assert_eq!(names, expected);
    let of_type = |kind| tasks().iter().filter(|task| task.task_type == kind).count();
    assert_eq!(TaskType::ALL.map(of_type), [6, 3, 2, 2, 2, 2]);
    assert!(tasks().is_sorted_by_key(|task| task.task_type));
    assert_eq!(classification_tasks().count(), 13);
    assert!(task("cola").is_none());
}

#[test]
fn names_are_unique() {
    let names: HashSet<&str> = tasks().iter().map(|task| task.name).collect();
    let files: HashSet<&str> = tasks().iter().map(|task| task.file_name).collect();
    assert_eq!((names.len(), files.len()), (17, 17));
}

#[test]
fn classes_have_one_word_and_one_raw_label_each() {
    for task in tasks() {
        assert_eq!(task.raw_labels.len(), task.classes(), "{}", task.name);
        let ids: HashSet<u32> = task
            .label_words
            .iter()
            .map(|word| word.roberta_id)
            .collect();
        let pieces: HashSet<u32> = task.label_words.iter().map(|w| w.t5_first_piece).collect();
        assert_eq!((ids.len(), pieces.len()), (task.classes(), task.classes()));
        let generates = task.metric == Metric::Bleu;
        assert_eq!(task.label_words.is_empty(), generates, "{}", task.name);
        assert_eq!(task.masked_template.is_none(), generates, "{}", task.name);
        assert_eq!(task.generated_tokens.is_some(), generates, "{}", task.name);
        for (class, raw) in task.raw_labels.iter().enumerate() {
            assert_eq!(task.class_of(raw), Some(class));
        }
    }
}

#[test]
fn words_have_the_ids_of_the_study() {
    let roberta = |name| {
        of(name)
            .label_words
            .iter()
            .map(|w| w.roberta_id)
            .collect::<Vec<_>>()
    };
    let t5 = |name| {
        of(name)
            .label_words
            .iter()
            .map(|w| w.t5_first_piece)
            .collect::<Vec<_>>()
    };
    assert_eq!(roberta("sst2"), [33407, 22173]);
    assert_eq!(roberta("laptop"), [33407, 19397, 22173, 17075]);
    assert_eq!(roberta("tweeteval_sentiment"), [33407, 19397, 22173]);
    assert_eq!(roberta("mnli"), [2362, 12516, 10932]);
    assert_eq!(roberta("qnli"), [2362, 10932]);
    assert_eq!(roberta("justice"), [897, 32047]);
    assert_eq!(roberta("mrpc"), [22303, 29225]);
    assert_eq!(t5("imdb"), [2841, 1465]);
    assert_eq!(t5("restaurant"), [2841, 8107, 1465, 4129]);
    assert_eq!(t5("snli"), [27252, 7163, 3]);
    assert_eq!(t5("qnli"), [27252, 3]);
    assert_eq!(t5("deontology"), [29452, 9961]);
    assert_eq!(t5("qqp"), [6136, 1176]);
    let bert: Vec<Option<u32>> = of("mnli").label_words.iter().map(|w| w.bert_id).collect();
    assert_eq!(bert, [Some(2053), Some(8699), Some(2748)]);
}

#[test]
fn inference_labels_are_turned_round() {
    for name in ["mnli", "snli"] {
        let words = |raw| {
            of(name)
                .class_of(raw)
                .map(|class| of(name).label_words[class].t5)
        };
        assert_eq!(words("0"), Some("entailment"));
        assert_eq!(words("1"), Some("neutral"));
        assert_eq!(words("2"), Some("contradiction"));
        assert_eq!(words("-1"), None);
    }
    let qnli = of("qnli");
    assert_eq!((qnli.class_of("0"), qnli.class_of("1")), (Some(1), Some(0)));
    assert_eq!(qnli.label_words[1].masked, "yes");
    assert_eq!(of("mnli").texts, ["hypothesis", "premise"]);
}

#[test]
fn aspects_without_polarity_are_moderate() {
    let laptop = of("laptop");
    let class = laptop.class_of("neutral").unwrap();
    assert_eq!(laptop.label_words[class].masked, "moderate");
    assert_eq!(laptop.class_of("conflict"), Some(3));
}

#[test]
fn inputs_are_laid_out_as_in_the_study() {
    let t5 = |name: &str, texts: &[&str]| of(name).t5_template.text(texts).unwrap();
    assert_eq!(t5("imdb", &["good"]), "good");
    assert_eq!(t5("sst2", &["good"]), "good </s>");
    assert_eq!(t5("laptop", &["fast disk", "disk"]), "fast disk disk </s>");
    let inference = "hypothesis: a [SEP] sentence: premise: b";
    assert_eq!(t5("mnli", &["a", "b"]), inference);
    assert_eq!(t5("qnli", &["a", "b"]), inference);
    assert_eq!(t5("deontology", &["a", "b"]), "a b");
    assert_eq!(t5("justice", &["a"]), "a");
    assert_eq!(t5("mrpc", &["a", "b"]), "a <extra_id_0> b </s>");
    assert_eq!(t5("squad", &["c", "q"]), "context: c SEP question:q");
    assert_eq!(t5("nq_open", &["q"]), "context: q");
    assert_eq!(t5("multi_news", &["d"]), "d");
    assert_eq!(t5("samsum", &["d"]), "context: d");
    let masked = |name: &str, texts: &[&str]| {
        let template = of(name).masked_template.unwrap();
        template.segments(texts).unwrap()
    };
    assert_eq!(masked("sst2", &["good"]), ["good"]);
    assert_eq!(
        masked("restaurant", &["nice soup", "soup"]),
        ["nice soup soup"]
    );
    assert_eq!(masked("qqp", &["a", "b"]), ["a", "b"]);
}

#[test]
fn every_template_takes_the_texts_of_its_task_and_no_others() {
    for task in tasks() {
        task.t5_template.pieces(task.texts).unwrap();
        assert!(task.t5_template.pieces(&[]).is_err());
        assert!(task.t5_template.pieces(&["a"; 3]).is_err());
        if let Some(template) = task.masked_template {
            template.segments(task.texts).unwrap();
            assert!(template.segments(&["a"; 3]).is_err());
        }
    }
}

#[test]
fn texts_and_special_tokens_are_pieces_of_their_own() {
    let pieces = of("mrpc").t5_template.pieces(&["a </s>", "b"]).unwrap();
    assert_eq!(pieces[0], Piece::Text("a </s>".to_owned()));
    assert_eq!(pieces[3], Piece::Special("</s>"));
}

#[test]
fn settings_follow_the_table() {
    let settings = |name, backbone| Training::of(of(name), backbone).unwrap();
    let mrpc = settings("mrpc", Backbone::RobertaBase);
    assert_eq!(
        (mrpc.batch_size, mrpc.epoch_cap, mrpc.chosen_epoch),
        (8, Some(72), Some(66))
    );
    let snli = settings("snli", Backbone::RobertaLarge);
    assert_eq!((snli.learning_rate, snli.epoch_cap), (1e-4, Some(32)));
    assert_eq!(settings("laptop", Backbone::T5Base).learning_rate, 1e-2);
    assert_eq!(settings("laptop", Backbone::T5Large).batch_size, 12);
    assert_eq!(
        settings("movierationales", Backbone::T5Small).epoch_cap,
        Some(900)
    );
    assert_eq!(settings("squad", Backbone::T5Base).init_deviation, 1.0);
    assert_eq!(Training::of(of("squad"), Backbone::RobertaBase), None);
    for task in classification_tasks() {
        for backbone in [Backbone::RobertaBase, Backbone::RobertaLarge] {
            let training = Training::of(task, backbone).unwrap();
            assert!(training.epoch_cap >= training.chosen_epoch, "{}", task.name);
            assert!(training.epoch_cap.is_some(), "{}", task.name);
        }
    }
}

#[test]
fn pairs_name_tasks_of_one_type_and_each_target_once() {
    let targets: HashSet<&str> = transfer_pairs().iter().map(|pair| pair.target).collect();
    assert_eq!(targets.len(), 13);
    for pair in transfer_pairs() {
        assert_ne!(pair.target, pair.source);
        assert_eq!(of(pair.target).task_type, of(pair.source).task_type);
    }
}

#[test]
fn types_and_models_are_stored_by_their_names() {
    for kind in TaskType::ALL {
        let text = serde_json::to_string(&kind).unwrap();
        assert_eq!(text, format!("\"{}\"", kind.name()));
    }
    for backbone in Backbone::ALL {
        let text = serde_json::to_string(&backbone).unwrap();
        assert_eq!(text, format!("\"{}\"", backbone.name()));
    }
}
