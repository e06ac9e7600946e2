//! Rows that do not fit.

use plm_core::config::EncoderFamily;
use plm_core::nn::DropoutContext;

use crate::Error;
use crate::encode::{MarkerEncoder, encode_text};
use crate::layout::MarkerRow;
use crate::testing::{device, encoder, pair, tokens};

fn row(length: usize) -> MarkerRow {
    MarkerRow {
        tokens: tokens(0, length),
        groups: vec![pair(0, 1)],
    }
}

#[test]
fn wrong_rows_are_refused_by_all_encoders() {
    let off = DropoutContext::default();
    let model = encoder(EncoderFamily::Roberta, &device());
    for encoder in [
        MarkerEncoder::Dense,
        MarkerEncoder::Factorized,
        MarkerEncoder::Shared,
    ] {
        let refuse = |rows: &[MarkerRow]| encoder.encode(&model, rows, &off).unwrap_err();
        assert!(matches!(refuse(&[]), Error::Empty { .. }));
        assert!(matches!(refuse(&[row(4), row(0)]), Error::Empty { .. }));
        // RoBERTa loses two of the forty positions.
        assert!(encoder.encode(&model, &[row(38)], &off).is_ok());
        let error = refuse(&[row(4), row(39)]);
        let Error::TooLong {
            row: 1,
            tokens: 39,
            limit: 38,
        } = error
        else {
            panic!("{error}");
        };
        let mut unknown = row(4);
        unknown.groups[0].markers[1].id = 50;
        let error = refuse(&[unknown]).to_string();
        assert!(
            error.contains("token id 50, the word table has 50 rows"),
            "{error}"
        );
        let mut unknown = row(4);
        unknown.tokens[2] = 99;
        assert!(matches!(refuse(&[unknown]), Error::Token { id: 99, .. }));
        let mut beyond = row(4);
        beyond.groups[0].markers[0].position = 4;
        assert!(matches!(
            refuse(&[beyond]),
            Error::Place {
                index: 4,
                count: 4,
                ..
            }
        ));
        let names = DropoutContext {
            example_ids: Some([1].into()),
            ..DropoutContext::default()
        };
        let error = encoder
            .encode(&model, &[row(4), row(4)], &names)
            .unwrap_err();
        assert!(matches!(error, Error::Size(_)));
    }
}

#[test]
fn relative_positions_are_refused() {
    let off = DropoutContext::default();
    let model = encoder(EncoderFamily::Mpnet, &device());
    for encoder in [MarkerEncoder::Dense, MarkerEncoder::Factorized] {
        let error = encoder.encode(&model, &[row(4)], &off).unwrap_err();
        assert!(matches!(error, Error::RelativePositions { .. }), "{error}");
    }
    let error = encode_text(&model, &[&[5, 6]], &off).unwrap_err();
    assert!(matches!(error, Error::RelativePositions { .. }), "{error}");
}

#[test]
fn places_that_are_padding_are_refused() {
    let off = DropoutContext::default();
    let model = encoder(EncoderFamily::Bert, &device());
    let rows = [row(6), row(4)];
    let states = MarkerEncoder::Factorized
        .encode(&model, &rows, &off)
        .unwrap();
    assert!(states.text_at(&[(0, 5), (1, 3)]).is_ok());
    assert!(matches!(
        states.text_at(&[(1, 4)]),
        Err(Error::Place { .. })
    ));
    assert!(matches!(
        states.text_at(&[(2, 0)]),
        Err(Error::Place { .. })
    ));
    assert!(matches!(
        states.markers_at(&[(0, 1, 0)]),
        Err(Error::Place { .. })
    ));
    assert!(matches!(
        states.markers_at(&[(0, 0, 2)]),
        Err(Error::Place { .. })
    ));
    assert!(matches!(states.markers_at(&[]), Err(Error::Empty { .. })));
}
