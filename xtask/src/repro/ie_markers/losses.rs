//! What models do not see of the documents.

use plm_ie_markers::pipeline::DataReport;
use plm_ie_markers::window::TruncationReport;

use super::study::Run;

/// What a model does not see.
#[derive(Debug, Clone, Default)]
pub(super) struct Losses {
    /// Of the gold annotations of the training documents.
    pub(super) train: DataReport,
    /// Of the gold annotations of the test documents.
    pub(super) test: DataReport,
    /// Of what it is asked about in prediction, with what is asked.
    pub(super) predictions: Vec<(&'static str, TruncationReport)>,
}

impl Losses {
    /// Share of the gold training annotations that the model cannot learn.
    pub(super) fn unused(&self) -> f64 {
        self.train.unused as f64 / self.train.gold.max(1) as f64
    }
}

/// Words, spans and pairs of `reports` that no window holds or that have no tokens, and words without
/// tokens.
fn sums<'r>(reports: impl IntoIterator<Item = &'r TruncationReport>) -> [usize; 4] {
    let mut sums = [0; 4];
    for report in reports {
        let own = [
            report.words(),
            report.entities(),
            report.relations(),
            report.empty_words,
        ];
        sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
    }
    sums
}

/// The sums in words; none where all are 0.
fn cut([words, spans, pairs, empty]: [usize; 4]) -> Option<String> {
    (words + spans + pairs + empty > 0).then(|| {
        format!(
            "windows lost {words} words, {spans} spans and {pairs} pairs, {empty} words have no tokens"
        )
    })
}

/// What a way lost in all runs of its gold annotations, which are `kind`, and of predictions; none where that
/// is nothing.
fn told(losses: &[&Losses], kind: &str) -> Option<String> {
    let mut parts = Vec::new();
    for (part, reports) in [
        (
            "training",
            losses.iter().map(|one| &one.train).collect::<Vec<_>>(),
        ),
        ("test", losses.iter().map(|one| &one.test).collect()),
    ] {
        let unused: usize = reports.iter().map(|report| report.unused).sum();
        let gold: usize = reports.iter().map(|report| report.gold).sum();
        let cut = cut(sums(reports.iter().map(|report| &report.truncation)));
        if unused > 0 || cut.is_some() {
            let cut = cut.map(|cut| format!(" ({cut})")).unwrap_or_default();
            parts.push(format!(
                "{unused} of {gold} {part} {kind} out of reach{cut}"
            ));
        }
    }
    let asked = losses.first().map_or(0, |one| one.predictions.len());
    for at in 0..asked {
        let reports = losses.iter().filter_map(|one| one.predictions.get(at));
        let what = losses[0].predictions[at].0;
        if let Some(cut) = cut(sums(reports.map(|(_, report)| report))) {
            parts.push(format!("predictions about {what}: {cut}"));
        }
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// What the ways lost of the data set `name` in all `runs` together: a remark for those that lost the same,
/// none about those that lost nothing.
pub(super) fn notes(name: &str, runs: &[Run]) -> Vec<String> {
    let mut lost: Vec<(String, Vec<String>)> = Vec::new();
    let mut add = |way: String, losses: &[&Losses], kind: &str| {
        let Some(told) = told(losses, kind) else {
            return;
        };
        match lost.iter_mut().find(|(other, _)| *other == told) {
            Some((_, ways)) => ways.push(way),
            None => lost.push((told, vec![way])),
        }
    };
    for &way in runs[0].entities.keys() {
        let losses: Vec<_> = runs.iter().map(|run| &run.entities[&way].losses).collect();
        add(format!("entities.{}", way.name()), &losses, "entities");
    }
    for &way in runs[0].relations.keys() {
        let losses: Vec<_> = runs.iter().map(|run| &run.relations[&way].losses).collect();
        add(format!("relations.{}", way.name()), &losses, "relations");
    }
    let seeds = match runs.len() {
        1 => String::new(),
        count => format!(" (sums over {count} seeds)"),
    };
    lost.into_iter()
        .map(|(told, ways)| format!("{name}, {}{seeds}: {told}.", ways.join(", ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use plm_ie_markers::data::WordSpan;
    use plm_ie_markers::window::CutSentence;

    use super::*;

    #[test]
    fn losses_are_told_where_there_are_any() {
        let none = Losses {
            train: DataReport {
                gold: 3,
                ..DataReport::default()
            },
            predictions: vec![("spans", TruncationReport::default())],
            ..Losses::default()
        };
        assert_eq!(told(&[&none], "entities"), None);
        assert_eq!(none.unused(), 0.0);
        let mut some = none.clone();
        some.train.unused = 1;
        some.test.gold = 2;
        some.test.truncation.empty_words = 4;
        some.predictions[0].1.cut.push(CutSentence {
            document: "d".to_owned(),
            sentence: 0,
            words: vec![7, 8],
            entities: vec![WordSpan::new(7, 8)],
            relations: Vec::new(),
        });
        let expected = "1 of 6 training entities out of reach; 0 of 2 test entities out of reach (windows \
                        lost 0 words, 0 spans and 0 pairs, 4 words have no tokens); predictions about \
                        spans: windows lost 2 words, 1 spans and 0 pairs, 0 words have no tokens";
        assert_eq!(told(&[&none, &some], "entities").as_deref(), Some(expected));
        assert!((some.unused() - 1.0 / 3.0).abs() < 1e-12);
    }
}
