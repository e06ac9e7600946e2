mod amsgrad;
mod invariants;
mod module;
mod reference;
