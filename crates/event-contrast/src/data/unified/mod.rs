//! The unified form of OmniEvent (Peng et al. 2023).

mod read;
mod record;
#[cfg(test)]
mod tests;
mod write;

pub use read::read_unified;
pub use write::{UnifiedUnit, write_unified};
