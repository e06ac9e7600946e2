//! Both stages on generated documents.

mod ablation;
mod learning;
mod reports;
mod toy;
mod whole;
