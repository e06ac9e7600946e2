//! The factorized encoder gives what the mask gives, forward and backward, with and without dropout.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use plm_core::config::EncoderFamily;
use plm_core::nn::{DropoutContext, DropoutMode};
use plm_core::train::Gradients;

use super::{markers_of, text_of};
use crate::encode::{DenseLayout, MarkerEncoder, MarkerStates, MaskAblation};
use crate::layout::MarkerRow;
use crate::mask::Visibility;
use crate::testing::{FAMILIES, device, devices, distance, encoder, pair, rows, values};

/// A number that depends on every state of `rows`, each with a weight of its own.
fn objective(states: &MarkerStates, rows: &[MarkerRow]) -> Tensor<1> {
    let mut parts = Vec::new();
    for (row, one) in rows.iter().enumerate() {
        parts.push(text_of(states, row, one));
        if !one.groups.is_empty() {
            parts.push(markers_of(states, row, one));
        }
    }
    let all = Tensor::cat(parts, 0);
    let dims = all.dims();
    let weights: Vec<f32> = (0..dims[0] * dims[1])
        .map(|index| (index as f32 * 0.7).sin())
        .collect();
    let weights = Tensor::<2>::from_data(TensorData::new(weights, dims), &all.device());
    (all.square() * weights).mean()
}

#[test]
fn factorized_equals_dense_forward_and_backward() {
    let off = DropoutContext::default();
    // The second pass shares the first row's text between three rows.
    let mut repeated = rows();
    for groups in [vec![pair(2, 3), pair(0, 8)], Vec::new()] {
        repeated.push(MarkerRow {
            tokens: repeated[0].tokens.clone(),
            groups,
        });
    }
    for (name, device) in devices() {
        for family in FAMILIES {
            let model = encoder(family, &device).train();
            for rows in [&rows(), &repeated] {
                let run = |encoder: MarkerEncoder| {
                    let states = encoder.encode(&model, rows, &off).unwrap();
                    let found: Vec<Tensor<2>> = rows
                        .iter()
                        .enumerate()
                        .filter(|(_, one)| !one.groups.is_empty())
                        .map(|(row, one)| markers_of(&states, row, one).inner())
                        .collect();
                    let loss = objective(&states, rows);
                    (found, Gradients::of(&loss, &model).unwrap())
                };
                let (expected, gradients) = run(MarkerEncoder::Dense);
                // The objective is a mean over all states: its gradients are small.
                let all = gradients
                    .paths()
                    .flat_map(|path| gradients.get(path).unwrap());
                let largest = all.fold(0.0_f32, |most, value| most.max(value.abs()));
                assert!(largest > 0.0, "{name} {family:?}");
                for encoder in [MarkerEncoder::Factorized, MarkerEncoder::Shared] {
                    let (found, own) = run(encoder);
                    for (found, expected) in found.into_iter().zip(expected.clone()) {
                        let far = distance(found, expected);
                        assert!(far < 1e-5, "{name} {family:?} {encoder:?}: {far}");
                    }
                    let mut compared = 0;
                    for path in gradients.paths() {
                        let expected = gradients.get(path).unwrap();
                        let found = own.get(path).unwrap();
                        for (a, b) in found.iter().zip(&expected) {
                            let far = (a - b).abs() / largest;
                            assert!(far < 1e-5, "{name} {family:?} {encoder:?} {path}: {a} {b}");
                        }
                        // An error of a tenth would show.
                        let shows = |value: &f32| value.abs() > 1e-4 * largest;
                        compared += usize::from(expected.iter().any(shows));
                    }
                    assert_eq!(own.len(), gradients.len());
                    assert!(compared > 20, "{name} {family:?}: {compared} are not 0");
                }
            }
        }
    }
}

#[test]
fn the_mask_shows_the_cells_that_are_counted() {
    let model = encoder(EncoderFamily::Bert, &device());
    let rows = rows();
    let layout = DenseLayout::new(&model, &rows).unwrap();
    for (row, one) in rows.iter().enumerate() {
        assert_eq!(
            layout.visible_cells(row),
            Visibility::default().cells(one),
            "row {row}"
        );
    }
    // 9 text tokens and 20 pairs: 81 + 40 (9 + 2).
    assert_eq!(layout.visible_cells(0), 521);
    assert_eq!(layout.length(), 12 + 20 * 4);
}

