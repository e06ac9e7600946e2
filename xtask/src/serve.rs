//! `cargo xtask serve`: this machine's device for training that another process runs.

use std::net::SocketAddr;

/// What is served, and where.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// Device to serve.
    #[arg(long, default_value = "flex")]
    pub device: String,
    /// Address to listen on; port 0 takes a free one. Nothing is encrypted and nobody is turned away: keep
    /// to one machine or a network that is trusted.
    #[arg(long, default_value = "127.0.0.1:3000")]
    pub address: SocketAddr,
}

/// Serves until it is told to stop; tells `say` the device's name for others.
#[cfg(feature = "remote")]
pub(crate) fn run(arguments: &Arguments, say: &dyn Fn(&str)) -> anyhow::Result<()> {
    use anyhow::Context as _;
    let device = plm_core::device::parse(&arguments.device)?;
    let listener = std::net::TcpListener::bind(arguments.address)
        .with_context(|| arguments.address.to_string())?;
    say(&format!("ws://{}", listener.local_addr()?));
    Ok(plm_core::device::serve(&[device], listener)?)
}
