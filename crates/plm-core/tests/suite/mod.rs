mod encoder_parity;
mod fixture;
