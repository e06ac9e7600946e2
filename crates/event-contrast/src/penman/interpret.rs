use super::graph::{Graph, GraphTarget, GraphVariable, TripleData};
use super::piece::Piece;
use super::tree::TargetData;
use super::{RoleModel, Step, Tree};

/// The graph of `tree`: its triples in the order of writing, a node's concept right after the branch
/// that leads to the node.
pub(super) fn interpret(tree: Tree, model: &RoleModel) -> Graph {
    let mut variables: Vec<_> = tree
        .variables
        .iter()
        .map(|variable| GraphVariable {
            name: variable.name,
            instance: 0,
        })
        .collect();
    let mut triples = Vec::with_capacity(tree.branches.len() + variables.len());
    // Roles that are no part of the tree's text.
    let mut extra = String::new();
    let mut sources = Vec::new();
    for step in tree.walk() {
        let (branch, opened) = match step {
            Step::Close => {
                sources.pop();
                continue;
            }
            Step::Atom(branch) => (Some(branch), None),
            Step::Open { node, branch } => (branch, Some(node)),
        };
        if let (Some(branch), Some(&source)) = (branch, sources.last()) {
            triples.push(triple(&tree, branch, source, model, &mut extra));
        }
        if let Some(node) = opened {
            let data = &tree.nodes[node as usize];
            sources.push(data.variable);
            if tree.variables[data.variable as usize].node == node {
                variables[data.variable as usize].instance = triples.len() as u32;
                triples.push(instance(&tree, node));
            }
        }
    }
    let top = tree.nodes[0].variable;
    let mut text = tree.text;
    text.push_str(&extra);
    Graph {
        text,
        variables,
        triples,
        top,
    }
}

fn instance(tree: &Tree, node: u32) -> TripleData {
    let data = &tree.nodes[node as usize];
    TripleData {
        source: data.variable,
        role: Piece::NONE,
        role_alignment: Piece::NONE,
        target: if data.concept.is_none() {
            GraphTarget::Missing
        } else {
            GraphTarget::Constant(data.concept)
        },
        alignment: data.alignment,
    }
}

fn triple(
    tree: &Tree,
    branch: u32,
    source: u32,
    model: &RoleModel,
    extra: &mut String,
) -> TripleData {
    let data = &tree.branches[branch as usize];
    let written = data.role.of(&tree.text);
    let read = model.read(written);
    let mut role = data.role;
    if read != written {
        let start = tree.text.len() + extra.len();
        extra.push_str(&read);
        role = Piece::new(start, start + read.len());
    }
    let other = match data.target {
        TargetData::Node(node) => Some(tree.nodes[node as usize].variable),
        TargetData::Variable(variable) => Some(variable),
        TargetData::Constant(_) => None,
    };
    let (source, target) = match (other, data.target) {
        (Some(other), _) if model.is_inverted(&read) => {
            role = role.shortened("-of".len());
            (other, GraphTarget::Variable(source))
        }
        (Some(other), _) => (source, GraphTarget::Variable(other)),
        (None, TargetData::Constant(constant)) => (source, GraphTarget::Constant(constant)),
        (None, _) => (source, GraphTarget::Missing),
    };
    TripleData {
        source,
        role,
        role_alignment: data.role_alignment,
        target,
        alignment: data.alignment,
    }
}

/// For each branch of `tree`, the number of its triple in the tree's graph.
pub(crate) fn triples_of_branches(tree: &Tree) -> Vec<usize> {
    let mut numbers = vec![0; tree.branches.len()];
    let mut count = 0;
    for step in tree.walk() {
        if let Step::Atom(branch)
        | Step::Open {
            branch: Some(branch),
            ..
        } = step
        {
            numbers[branch as usize] = count;
            count += 1;
        }
        if let Step::Open { node, .. } = step {
            let variable = tree.nodes[node as usize].variable;
            count += usize::from(tree.variables[variable as usize].node == node);
        }
    }
    numbers
}
