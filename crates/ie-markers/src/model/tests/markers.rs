//! First vectors of markers, on the model that the repository holds.

use std::path::PathBuf;

use burn::module::Module;
use burn::tensor::{DType, FloatDType, Tensor};
use plm_core::models::{EncoderModel, Pretrained, WordTable};
use plm_core::rng::Seed;
use plm_core::text::{EncodeOptions, SpecialToken};

use crate::Error;
use crate::heads::NerHeadConfig;
use crate::markers::MarkerInit;
use crate::model::{MarkerNer, initialize_markers, load_base, set_marker_rows, with_head};
use crate::testing::{device, distance, encoder};

fn mini() -> Pretrained<MarkerNer> {
    let dir = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../models/plm-mini"
    ));
    let base = load_base(dir, &device()).unwrap();
    with_head(base, &NerHeadConfig::new(3), Seed::new(1)).unwrap()
}

/// `encoder` with its word table in double precision.
fn double(mut encoder: EncoderModel) -> EncoderModel {
    let mut word = encoder.embeddings.word;
    word.weight = word.weight.map(|table| table.cast(FloatDType::F64));
    encoder.embeddings.word = word;
    encoder
}

fn word(text: &str) -> MarkerInit {
    MarkerInit::Words(vec![text.to_owned()])
}

#[test]
fn markers_start_from_the_mask_token_and_from_the_mean_of_a_word() {
    let mut model = mini();
    let before = model.model.words();
    let tokenizer = model.tokenizer().unwrap();
    let mask = tokenizer.special(SpecialToken::Mask).unwrap() as usize;
    let long = "unforeseeable";
    let options = EncodeOptions::new().without_special_tokens();
    let pieces = tokenizer.encode(long, &options).unwrap().ids;
    assert!(pieces.len() > 1, "{pieces:?}");
    let markers = [
        ("[start]", MarkerInit::Mask),
        ("[end]", word(long)),
        ("[random]", MarkerInit::Random),
        ("[kept]", MarkerInit::Keep),
    ];
    let ids = initialize_markers(&mut model, &markers, Seed::new(2)).unwrap();
    let after = model.model.words();
    assert_eq!(after.dims()[0], before.dims()[0] + 4);
    assert_eq!(
        model.tokenizer().unwrap().token_to_id("[end]"),
        Some(ids[1])
    );
    let row = |table: &Tensor<2>, id: usize| table.clone().narrow(0, id, 1);
    assert!(distance(row(&after, ids[0] as usize), row(&before, mask)) == 0.0);
    let count = pieces.len() as f32;
    let sum = pieces
        .iter()
        .map(|&id| row(&before, id as usize))
        .reduce(|a, b| a + b);
    let far = distance(row(&after, ids[1] as usize), sum.unwrap() / count);
    assert!(far < 1e-6, "{far}");
    assert!(distance(row(&after, ids[2] as usize), row(&after, ids[3] as usize)) > 1e-3);
    // Nothing else moved, and words that are there keep their ids.
    let words = before.dims()[0];
    assert!(distance(after.narrow(0, 0, words), before) == 0.0);
    let again = initialize_markers(&mut model, &markers[1..2], Seed::new(2)).unwrap();
    assert_eq!(again, [ids[1]]);
}

#[test]
fn markers_that_cannot_be_set_are_refused() {
    let mut model = mini();
    let twice = [("[a]", MarkerInit::Mask), ("[a]", MarkerInit::Keep)];
    let error = initialize_markers(&mut model, &twice, Seed::new(2)).unwrap_err();
    assert!(error.to_string().contains("given twice"), "{error}");
    let nothing = [("[a]", word(" "))];
    let error = initialize_markers(&mut model, &nothing, Seed::new(2)).unwrap_err();
    assert!(matches!(error, Error::Marker { .. }), "{error}");
    // A refused call adds nothing.
    assert_eq!(model.tokenizer().unwrap().token_to_id("[a]"), None);
}

#[test]
fn rows_are_replaced_one_by_one() {
    let device = device();
    let model = encoder(plm_core::config::EncoderFamily::Bert, &device).train();
    let before = model.words().inner();
    let rows = Tensor::<2>::from_data([[1.0; 16], [2.0; 16]], &device);
    let model = set_marker_rows(model, &[7, 3], rows.clone()).unwrap();
    let after = model.words();
    assert!(after.is_require_grad());
    let after = after.inner();
    let mut expected = before.clone();
    expected = expected.slice_assign([7..8, 0..16], rows.clone().narrow(0, 0, 1));
    expected = expected.slice_assign([3..4, 0..16], rows.clone().narrow(0, 1, 1));
    assert!(distance(after.clone(), expected) == 0.0);
    assert!(distance(after, before) > 0.5);
    let wrong = set_marker_rows(model.clone(), &[7], rows.clone());
    assert!(matches!(wrong, Err(Error::Size(_))));
    let wrong = set_marker_rows(model, &[7, 50], rows);
    assert!(matches!(wrong, Err(Error::Token { id: 50, .. })));
}

#[test]
fn the_table_keeps_its_precision() {
    let device = device();
    if !device.supports_dtype(DType::F64) {
        return;
    }
    let model = double(encoder(plm_core::config::EncoderFamily::Bert, &device));
    let rows = Tensor::<2>::from_data([[1.0; 16], [2.0; 16]], &device);
    let after = set_marker_rows(model, &[7, 3], rows).unwrap().words();
    assert_eq!(after.dtype(), DType::F64);
    let row = |at: usize, value: f32| {
        let expected = Tensor::<2>::full([1, 16], value, (&device, DType::F64));
        distance(after.clone().narrow(0, at, 1), expected)
    };
    assert!(row(7, 1.0) == 0.0 && row(3, 2.0) == 0.0);

    let mut model = mini();
    model.model.encoder = double(model.model.encoder);
    let before = model.model.words();
    let markers = [
        ("[unused0]", MarkerInit::Mask),
        ("[unused1]", MarkerInit::Random),
    ];
    let ids = initialize_markers(&mut model, &markers, Seed::new(2)).unwrap();
    let after = model.model.words();
    assert_eq!(after.dtype(), DType::F64);
    for id in ids {
        let row = |table: &Tensor<2>| table.clone().narrow(0, id as usize, 1);
        assert!(distance(row(&after), row(&before)) > 1e-3);
    }
}
