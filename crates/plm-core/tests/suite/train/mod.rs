mod accumulate;
mod checkpoints;
mod freeze;
mod goldens;
mod kill;
mod looping;
mod toy;
