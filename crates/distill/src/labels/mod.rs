//! Which labels each teacher knows, and the union of them that the student learns.

mod aliases;
mod builder;
mod file;
mod layout;
mod names;
mod space;

pub use aliases::Aliases;
pub use builder::LabelSpaceBuilder;
pub use layout::LabelLayout;
pub use names::sort_labels;
pub use space::{LabelSpace, TeacherLabels};

pub(crate) use names::{check_dataset, check_names, qualified, shown};
