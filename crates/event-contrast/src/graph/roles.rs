//! Numbers of AMR roles.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::penman::RoleModel;

/// The numbers of AMR roles. An edge and its opposite have different roles: `:ARG0` and
/// `:ARG0-of`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct RoleTypes {
    names: Vec<String>,
    ids: HashMap<String, u32>,
}

impl RoleTypes {
    /// The number of a role that is not among the types.
    pub const UNKNOWN: u32 = 0;

    /// No roles.
    pub fn new() -> Self {
        Self::default()
    }

    /// The role's number, a new one if it has none yet. Numbers begin at 1.
    pub fn add(&mut self, role: &str) -> u32 {
        if let Some(&id) = self.ids.get(role) {
            return id;
        }
        self.names.push(role.to_owned());
        let id = self.names.len() as u32;
        self.ids.insert(role.to_owned(), id);
        id
    }

    /// The role's number, [`Self::UNKNOWN`] if it has none.
    pub fn id(&self, role: &str) -> u32 {
        self.ids.get(role).copied().unwrap_or(Self::UNKNOWN)
    }

    /// The role with this number.
    pub fn name(&self, id: u32) -> Option<&str> {
        let at = (id as usize).checked_sub(1)?;
        self.names.get(at).map(String::as_str)
    }

    /// How many numbers there are, that of unknown roles included: the size of a table of vectors.
    pub fn count(&self) -> usize {
        self.names.len() + 1
    }

    /// The role of the opposite edge: `-of` is taken off or put on.
    pub fn inverse(role: &str) -> String {
        RoleModel::amr().invert(role)
    }
}

impl From<Vec<String>> for RoleTypes {
    fn from(names: Vec<String>) -> Self {
        let mut types = Self::new();
        names.iter().for_each(|name| {
            types.add(name);
        });
        types
    }
}

impl From<RoleTypes> for Vec<String> {
    fn from(types: RoleTypes) -> Self {
        types.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay() {
        let mut types = RoleTypes::new();
        assert_eq!(
            [types.add(":ARG0"), types.add(":time"), types.add(":ARG0")],
            [1, 2, 1]
        );
        assert_eq!(
            (types.id(":time"), types.id(":mod"), types.count()),
            (2, 0, 3)
        );
        assert_eq!(
            (types.name(2), types.name(0), types.name(3)),
            (Some(":time"), None, None)
        );
        let json = serde_json::to_string(&types).unwrap();
        assert_eq!(json, "[\":ARG0\",\":time\"]");
        assert_eq!(serde_json::from_str::<RoleTypes>(&json).unwrap(), types);
    }

    #[test]
    fn opposites() {
        for (role, opposite) in [
            (":ARG0", ":ARG0-of"),
            (":ARG0-of", ":ARG0"),
            (":consist-of", ":consist-of-of"),
            (":consist-of-of", ":consist-of"),
        ] {
            assert_eq!(RoleTypes::inverse(role), opposite);
        }
    }
}
