use std::borrow::Cow;

/// Which roles are inverses: those that end in `-of`, apart from base roles that do.
///
/// `x :ARG0-of y` says `y :ARG0 x`, while `x :consist-of y` says just that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleModel {
    base: Vec<String>,
    canonical: bool,
}

/// The base roles of AMR that end in `-of` (AMR guidelines; the list of the Python `penman`).
const AMR_BASE: [&str; 3] = [":consist-of", ":prep-on-behalf-of", ":prep-out-of"];

impl Default for RoleModel {
    fn default() -> Self {
        Self::amr()
    }
}

impl RoleModel {
    /// The roles of AMR: `:consist-of`, `:prep-on-behalf-of` and `:prep-out-of` are base roles.
    pub fn amr() -> Self {
        Self {
            base: AMR_BASE.map(str::to_owned).to_vec(),
            canonical: false,
        }
    }

    /// No base role ends in `-of`.
    pub fn plain() -> Self {
        Self {
            base: Vec::new(),
            canonical: false,
        }
    }

    /// With `role`, with its colon, as a base role.
    #[must_use]
    pub fn with_base_role(mut self, role: impl Into<String>) -> Self {
        self.base.push(role.into());
        self
    }

    /// Replacing roles by [`Self::canonical_role`] before ends are exchanged.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        self.canonical = true;
        self
    }

    /// `role` is an inverse.
    pub fn is_inverted(&self, role: &str) -> bool {
        role.ends_with("-of") && !self.base.iter().any(|base| base == role)
    }

    /// The inverse of `role`: `:ARG0-of` of `:ARG0` and the other way around.
    pub fn invert(&self, role: &str) -> String {
        match role.strip_suffix("-of") {
            Some(base) if self.is_inverted(role) => base.to_owned(),
            _ => format!("{role}-of"),
        }
    }

    /// `role` without double inversions (`:ARG0-of-of` is `:ARG0`), `:mod-of` as `:domain` and
    /// `:domain-of` as `:mod`, which mean the same in AMR. The direction stays.
    pub fn canonical_role<'r>(&self, role: &'r str) -> Cow<'r, str> {
        let mut short = role;
        while self.is_inverted(short) && self.is_inverted(&short[..short.len() - 3]) {
            short = &short[..short.len() - 6];
        }
        Cow::Borrowed(match short {
            ":mod-of" => ":domain",
            ":domain-of" => ":mod",
            other => other,
        })
    }

    /// `role` as this model reads it.
    pub(super) fn read<'r>(&self, role: &'r str) -> Cow<'r, str> {
        if self.canonical {
            self.canonical_role(role)
        } else {
            Cow::Borrowed(role)
        }
    }

    /// `role` is read as it is, and between nodes as no inverse.
    pub(super) fn is_plain(&self, role: &str, between_nodes: bool) -> bool {
        self.read(role) == role && !(between_nodes && self.is_inverted(role))
    }

    /// What has to be written at the target for a triple with `role`, where that is possible.
    pub(super) fn written_inverse(&self, role: &str) -> Option<String> {
        let inverse = format!("{role}-of");
        (self.is_inverted(&inverse) && self.read(&inverse) == inverse).then_some(inverse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_roles_are_no_inverses() {
        let amr = RoleModel::amr();
        for role in [":consist-of", ":prep-on-behalf-of", ":prep-out-of", ":ARG0"] {
            assert!(!amr.is_inverted(role), "{role}");
            assert_eq!(amr.invert(&amr.invert(role)), role);
        }
        assert!(RoleModel::plain().is_inverted(":consist-of"));
        assert!(amr.is_inverted(":consist-of-of"));
        assert!(
            !RoleModel::plain()
                .with_base_role(":x-of")
                .is_inverted(":x-of")
        );
        assert_eq!(amr.invert(":ARG0-of"), ":ARG0");
        assert_eq!(amr.invert(":consist-of"), ":consist-of-of");
    }

    #[test]
    fn canonical_roles() {
        let amr = RoleModel::amr();
        let cases = [
            (":mod-of", ":domain"),
            (":domain-of", ":mod"),
            (":ARG0-of-of", ":ARG0"),
            (":ARG0-of-of-of", ":ARG0-of"),
            (":mod-of-of", ":mod"),
            (":consist-of-of", ":consist-of-of"),
            (":consist-of-of-of", ":consist-of"),
            (":-of", ":-of"),
            ("-of-of", ""),
        ];
        for (role, expected) in cases {
            assert_eq!(amr.canonical_role(role), expected, "{role}");
        }
    }

    #[test]
    fn some_inverses_cannot_be_written() {
        let amr = RoleModel::amr();
        assert_eq!(amr.written_inverse(":consist"), None);
        assert_eq!(amr.written_inverse(":mod").as_deref(), Some(":mod-of"));
        assert_eq!(amr.canonical().written_inverse(":mod"), None);
    }
}
