//! From a family and a head to the names in Hugging Face files.

use super::{bert, distilbert, mpnet, roberta};
use crate::checkpoint::{KeyRule, KeyTable};
use crate::config::{EncoderConfig, EncoderFamily};

/// What sits on an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadKind {
    /// Nothing.
    Base,
    /// Scores of words.
    MaskedLM,
    /// Class scores of a sequence.
    Sequence,
    /// Class scores of tokens.
    Token,
    /// Start and end scores of tokens.
    Span,
}

/// The names of one encoder family.
pub(super) struct FamilyKeys {
    /// The base model.
    pub(super) base: KeyTable<'static>,
    /// The masked-LM head.
    pub(super) masked_lm: &'static [&'static [KeyRule<'static>]],
    /// The same where its decoder is not tied to the word table.
    pub(super) masked_lm_untied: &'static [&'static [KeyRule<'static>]],
    /// Second names of tensors where it is tied.
    pub(super) masked_lm_tied: &'static [(&'static str, &'static str)],
    /// The sequence classifier.
    pub(super) sequence: &'static [&'static [KeyRule<'static>]],
}

/// The names of the model with `config` and `head`.
pub(super) fn key_table(config: &EncoderConfig, head: HeadKind) -> KeyTable<'static> {
    let keys = match config.family {
        EncoderFamily::Bert => &bert::KEYS,
        EncoderFamily::Roberta => &roberta::KEYS,
        EncoderFamily::Mpnet => &mpnet::KEYS,
        EncoderFamily::DistilBert => &distilbert::KEYS,
    };
    let mut table = keys.base;
    match head {
        HeadKind::Base => {}
        HeadKind::MaskedLM if config.tie_word_embeddings => {
            table.head = keys.masked_lm;
            table.tied = keys.masked_lm_tied;
        }
        HeadKind::MaskedLM => table.head = keys.masked_lm_untied,
        HeadKind::Sequence => table.head = keys.sequence,
        HeadKind::Token => table.head = &[TOKEN],
        HeadKind::Span => table.head = &[SPAN],
    }
    table
}

/// The one linear map of a token classifier, in all families.
const TOKEN: &[KeyRule<'static>] = &[KeyRule::linear("classifier", "classifier")];

/// The one linear map of a span classifier, in all families.
const SPAN: &[KeyRule<'static>] = &[KeyRule::linear("qa_outputs", "output")];

/// `architecture` as transformers names it for the families that share RoBERTa's model.
pub(super) fn sibling_name(architecture: String, model_type: &str) -> String {
    let family = match model_type {
        "xlm-roberta" => "XLMRoberta",
        "camembert" => "Camembert",
        _ => return architecture,
    };
    match architecture.strip_prefix("Roberta") {
        Some(head) => format!("{family}{head}"),
        None => architecture,
    }
}

/// The name that transformers gives the model, as in the field `architectures`.
pub(super) fn architecture(family: EncoderFamily, head: HeadKind) -> String {
    let family = match family {
        EncoderFamily::Bert => "Bert",
        EncoderFamily::Roberta => "Roberta",
        EncoderFamily::Mpnet => "MPNet",
        EncoderFamily::DistilBert => "DistilBert",
    };
    let head = match head {
        HeadKind::Base => "Model",
        HeadKind::MaskedLM => "ForMaskedLM",
        HeadKind::Sequence => "ForSequenceClassification",
        HeadKind::Token => "ForTokenClassification",
        HeadKind::Span => "ForQuestionAnswering",
    };
    format!("{family}{head}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_of_roberta_have_names_of_their_own() {
        let name = |model_type| {
            let shared = architecture(EncoderFamily::Roberta, HeadKind::MaskedLM);
            sibling_name(shared, model_type)
        };
        assert_eq!(name("roberta"), "RobertaForMaskedLM");
        assert_eq!(name("xlm-roberta"), "XLMRobertaForMaskedLM");
        assert_eq!(name("camembert"), "CamembertForMaskedLM");
    }
}
