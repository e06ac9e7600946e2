//! Model configurations, read from Hugging Face's `config.json`.
