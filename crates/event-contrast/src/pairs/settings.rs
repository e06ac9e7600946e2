use serde::{Deserialize, Serialize};

/// Which pairs are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PairSettings {
    /// Named entities can be triggers and arguments. Without it (the default, as released) nothing
    /// that has the tokens of a quoted string can.
    pub keep_named: bool,
}
