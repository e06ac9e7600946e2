//! Cross-entropy over the spans and pairs that are there.

use burn::tensor::activation::log_softmax;
use burn::tensor::{FloatDType, Int, Tensor, TensorData};
use plm_core::check::same_size;
use plm_core::kernel;

use crate::{Error, Result};

/// A mean over targets that need not weigh the same.
#[derive(Debug, Clone)]
pub struct WeightedLoss {
    /// The mean, `[1]`; 0 where the weights sum to 0.
    pub mean: Tensor<1>,
    /// The sum of the weights: what the mean counts for among others.
    pub weight: f64,
}

/// The mean cross-entropy of `targets`, where class 0, which stands for nothing, weighs `nil_weight` and
/// every other class 1: `Σ wₜ (-log pₜ) / Σ wₜ`, with `Σ wₜ`. Half precision is computed in `f32`.
///
/// # Shapes
/// - logits: `[items, classes]`
/// - mean: `[1]`
///
/// # Errors
/// [`Error::Size`] for another number of targets, [`Error::Empty`] without any, [`Error::Class`] for a
/// target that is no class, [`Error::Setting`] for a weight that is negative or not finite.
pub fn class_loss(logits: Tensor<2>, targets: &[usize], nil_weight: f64) -> Result<WeightedLoss> {
    let [items, classes] = logits.dims();
    same_size("targets", targets.len(), items)?;
    if targets.is_empty() {
        return Err(Error::Empty {
            what: "targets",
            fix: "leave out batches without spans",
        });
    }
    if let Some((target, &class)) = targets
        .iter()
        .enumerate()
        .find(|&(_, &class)| class >= classes)
    {
        return Err(Error::Class {
            example: 0,
            target,
            class,
            classes,
        });
    }
    check_nil_weight(nil_weight)?;
    let device = logits.device();
    let ids: Vec<i64> = targets.iter().map(|&class| class as i64).collect();
    let ids = Tensor::<1, Int>::from_data(ids.as_slice(), &device);
    if nil_weight == 1.0 {
        return Ok(WeightedLoss {
            mean: kernel::cross_entropy(logits, ids, None, 0.0),
            weight: items as f64,
        });
    }
    let weight = |&class: &usize| if class == 0 { nil_weight } else { 1.0 };
    let sum: f64 = targets.iter().map(weight).sum();
    let weights: Vec<f32> = targets.iter().map(|class| weight(class) as f32).collect();
    let dtype = logits.dtype();
    let logits = kernel::at_least_single(logits);
    let options = (&device, logits.dtype());
    let weights = Tensor::<1>::from_data(TensorData::new(weights, [items]), options);
    let chosen = log_softmax(logits, 1)
        .gather(1, ids.unsqueeze_dim(1))
        .squeeze_dim::<1>(1);
    let over = if sum > 0.0 { sum } else { 1.0 };
    let mean = -(chosen * weights).sum() / over;
    Ok(WeightedLoss {
        mean: mean.cast(FloatDType::from(dtype)),
        weight: sum,
    })
}

/// Finite and not negative.
pub(crate) fn check_nil_weight(nil_weight: f64) -> Result<()> {
    if nil_weight.is_finite() && nil_weight >= 0.0 {
        return Ok(());
    }
    Err(Error::Setting {
        name: "nil_weight",
        value: nil_weight.to_string(),
        limit: "must be finite and not negative",
    })
}

#[cfg(test)]
mod tests {
    use burn::tensor::DType;

    use super::*;

    fn value(loss: WeightedLoss) -> f64 {
        f64::from(loss.mean.into_scalar::<f32>())
    }

    #[test]
    fn uniform_scores_cost_the_logarithm_of_the_classes() {
        for name in plm_core::device::available() {
            let device = plm_core::device::parse(name).unwrap();
            for (classes, expected) in [(12, 2.4849), (13, 2.5649)] {
                for weight in [1.0, 0.3] {
                    let logits = Tensor::<2>::full([4, classes], 0.7, &device);
                    let loss = value(class_loss(logits, &[0, 3, 11, 0], weight).unwrap());
                    assert!((loss - expected).abs() < 1e-4, "{name} {classes}: {loss}");
                }
            }
        }
    }

    #[test]
    fn the_weight_of_nothing_counts_in_sum_and_norm() {
        let device = plm_core::device::parse(plm_core::device::available()[0]).unwrap();
        // -log p is ln 4 for class 0 (p = 1/4) and ln(4/3) for class 1 (p = 3/4).
        let rows = [[0.0, 3.0_f32.ln()]; 3];
        let logits = || Tensor::<2>::from_data(rows, &device);
        let (nil, other) = (4.0_f64.ln(), (4.0_f64 / 3.0).ln());
        let plain = value(class_loss(logits(), &[0, 0, 1], 1.0).unwrap());
        assert!((plain - (2.0 * nil + other) / 3.0).abs() < 1e-6, "{plain}");
        let half = value(class_loss(logits(), &[0, 0, 1], 0.5).unwrap());
        assert!((half - (nil + other) / 2.0).abs() < 1e-6, "{half}");
        let none = value(class_loss(logits(), &[0, 0, 1], 0.0).unwrap());
        assert!((none - other).abs() < 1e-6, "{none}");
        let weight = |targets: &[usize], nil: f64| {
            let loss = class_loss(logits(), targets, nil).unwrap();
            (loss.weight, value(loss))
        };
        assert_eq!(weight(&[0, 0, 1], 1.0).0, 3.0);
        assert_eq!(weight(&[0, 0, 1], 0.5).0, 2.0);
        // Nothing to learn is a loss of nothing.
        assert_eq!(weight(&[0, 0, 0], 0.0), (0.0, 0.0));
    }

    #[test]
    fn other_precisions_keep_their_kind() {
        // More than the largest number of `f16` in all: -log p is 10 in each row.
        const ROWS: usize = 20_000;
        let values = [0.0_f32, 10.0].repeat(ROWS);
        for name in plm_core::device::available() {
            let device = plm_core::device::parse(name).unwrap();
            for dtype in [DType::F16, DType::BF16, DType::F64] {
                if !device.supports_dtype(dtype) {
                    continue;
                }
                let data = TensorData::new(values.clone(), [ROWS, 2]);
                let logits = Tensor::<2>::from_data(data, (&device, dtype));
                let mean = class_loss(logits, &[0; ROWS], 0.5).unwrap().mean;
                assert_eq!(mean.dtype(), dtype, "{name}");
                let mean = mean.into_scalar::<f64>();
                assert!((mean - 10.0).abs() < 1e-2, "{name} {dtype:?}: {mean}");
            }
        }
    }

    #[test]
    fn mistakes_are_refused() {
        let device = plm_core::device::parse(plm_core::device::available()[0]).unwrap();
        let logits = || Tensor::<2>::zeros([2, 3], &device);
        assert!(matches!(
            class_loss(logits(), &[0], 1.0),
            Err(Error::Size(_))
        ));
        let error = class_loss(logits(), &[0, 3], 1.0).unwrap_err().to_string();
        assert!(error.contains("target 1 is class 3"), "{error}");
        assert!(class_loss(logits(), &[0, 1], f64::NAN).is_err());
    }
}
