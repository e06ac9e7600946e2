mod losses;
mod models;
mod training;

use burn::tensor::Device;

/// Every compiled device.
fn devices() -> Vec<Device> {
    plm_core::device::available()
        .into_iter()
        .map(|name| plm_core::device::parse(name).unwrap())
        .collect()
}
