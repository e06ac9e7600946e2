//! What the families' settings say alike.

use plm_core::config::{BartConfig, EncoderConfig, Gpt2Config, T5Config};

/// What of a model's settings decides how it is run and what that costs.
pub(crate) struct Limits {
    /// Most tokens of a sequence.
    pub(crate) longest: usize,
    /// Width of all attention heads together.
    pub(crate) attention_size: usize,
    /// Id that fills up shorter texts.
    pub(crate) pad_token_id: usize,
}

/// Settings that say it.
pub(crate) trait Settings {
    /// The limits.
    fn limits(&self) -> Limits;
}

macro_rules! settings {
    ($($config:ident: |$own:ident| $longest:expr, $attention_size:expr, $pad_token_id:expr;)+) => {$(
        impl Settings for $config {
            fn limits(&self) -> Limits {
                let $own = self;
                Limits {
                    longest: $longest,
                    attention_size: $attention_size,
                    pad_token_id: $pad_token_id,
                }
            }
        }
    )+};
}

settings!(
    EncoderConfig: |own| own.max_length(), own.hidden_size, own.pad_token_id;
    // Positions are relative.
    T5Config: |own| usize::MAX, own.num_heads * own.d_kv, own.pad_token_id;
    BartConfig: |own| own.max_position_embeddings, own.d_model, own.pad_token_id;
    // Padding is hidden, whatever its id.
    Gpt2Config: |own| own.n_positions, own.n_embd, own.pad_token_id.unwrap_or(0);
);
