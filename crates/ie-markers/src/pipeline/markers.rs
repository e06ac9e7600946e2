//! Marker tokens of a stage.

use plm_core::check::same_size;
use plm_core::models::{EncoderModel, Pretrained};
use plm_core::rng::Seed;
use plm_core::text::Tokenizer;

use crate::Result;
use crate::heads::Head;
use crate::layout::MarkerPair;
use crate::markers::{MarkerInit, MarkerSet, MarkerToken, marker_tokens, resolve_markers};
use crate::model::{Headed, initialize_markers, with_head};
use crate::pack::PairMarkers;
use crate::subwords::{EmptyWords, WordSplitter};

/// `base` with a head and `count` marker tokens, whose vectors begin as `init` says, over and over.
pub(super) fn headed_with_markers<H: Head>(
    base: Pretrained<EncoderModel>,
    head: &H::Config,
    count: usize,
    init: &[MarkerInit],
    seed: Seed,
) -> Result<(Pretrained<Headed<H>>, Vec<String>)> {
    let splitter = WordSplitter::new(base.tokenizer()?, EmptyWords::Flag)?;
    let tokens = marker_tokens(&splitter, count);
    let names: Vec<String> = tokens
        .iter()
        .map(|t| MarkerToken::name(t).to_owned())
        .collect();
    let mut model = with_head(base, head, seed)?;
    let markers: Vec<(&str, MarkerInit)> = names
        .iter()
        .map(String::as_str)
        .zip(init.iter().cloned().cycle())
        .collect();
    same_size("first vectors of markers", markers.len(), count)?;
    initialize_markers(&mut model, &markers, seed)?;
    Ok((model, names))
}

/// The ids of `names`, which must be `count`.
pub(super) fn marker_ids(
    tokenizer: &Tokenizer,
    names: &[String],
    count: usize,
) -> Result<Vec<u32>> {
    same_size("marker tokens", names.len(), count)?;
    resolve_markers(&WordSplitter::new(tokenizer, EmptyWords::Flag)?, names)
}

/// How many markers subjects and objects need: four, and four for each of `types` with markers of its
/// own.
pub(super) fn pair_marker_count(types: usize, typed: bool) -> usize {
    if typed { 4 + 4 * types } else { 4 }
}

/// The markers of subjects and objects: `[S]`, `[/S]`, `[O]`, `[/O]`, then the same of each type.
pub(super) fn pair_markers(ids: &[u32]) -> Result<PairMarkers> {
    let pairs = |first: usize| -> Vec<MarkerPair> {
        let fours = ids.chunks_exact(4);
        fours
            .map(|four| MarkerPair::new(four[first], four[first + 1]))
            .collect()
    };
    let set = |pairs: Vec<MarkerPair>| match pairs.as_slice() {
        [only] => Ok(MarkerSet::plain(*only)),
        [untyped, typed @ ..] => MarkerSet::typed(typed.to_vec(), *untyped),
        [] => MarkerSet::typed(Vec::new(), MarkerPair::new(0, 0)),
    };
    Ok(PairMarkers {
        subject: set(pairs(0))?,
        object: set(pairs(2))?,
    })
}
