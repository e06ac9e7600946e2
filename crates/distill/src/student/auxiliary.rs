//! What learns beside a student and is thrown away afterwards.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Device;
use plm_core::models::EncoderForSequenceClassification;
use plm_core::nn::init::{bert_rule, initialize};
use plm_core::nn::{FeedForward, Ffn, zero_linear};
use plm_core::rng::Seed;

use crate::amalgamate::{
    CommonFeatures, CommonFeaturesConfig, LayerwiseConfig, LayerwiseFeatures, Method,
};
use crate::dynamic::DynamicSettings;
use crate::teacher::TeacherInfo;

/// Maps between a student and its teachers.
#[derive(Module, Debug)]
pub struct Auxiliary {
    /// From the student's vectors to a teacher's width, beside the matches of
    /// [`HiddenObjective`](crate::dynamic::HiddenObjective).
    pub projections: Vec<Option<Linear>>,
    /// The maps of deep feature amalgamation.
    pub layerwise: Option<LayerwiseFeatures>,
    /// The maps of common feature learning.
    pub common: Option<CommonFeatures>,
}

impl Auxiliary {
    /// Nothing.
    pub fn none() -> Self {
        Self {
            projections: Vec::new(),
            layerwise: None,
            common: None,
        }
    }

    /// The projections that `settings` wants for a student of width `student`.
    ///
    /// # Panics
    /// If `settings` matches hidden states and names a teacher that is not in `teachers`, or there is none
    /// ([`DynamicSettings::check`]).
    pub fn for_dynamic(
        settings: &DynamicSettings,
        student: usize,
        teachers: &[&TeacherInfo],
        seed: Seed,
        device: &Device,
    ) -> Self {
        let Some(hidden) = &settings.hidden else {
            return Self::none();
        };
        let number = hidden.teacher.unwrap_or(teachers.len() - 1);
        let width = teachers[number].hidden_size;
        let map = |project: bool| project.then(|| zero_linear(student, width, true, device));
        let projections: Vec<Option<Linear>> = hidden
            .matches
            .iter()
            .map(|pair| map(pair.project))
            .collect();
        Self {
            projections: initialize(projections, seed.child("projections"), bert_rule(0.02)),
            ..Self::none()
        }
    }

    /// The maps of `method` for a student of this depth and width.
    pub fn for_amalgamation(
        method: &Method,
        layers: usize,
        student: usize,
        teachers: &[&TeacherInfo],
        seed: Seed,
        device: &Device,
    ) -> Self {
        let widths: Vec<usize> = teachers.iter().map(|info| info.hidden_size).collect();
        match method {
            Method::Dfa => {
                let config = LayerwiseConfig {
                    student,
                    teachers: widths,
                    layers,
                };
                Self {
                    layerwise: Some(LayerwiseFeatures::new(&config, seed.child("dfa"), device)),
                    ..Self::none()
                }
            }
            Method::Cfl => {
                let config = CommonFeaturesConfig {
                    student,
                    teachers: widths,
                    common: (student / 4).max(1),
                };
                Self {
                    common: Some(CommonFeatures::new(&config, seed.child("cfl"), device)),
                    ..Self::none()
                }
            }
            _ => Self::none(),
        }
    }
}

/// A student with its auxiliary maps: what is trained.
#[derive(Module, Debug)]
pub struct Learner<F: Ffn = FeedForward> {
    /// The student.
    pub classifier: EncoderForSequenceClassification<F>,
    /// What is thrown away.
    pub auxiliary: Auxiliary,
}
