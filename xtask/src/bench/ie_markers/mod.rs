//! `bench ie-markers`: what packing and the factorized encoder save, and both stages of extraction beside the
//! published layout.

mod extraction;
mod layouts;

use anyhow::Result;
use serde_json::json;

use super::{Context, Plan};

/// What PL-Marker's scripts for SciERC pad texts to: entities, relations.
const PUBLISHED_LENGTHS: [usize; 2] = [512, 256];
/// Spans and objects of a row in them.
const SPANS: usize = 256;
const OBJECTS: usize = 16;
/// Entity types and relations, symmetric ones first: those of SciERC.
const TYPES: usize = 6;
const RELATIONS: [usize; 2] = [2, 5];

/// The largest difference of log-probabilities of both sides: on a CPU, and on a GPU, which may round the
/// operands of products to tf32.
const BOUNDS: [f64; 2] = [1e-3, 5e-2];

/// The cases.
pub(super) fn plan(context: &Context) -> Result<Plan> {
    let device = plm_core::device::parse(&context.device)?;
    let minilm = context.store.dir("minilm-l6")?;
    let load = json!({
        "op": "load",
        "dir": minilm,
        "device": context.peer_device(),
        "dtype": "f32",
        "threads": context.threads,
        "types": TYPES,
        "relations": 1 + RELATIONS[0] + 2 * RELATIONS[1],
    });
    let mut setup = vec![load];
    let bound = BOUNDS[usize::from(context.device.starts_with("cuda"))];
    let stages = extraction::Stages::new(&minilm, &device)?;
    setup.extend(stages.comparisons(bound)?);
    let mut cases = layouts::cases(&minilm, &device)?;
    cases.extend(extraction::cases(stages));
    Ok(Plan { setup, cases })
}
