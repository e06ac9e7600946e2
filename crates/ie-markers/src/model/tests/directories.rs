//! Saving and loading.

use burn::tensor::Device;
use plm_core::checkpoint::SaveOptions;
use plm_core::config::EncoderFamily;
use plm_core::models::{EncoderForMaskedLM, EncoderModel, Pretrained};
use plm_core::nn::DropoutContext;
use plm_core::rng::Seed;

use crate::encode::MarkerEncoder;
use crate::heads::{
    Head, LevitatedPairConfig, LevitatedPairFeature, LevitatedPairHead, NerHead, NerHeadConfig,
    RelationHead, RelationHeadConfig, SolidPairConfig, SolidPairHead, SpanConcatConfig,
    SpanConcatHead, TaggerConfig, TaggerHead, TokenPairConfig, TokenPairHead,
};
use crate::layout::MarkerRow;
use crate::model::{
    Headed, LevitatedPairRelations, MarkerNer, RowClassifier, TokenPairRelations, load_base,
    with_head,
};
use crate::testing::{FAMILIES, config, device, distance, group, pair, tokens};

#[test]
fn a_saved_model_scores_as_before() {
    let off = DropoutContext::default();
    let device = device();
    for family in FAMILIES {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("model");
        let base: Pretrained<EncoderModel> =
            Pretrained::new(&config(family), Seed::new(2), &device).unwrap();
        let settings = NerHeadConfig {
            bilinear: true,
            ..NerHeadConfig::new(4)
        };
        let made: Pretrained<_> = with_head(base, &settings, Seed::new(8)).unwrap();
        made.save(&dir, &SaveOptions::new()).unwrap();
        let loaded = Pretrained::<MarkerNer>::load(&dir, &device).unwrap();
        assert_eq!(loaded.settings().unwrap().head, settings);
        let row = MarkerRow {
            tokens: tokens(1, 8),
            groups: vec![pair(1, 2), pair(0, 7)],
        };
        let run = |model: &MarkerNer| {
            model
                .logits(&[&row], MarkerEncoder::Factorized, &off)
                .unwrap()
        };
        assert!(
            distance(run(&made.model), run(&loaded.model)) == 0.0,
            "{family:?}"
        );

        let other = Pretrained::<LevitatedPairRelations>::load(&dir, &device);
        let error = other.unwrap_err().to_string();
        assert!(error.contains("marker_head"), "{error}");
    }
}

#[test]
fn the_encoder_of_any_model_can_get_a_head() {
    let off = DropoutContext::default();
    let device = device();
    for family in FAMILIES {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("model");
        let masked: Pretrained<EncoderForMaskedLM> =
            Pretrained::new(&config(family), Seed::new(2), &device).unwrap();
        masked.save(&dir, &SaveOptions::new()).unwrap();
        let base = load_base(&dir, &device).unwrap();
        let settings = LevitatedPairConfig {
            feature: LevitatedPairFeature::Starts,
            ..LevitatedPairConfig::new(4)
        };
        let made: Pretrained<LevitatedPairRelations> =
            with_head(base, &settings, Seed::new(8)).unwrap();
        let row = MarkerRow {
            tokens: tokens(1, 8),
            groups: vec![group(&[1, 2, 4, 5])],
        };
        let encode = |encoder| {
            let states = MarkerEncoder::Factorized.encode(encoder, &[&row], &off);
            states.unwrap().markers()
        };
        let far = distance(encode(&made.model.encoder), encode(&masked.model.encoder));
        assert!(far == 0.0, "{family:?}");
        // A head has weights and a normalization that begins as the identity.
        let norm = made.model.head.norm.as_ref().unwrap();
        assert!(
            crate::testing::values(norm.gamma.val())
                .iter()
                .all(|&one| one == 1.0)
        );
        let weights = crate::testing::values(made.model.head.classifier.weight.val());
        assert!(weights.iter().any(|&one| one.abs() > 0.05));
        made.save(&dir, &SaveOptions::new()).unwrap();
        let text = std::fs::read_to_string(dir.join("config.json")).unwrap();
        assert!(text.contains("ForLevitatedPairRelations"), "{text}");
    }
    let roberta = config(EncoderFamily::Roberta);
    let base: Pretrained<EncoderModel> = Pretrained::new(&roberta, Seed::new(2), &device).unwrap();
    let refused = with_head::<crate::heads::NerHead>(base, &NerHeadConfig::new(0), Seed::new(8));
    assert!(refused.is_err());
}

/// The encoder of a saved model with `head` is read again and gets another head.
fn check_another_head<H: Head>(head: &H::Config, device: &Device) {
    for family in FAMILIES {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("model");
        let base: Pretrained<EncoderModel> =
            Pretrained::new(&config(family), Seed::new(2), device).unwrap();
        let made: Pretrained<Headed<H>> = with_head(base, head, Seed::new(8)).unwrap();
        made.save(&dir, &SaveOptions::new()).unwrap();
        let again = load_base(&dir, device).unwrap();
        let row = MarkerRow {
            tokens: tokens(1, 8),
            groups: vec![pair(1, 2)],
        };
        let encode = |encoder| {
            let off = DropoutContext::default();
            let states = MarkerEncoder::Factorized.encode(encoder, &[&row], &off);
            states.unwrap().markers()
        };
        let far = distance(encode(&again.model), encode(&made.model.encoder));
        assert!(far == 0.0, "{} {family:?}", H::NAME);
        let dir = folder.path().join("other");
        let other: Pretrained<TokenPairRelations> =
            with_head(again, &TokenPairConfig::new(3), Seed::new(9)).unwrap();
        other.save(&dir, &SaveOptions::new()).unwrap();
        let other = Pretrained::<TokenPairRelations>::load(&dir, device).unwrap();
        assert_eq!(other.model.classes(), 3);
    }
}

#[test]
fn the_encoder_of_a_saved_model_can_get_another_head() {
    let device = device();
    let ner = NerHeadConfig {
        bilinear: true,
        ..NerHeadConfig::new(4)
    };
    check_another_head::<NerHead>(&ner, &device);
    check_another_head::<SpanConcatHead>(&SpanConcatConfig::new(4), &device);
    check_another_head::<TaggerHead>(&TaggerConfig::new(5), &device);
    check_another_head::<RelationHead>(&RelationHeadConfig::new(5, 4), &device);
    check_another_head::<SolidPairHead>(&SolidPairConfig::new(5), &device);
    let levitated = LevitatedPairConfig {
        feature: LevitatedPairFeature::Starts,
        ..LevitatedPairConfig::new(5)
    };
    check_another_head::<LevitatedPairHead>(&levitated, &device);
    check_another_head::<TokenPairHead>(&TokenPairConfig::new(5), &device);
}
