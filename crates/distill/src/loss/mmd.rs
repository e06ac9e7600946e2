//! Maximum mean discrepancy (Gretton et al. 2012) with several Gaussian kernels.

use burn::tensor::Tensor;

use plm_core::kernel::at_least_single;

/// Factors of the kernels' variances.
const FACTORS: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];

/// The squared discrepancy of two samples of equal size, as common feature learning (Luo et al. 2019)
/// uses it: the sum over kernels exp(-d² / (2 σ² f)), f from ¼ to 4, where σ² is the mean of all
/// squared distances of both samples together and has no gradient.
///
/// # Shapes
/// - x, y: `[points, width]`
/// - result: `[1]`
pub fn mmd(x: &Tensor<2>, y: &Tensor<2>) -> Tensor<1> {
    let (x, y) = (&at_least_single(x.clone()), &at_least_single(y.clone()));
    let (within_x, within_y, across) = (distances(x, x), distances(y, y), distances(x, y));
    let variance = (within_x.clone() + within_y.clone() + across.clone() * 2.0) / 4.0;
    let variance = variance.mean().detach().clamp_min(f32::MIN_POSITIVE);
    let kernel = |squares: Tensor<2>| {
        let scaled = squares / variance.clone().unsqueeze::<2>();
        FACTORS
            .iter()
            .map(|factor| (scaled.clone() / (-2.0 * factor)).exp().mean())
            .reduce(|sum, term| sum + term)
            .expect("there are kernels")
    };
    (kernel(within_x) + kernel(within_y) - kernel(across) * 2.0).clamp_min(0.0)
}

/// Squared distances of all pairs, `[points of x, points of y]`.
fn distances(x: &Tensor<2>, y: &Tensor<2>) -> Tensor<2> {
    let squares = |points: &Tensor<2>| points.clone().square().sum_dim(1);
    let products = x.clone().matmul(y.clone().transpose());
    (squares(x) + squares(y).transpose() - products * 2.0).clamp_min(0.0)
}
