//! Who gets a gradient, and whether it is right.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use plm_core::config::EncoderFamily;
use plm_core::models::loss::cross_entropy;
use plm_core::train::{AdamWConfig, Gradients, Optimizer, checksum, count_params, unfreeze};
use plm_prompt::catalog::Backbone;
use plm_prompt::model::{Pass, PromptModel};
use plm_prompt::{PromptMatrix, PromptSource, SoftPrompt};

use super::support::{
    SLOTS, WIDTH, bart, devices, gpt2, masked_lm, prompt, t5, tensor, texts, values, words,
};

/// The loss of three texts with three words to choose among.
fn loss<M: PromptModel>(model: &M, slots: Tensor<3>) -> Tensor<1> {
    let device = model.device();
    let text = texts(1, 0, &device);
    let scores = model.answer_scores(slots, &text, words(&device), &Pass::default());
    let classes = Tensor::<1, Int>::from_ints([0, 2, 1], &device);
    cross_entropy(scores, classes)
}

/// What one step of an optimizer over a prompt and a model does.
struct Step {
    /// The parameters that have a gradient.
    paths: Vec<String>,
    /// Whether the prompt moved.
    prompt_moves: bool,
    /// Whether the model's weights are as they were.
    model_stays: bool,
}

/// A step over a prompt and `inner`, the model in `model`.
fn step<P: PromptModel, M: Module>(model: &P, inner: M) -> Step {
    let start = prompt(SLOTS, 1);
    let source = SoftPrompt::new(&start, &model.device().inner()).train();
    let loss = loss(model, source.prompts(&[0]));
    let both = (source, inner);
    let gradients = Gradients::of(&loss, &both).unwrap();
    let paths = gradients.paths().map(str::to_owned).collect();
    let before = checksum(&both.1, |_| true);
    let mut optimizer = Optimizer::adamw(AdamWConfig::default(), 0.1);
    let (source, inner) = optimizer.step(both, gradients, 1.0);
    Step {
        paths,
        prompt_moves: source.to_matrix() != start,
        model_stays: checksum(&inner, |_| true) == before,
    }
}

#[test]
fn no_parameter_of_a_model_gets_a_gradient() {
    let check = |found: Step, what: &str| {
        assert_eq!(found.paths, ["0.vectors"], "{what}");
        assert!(found.prompt_moves && found.model_stays, "{what}");
    };
    for (name, device) in devices() {
        for family in [EncoderFamily::Bert, EncoderFamily::Roberta] {
            let model = masked_lm(family, &device).tracked();
            let inner = model.model.clone();
            check(step(&model, inner), &format!("{name} {family:?}"));
        }
        for gated in [false, true] {
            let model = t5(gated, &device).tracked();
            let inner = model.model.clone();
            check(step(&model, inner), &format!("{name} T5 {gated}"));
        }
        let model = bart(true, &device).tracked();
        let inner = model.model.clone();
        check(step(&model, inner), &format!("{name} BART"));
        let model = gpt2(&device).tracked();
        let inner = model.model.clone();
        check(step(&model, inner), &format!("{name} GPT-2"));
    }
}

#[test]
fn a_model_that_is_not_frozen_would_be_seen() {
    let (_, device) = devices().remove(0);
    let mut model = masked_lm(EncoderFamily::Roberta, &device).tracked();
    model.model = unfreeze(model.model, |_| true);
    let inner = model.model.clone();
    let found = step(&model, inner);
    assert!(found.paths.len() > 20, "{:?}", found.paths);
    assert!(found.prompt_moves && !found.model_stays);
}

/// How far a number of the prompt is moved to either side.
const STEP: f32 = 1e-2;

/// Checks ten numbers of the slots behind slot 0.
fn check_differences<M: PromptModel>(model: &M, what: &str) {
    let start = prompt(SLOTS, 1);
    let tracked = model.tracked();
    let slots = tensor(&start, &tracked.device()).require_grad();
    let gradients = loss(&tracked, slots.clone()).backward();
    let found = values(slots.grad(&gradients).unwrap());
    let largest = found
        .iter()
        .fold(0.0_f64, |max, value| max.max(value.abs()));
    assert!(largest > 1e-3, "{what}: {largest}");
    let at = |place: usize, step: f32| -> f64 {
        let mut moved = start.values().to_vec();
        moved[place] += step;
        let moved = PromptMatrix::new(SLOTS, WIDTH, moved).unwrap();
        values(loss(model, tensor(&moved, &model.device())))[0]
    };
    for place in (WIDTH..SLOTS * WIDTH).step_by(7) {
        let expected = (at(place, STEP) - at(place, -STEP)) / (2.0 * f64::from(STEP));
        let gap = (found[place] - expected).abs();
        // Single precision: the loss is known to seven digits, the difference to four.
        assert!(
            gap < 5e-3 * largest,
            "{what}, place {place}: {} against {expected}, largest {largest}",
            found[place]
        );
    }
}

#[test]
fn the_prompts_gradient_agrees_with_differences() {
    // GPUs may multiply in tf32, with three digits.
    let exact = devices().into_iter();
    for (name, device) in exact.filter(|(name, _)| ["flex", "ndarray"].contains(name)) {
        let model = masked_lm(EncoderFamily::Roberta, &device);
        check_differences(&model, &format!("{name} masked LM"));
        check_differences(&bart(false, &device), &format!("{name} BART"));
        check_differences(&gpt2(&device), &format!("{name} GPT-2"));
    }
}

#[test]
fn prompts_have_as_many_numbers_as_in_the_paper() {
    let (_, device) = devices().remove(0);
    for (backbone, numbers) in [
        (Backbone::RobertaBase, 76_800),
        (Backbone::RobertaLarge, 102_400),
        (Backbone::T5Small, 51_200),
    ] {
        let width = backbone.width();
        let matrix = PromptMatrix::new(100, width, vec![0.0; 100 * width]).unwrap();
        let count = count_params(&SoftPrompt::new(&matrix, &device).train());
        assert_eq!(
            (count.trainable, count.frozen),
            (numbers, 0),
            "{backbone:?}"
        );
    }
}
