mod hostile;
mod noise;
mod parity;
mod roles;
mod saving;
