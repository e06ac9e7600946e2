use std::fmt;

use super::piece::Piece;
use super::tree::TargetData;
use super::{Step, Tree};

/// How a tree is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// All on one line.
    OneLine,
    /// Every branch on its own line, indented by that many spaces for each node around it. Lines
    /// deeper than 240 columns are not indented further, so that the length stays in proportion to
    /// the tree's.
    Indented(usize),
}

impl Style {
    /// As in the releases of AMR: six spaces.
    pub const AMR: Self = Self::Indented(6);
}

/// The widest indentation.
const WIDEST: usize = 240;

/// A line end and the widest indentation.
static LINE_START: &str = {
    const BYTES: [u8; WIDEST + 1] = {
        let mut bytes = [b' '; WIDEST + 1];
        bytes[0] = b'\n';
        bytes
    };
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => unreachable!(),
    }
};

impl Tree {
    /// The tree in PENMAN notation, without metadata.
    pub fn to_penman(&self, style: Style) -> String {
        let mut out = String::with_capacity(self.text.len() + self.text.len() / 2);
        // Writing to a string does not fail.
        let _ = self.write(&mut out, style);
        out
    }

    /// Writes the tree in PENMAN notation to `out`.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut impl fmt::Write, style: Style) -> fmt::Result {
        let mut depth = 0;
        for step in self.walk() {
            match step {
                Step::Open { node, branch } => {
                    if let Some(branch) = branch {
                        self.write_role(out, branch, depth, style)?;
                    }
                    depth += 1;
                    self.write_node(out, node)?;
                }
                Step::Atom(branch) => {
                    self.write_role(out, branch, depth, style)?;
                    self.write_atom(out, branch)?;
                }
                Step::Close => {
                    depth -= 1;
                    out.write_char(')')?;
                }
            }
        }
        Ok(())
    }

    fn write_node(&self, out: &mut impl fmt::Write, node: u32) -> fmt::Result {
        let node = &self.nodes[node as usize];
        out.write_char('(')?;
        out.write_str(self.variable_name(node.variable))?;
        if node.concept.is_none() {
            return Ok(());
        }
        out.write_str(" / ")?;
        self.write_piece(out, node.concept)?;
        self.write_piece(out, node.alignment)
    }

    fn write_role(
        &self,
        out: &mut impl fmt::Write,
        branch: u32,
        depth: usize,
        style: Style,
    ) -> fmt::Result {
        let branch = &self.branches[branch as usize];
        match style {
            Style::OneLine => out.write_char(' ')?,
            Style::Indented(spaces) => {
                let width = spaces.saturating_mul(depth).min(WIDEST);
                out.write_str(&LINE_START[..=width])?;
            }
        }
        self.write_piece(out, branch.role)?;
        self.write_piece(out, branch.role_alignment)?;
        out.write_char(' ')
    }

    fn write_atom(&self, out: &mut impl fmt::Write, branch: u32) -> fmt::Result {
        let branch = &self.branches[branch as usize];
        match branch.target {
            TargetData::Variable(variable) => out.write_str(self.variable_name(variable))?,
            TargetData::Constant(constant) => self.write_piece(out, constant)?,
            TargetData::Node(_) => {}
        }
        self.write_piece(out, branch.alignment)
    }

    fn write_piece(&self, out: &mut impl fmt::Write, piece: Piece) -> fmt::Result {
        out.write_str(piece.of(&self.text))
    }
}

/// One line, or with `{:#}` as in the releases of AMR.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = if f.alternate() {
            Style::AMR
        } else {
            Style::OneLine
        };
        self.write(f, style)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_styles() {
        let tree = Tree::parse("(w/want-01~e.1:ARG0~e.0(c/cat):ARG1(e/eat-01:ARG0 c~e.4:x(f)))");
        let tree = tree.unwrap();
        assert_eq!(
            tree.to_string(),
            "(w / want-01~e.1 :ARG0~e.0 (c / cat) :ARG1 (e / eat-01 :ARG0 c~e.4 :x (f)))"
        );
        assert_eq!(
            tree.to_penman(Style::Indented(2)),
            "(w / want-01~e.1\n  :ARG0~e.0 (c / cat)\n  :ARG1 (e / eat-01\n    :ARG0 c~e.4\n    :x (f)))"
        );
        assert!(format!("{tree:#}").contains("\n            :x (f)"));
    }

    #[test]
    fn deep_trees_stay_small() {
        let deep = 100_000;
        let text = "(a :b ".repeat(deep).replacen("a", "root", 1);
        let tree = Tree::parse(&format!("{text}c{}", ")".repeat(deep))).unwrap();
        assert_eq!(tree.len(), deep);
        let written = tree.to_penman(Style::AMR);
        assert!(written.len() < deep * (WIDEST + 10));
        assert_eq!(Tree::parse(&written).unwrap().len(), deep);
    }
}
