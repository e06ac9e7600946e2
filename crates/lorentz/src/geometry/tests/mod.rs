mod accuracy;
mod gradients;
mod metric;
mod models;
mod reference;
mod span;
mod tangents;
