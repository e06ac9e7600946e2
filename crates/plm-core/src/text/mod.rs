//! Text in, tensors out: tokenizers, encodings, batches, masked-LM noise, tokenizer training.
//!
//! [`Tokenizer::from_dir`] reads a Hugging Face directory; [`Tokenizer::encode`] gives an
//! [`Encoding`]; [`collate`] pads encodings into a [`Batch`] on a device. Truncation is never
//! silent: it happens only where a [`Truncation`] asks for it, and is counted in
//! [`Encoding::truncated`] and [`TruncationReport`].

mod beyond;
mod buckets;
mod collate;
mod declared;
mod encode;
mod encoding;
mod input;
mod legacy;
mod load;
mod mlm;
mod save;
mod special;
#[cfg(test)]
mod tests;
mod tokenizer;
mod training;
mod truncate;

pub use buckets::{BatchBy, BucketState, LengthBuckets};
pub use collate::{Batch, Padding, PaddingSide, collate};
pub use encode::{EncodeOptions, EncodedBatch};
pub use encoding::{Encoding, OffsetUnit};
pub use input::TextInput;
pub use mlm::{Masked, MlmMasking};
pub use special::SpecialToken;
pub use tokenizer::Tokenizer;
pub use training::{BytePairStyle, BytePairTraining, WordPieceTraining};
pub use truncate::{Truncation, TruncationReport, TruncationSide, TruncationStrategy};
