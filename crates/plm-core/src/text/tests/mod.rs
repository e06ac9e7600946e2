mod hostile;
mod noise;
mod parity;
mod roles;
