//! The reference: the whole hidden layer, with what was not chosen replaced before the output.

use crate::Selection;

use super::dense;
use super::layer::ExpertFfn;
use super::observe::RowsRead;

/// See [`ExpertFfn::run`].
pub(super) fn run(
    layer: &ExpertFfn,
    x: &[f32],
    selection: &Selection,
    observer: Option<&RowsRead>,
) -> Vec<f32> {
    let size = layer.expert_size();
    let weights = layer.weights();
    let h = dense::hidden(weights, layer.mean(), x, |token, factors| {
        let mut chosen = selection.of(token).iter().peekable();
        for (expert, factors) in factors.chunks_exact_mut(size).enumerate() {
            if chosen.next_if(|&&next| next as usize == expert).is_none() {
                factors.fill(0.0);
            }
        }
    });
    if let Some(observer) = observer {
        observer.add_all();
    }
    dense::output(weights, &h, layer.base())
}
