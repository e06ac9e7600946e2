mod model;
mod search;
mod training;
