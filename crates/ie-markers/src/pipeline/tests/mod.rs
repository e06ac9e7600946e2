//! Both stages on generated documents.

mod learning;
mod reports;
mod toy;
mod whole;
