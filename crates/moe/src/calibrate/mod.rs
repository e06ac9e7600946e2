//! Adapting a converted model to the experts it no longer computes.

mod closed_form;
mod trainable;

pub use closed_form::{ClosedForm, Fitted, fit_outputs};
pub use trainable::{Trainable, freeze_but};
