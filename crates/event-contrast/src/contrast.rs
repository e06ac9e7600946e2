//! The contrastive loss that text and graph pre-training share.

use burn::tensor::{Bool, Tensor};

/// What a hidden score is set to, relative to its positive: its exponential is 0.
const HIDDEN: f32 = -1e30;

/// The loss of telling a positive from negatives by their scores, for each row:
/// −s⁺ + ln(exp s⁺ + Σ exp s⁻), computed as the logarithm of one plus something small, so that losses
/// near 0 keep their digits in single precision.
///
/// # Shapes
/// - positive: `[rows, 1]`
/// - negatives: `[rows, negatives]`
/// - hidden: true where a negative does not count, `[rows, negatives]`
/// - result: `[rows]`; 0 in rows without a negative
pub fn info_nce(
    positive: Tensor<2>,
    negatives: Tensor<2>,
    hidden: Option<Tensor<2, Bool>>,
) -> Tensor<1> {
    let [rows, count] = negatives.dims();
    if rows == 0 || count == 0 {
        return positive.mul_scalar(0.0).reshape([rows]);
    }
    let mut above = negatives - positive;
    if let Some(hidden) = hidden {
        above = above.mask_fill(hidden, HIDDEN);
    }
    // With M = max(0, largest difference): M + ln(exp(−M) + Σ exp(difference − M)).
    let most = above.clone().detach().max_dim(1).clamp_min(0.0);
    let sum = (above - most.clone()).exp().sum_dim(1);
    let rest = most.clone().neg().exp().sub_scalar(1.0);
    (most + (rest + sum).log1p()).reshape([rows])
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn devices() -> Vec<Device> {
        plm_core::device::available()
            .into_iter()
            .map(|name| plm_core::device::parse(name).unwrap())
            .collect()
    }

    fn matrix(values: &[f32], columns: usize, device: &Device) -> Tensor<2> {
        let shape = [values.len() / columns, columns];
        Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
    }

    fn losses(positive: &[f32], negatives: &[f32], device: &Device) -> Vec<f64> {
        let columns = negatives.len() / positive.len();
        let negatives = matrix(negatives, columns, device);
        let found = info_nce(matrix(positive, 1, device), negatives, None);
        found.into_data().iter::<f64>().collect()
    }

    #[test]
    fn equal_scores_give_the_logarithm_of_the_count() {
        for device in devices() {
            for (count, expected) in [
                (1, std::f64::consts::LN_2),
                (7, 2.079_442),
                (32, 3.496_508),
                (10_800, 9.287_394),
                (16_384, 9.704_122),
            ] {
                let found = losses(&[0.4], &vec![0.4; count], &device);
                assert!((found[0] - expected).abs() < 2e-5, "{count} {found:?}");
            }
        }
    }

    #[test]
    fn small_and_large_losses_keep_their_digits() {
        for device in devices() {
            let low = -1.0 / 0.07;
            let found = losses(&[0.0], &[low; 3], &device)[0];
            assert!((found / 1.874_6e-6 - 1.0).abs() < 1e-4, "{found}");
            let found = losses(
                &[1.0, 0.0, -200.0],
                &[0.0, 0.0, 0.0, 0.0, 300.0, -900.0],
                &device,
            );
            let expected = [(1.0 + 2.0 * (-1.0_f64).exp()).ln(), 3.0_f64.ln(), 500.0];
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-4, "{found} {expected}");
            }
        }
    }

    #[test]
    fn gradients_are_softmax_weights() {
        for device in devices() {
            let device = device.autodiff();
            let positive = matrix(&[0.8, -1.0], 1, &device).require_grad();
            let negatives = matrix(&[0.8, 0.1, -0.2, 2.0, 0.5, 0.0], 3, &device).require_grad();
            let loss = info_nce(positive.clone(), negatives.clone(), None).sum();
            let gradients = loss.backward();
            let values = |tensor: Tensor<2>| -> Vec<f64> { tensor.into_data().iter().collect() };
            let of_negatives = values(negatives.grad(&gradients).unwrap());
            let of_positive = values(positive.grad(&gradients).unwrap());
            let rows = [[0.8_f64, 0.8, 0.1, -0.2], [-1.0, 2.0, 0.5, 0.0]];
            for (row, scores) in rows.iter().enumerate() {
                let sum: f64 = scores.iter().map(|score| score.exp()).sum();
                let weight = |at: usize| scores[at].exp() / sum;
                for at in 0..3 {
                    assert!((of_negatives[row * 3 + at] - weight(at + 1)).abs() < 1e-6);
                }
                assert!((of_positive[row] - (weight(0) - 1.0)).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn hidden_negatives_do_not_count() {
        for device in devices() {
            let positive = matrix(&[0.3, 0.3, 0.3], 1, &device);
            let negatives = matrix(&[0.1, 5.0, 0.1, 5.0, 0.1, 5.0], 2, &device);
            let flags = vec![false, true, true, false, true, true];
            let hidden = Tensor::from_data(TensorData::new(flags, [3, 2]), &device);
            let found: Vec<f64> = info_nce(positive, negatives, Some(hidden))
                .into_data()
                .iter()
                .collect();
            let alone = |score: f64| (1.0 + (score - 0.3).exp()).ln();
            for (found, expected) in found.iter().zip([alone(0.1), alone(5.0), 0.0]) {
                assert!((found - expected).abs() < 1e-5, "{found} {expected}");
            }
            let none = Tensor::<2>::zeros([2, 0], &device);
            let found = info_nce(matrix(&[1.0, 2.0], 1, &device), none, None);
            assert_eq!(
                found.into_data().iter::<f32>().collect::<Vec<_>>(),
                [0.0; 2]
            );
        }
    }
}
