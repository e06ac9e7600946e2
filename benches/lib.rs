//! Helpers shared by the benchmarks.

/// The examples of the repository's README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// The example of the page on many devices, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../docs/scale.md")]
pub struct Scale;

/// The guides' examples, compiled and run.
#[cfg(doctest)]
pub mod guide {
    #[doc = include_str!("../docs/guide/plm-core.md")]
    pub struct Core;
    #[doc = include_str!("../docs/guide/prompt.md")]
    pub struct Prompt;
    #[doc = include_str!("../docs/guide/moe.md")]
    pub struct Moe;
    #[doc = include_str!("../docs/guide/distill.md")]
    pub struct Distill;
    #[doc = include_str!("../docs/guide/backdoor.md")]
    pub struct Backdoor;
    #[doc = include_str!("../docs/guide/graph-imbalance.md")]
    pub struct GraphImbalance;
    #[doc = include_str!("../docs/guide/ie-markers.md")]
    pub struct IeMarkers;
    #[doc = include_str!("../docs/guide/event-contrast.md")]
    pub struct EventContrast;
    #[doc = include_str!("../docs/guide/lorentz.md")]
    pub struct Lorentz;
}
