//! The shapes of sentences.

use rand::seq::IndexedRandom;

use super::draft::{Draft, Participant};
use super::event_types::EventKind;
use super::sentence::Sentence;

/// How the events of a sentence hang together. Events share their agent where not said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// "A hid B , found C and carried D ." One event alone has this shape too.
    Coordination,
    /// "A , who hid B , found C ."
    SubjectRelative,
    /// "A told B , who had found C ." The first event's object is the second's agent.
    ObjectRelative,
    /// "After A hid B , C found D ." Nothing is shared.
    Temporal,
    /// "B was hidden by A and found by C ." They share the object.
    Passive,
}

impl Sentence<'_> {
    /// Tells events of types `kinds`, one to three.
    pub(super) fn tell(&mut self, kinds: &[usize]) {
        let mut drafts: Vec<Draft> = kinds.iter().map(|&kind| self.drafter.draft(kind)).collect();
        let scenic = self.drafter.happens(self.config().distractors);
        let opening = scenic && self.drafter.happens(0.5);
        let mut scene = opening.then(|| {
            let node = self.scenery();
            self.say(",");
            node
        });
        match (self.shape(&mut drafts), drafts.as_slice()) {
            (Shape::Passive, drafts) => self.passive(drafts),
            (Shape::SubjectRelative, [relative, main @ ..]) => {
                self.subject_relative(relative, main);
            }
            (Shape::ObjectRelative, [main, relative]) => self.object_relative(main, relative),
            (Shape::Temporal, [first, main]) => self.temporal(first, main),
            (_, drafts) => self.coordination(drafts),
        }
        if scenic && !opening {
            self.say(",");
            scene = Some(self.scenery());
        }
        if let Some(scene) = scene {
            self.graph.link(self.graph.root, "concession", scene);
        }
        self.say(".");
    }

    /// A shape that `drafts` can have. Those of a passive get one object.
    fn shape(&mut self, drafts: &mut [Draft]) -> Shape {
        if drafts.len() <= 2
            && drafts.iter().all(|draft| draft.kind.has_passive())
            && self.drafter.happens(self.config().passives)
            && self.one_object(drafts)
        {
            return Shape::Passive;
        }
        let shapes: &[Shape] = match drafts {
            [main, relative] if main.object.is_person() && relative.kind.agent_is_person() => &[
                Shape::Coordination,
                Shape::SubjectRelative,
                Shape::ObjectRelative,
                Shape::Temporal,
            ],
            [_, _] => &[Shape::Coordination, Shape::SubjectRelative, Shape::Temporal],
            [_, _, _] => &[Shape::Coordination, Shape::SubjectRelative],
            _ => &[Shape::Coordination],
        };
        let rng = &mut self.drafter.rng;
        *shapes.choose(rng).unwrap_or(&Shape::Coordination)
    }

    fn one_object(&mut self, drafts: &mut [Draft]) -> bool {
        if let [left, right] = drafts {
            let Some(object) = self.drafter.common_object(left.index, right.index) else {
                return false;
            };
            left.object = object;
            right.object = object;
        }
        true
    }

    /// Says what the agent did to the object, and where and when.
    fn predicate(&mut self, draft: &Draft, agent: usize) -> usize {
        let event = self.trigger(draft, false);
        self.fill_slot(event, &draft.kind.agent, agent);
        self.say_slot(event, &draft.kind.object, draft.object);
        self.rest(event, draft);
        event.1
    }

    fn coordination(&mut self, drafts: &[Draft]) {
        let agent = self.participant(drafts[0].agent);
        self.predicates(drafts, agent);
    }

    /// Says what one agent did, and makes it the root.
    fn predicates(&mut self, drafts: &[Draft], agent: usize) {
        let mut events = Vec::new();
        let mut conjunction = None;
        for (place, draft) in drafts.iter().enumerate() {
            if place > 0 && place + 1 == drafts.len() {
                conjunction = Some(self.concept("and", "and"));
            } else if place > 0 {
                self.say(",");
            }
            events.push(self.predicate(draft, agent));
        }
        self.set_root(conjunction, &events);
    }

    fn set_root(&mut self, conjunction: Option<usize>, events: &[usize]) {
        self.graph.root = conjunction.unwrap_or(events[0]);
        if let Some(conjunction) = conjunction {
            for (place, &event) in events.iter().enumerate() {
                let role = format!("op{}", place + 1);
                self.graph.link(conjunction, &role, event);
            }
        }
    }

    fn relative_pronoun(&mut self, of: Participant) {
        self.say(",");
        self.say(match of.is_person() {
            true => "who",
            false => "which",
        });
    }

    fn subject_relative(&mut self, relative: &Draft, main: &[Draft]) {
        let agent = self.participant(relative.agent);
        self.relative_pronoun(relative.agent);
        self.predicate(relative, agent);
        self.say(",");
        self.predicates(main, agent);
    }

    fn object_relative(&mut self, main: &Draft, relative: &Draft) {
        let agent = self.participant(main.agent);
        let event = self.trigger(main, false);
        self.fill_slot(event, &main.kind.agent, agent);
        let object = self.say_slot(event, &main.kind.object, main.object);
        self.relative_pronoun(main.object);
        self.say("had");
        let second = self.trigger(relative, true);
        self.fill_slot(second, &relative.kind.agent, object);
        self.say_slot(second, &relative.kind.object, relative.object);
        self.rest(second, relative);
        self.graph.root = event.1;
    }

    fn temporal(&mut self, first: &Draft, main: &Draft) {
        let after = self.concept("after", "after");
        let agent = self.participant(first.agent);
        let before = self.predicate(first, agent);
        self.say(",");
        let agent = self.participant(main.agent);
        let event = self.predicate(main, agent);
        self.graph.link(event, "time", after);
        self.graph.link(after, "op1", before);
        self.graph.root = event;
    }

    fn passive(&mut self, drafts: &[Draft]) {
        let object = self.participant(drafts[0].object);
        self.say("was");
        let mut events = Vec::new();
        let mut conjunction = None;
        for (place, draft) in drafts.iter().enumerate() {
            if place > 0 {
                conjunction = Some(self.concept("and", "and"));
            }
            let event = self.trigger(draft, true);
            self.fill_slot(event, &draft.kind.object, object);
            self.say("by");
            self.say_slot(event, &draft.kind.agent, draft.agent);
            self.rest(event, draft);
            events.push(event.1);
        }
        self.set_root(conjunction, &events);
    }
}

impl EventKind {
    /// Whether its agents are people.
    fn agent_is_person(&self) -> bool {
        let pools = self.agent.pools;
        pools
            .iter()
            .all(|pool| pool.entity_type() == super::lexicon::PERSON)
    }
}
