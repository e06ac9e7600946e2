//! Link prediction and node classification on graphs, in both geometries.

mod depth;
mod embedded;
mod lab;
mod published;
mod real;
mod report;
mod sets;

pub(super) use embedded::run as embedded;
pub(super) use real::run as real;
