//! Which arguments belong to which triggers.

use crate::{Error, Result};

/// A trigger and one of its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// The trigger, counted from 0.
    pub trigger: usize,
    /// The argument, counted from 0.
    pub argument: usize,
    /// The AMR role between them, numbered freely; 0 throughout where roles are not used.
    pub role: u32,
}

/// The links between triggers and arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    links: Vec<Link>,
    of_triggers: Vec<Vec<usize>>,
    of_arguments: Vec<Vec<usize>>,
}

impl Links {
    /// The links between `triggers` triggers and `arguments` arguments; repetitions count once.
    ///
    /// # Errors
    /// [`Error::Core`] where a link names a trigger or an argument out of range.
    pub fn new(triggers: usize, arguments: usize, mut links: Vec<Link>) -> Result<Self> {
        links.sort_unstable();
        links.dedup();
        let mut of_triggers = vec![Vec::new(); triggers];
        let mut of_arguments = vec![Vec::new(); arguments];
        for link in &links {
            if link.trigger >= triggers || link.argument >= arguments {
                return Err(Error::invalid(
                    "links",
                    format!(
                        "trigger {} of {triggers} with argument {} of {arguments}",
                        link.trigger, link.argument
                    ),
                ));
            }
            // Links of several roles between two lie side by side.
            if of_triggers[link.trigger].last() != Some(&link.argument) {
                of_triggers[link.trigger].push(link.argument);
                of_arguments[link.argument].push(link.trigger);
            }
        }
        Ok(Self {
            links,
            of_triggers,
            of_arguments,
        })
    }

    /// The links, by trigger, then argument, then role.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// The arguments of each trigger, each once: `[triggers]`.
    pub fn of_triggers(&self) -> &[Vec<usize>] {
        &self.of_triggers
    }

    /// The triggers of each argument, each once: `[arguments]`.
    pub fn of_arguments(&self) -> &[Vec<usize>] {
        &self.of_arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_are_listed() {
        let link = |trigger, argument| Link {
            trigger,
            argument,
            role: 0,
        };
        let links = Links::new(2, 3, vec![link(1, 2), link(0, 2), link(1, 2), link(1, 0)]).unwrap();
        assert_eq!(links.links().len(), 3);
        assert_eq!(links.of_triggers(), [vec![2], vec![0, 2]]);
        assert_eq!(links.of_arguments(), [vec![1], vec![], vec![0, 1]]);
        let other = Link {
            role: 1,
            ..link(1, 2)
        };
        let links = Links::new(2, 3, vec![link(1, 2), other]).unwrap();
        assert_eq!(links.links().len(), 2);
        assert_eq!(links.of_triggers(), [vec![], vec![2]]);
        assert_eq!(links.of_arguments(), [vec![], vec![], vec![1]]);
        let error = Links::new(2, 3, vec![link(1, 3)]).unwrap_err().to_string();
        assert!(error.contains("argument 3 of 3"), "{error}");
    }
}
