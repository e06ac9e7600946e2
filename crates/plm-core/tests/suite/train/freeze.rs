//! Freezing: no gradient, no optimizer state.

use burn::module::Module;
use plm_core::train::{
    AdamWConfig, Gradients, Optimizer, ParamCount, count_params, freeze, unfreeze,
};

use super::toy::{Data, Mlp, bits, devices};

#[test]
fn frozen_parameters_get_no_gradient_no_state_and_do_not_move() {
    let data = Data::new(8);
    for device in devices() {
        let model = Mlp::new(8, &device.clone().autodiff());
        let model = freeze(model, |param| {
            param.is_under("second") || param.name() == "bias"
        });
        let count = ParamCount {
            trainable: 32,
            frozen: 8 + 8 + 1,
        };
        assert_eq!(count_params(&model), count);
        let before = bits(&model);
        let mut optimizer = Optimizer::adamw(AdamWConfig::default(), 0.1).with_weight_decay(0.1);
        let loss = data.loss(&model, &[0, 1, 2], &device);
        let gradients = Gradients::of(&loss, &model).unwrap();
        assert_eq!(gradients.paths().collect::<Vec<_>>(), ["first.weight"]);
        let model = optimizer.step(model, gradients, 1.0);
        assert_eq!(optimizer.paths().collect::<Vec<_>>(), ["first.weight"]);
        assert_eq!(optimizer.state().len(), 3);
        for ((path, before), (_, after)) in before.iter().zip(bits(&model)) {
            assert_eq!(before == &after, path != "first.weight", "{path}");
        }
        let model = unfreeze(model.valid(), |param| param.path == "second.weight").train();
        assert_eq!(count_params(&model).trainable, 32 + 8);
    }
}
