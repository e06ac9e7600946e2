mod backbones;
mod calibrate;
mod conversion;
mod files;
mod fitting;
mod gated;
mod layer;
#[cfg(feature = "cli")]
mod moefy;
mod relufy;
mod routers;
mod support;
mod threads;
