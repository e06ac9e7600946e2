//! Words that tasks are made of.

mod actions;
mod opinions;
mod people;
mod questions;
mod things;

pub(super) use actions::ACTIONS;
pub(super) use opinions::{CHARACTERS, FEELINGS, OPINIONS, TASTES};
pub(super) use people::{FAMILY, JOBS, MEN, WOMEN};
pub(super) use questions::{COUNTS, DEEDS, EVENTS, PLACES, STARTS, TIMES};
pub(super) use things::{ANIMALS, BODY, BUILDINGS, CITIES, CLOTHES, COLORS, COUNTRIES, FOOD};
