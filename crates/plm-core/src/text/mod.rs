//! Tokenizers, encoding, batches.
