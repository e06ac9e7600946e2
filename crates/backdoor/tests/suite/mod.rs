mod attacks;
mod defense;
mod penalty;
mod perplexity;
mod support;
