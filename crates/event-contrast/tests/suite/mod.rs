mod fine_tuning;
mod graph_pretraining;
mod liberal;
mod network;
mod pairs;
mod spans;
mod support;
mod text_pretraining;
