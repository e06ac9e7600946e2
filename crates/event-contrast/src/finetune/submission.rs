use std::collections::BTreeMap;

use super::{EventCorpus, EventLabels};
use crate::amr::TokenSpan;
use crate::data::{EventDocument, MavenSubmission, maven_submission};
use crate::{Error, Result};

impl EventLabels {
    /// The numbers that the events of `documents` have for the types, in their order: what MAVEN's
    /// evaluation wants in place of classes.
    ///
    /// # Errors
    /// [`Error::Core`] for a type without a number or with two.
    pub fn type_ids(&self, documents: &[EventDocument]) -> Result<Vec<usize>> {
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        for event in documents.iter().flat_map(|document| &document.events) {
            let Some(id) = event.type_id else { continue };
            let first = *known.entry(event.event_type.as_str()).or_insert(id);
            if first != id {
                let reason = format!("has the numbers {first} and {id}");
                return Err(unnumbered(&event.event_type, reason));
            }
        }
        let number = |name: &String| match known.get(name.as_str()) {
            Some(&id) => Ok(id),
            None => Err(unnumbered(name, "has no number".to_owned())),
        };
        self.types.iter().map(number).collect()
    }
}

fn unnumbered(name: &str, reason: String) -> Error {
    Error::invalid(format!("event type `{name}`"), reason)
}

impl EventCorpus {
    /// The submissions to MAVEN's evaluation for `documents`, which this corpus is made of: `classes` as
    /// [`predict`](super::predict) gives them for its triggers (none counts as no event), with the
    /// numbers of [`EventLabels::type_ids`].
    /// [`write_maven_submission`](crate::data::write_maven_submission) makes the file.
    ///
    /// # Errors
    /// [`Error::Core`] where there is not one class for each trigger, a candidate of a document is none
    /// of them, or a class has no number.
    pub fn maven_submissions(
        &self,
        documents: &[EventDocument],
        classes: &[Option<usize>],
        type_ids: &[usize],
    ) -> Result<Vec<MavenSubmission>> {
        if classes.len() != self.triggers.len() {
            let reason = format!("{}, {} expected", classes.len(), self.triggers.len());
            return Err(Error::invalid("classes", reason));
        }
        let triggers = self.triggers.iter().zip(classes);
        let found: BTreeMap<(usize, TokenSpan), usize> = triggers
            .map(|(trigger, class)| ((trigger.sentence, trigger.trigger), class.unwrap_or(0)))
            .collect();
        let mut first = 0;
        let mut submissions = Vec::with_capacity(documents.len());
        for document in documents {
            let refused =
                |reason: String| Error::invalid(format!("document `{}`", document.id), reason);
            let mut numbers = Vec::with_capacity(document.candidates.len());
            for candidate in &document.candidates {
                let span = candidate.span;
                let place = (first + span.sentence, TokenSpan::new(span.start, span.end));
                let Some(&class) = found.get(&place) else {
                    let reason = format!("candidate `{}` was not classified", candidate.id);
                    return Err(refused(reason));
                };
                numbers.push(match class.checked_sub(1) {
                    None => 0,
                    Some(at) => *type_ids.get(at).ok_or_else(|| {
                        refused(format!("class {class} of {} numbers", type_ids.len()))
                    })?,
                });
            }
            submissions.push(maven_submission(document, &numbers)?);
            first += document.sentences.len();
        }
        Ok(submissions)
    }
}

#[cfg(test)]
mod tests {
    use plm_core::data::Lines;

    use super::*;
    use crate::data::read_maven;

    const TRAIN: &str = r#"{"id":"a","title":"T","content":[{"sentence":"They ate and won","tokens":["They","ate","and","won"]}],"events":[{"id":"e","type":"Winning","type_id":3,"mention":[{"id":"m","trigger_word":"won","sent_id":0,"offset":[3,4]}]},{"id":"f","type":"Eating","type_id":7,"mention":[{"id":"n","trigger_word":"ate","sent_id":0,"offset":[1,2]}]}],"negative_triggers":[]}"#;
    const TEST: &str = r#"{"id":"b","title":"T","content":[{"sentence":"Go","tokens":["Go"]},{"sentence":"She won and ate","tokens":["She","won","and","ate"]}],"candidates":[{"id":"late","trigger_word":"ate","sent_id":1,"offset":[3,4]},{"id":"go","trigger_word":"Go","sent_id":0,"offset":[0,1]},{"id":"early","trigger_word":"won","sent_id":1,"offset":[1,2]}]}"#;

    fn read(text: &str) -> Vec<EventDocument> {
        let documents = read_maven(Lines::new(text.as_bytes(), "m.jsonl"));
        documents.collect::<Result<_>>().unwrap()
    }

    #[test]
    fn classes_become_the_numbers_of_the_data() {
        let (train, test) = (read(TRAIN), read(&format!("{TEST}\n{TEST}")));
        let labels = EventLabels::of(&train);
        assert_eq!(labels.types, ["Eating", "Winning"]);
        let ids = labels.type_ids(&train).unwrap();
        assert_eq!(ids, [7, 3]);
        let corpus = EventCorpus::new(&test, &labels).unwrap();
        // By sentence and place: "Go", "won" and "ate" of either document.
        let classes = [None, Some(2), Some(1), Some(1), Some(0), Some(2)];
        let found = corpus.maven_submissions(&test, &classes, &ids).unwrap();
        let lines: Vec<Vec<(&str, usize)>> = found
            .iter()
            .map(|line| {
                let each = line.predictions.iter();
                each.map(|one| (one.id.as_str(), one.type_id)).collect()
            })
            .collect();
        let first = [("late", 7), ("go", 0), ("early", 3)];
        let second = [("late", 3), ("go", 7), ("early", 0)];
        assert_eq!(lines, [first, second]);

        let refused = |documents: &[EventDocument], classes: &[Option<usize>], ids: &[usize]| {
            let result = corpus.maven_submissions(documents, classes, ids);
            result.unwrap_err().to_string()
        };
        let error = refused(&test, &classes[1..], &ids);
        assert!(error.contains("5, 6 expected"), "{error}");
        let error = refused(&test, &classes, &ids[1..]);
        assert!(error.contains("class 2 of 1 numbers"), "{error}");
        let others = [train[0].clone(), test[0].clone()];
        let error = refused(&others, &classes, &ids);
        assert!(error.contains("`late` was not classified"), "{error}");
    }

    #[test]
    fn types_need_one_number() {
        let train = read(TRAIN);
        let labels = EventLabels::of(&train);
        let with = |id: Option<usize>| {
            let mut changed = train.clone();
            changed[0].events[0].type_id = id;
            labels.type_ids(&[train.clone(), changed].concat())
        };
        assert!(with(None).is_ok());
        let error = with(Some(4)).unwrap_err().to_string();
        assert!(error.contains("has the numbers 3 and 4"), "{error}");
        let mut bare = train;
        bare[0].events[0].type_id = None;
        let error = labels.type_ids(&bare).unwrap_err().to_string();
        assert!(
            error.contains("`Winning`") && error.contains("no number"),
            "{error}"
        );
    }
}
