use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::data::EventDocument;
use crate::{Error, Result};

/// The classes of event types and roles. Class 0 is none; the first name has class 1.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLabels {
    /// The event types.
    pub types: Vec<String>,
    /// The roles.
    pub roles: Vec<String>,
}

impl EventLabels {
    /// The types and roles of `documents`, by name.
    pub fn of(documents: &[EventDocument]) -> Self {
        let events = || documents.iter().flat_map(|document| &document.events);
        let types: BTreeSet<&String> = events().map(|event| &event.event_type).collect();
        let arguments = events().flat_map(|event| &event.arguments);
        let roles: BTreeSet<&String> = arguments.map(|argument| &argument.role).collect();
        Self {
            types: types.into_iter().cloned().collect(),
            roles: roles.into_iter().cloned().collect(),
        }
    }

    /// The class of an event type.
    ///
    /// # Errors
    /// [`Error::Core`] where it has none.
    pub fn type_class(&self, name: &str) -> Result<usize> {
        class(&self.types, "event type", name)
    }

    /// The class of a role.
    ///
    /// # Errors
    /// [`Error::Core`] where it has none.
    pub fn role_class(&self, name: &str) -> Result<usize> {
        class(&self.roles, "role", name)
    }
}

fn class(names: &[String], what: &str, name: &str) -> Result<usize> {
    match names.iter().position(|other| other == name) {
        Some(at) => Ok(at + 1),
        None => {
            let reason = format!("`{name}` is none of the {} known ones", names.len());
            Err(Error::invalid(what, reason))
        }
    }
}
