mod attacks;
mod byte_level;
mod defense;
mod penalty;
mod perplexity;
mod support;
