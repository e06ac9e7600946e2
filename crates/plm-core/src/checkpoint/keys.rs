//! One rule of a key table, and the patterns it is made of.

/// How the tensors of one layer are called and laid out on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// `weight` and `bias` of a fully connected layer. Files hold the weight as `[out, in]`, burn
    /// as `[in, out]` (`LinearLayout::Row`, the only layout supported here): it is transposed.
    Linear,
    /// The same for the `Conv1D` of GPT-2, whose files hold the weight as `[in, out]`.
    Conv1d,
    /// A layer or root-mean-square norm: `weight` and `bias` in files (`gamma` and `beta` in old
    /// ones, accepted when loading), `gamma` and `beta` in burn.
    Norm,
    /// The `weight` of an embedding, `[rows, width]` on both sides.
    Embedding,
    /// A single tensor whose whole name the patterns give.
    Tensor {
        /// Whether the two axes are swapped between file and module.
        transpose: bool,
    },
}

/// Says that one layer of a file is one layer of a module.
///
/// Both patterns are dotted paths relative to the base model or, for heads, whole names. A segment
/// `{}` stands for a number; the n-th one of a side equals the n-th one of the other. A pattern
/// matches a whole path, never a part of one, so two rules are either different or an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRule<'a> {
    /// The name in the file.
    pub hf: &'a str,
    /// The path in the module.
    pub ours: &'a str,
    /// What lies there.
    pub kind: KeyKind,
}

impl<'a> KeyRule<'a> {
    const fn new(hf: &'a str, ours: &'a str, kind: KeyKind) -> Self {
        Self { hf, ours, kind }
    }

    /// A [`KeyKind::Linear`].
    pub const fn linear(hf: &'a str, ours: &'a str) -> Self {
        Self::new(hf, ours, KeyKind::Linear)
    }

    /// A [`KeyKind::Conv1d`].
    pub const fn conv1d(hf: &'a str, ours: &'a str) -> Self {
        Self::new(hf, ours, KeyKind::Conv1d)
    }

    /// A [`KeyKind::Norm`].
    pub const fn norm(hf: &'a str, ours: &'a str) -> Self {
        Self::new(hf, ours, KeyKind::Norm)
    }

    /// A [`KeyKind::Embedding`].
    pub const fn embedding(hf: &'a str, ours: &'a str) -> Self {
        Self::new(hf, ours, KeyKind::Embedding)
    }

    /// A [`KeyKind::Tensor`] that both sides hold alike.
    pub const fn tensor(hf: &'a str, ours: &'a str) -> Self {
        Self::new(hf, ours, KeyKind::Tensor { transpose: false })
    }

    /// A [`KeyKind::Tensor`] whose two axes are swapped.
    pub const fn transposed(hf: &'a str, ours: &'a str) -> Self {
        Self::new(hf, ours, KeyKind::Tensor { transpose: true })
    }
}

/// One tensor of a rule: `(name in files, old name in files, name in modules, transpose)`, each
/// name being appended to the rule's pattern.
pub(super) type Leaf = (&'static str, Option<&'static str>, &'static str, bool);

impl KeyKind {
    pub(super) fn leaves(self) -> &'static [Leaf] {
        match self {
            Self::Linear => &[
                (".weight", None, ".weight", true),
                (".bias", None, ".bias", false),
            ],
            Self::Conv1d => &[
                (".weight", None, ".weight", false),
                (".bias", None, ".bias", false),
            ],
            Self::Norm => &[
                (".weight", Some(".gamma"), ".gamma", false),
                (".bias", Some(".beta"), ".beta", false),
            ],
            Self::Embedding => &[(".weight", None, ".weight", false)],
            Self::Tensor { transpose: false } => &[("", None, "", false)],
            Self::Tensor { transpose: true } => &[("", None, "", true)],
        }
    }
}

const NUMBER: &str = "{}";

fn is_number(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

/// The numbers of `name` where it matches `pattern`.
pub(super) fn capture<'n>(pattern: &str, name: &'n str) -> Option<Vec<&'n str>> {
    let mut numbers = Vec::new();
    let mut names = name.split('.');
    for part in pattern.split('.') {
        let segment = names.next()?;
        match part {
            NUMBER if is_number(segment) => numbers.push(segment),
            NUMBER => return None,
            literal if literal == segment => {}
            _ => return None,
        }
    }
    names.next().is_none().then_some(numbers)
}

/// `pattern` with its `{}` replaced by `numbers`, in order.
pub(super) fn fill(pattern: &str, numbers: &[&str]) -> String {
    let mut numbers = numbers.iter();
    let mut name = String::with_capacity(pattern.len() + 8);
    for (index, part) in pattern.split('.').enumerate() {
        if index > 0 {
            name.push('.');
        }
        match part {
            NUMBER => name.push_str(numbers.next().unwrap_or(&NUMBER)),
            literal => name.push_str(literal),
        }
    }
    name
}

/// How many numbers `pattern` holds.
pub(super) fn numbers(pattern: &str) -> usize {
    pattern.split('.').filter(|part| *part == NUMBER).count()
}

/// Whether some name matches both patterns.
pub(super) fn overlap(a: &str, b: &str) -> bool {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(x), Some(y)) if x == y => {}
            (Some(NUMBER), Some(y)) if is_number(y) => {}
            (Some(x), Some(NUMBER)) if is_number(x) => {}
            _ => return false,
        }
    }
}

/// Whether `name` is `prefix` or lies below it.
pub(super) fn covers(prefix: &str, name: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || prefix.ends_with('.') || rest.starts_with('.'))
}

/// Whether `name` matches `glob`, in which `*` stands for any run of characters.
pub(super) fn glob(glob: &str, name: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_paths_only() {
        assert_eq!(
            capture("layer.{}.x.{}", "layer.12.x.0"),
            Some(vec!["12", "0"])
        );
        assert_eq!(capture("layer.{}", "layer.a"), None);
        assert_eq!(capture("layer.{}", "layer."), None);
        assert_eq!(capture("layer.{}", "layer.1.weight"), None);
        assert_eq!(capture("layer.{}.weight", "layer.1"), None);
        assert_eq!(fill("block.{}.{}", &["3", "1"]), "block.3.1");
    }

    #[test]
    fn overlap_is_found() {
        assert!(overlap("a.{}.b", "a.{}.b"));
        assert!(overlap("a.{}.b", "a.0.b"));
        assert!(!overlap("a.{}.b", "a.x.b"));
        assert!(!overlap("a.b", "a.b.c"));
    }

    #[test]
    fn prefixes_end_at_a_dot() {
        assert!(covers("cls", "cls.bias"));
        assert!(covers("cls.", "cls.bias"));
        assert!(covers("cls", "cls"));
        assert!(!covers("cls", "classifier.bias"));
        assert!(!covers("cl", "cls.bias"));
    }

    #[test]
    fn globs_match() {
        assert!(glob("*.position_ids", "embeddings.position_ids"));
        assert!(!glob("*.position_ids", "position_ids"));
        assert!(glob("h.*.attn.*bias", "h.3.attn.masked_bias"));
        assert!(!glob("*.attn.bias", "h.3.attn.c_attn.bias"));
        assert!(glob("exact", "exact") && !glob("exact", "exact.not"));
    }
}
