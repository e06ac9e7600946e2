//! Parameters that are points, and where they are in a module.

mod param;
mod registry;

pub use param::ManifoldParam;
pub use registry::ManifoldRegistry;
