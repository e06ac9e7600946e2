#![doc = include_str!("../README.md")]

pub mod amalgamate;
mod answer;
pub mod augment;
pub mod cache;
mod card;
pub mod corpus;
pub mod dynamic;
mod encode;
mod error;
pub mod evaluate;
mod example;
mod exit_code;
pub mod fit;
pub mod labels;
pub mod loss;
mod partition;
pub mod run_file;
pub mod score;
pub mod student;
pub mod teacher;
pub mod uncertainty;

pub use amalgamate::Integration;
pub use card::{ModelFacts, TeacherCard};
pub use corpus::Corpus;
pub use encode::TextEncoder;
pub use error::{Error, Result};
pub use example::Example;
pub use labels::{LabelLayout, LabelSpace};
pub use partition::{LabeledRow, Partition, all_rows, teacher_rows};
