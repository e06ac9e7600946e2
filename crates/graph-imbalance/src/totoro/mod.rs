//! Totoro: how strongly the influence of foreign classes meets at a node.
//!
//! Source: Chen et al. 2021, arXiv 2110.04099, section 3.2 and equation 2; its code, victorchen96/ReNode.
//!
//! A labeled node spreads its class over the graph by personalized PageRank. Where the influences of
//! several classes meet lies a class border, and a labeled node near one sends its own class to nodes
//! that belong to others. With the class influence gⱼ(x) = 1/|Cⱼ| Σ_{i∈Cⱼ} P_ix its conflict is
//!
//! **T_v = Σₓ P_vx Σ_{j≠y_v} gⱼ(x) = Σ_{j≠y_v} (P² B)_vj**, B_ij = 1/|Cⱼ| for the labeled i of class j.
//!
//! | paper | here |
//! |---|---|
//! | P, α | [`Diffusion`](crate::ppr::Diffusion) and a [`PprSolver`](crate::ppr::PprSolver) |
//! | 𝓛, C_j | `labels` and `train` |
//! | Σ_{i∈Cⱼ} P_i / \|Cⱼ\| | [`ClassInfluence`] with [`Seeds::ClassMean`] |
//! | T_v, `Totoro(v)` | [`Conflict::values`], [`Totoro::of`] |
//! | Σ_v T_v, graph-level conflict | [`Conflict::total`], [`Conflict::mean`] |
//! | label propagation Y = P Y⁰ | [`ClassInfluence::predictions`] |
//!
//! The paper calls T an expectation over P_v, but the rows of P do not sum to one: it is a plain
//! weighted sum. The reference code forms the dense P; two solves with as many columns as there are
//! classes give the same for every node, labeled or not. Its inductive half uses another quantity,
//! [`TotoroInput::SoftmaxRows`].

mod conflict;
mod exact;
mod influence;
mod labeled;
mod rows;

pub use conflict::Conflict;
pub use exact::Totoro;
pub use influence::{ClassInfluence, Seeds};
pub use rows::TotoroInput;
