//! Joint constraint clustering of triggers and arguments (JCSC).
//!
//! The algorithm is that of the baseline in ETypeClus (Shen et al., EMNLP 2021), its objective that
//! of Huang et al. (ACL 2016, "Liberal event extraction and event schema induction"): triggers whose
//! arguments fall into the same clusters become more similar, and arguments likewise.

mod constraint;
mod fit;
mod links;
mod objective;
mod role_aware;
mod settings;
#[cfg(test)]
mod tests;

pub use constraint::constrained;
pub use fit::{JcscFit, JcscStep};
pub use links::{Link, Links};
pub use objective::clustering_objective;
pub use role_aware::RoleAware;
pub use settings::{Jcsc, ObjectiveOn};
