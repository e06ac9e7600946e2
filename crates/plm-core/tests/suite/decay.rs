//! What weight decay leaves out in real models.

use plm_core::models::{
    EncoderForMaskedLM, Pretrained, PretrainedModel, T5ForConditionalGeneration,
};
use plm_core::train::each_param;

use super::fixture::{Fixture, devices};

/// The paths with a relative position bias, and whether all of them go without decay.
fn relative<M: PretrainedModel>(fixture: &str) -> (Vec<String>, bool) {
    let (_, device) = devices().remove(0);
    let model = Pretrained::<M>::load(Fixture::open(fixture).dir, &device).unwrap();
    let (mut paths, mut left_out) = (Vec::new(), true);
    each_param(&model.model, |param| {
        if param.path.contains("relative") {
            paths.push(param.path.to_owned());
            left_out &= param.is_bias_or_norm();
        }
        if param.path.ends_with("query.weight") {
            assert!(!param.is_bias_or_norm(), "{}", param.path);
        }
    });
    (paths, left_out)
}

#[test]
fn relative_position_biases_are_biases() {
    let t5 = relative::<T5ForConditionalGeneration>("t5-lm");
    let paths = [
        "model.encoder.relative_bias.weight",
        "model.decoder.relative_bias.weight",
    ];
    assert_eq!(t5, (paths.map(str::to_owned).to_vec(), true));
    let mpnet = relative::<EncoderForMaskedLM>("mpnet-mlm");
    let path = "encoder.relative_bias.weight".to_owned();
    assert_eq!(mpnet, (vec![path], true));
}
