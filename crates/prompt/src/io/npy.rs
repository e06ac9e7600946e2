//! Prompts in NumPy's `.npy` files, as google-research/prompt-tuning ships them.

use std::path::Path;

use plm_core::files::npy;

use super::tensors::checked;
use crate::{Error, PromptMatrix, Result};

/// The prompt in the `.npy` file at `path`: an array of two axes, slots and width, of floating-point
/// numbers, in either byte order and in either order of its axes. Versions 1 to 3 of the format are read;
/// 64-bit floats are rounded to 32 bits.
///
/// # Errors
/// [`Error::Core`], also where the file is no such array, is shorter or longer than its header says, or holds
/// a number that is not finite.
pub fn load_npy(path: impl AsRef<Path>) -> Result<PromptMatrix> {
    let path = path.as_ref();
    let format = |reason: String| Error::format(path, reason);
    let array = npy::read(path)?;
    if !array.element().is_float() {
        return Err(format("holds integers; read are f4 and f8".to_owned()));
    }
    let [rows, width] = (array.table())
        .map_err(|error| format(format!("{error}: a prompt has two axes, slots and width")))?;
    if width == 0 {
        let reason = "a prompt has a width of at least 1";
        return Err(format(format!("a shape of {:?}; {reason}", [rows, width])));
    }
    let values = array.floats().map_err(|error| format(error.to_string()))?;
    checked(path, "npy", rows, width, values)
}
