use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use super::Fault;
use super::lexer::{Bad, Kind, Lexer, Token, line_and_column};
use super::piece::Piece;
use super::tree::{BranchData, NIL, NodeData, TargetData, Tree, VariableData};

/// A graph at the start of a text.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) tree: Tree,
    /// Where it ends, in bytes.
    pub(super) end: usize,
    /// The comments in it.
    pub(super) comments: Vec<Range<usize>>,
}

/// The only graph in `text`.
pub(super) fn parse_one(text: &str) -> Result<Tree, Bad> {
    let mut lexer = Lexer::new(text);
    let start = loop {
        match lexer.next()? {
            Some(token) if token.kind == Kind::Comment => {}
            Some(token) => break token.start,
            None => {
                let (at, fault) = (text.len(), Fault::NoGraph);
                return Err(Bad { at, fault });
            }
        }
    };
    let parsed = parse(&text[start..]).map_err(|bad| bad.after(text, start))?;
    let end = start + parsed.end;
    let mut rest = Lexer::new(&text[end..]);
    while let Some(token) = rest.next().map_err(|bad| bad.after(text, end))? {
        if token.kind != Kind::Comment {
            let (at, fault) = (end + token.start, Fault::AfterGraph);
            return Err(Bad { at, fault });
        }
    }
    Ok(parsed.tree)
}

impl Bad {
    /// For a text of which the part that was read begins at byte `start`.
    pub(super) fn after(mut self, text: &str, start: usize) -> Self {
        self.at += start;
        if let Fault::Unclosed { line, column, .. } = &mut self.fault {
            let (first, shift) = line_and_column(text, start, 1);
            if *line == 1 {
                *column += shift - 1;
            }
            *line += first - 1;
        }
        self
    }
}

/// The graph that `text` begins with.
///
/// Takes time linear in the text's length and memory in proportion to it.
pub(super) fn parse(text: &str) -> Result<Parsed, Bad> {
    if text.len() > Piece::LIMIT {
        let limit = Piece::LIMIT;
        let (at, fault) = (0, Fault::TooLong { limit });
        return Err(Bad { at, fault });
    }
    // Enough for most graphs, and little for the shortest.
    let room = (text.len() / 20).min(32);
    let mut parser = Parser {
        text,
        lexer: Lexer::new(text),
        ahead: None,
        comments: Vec::new(),
        tree: Tree {
            text: String::new(),
            variables: Vec::with_capacity(room),
            nodes: Vec::with_capacity(room),
            branches: Vec::with_capacity(room),
        },
        variables: HashMap::with_capacity(room),
        open: Vec::new(),
    };
    let end = parser.graph()?;
    parser.resolve();
    let mut tree = parser.tree;
    tree.text = text[..end].to_owned();
    if tree.branches.len() < room / 4 {
        tree.variables.shrink_to_fit();
        tree.nodes.shrink_to_fit();
        tree.branches.shrink_to_fit();
    }
    Ok(Parsed {
        tree,
        end,
        comments: parser.comments,
    })
}

struct Parser<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    ahead: Option<Token>,
    comments: Vec<Range<usize>>,
    tree: Tree,
    variables: HashMap<&'t str, u32>,
    /// Open nodes and the bytes of their brackets.
    open: Vec<(u32, usize)>,
}

