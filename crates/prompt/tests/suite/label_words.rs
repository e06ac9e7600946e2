//! Only the label words count.

use burn::module::Param;
use burn::tensor::{Int, Tensor};
use plm_core::config::EncoderFamily;
use plm_core::models::loss::cross_entropy;
use plm_core::train::unfreeze;
use plm_prompt::SoftPrompt;
use plm_prompt::model::{Pass, PromptModel, PromptedMaskedLM};
use plm_prompt::tune::predict;

use super::support::{
    SLOTS, assert_close, devices, masked_lm, one_word_task, prompt, tensor, texts, tolerance,
    values, words,
};

/// The loss over three words, and its gradient by the prompt and by the biases of all words, which the
/// model must not have frozen.
fn loss(tracked: &PromptedMaskedLM) -> (f64, Vec<f64>, Vec<f64>) {
    let device = tracked.device();
    let slots = tensor(&prompt(SLOTS, 1), &device).require_grad();
    let text = texts(0, 0, &device);
    let scores = tracked.answer_scores(slots.clone(), &text, words(&device), &Pass::default());
    let classes = Tensor::<1, Int>::from_ints([0, 2, 1], &device);
    let loss = cross_entropy(scores, classes);
    let found = values(loss.clone())[0];
    let gradients = loss.backward();
    let bias = tracked.model.head.bias.val();
    (
        found,
        values(slots.grad(&gradients).unwrap()),
        values(bias.grad(&gradients).unwrap()),
    )
}

/// The model on its autodiff device with the biases of words left to train.
fn with_loose_bias(model: &PromptedMaskedLM) -> PromptedMaskedLM {
    let mut tracked = model.tracked();
    tracked.model = unfreeze(tracked.model, |info| info.is_under("head.bias"));
    tracked
}

/// The model whose scores of all words are `shift` higher.
fn shifted(model: &PromptedMaskedLM, shift: f64) -> PromptedMaskedLM {
    let mut shifted = model.clone();
    let bias = shifted.model.head.bias.val();
    shifted.model.head.bias = Param::from_tensor(bias + shift);
    shifted
}

#[test]
fn a_constant_on_all_scores_changes_nothing() {
    for (name, device) in devices() {
        let plain = masked_lm(EncoderFamily::Bert, &device);
        let raised = shifted(&plain, 3.0);
        let (loss_a, slots_a, bias_a) = loss(&with_loose_bias(&plain));
        let (loss_b, slots_b, bias_b) = loss(&with_loose_bias(&raised));
        let bound = 10.0 * tolerance(name);
        assert!((loss_a - loss_b).abs() < bound * loss_a, "{name}");
        assert_close(&slots_b, &slots_a, bound, name);
        assert_close(&bias_b, &bias_a, bound, name);

        let set = one_word_task(&[3], 0);
        let source = SoftPrompt::new(&prompt(SLOTS, 1), &device);
        let answers =
            |model: &PromptedMaskedLM| predict(model, &source, &set, 64, &Pass::default()).unwrap();
        assert_eq!(answers(&raised), answers(&plain), "{name}");
    }
}

#[test]
fn other_words_get_a_gradient_of_zero() {
    for (name, device) in devices() {
        let model = masked_lm(EncoderFamily::Bert, &device);
        let (_, _, bias) = loss(&with_loose_bias(&model));
        for (word, value) in bias.iter().enumerate() {
            // The words to choose among are 6, 9 and 17.
            let chosen = [6, 9, 17].contains(&word);
            assert_eq!(*value != 0.0, chosen, "{name}, word {word}: {value}");
        }
        // A constant on all scores changes nothing.
        let sum: f64 = bias.iter().sum();
        assert!(sum.abs() < 1e-5, "{name}: {sum}");
    }
}
