//! Common feature learning (Luo et al. 2019): last layers meet in a space of their own.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::{Bool, Device, Tensor};
use plm_core::nn::init::{bert_rule, initialize};
use plm_core::nn::zero_linear;
use plm_core::rng::Seed;

use super::layerwise::gap;
use crate::loss::{beside, in_type, mmd, through, unit_length};

/// Sizes of [`CommonFeatures`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommonFeaturesConfig {
    /// Width of the student.
    pub student: usize,
    /// Widths of the teachers.
    pub teachers: Vec<usize>,
    /// Width of the common space; a quarter of the student's in the paper's code.
    pub common: usize,
}

/// Maps into a common space, one extractor within it that all share, and maps back.
#[derive(Module, Debug)]
pub struct CommonFeatures {
    /// Student into the space.
    pub student: Linear,
    /// Teachers into the space.
    pub teachers: Vec<Linear>,
    /// First map of the extractor.
    pub extract_inner: Linear,
    /// Second map of the extractor, behind a ReLU.
    pub extract_outer: Linear,
    /// First maps back to teachers.
    pub decode_inner: Vec<Linear>,
    /// Second maps back, behind a ReLU.
    pub decode_outer: Vec<Linear>,
}

impl CommonFeatures {
    /// Maps with weights drawn from `seed`: normal with deviation 0.02, biases 0.
    pub fn new(config: &CommonFeaturesConfig, seed: Seed, device: &Device) -> Self {
        let linear = |from, to| zero_linear(from, to, true, device);
        let common = config.common;
        let each = |make: &dyn Fn(usize) -> Linear| -> Vec<Linear> {
            config.teachers.iter().map(|&width| make(width)).collect()
        };
        let zeros = Self {
            student: linear(config.student, common),
            teachers: each(&|width| linear(width, common)),
            extract_inner: linear(common, common),
            extract_outer: linear(common, common),
            decode_inner: each(&|width| linear(common, width)),
            decode_outer: each(&|width| linear(width, width)),
        };
        initialize(zeros, seed, bert_rule(0.02))
    }

    /// The losses of amalgamation and of reconstruction, `[1]` each: Σ over teachers of the maximum mean
    /// discrepancy between the batch's common features of student and teacher, and of
    /// MSE(decoded features, teacher's vectors).
    ///
    /// # Shapes
    /// - student: last hidden state, `[rows, length, width]`
    /// - teachers: by teacher, the same with the teacher's width
    /// - padding: `[rows, length]`, true at padding
    pub fn losses(
        &self,
        student: &Tensor<3>,
        teachers: &[Tensor<3>],
        padding: &Tensor<2, Bool>,
    ) -> (Tensor<1>, Tensor<1>) {
        let own = points(self.extract(&self.student, student), padding);
        let (device, dtype) = (student.device(), student.dtype());
        let mut amalgamation = Tensor::zeros([1], (&device, dtype));
        let mut reconstruction = Tensor::zeros([1], (&device, dtype));
        for (teacher, vectors) in teachers.iter().enumerate() {
            let features = self.extract(&self.teachers[teacher], vectors);
            let decoded = relu(through(&self.decode_inner[teacher], features.clone()));
            let decoded = through(&self.decode_outer[teacher], decoded);
            let apart = mmd(&own, &points(features, padding));
            amalgamation = amalgamation + in_type(apart, dtype);
            let apart = gap(&decoded, vectors, padding);
            reconstruction = reconstruction + in_type(apart, dtype);
        }
        (amalgamation, reconstruction)
    }

    fn extract(&self, align: &Linear, vectors: &Tensor<3>) -> Tensor<3> {
        let aligned = relu(through(align, vectors.clone()));
        let inner = relu(through(&self.extract_inner, aligned));
        through(&self.extract_outer, inner)
    }
}

/// One point of length 1 for each text: its tokens' features side by side, 0 at padding.
fn points(features: Tensor<3>, padding: &Tensor<2, Bool>) -> Tensor<2> {
    let kept = padding.clone().bool_not().float().unsqueeze_dim::<3>(2);
    let kept = beside(kept, &features);
    unit_length((features * kept).flatten(1, 2), 1)
}
