//! Hugging Face checkpoints: strict loading and atomic saving.
