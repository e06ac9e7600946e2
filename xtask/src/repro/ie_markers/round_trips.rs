//! What must hold exactly of labels and files.

use anyhow::{Context as _, Result};
use plm_core::data::{Lines, open};
use plm_core::rng::Seed;
use plm_ie_markers::data::{Document, ReadOptions, read_documents, write_documents};
use plm_ie_markers::labels::{DirectedRelation, Direction, RelationSpace};
use rand::RngExt as _;

use crate::repro::{Check, Context, Op, Outcome};

/// Swapping twice changes nothing, both orders of a pair decode to one relation, and the targets of a
/// relation decode to it: how often that fails.
pub(super) fn inverses(space: &RelationSpace, seed: Seed, outcome: &mut Outcome) -> Result<()> {
    let mut rng = seed.stream("inverses");
    let mut failures = 0_u32;
    let symmetric = |found: DirectedRelation| found.label < space.symmetric_count();
    for _ in 0..500 {
        let mut row = || -> Vec<f32> {
            (0..space.classes())
                .map(|_| rng.random_range(-4.0..4.0_f32))
                .collect()
        };
        let (forward, backward) = (row(), row());
        failures += u32::from(space.swap(&space.swap(&forward)?)? != forward);
        let one = space.decode_pair(Some(&forward), Some(&backward))?;
        let other = space.decode_pair(Some(&backward), Some(&forward))?;
        let same = match (one, other) {
            (None, None) => true,
            (Some(one), Some(other)) => {
                one.label == other.label
                    && (symmetric(one) || one.direction != other.direction)
                    && (one.score - other.score).abs() < 1e-12
            }
            _ => false,
        };
        failures += u32::from(!same);
    }
    for class in 1..space.classes() {
        let row = |class| -> Vec<f32> {
            (0..space.classes())
                .map(|other| if other == class { 5.0 } else { 0.0 })
                .collect()
        };
        let found = space.decode_pair(Some(&row(class)), Some(&row(space.inverse(class))))?;
        let (label, inverse) = space.label(class).context("a class without label")?;
        let expected = match inverse {
            true => Direction::Backward,
            false => Direction::Forward,
        };
        let right = found.is_some_and(|found| {
            space.labels()[found.label] == label
                && (symmetric(found) || found.direction == expected)
        });
        failures += u32::from(!right);
    }
    let check = Check::new("inverse_swap_identity", f64::from(failures), Op::Eq, 0.0);
    outcome.checks.push(check);
    Ok(())
}

/// Gold and predicted annotations survive a file, and reading and writing it again changes no byte.
pub(super) fn round_trip(
    context: &Context,
    documents: &[Document],
    outcome: &mut Outcome,
) -> Result<()> {
    let [first, second] = ["first", "second"].map(|name| context.out.join(format!("{name}.jsonl")));
    write_documents(&first, documents)?;
    let read = read_documents(Lines::new(open(&first)?, &first), &ReadOptions::default())?;
    write_documents(&second, &read.documents)?;
    let bytes = |path| -> Result<Vec<u8>> { Ok(std::fs::read(path)?) };
    let unscored = |documents: &[Document]| -> Vec<Document> {
        let mut documents = documents.to_vec();
        for sentence in documents.iter_mut().flat_map(|one| &mut one.sentences) {
            for one in &mut sentence.predicted_entities {
                one.score = None;
            }
            for one in &mut sentence.predicted_relations {
                one.score = None;
            }
        }
        documents
    };
    let same =
        bytes(&first)? == bytes(&second)? && unscored(&read.documents) == unscored(documents);
    outcome.checks.push(Check::fact("jsonl_round_trip", same));
    Ok(())
}
