//! NumPy's arrays: tables of numbers come back bit for bit.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_core::files::npy::{self, Array, Header};
use plm_distill::cache::{export_npy, import_npy};
use plm_fuzz::{file, folder};
use plm_prompt::io::load_npy;

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = Header::parse(bytes) {
        assert!(header.length <= bytes.len());
        let data = &bytes[header.length..];
        if let Ok(array) = Array::new(header.element, header.shape, header.fortran, data.into()) {
            let _ = (
                array.length(),
                array.table(),
                array.integers(),
                array.floats(),
            );
        }
    }
    let path = file("array.npy", bytes);
    let other = folder().join("other.npy");
    if let Ok(array) = npy::read(&path)
        && let (Ok(shape), Ok(values)) = (array.table(), array.floats())
    {
        npy::write_f32(&other, shape, &values).unwrap();
        let again = npy::read(&other).unwrap();
        assert_eq!(again.table(), Ok(shape));
        assert_eq!(bits(&again.floats().unwrap()), bits(&values));
    }
    if let Ok(rows) = import_npy(&path) {
        export_npy(&other, &rows).unwrap();
        assert_eq!(import_npy(&other).unwrap(), rows);
    }
    if let Ok(prompt) = load_npy(&path) {
        assert_eq!(prompt.values().len(), prompt.rows() * prompt.width());
    }
});
