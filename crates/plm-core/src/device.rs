//! Devices by name: the one place that knows which backends are compiled in.
//!
//! burn chooses the backend at run time from the [`Device`] that a tensor is made on, so nothing
//! else in the workspace names one.

use burn::tensor::Device;

use crate::{Error, Result};

/// Every name there is.
const KNOWN: [&str; 5] = ["flex", "ndarray", "wgpu", "vulkan", "cuda"];

/// The names that [`parse`] knows in this build, best first; it refuses `cuda` where the machine has no
/// such device.
pub fn available() -> Vec<&'static str> {
    let mut names = Vec::new();
    if cfg!(feature = "flex") {
        names.push("flex");
    }
    if cfg!(feature = "ndarray") {
        names.push("ndarray");
    }
    if cfg!(feature = "wgpu") {
        names.push("wgpu");
    }
    if cfg!(feature = "vulkan") {
        names.push("vulkan");
    }
    if cfg!(feature = "cuda") {
        names.push("cuda");
    }
    names
}

/// The device called `name`: `flex`, `ndarray`, `wgpu`, `vulkan`, `cuda` or `cuda:INDEX`; with the feature
/// `remote` also `ws://HOST:PORT` or `ws://HOST:PORT#INDEX`, a device that another process serves.
///
/// # Errors
/// [`Error::Device`] where the name is unknown, its backend is not compiled in, the index is not a number,
/// the machine has no CUDA device of that index, or no server answers.
pub fn parse(name: &str) -> Result<Device> {
    if name.starts_with("ws://") {
        return remote(name);
    }
    let (kind, index) = split_index(name, ':')?;
    if index.is_some() && kind != "cuda" {
        return Err(refuse(name, format!("`{kind}` takes no index")));
    }
    match kind {
        #[cfg(feature = "flex")]
        "flex" => Ok(Device::flex()),
        #[cfg(feature = "ndarray")]
        #[allow(deprecated)]
        "ndarray" => Ok(Device::ndarray()),
        #[cfg(feature = "wgpu")]
        "wgpu" => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(feature = "vulkan")]
        "vulkan" => Ok(Device::vulkan(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(feature = "cuda")]
        "cuda" => cuda(name, index.unwrap_or(0)),
        kind if KNOWN.contains(&kind) => {
            Err(refuse(name, "its feature is not compiled in".to_owned()))
        }
        _ => Err(refuse(name, "unknown name".to_owned())),
    }
}

/// What stands before `mark` in a name, and the number behind it; the whole name where there is no `mark`.
fn split_index(name: &str, mark: char) -> Result<(&str, Option<usize>)> {
    let Some((device, index)) = name.split_once(mark) else {
        return Ok((name, None));
    };
    let number = index
        .parse::<usize>()
        .map_err(|_| refuse(name, format!("`{index}` is not a device index")))?;
    Ok((device, Some(number)))
}

/// The CUDA device `index`, if the driver counts so many.
#[cfg(feature = "cuda")]
fn cuda(name: &str, index: usize) -> Result<Device> {
    // Counting opens none of them.
    let count = Device::enumerate(burn::tensor::DeviceType::Cuda).len();
    if index < count {
        return Ok(Device::cuda(index));
    }
    Err(refuse(
        name,
        format!("CUDA devices of this machine: {count}"),
    ))
}

/// The device that a burn server has at a URL, the first one unless `#INDEX` follows.
#[cfg(feature = "remote")]
fn remote(name: &str) -> Result<Device> {
    let (url, index) = split_index(name, '#')?;
    let host = burn::remote::RemoteHost::websocket(url);
    Device::remote_options(&host)
        .device_index(index.unwrap_or(0))
        .init()
        .map_err(|error| refuse(name, error.to_string()))
}

#[cfg(not(feature = "remote"))]
fn remote(name: &str) -> Result<Device> {
    Err(refuse(
        name,
        "the feature `remote` is not compiled in".to_owned(),
    ))
}

/// Lets other processes compute on `devices` over `listener`, until this one is told to stop (Ctrl+C or
/// `SIGTERM`). [`parse`] reaches them by `ws://HOST:PORT#INDEX`.
///
/// The connection is neither encrypted nor authenticated: for one machine or a network that is trusted. A
/// server with tokens or encryption is made with `burn::server`; its devices do as well.
///
/// # Errors
/// [`Error::Invalid`] where the server cannot run.
#[cfg(feature = "remote")]
pub fn serve(devices: &[Device], listener: std::net::TcpListener) -> Result<()> {
    use burn::server::{RemoteServer, WebSocketTransport};
    RemoteServer::new(devices.iter().cloned())
        .serve(WebSocketTransport::from_listener(listener))
        .map_err(|error| Error::invalid("server of devices", error.to_string()))
}

/// Whether `device` computes on the processor, in the host's own memory, so that reading a tensor moves
/// nothing; with autodiff or without makes no difference.
pub fn is_host(device: &Device) -> bool {
    #[cfg(feature = "flex")]
    if *device == Device::flex() {
        return true;
    }
    #[cfg(feature = "ndarray")]
    #[allow(deprecated)]
    if *device == Device::ndarray() {
        return true;
    }
    let _ = device;
    false
}

fn refuse(name: &str, reason: String) -> Error {
    Error::Device {
        name: name.to_owned(),
        reason,
        available: available().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_available_name_parses() {
        for name in available() {
            assert!(parse(name).is_ok(), "{name}");
        }
    }

    #[cfg(feature = "cuda")]
    #[test]
    fn a_device_that_the_machine_lacks_is_refused() {
        for name in ["cuda:9999", "cuda:65536"] {
            let text = parse(name).unwrap_err().to_string();
            assert!(text.contains("CUDA devices of this machine"), "{text}");
        }
    }

    #[test]
    fn host_devices_are_the_processor_ones() {
        for name in available() {
            let device = parse(name).unwrap();
            let expected = matches!(name, "flex" | "ndarray");
            assert_eq!(is_host(&device), expected, "{name}");
            assert_eq!(is_host(&device.autodiff()), expected, "{name}");
        }
    }

    #[test]
    fn unknown_names_say_what_there_is() {
        for name in ["tpu", "flex:1", "cuda:x", "", "ws://localhost:1#x"] {
            let text = parse(name).unwrap_err().to_string();
            assert!(text.contains(available()[0]), "{text}");
        }
    }
}