impl Parser<'_> {
    /// Reads the graph and returns where it ends.
    fn graph(&mut self) -> Result<usize, Bad> {
        let first = self.expect(&[Kind::Open], "`(`, the start of a graph")?;
        self.node(first.start)?;
        let mut end = 0;
        while let Some(&(node, _)) = self.open.last() {
            let token =
                self.expect(&[Kind::Role, Kind::Close], "a role such as `:ARG0`, or `)`")?;
            if token.kind == Kind::Close {
                self.open.pop();
                end = token.end;
            } else {
                self.branch(node, token)?;
            }
        }
        Ok(end)
    }

    /// Opens the node whose bracket stands at byte `bracket`.
    fn node(&mut self, bracket: usize) -> Result<(), Bad> {
        let index = self.tree.nodes.len() as u32;
        self.open.push((index, bracket));
        let variable = self.expect(&[Kind::Symbol], "a variable")?;
        let (mut concept, mut alignment) = (Piece::NONE, Piece::NONE);
        if self.accept(Kind::Slash)?.is_some() {
            let token = self.expect(&[Kind::Symbol, Kind::String], "a concept")?;
            concept = piece(token);
            alignment = self.alignment()?;
        }
        let variable = self.define(variable, index, concept)?;
        self.tree.nodes.push(NodeData {
            variable,
            concept,
            alignment,
            first: NIL,
            last: NIL,
        });
        Ok(())
    }

    /// The number of the variable of node `index`, which has `concept`.
    fn define(&mut self, token: Token, index: u32, concept: Piece) -> Result<u32, Bad> {
        let name = &self.text[token.start..token.end];
        let slot = match self.variables.entry(name) {
            Entry::Occupied(slot) => *slot.get(),
            Entry::Vacant(slot) => {
                let number = self.tree.variables.len() as u32;
                self.tree.variables.push(VariableData {
                    name: piece(token),
                    node: index,
                });
                return Ok(*slot.insert(number));
            }
        };
        let variable = &mut self.tree.variables[slot as usize];
        let earlier = self.tree.nodes[variable.node as usize].concept;
        if !concept.is_none() {
            if !earlier.is_none() {
                let fault = Fault::DuplicateVariable {
                    variable: name.to_owned(),
                    concept: earlier.of(self.text).to_owned(),
                };
                return Err(Bad {
                    at: token.start,
                    fault,
                });
            }
            variable.node = index;
        }
        Ok(slot)
    }

    fn branch(&mut self, node: u32, role: Token) -> Result<(), Bad> {
        let role_alignment = self.alignment()?;
        let kinds = [Kind::Open, Kind::Symbol, Kind::String];
        let target = self.expect(&kinds, "a node, a symbol or a string")?;
        let opens = target.kind == Kind::Open;
        let mut branch = BranchData {
            role: piece(role),
            role_alignment,
            target: TargetData::Constant(piece(target)),
            alignment: Piece::NONE,
            next: NIL,
        };
        if opens {
            branch.target = TargetData::Node(self.tree.nodes.len() as u32);
        } else {
            branch.alignment = self.alignment()?;
        }
        self.tree.push_branch(node, branch);
        if opens {
            self.node(target.start)?;
        }
        Ok(())
    }

    /// Makes the atoms that are variables references: a variable may be defined after its use.
    fn resolve(&mut self) {
        for branch in &mut self.tree.branches {
            if let TargetData::Constant(atom) = branch.target
                && let name = atom.of(self.text)
                && !name.starts_with('"')
                && let Some(&variable) = self.variables.get(name)
            {
                branch.target = TargetData::Variable(variable);
            }
        }
    }

    fn next(&mut self) -> Result<Option<Token>, Bad> {
        if let Some(token) = self.ahead.take() {
            return Ok(Some(token));
        }
        loop {
            match self.lexer.next()? {
                Some(token) if token.kind == Kind::Comment => {
                    self.comments.push(token.start..token.end);
                }
                token => return Ok(token),
            }
        }
    }

    fn accept(&mut self, kind: Kind) -> Result<Option<Token>, Bad> {
        match self.next()? {
            Some(token) if token.kind == kind => Ok(Some(token)),
            token => {
                self.ahead = token;
                Ok(None)
            }
        }
    }

    fn alignment(&mut self) -> Result<Piece, Bad> {
        Ok(self.accept(Kind::Alignment)?.map_or(Piece::NONE, piece))
    }

    fn expect(&mut self, kinds: &[Kind], expected: &'static str) -> Result<Token, Bad> {
        let Some(token) = self.next()? else {
            return Err(self.unclosed());
        };
        if kinds.contains(&token.kind) {
            return Ok(token);
        }
        let found = self.text[token.start..token.end].chars().take(40).collect();
        let fault = Fault::Unexpected { found, expected };
        Err(Bad {
            at: token.start,
            fault,
        })
    }

    fn unclosed(&self) -> Bad {
        let at = self.text.trim_end().len();
        let Some(&(_, bracket)) = self.open.last() else {
            let fault = Fault::NoGraph;
            return Bad { at, fault };
        };
        let (line, column) = line_and_column(self.text, bracket, 1);
        let open = self.open.len();
        let fault = Fault::Unclosed { open, line, column };
        Bad { at, fault }
    }
}

fn piece(token: Token) -> Piece {
    Piece::new(token.start, token.end)
}
