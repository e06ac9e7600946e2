mod accumulate;
mod again;
mod checkpoints;
mod freeze;
#[cfg(target_os = "linux")]
mod freeze_work;
mod goldens;
mod kill;
mod looping;
mod parallel;
#[cfg(feature = "remote")]
mod remote;
mod running;
mod tiny;
mod toy;
