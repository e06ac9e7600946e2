//! Deep feature amalgamation (Shen et al. 2019): layer by layer.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Bool, Device, Tensor};
use plm_core::nn::init::{bert_rule, initialize};
use plm_core::nn::zero_linear;
use plm_core::rng::Seed;

use crate::loss::{HiddenLoss, HiddenNorm, in_type, through};
use crate::{Error, Result};

/// Hidden states of a student from the last down to the first layer, each beside one hidden state of
/// every teacher: `(student, [teacher 0, teacher 1, …])`. Teacher i's last layer stands beside the
/// student's last, then every ⌊its layers / student's layers⌋-th below; embeddings are left out.
///
/// # Errors
/// [`Error::Layers`] where the student has no layer or more than a teacher.
pub fn layerwise_pairs(student: usize, teachers: &[usize]) -> Result<Vec<(usize, Vec<usize>)>> {
    for &teacher in teachers {
        if student == 0 || student > teacher {
            return Err(Error::Layers { student, teacher });
        }
    }
    Ok((0..student)
        .map(|down| {
            let of = |&teacher: &usize| teacher - down * (teacher / student);
            (student - down, teachers.iter().map(of).collect())
        })
        .collect())
}

/// Sizes of [`LayerwiseFeatures`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerwiseConfig {
    /// Width of the student.
    pub student: usize,
    /// Widths of the teachers.
    pub teachers: Vec<usize>,
    /// Matched layers.
    pub layers: usize,
}

/// Linear maps, for each matched layer: from the teachers' vectors side by side to one code of the
/// student's width, back again, and from the student's vector to the code's space.
#[derive(Module, Debug)]
pub struct LayerwiseFeatures {
    /// Teachers to code, `sum of widths -> student`.
    pub encode: Vec<Linear>,
    /// Code to teachers.
    pub decode: Vec<Linear>,
    /// Student to code.
    pub student: Vec<Linear>,
    /// Widths of the teachers.
    #[module(skip)]
    pub widths: Vec<usize>,
}

impl LayerwiseFeatures {
    /// Maps with weights drawn from `seed`: normal with deviation 0.02, biases 0.
    pub fn new(config: &LayerwiseConfig, seed: Seed, device: &Device) -> Self {
        let all: usize = config.teachers.iter().sum();
        let own = config.student;
        let maps = |from, to| -> Vec<Linear> {
            (0..config.layers)
                .map(|_| zero_linear(from, to, true, device))
                .collect()
        };
        let zeros = Self {
            encode: maps(all, own),
            decode: maps(own, all),
            student: maps(own, own),
            widths: config.teachers.clone(),
        };
        initialize(zeros, seed, bert_rule(0.02))
    }

    /// The losses of amalgamation and of reconstruction, `[1]` each: Σ over layers of
    /// MSE(student's code, teachers' code) and Σ over layers and teachers of MSE(rebuilt, vector), means
    /// over rows of means over tokens that are no padding. The teachers' code has no gradient in the first.
    ///
    /// # Shapes
    /// - student: by layer, `[rows, length, width]`
    /// - teachers: by layer and teacher, the same with the teacher's width
    /// - padding: `[rows, length]`, true at padding
    pub fn losses(
        &self,
        student: &[Tensor<3>],
        teachers: &[Vec<Tensor<3>>],
        padding: &Tensor<2, Bool>,
    ) -> (Tensor<1>, Tensor<1>) {
        let (device, dtype) = (student[0].device(), student[0].dtype());
        let mut amalgamation = Tensor::zeros([1], (&device, dtype));
        let mut reconstruction = Tensor::zeros([1], (&device, dtype));
        for (layer, (own, vectors)) in student.iter().zip(teachers).enumerate() {
            let code = through(&self.encode[layer], Tensor::cat(vectors.clone(), 2));
            let rebuilt = through(&self.decode[layer], code.clone());
            let own = through(&self.student[layer], own.clone());
            let apart = gap(&own, &code.detach(), padding);
            amalgamation = amalgamation + in_type(apart, dtype);
            let mut start = 0;
            for (vector, &width) in vectors.iter().zip(&self.widths) {
                let part = rebuilt.clone().narrow(2, start, width);
                let apart = gap(&part, vector, padding);
                reconstruction = reconstruction + in_type(apart, dtype);
                start += width;
            }
        }
        (amalgamation, reconstruction)
    }
}

/// The mean over rows of the mean squared difference over a row's tokens that are no padding.
///
/// # Shapes
/// - a, b: `[rows, length, width]`
pub(super) fn gap(a: &Tensor<3>, b: &Tensor<3>, padding: &Tensor<2, Bool>) -> Tensor<1> {
    let loss = HiddenLoss {
        norm: HiddenNorm::None,
        ..HiddenLoss::default()
    };
    loss.rows(a, b, padding).mean()
}
