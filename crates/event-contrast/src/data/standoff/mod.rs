//! Standoff annotations of brat (Stenetorp et al. 2012) and of the BioNLP shared tasks.

mod annotation;
mod gather;
mod read;

pub(super) use read::{StandoffFile, gather, read_text};
pub use read::{StandoffLayout, read_bionlp, read_standoff};
