//! The XML of ECB+: documents are valid.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_event_contrast::data::read_ecb;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((document, _)) = read_ecb(bytes, "f", 1 << 20) {
        document.validate().unwrap();
    }
});
