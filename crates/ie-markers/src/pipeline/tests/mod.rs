//! Both stages on generated documents.

mod ablation;
mod learning;
mod packing;
mod proposals;
mod reports;
mod toy;
mod whole;
