//! Personalized PageRank of an undirected graph, and products with it.
//!
//! With Â = D̃^-1/2 (A + I) D̃^-1/2 and teleport probability α the matrix is
//! **P = α (I − (1 − α) Â)^-1** (Chen et al. 2021, "Topology-Imbalance Learning for Semi-Supervised
//! Node Classification", arXiv 2110.04099, section 3.1; Gasteiger et al. 2019). It is symmetric, its
//! rows do not sum to one, and its eigenvalues lie in (α/(2 − α), 1].
//!
//! | paper | here |
//! |---|---|
//! | Â, α | [`Diffusion`] |
//! | P | never stored, except by [`ppr_matrix`] and [`ppr_rows`] |
//! | P·B | [`PprSolver::solve`] |
//!
//! | solver | error | cost of `width` columns |
//! |---|---|---|
//! | [`DensePpr`] | rounding | n³/3 multiplications for the factor, 16·n² bytes; n ≤ [`DENSE_LIMIT`] |
//! | [`PowerPpr`] | (1 − α)^steps | steps · edges · width |
//! | [`CgPpr`] (the default) | relative residual, 1e-8 | at most about 33 · edges · width at α = 0.15 |
//! | [`PushPpr`] | ε·√(d̃ᵢ d̃ⱼ) an entry | at most 1/(αε) edges for each non-zero row of B |
//!
//! The reference code inverts the dense matrix and stores it under the data set's name alone, so that
//! a second run with another α reads the first one's numbers. Nothing is stored here.

mod cg;
mod dense;
mod diffusion;
mod power;
mod push;
mod rows;
mod solver;

pub use cg::CgPpr;
pub use dense::{DENSE_LIMIT, DensePpr};
pub use diffusion::Diffusion;
pub use power::PowerPpr;
pub use push::{PprForm, PushPpr};
pub use rows::{ppr_matrix, ppr_rows};
pub use solver::{PprSolver, Prepared};
