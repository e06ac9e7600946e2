//! What methods hook into in T5, BART and GPT-2: one test for all three, on every device.

mod dropout;
mod family;
mod ffn;
mod gradients;
mod inputs;
mod taps;

/// One test per family from a function that is generic over it.
macro_rules! for_each_family {
    ($($test:ident),* $(,)?) => {
        mod t5 {
            $(#[test]
            fn $test() {
                super::$test::<plm_core::models::T5ForConditionalGeneration>();
            })*
        }
        mod bart {
            $(#[test]
            fn $test() {
                super::$test::<plm_core::models::BartForConditionalGeneration>();
            })*
        }
        mod gpt2 {
            $(#[test]
            fn $test() {
                super::$test::<plm_core::models::Gpt2LmHeadModel>();
            })*
        }
    };
}
use for_each_family;
