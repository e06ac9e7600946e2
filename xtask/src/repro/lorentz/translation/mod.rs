//! Sequence-to-sequence translation: reversed sequences, and Multi30k.

mod multi30k;
mod reverse_copy;
mod way;

pub(in super::super) use multi30k::real;
pub(in super::super) use reverse_copy::embedded;
