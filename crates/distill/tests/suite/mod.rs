mod amalgamation;
mod augment;
mod golden;
mod losses;
mod students;
mod support;
mod teachers;
mod training;
