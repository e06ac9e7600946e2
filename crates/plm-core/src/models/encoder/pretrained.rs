//! The encoder's models as Hugging Face directories.

use burn::tensor::Device;

use super::{
    EncoderForMaskedLM, EncoderForQuestionAnswering, EncoderForSequenceClassification,
    EncoderForTokenClassification, EncoderModel, MaskedLMHead,
};
use crate::checkpoint::KeyTable;
use crate::config::{EncoderConfig, EncoderFamily};
use crate::models::families::{HeadKind, architecture, key_table};
use crate::models::pretrained::PretrainedModel;
use crate::models::vocabulary::copy_of;
use crate::nn::init::{Init, bert_rule};

macro_rules! pretrained {
    ($model:ty, $head:expr, $paths:expr, $new:expr $(, $complete:expr)?) => {
        impl PretrainedModel for $model {
            type Config = EncoderConfig;

            const HEAD: &'static [&'static str] = $paths;

            fn from_config(config: &EncoderConfig, names: &[String], device: &Device) -> Self {
                $new(config, names, device)
            }

            $(fn complete(self) -> Self {
                $complete(self)
            })?

            fn key_table(config: &EncoderConfig) -> KeyTable<'static> {
                key_table(config, $head)
            }

            fn architecture(config: &EncoderConfig) -> String {
                architecture(config.family, $head)
            }

            fn init(config: &EncoderConfig, path: &str) -> Init {
                bert_rule(config.initializer_range)(path)
            }

            fn vocab_size(config: &EncoderConfig) -> usize {
                config.vocab_size
            }

            fn leftovers(config: &EncoderConfig) -> Vec<String> {
                leftovers(config, $head)
            }
        }
    };
}

pretrained!(
    EncoderModel,
    HeadKind::Base,
    &["pooler."],
    |config: &EncoderConfig, names: &[String], device: &Device| {
        // Base checkpoints cut out of masked-LM ones have no pooler.
        let has_pooler = names.is_empty() || names.iter().any(|name| name.contains("pooler."));
        EncoderModel::new(config, has_pooler, device)
    }
);
pretrained!(
    EncoderForMaskedLM,
    HeadKind::MaskedLM,
    &["head."],
    |config: &EncoderConfig, names: &[String], device: &Device| {
        let mut model = EncoderForMaskedLM::new(config, device);
        // Before transformers 5 the decoder's bias was the head's, whose name alone is in the file.
        if !names.is_empty() && !names.iter().any(|name| name.ends_with("decoder.bias")) {
            model.head.decoder_bias = None;
        }
        model
    },
    |mut model: EncoderForMaskedLM| {
        if MaskedLMHead::has_decoder_bias(&model.encoder.config) {
            let head = &mut model.head;
            head.decoder_bias.get_or_insert_with(|| copy_of(&head.bias));
        }
        model
    }
);
pretrained!(
    EncoderForSequenceClassification,
    HeadKind::Sequence,
    &["classifier.", "encoder.pooler."],
    |config: &EncoderConfig, _: &[String], device: &Device| {
        EncoderForSequenceClassification::new(config, device)
    }
);
pretrained!(
    EncoderForTokenClassification,
    HeadKind::Token,
    &["classifier."],
    |config: &EncoderConfig, _: &[String], device: &Device| {
        EncoderForTokenClassification::new(config, device)
    }
);
pretrained!(
    EncoderForQuestionAnswering,
    HeadKind::Span,
    &["output."],
    |config: &EncoderConfig, _: &[String], device: &Device| {
        EncoderForQuestionAnswering::new(config, device)
    }
);

/// What transformers also leaves aside: a pooler where the model has none, and the next-sentence
/// head of BERT's pre-training.
fn leftovers(config: &EncoderConfig, head: HeadKind) -> Vec<String> {
    let mut names = vec!["cls.seq_relationship".to_owned()];
    let wants_pooler = match head {
        HeadKind::Base => true,
        HeadKind::Sequence => config.family == EncoderFamily::Bert,
        HeadKind::MaskedLM | HeadKind::Token | HeadKind::Span => false,
    };
    if !wants_pooler {
        names.push("pooler".to_owned());
        for prefix in key_table(config, HeadKind::Base).prefixes {
            names.push(format!("{prefix}pooler"));
        }
    }
    names
}
