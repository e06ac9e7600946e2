//! Pictures: places of a tree, and the precision of distances.

mod disks;
mod distances;

pub(super) use disks::disks;
pub(super) use distances::distances;
pub(crate) use distances::errors as distance_errors;