#[test]
fn padding_is_finite_forward_and_backward() {
    let off = DropoutContext::default();
    for (name, device) in devices() {
        let model = encoder(EncoderFamily::Roberta, &device).train();
        for encoder in [
            MarkerEncoder::Dense,
            MarkerEncoder::Factorized,
            MarkerEncoder::Shared,
        ] {
            let states = encoder.encode(&model, &rows(), &off).unwrap();
            let finite = |values: Vec<f32>| values.iter().all(|value| value.is_finite());
            assert!(finite(values(states.text())), "{name} {encoder:?}");
            assert!(finite(values(states.markers())), "{name} {encoder:?}");
            let loss = states.text().square().mean() + states.markers().square().mean();
            let gradients = Gradients::of(&loss, &model).unwrap();
            assert!(gradients.norm().is_finite(), "{name} {encoder:?}");
        }
    }
}

#[test]
fn texts_have_the_same_dropout_in_both_layouts() {
    let rows = rows();
    let dropout = DropoutContext {
        mode: DropoutMode::Train { seed: 5 },
        example_ids: Some([7, 8, 9].into()),
    };
    for (name, device) in devices() {
        let model = encoder(EncoderFamily::Bert, &device);
        let run = |encoder: MarkerEncoder, dropout: &DropoutContext| {
            encoder.encode(&model, &rows, dropout).unwrap()
        };
        let dense = run(MarkerEncoder::Dense, &dropout);
        let factorized = run(MarkerEncoder::Factorized, &dropout);
        let off = run(MarkerEncoder::Factorized, &DropoutContext::default());
        for (row, one) in rows.iter().enumerate() {
            let expected = text_of(&dense, row, one);
            let far = distance(text_of(&factorized, row, one), expected.clone());
            assert!(far < 1e-5, "{name} row {row}: {far}");
            assert!(distance(text_of(&off, row, one), expected) > 1e-2);
        }
        // Markers drop too, and the same ones each time.
        let again = run(MarkerEncoder::Factorized, &dropout);
        let own = |states: &MarkerStates| markers_of(states, 0, &rows[0]);
        assert!(distance(own(&factorized), own(&again)) == 0.0);
        assert!(distance(own(&factorized), own(&off)) > 1e-2);
    }
}

#[test]
fn ablated_masks_open_what_their_switches_say() {
    let off = DropoutContext::default();
    let device = device();
    let rows = rows();
    let model = encoder(EncoderFamily::Bert, &device);
    let layers = model.layers.len();
    let run = |ablation: MaskAblation| {
        let states = MarkerEncoder::Ablated(ablation)
            .encode(&model, &rows, &off)
            .unwrap();
        (
            text_of(&states, 0, &rows[0]),
            markers_of(&states, 0, &rows[0]),
        )
    };
    let gap = |a: &Tensor<2>, b: &Tensor<2>| distance(a.clone(), b.clone());
    let (text, markers) = run(MaskAblation::default());
    let dense = MarkerEncoder::Dense.encode(&model, &rows, &off).unwrap();
    assert_eq!(gap(&text, &text_of(&dense, 0, &rows[0])), 0.0);

    let full = |full_layer| MaskAblation {
        full_layer: Some(full_layer),
        ..MaskAblation::default()
    };
    let (late_text, late_markers) = run(full(layers));
    assert!(gap(&text, &late_text) < 1e-6 && gap(&markers, &late_markers) < 1e-6);
    let (open_text, open_markers) = run(full(0));
    assert!(gap(&text, &open_text) > 1e-3 && gap(&markers, &open_markers) > 1e-3);
    let visibility = Visibility {
        full: true,
        ..Visibility::default()
    };
    let (all_text, _) = run(MaskAblation {
        visibility,
        full_layer: None,
    });
    assert!(gap(&open_text, &all_text) < 1e-6);

    let visibility = Visibility {
        starts: true,
        ..Visibility::default()
    };
    let (same_text, other_markers) = run(MaskAblation {
        visibility,
        full_layer: None,
    });
    assert!(gap(&text, &same_text) < 1e-6 && gap(&markers, &other_markers) > 1e-3);
}
