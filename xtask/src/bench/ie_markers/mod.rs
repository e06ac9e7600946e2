//! `bench ie-markers`: what packing and the factorized encoder save, and extraction beside the published
//! layout.

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
    let mut cases = layouts::cases(&minilm, &device)?;
    cases.extend(extraction::cases(&minilm, &device)?);
    Ok(Plan {
        setup: vec![load],
        cases,
    })
}
