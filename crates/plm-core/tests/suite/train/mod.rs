mod accumulate;
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
mod tiny;
mod toy;
