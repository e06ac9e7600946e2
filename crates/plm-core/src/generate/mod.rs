//! Text generation: greedy, beam search and sampling.
