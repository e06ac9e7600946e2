mod encoder_parity;
mod fixture;
mod train;
