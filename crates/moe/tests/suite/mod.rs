mod backbones;
mod calibrate;
mod conversion;
mod files;
mod layer;
mod relufy;
mod routers;
mod support;
