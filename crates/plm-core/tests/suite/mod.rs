mod encoder_hooks;
mod encoder_parity;
mod fixture;
mod train;
mod vocabulary;
