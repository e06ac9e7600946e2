mod invariants;
mod module;
mod reference;
