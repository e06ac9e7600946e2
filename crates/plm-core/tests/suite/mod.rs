mod bart;
mod decoder_support;
mod encoder_parity;
mod fixture;
mod generate;
mod gpt2;
mod t5;
