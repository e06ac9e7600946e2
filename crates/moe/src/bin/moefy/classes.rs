//! From a `config.json` to the class of its model.

use anyhow::Result;
use plm_core::config::ConfigFile;
use plm_core::models::{
    BartForConditionalGeneration, BartForQuestionAnswering, BartForSequenceClassification,
    BartModel, EncoderForMaskedLM, EncoderForQuestionAnswering, EncoderForSequenceClassification,
    EncoderForTokenClassification, EncoderModel, Gpt2ForQuestionAnswering,
    Gpt2ForSequenceClassification, Gpt2ForTokenClassification, Gpt2LmHeadModel, Gpt2Model,
    T5EncoderModel, T5ForConditionalGeneration, T5ForQuestionAnswering,
    T5ForSequenceClassification, T5ForTokenClassification, T5Model,
};

use crate::arguments::Arguments;
use crate::job::Job;
use crate::texts;

/// Every `model_type` with the first part of its class names in transformers and its family here.
const MODEL_TYPES: [(&str, &str, &str); 9] = [
    ("bert", "Bert", "encoder"),
    ("roberta", "Roberta", "encoder"),
    ("xlm-roberta", "XLMRoberta", "encoder"),
    ("camembert", "Camembert", "encoder"),
    ("mpnet", "MPNet", "encoder"),
    ("distilbert", "DistilBert", "encoder"),
    ("t5", "T5", "t5"),
    ("bart", "Bart", "bart"),
    ("gpt2", "GPT2", "gpt2"),
];

macro_rules! classes {
    ($($family:literal: $($head:literal => $model:ident),+;)+) => {
        /// The last parts of the class names of each family.
        const HEADS: &[(&str, &[&str])] = &[$(($family, &[$($head),+])),+];

        /// Runs the job with the class of a family and the last part of its name; nothing where there
        /// is no such class.
        fn start(family: &str, head: &str, job: &Job<'_>) -> Option<Result<()>> {
            match (family, head) {
                $($(($family, $head) => Some(job.run::<$model>(stringify!($model))),)+)+
                _ => None,
            }
        }
    };
}

classes! {
    "encoder":
        "Model" => EncoderModel,
        "ForMaskedLM" => EncoderForMaskedLM,
        "ForSequenceClassification" => EncoderForSequenceClassification,
        "ForTokenClassification" => EncoderForTokenClassification,
        "ForQuestionAnswering" => EncoderForQuestionAnswering;
    "t5":
        "Model" => T5Model,
        "EncoderModel" => T5EncoderModel,
        "ForConditionalGeneration" => T5ForConditionalGeneration,
        "WithLMHeadModel" => T5ForConditionalGeneration,
        "ForSequenceClassification" => T5ForSequenceClassification,
        "ForTokenClassification" => T5ForTokenClassification,
        "ForQuestionAnswering" => T5ForQuestionAnswering;
    "bart":
        "Model" => BartModel,
        "ForConditionalGeneration" => BartForConditionalGeneration,
        "ForSequenceClassification" => BartForSequenceClassification,
        "ForQuestionAnswering" => BartForQuestionAnswering;
    "gpt2":
        "Model" => Gpt2Model,
        "LMHeadModel" => Gpt2LmHeadModel,
        "ForSequenceClassification" => Gpt2ForSequenceClassification,
        "ForTokenClassification" => Gpt2ForTokenClassification,
        "ForQuestionAnswering" => Gpt2ForQuestionAnswering;
}

/// Does what the command line asks for.
///
/// # Errors
/// Whatever is wrong with arguments, files or model.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    arguments.check()?;
    // Every text holds a token, so that more texts than tokens are never needed.
    let texts = texts::read(&arguments.texts, arguments.tokens)?;
    let device = plm_core::device::parse(&arguments.device)?;
    let config = ConfigFile::read(&arguments.model)?;
    let model_type = config.model_type()?;
    let known = MODEL_TYPES.iter().find(|known| known.0 == model_type);
    let Some(&(_, prefix, family)) = known else {
        let names = MODEL_TYPES.map(|(name, _, _)| name).join(", ");
        let reason = format!("is `{model_type}`; known are {names}");
        return Err(config.error("model_type", reason).into());
    };
    let names: Vec<String> = config.or("architectures", Vec::new())?;
    let name = names.into_iter().next();
    let name = name.unwrap_or_else(|| format!("{prefix}Model"));
    let job = Job {
        arguments,
        texts: &texts,
        device: &device,
    };
    let started = name
        .strip_prefix(prefix)
        .and_then(|head| start(family, head, &job));
    started.unwrap_or_else(|| {
        let heads = HEADS.iter().filter(|heads| heads.0 == family);
        let heads = heads.flat_map(|(_, heads)| heads.iter());
        let names: Vec<String> = heads.map(|head| format!("{prefix}{head}")).collect();
        let reason = format!("is `{name}`; known are {}", names.join(", "));
        Err(config.error("architectures", reason).into())
    })
}
