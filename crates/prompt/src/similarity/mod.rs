//! How alike two soft prompts are, and what that says about transfer between them.
//!
//! | measure | compares |
//! |---|---|
//! | [`EmbeddingMetric`] | the prompts' own vectors |
//! | [`ActivationState::overlap`] | the feed-forward neurons that the prompts switch on |
//! | [`Stimulation::cosine`] | the raw values of those neurons |
//!
//! [`stimulate`] looks at the neurons of a model, [`NeuronMask`] switches some of them off.
//!
//! Source: Su et al., "On Transferability of Prompt Tuning for Natural Language Processing",
//! NAACL 2022 (arXiv 2111.06719), and its code, thunlp/Prompt-Transferability at 2d15de5.

mod activation;
mod aggregate;
mod correlation;
mod embedding;
mod neuron_mask;
mod probe;
mod stimulation;
mod window;

pub use activation::ActivationState;
pub use aggregate::{GroupMeans, SimilarityMatrix};
pub use correlation::{SelfEntry, TransferCorrelation};
pub use embedding::{EmbeddingMetric, Slots};
pub use neuron_mask::NeuronMask;
pub use probe::stimulate;
pub use stimulation::{Stimulation, StimulationCosine};
pub use window::LayerWindow;
