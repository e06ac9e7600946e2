//! Every fixture and some grown models, written and read again.
//!
//! Where the environment variable `PLM_SAVED` names a folder, the directories stay there with what the
//! models compute, for `fixtures/parity/check_saved.py` to compare with transformers.

use std::path::PathBuf;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plm_core::checkpoint::SaveOptions;
use plm_core::models::{
    BartForConditionalGeneration, BartForQuestionAnswering, BartForSequenceClassification,
    EncoderForMaskedLM, EncoderForQuestionAnswering, EncoderForSequenceClassification,
    EncoderForTokenClassification, EncoderModel, Gpt2ForQuestionAnswering,
    Gpt2ForSequenceClassification, Gpt2ForTokenClassification, Gpt2LmHeadModel, Pretrained,
    PretrainedModel, T5EncoderModel, T5ForConditionalGeneration, T5ForQuestionAnswering,
    T5ForSequenceClassification, T5ForTokenClassification, WordTable,
};
use plm_core::rng::Seed;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::decoder_support::{both_inputs, stack_input};
use super::decoder_vocabulary as words;
use super::encoder_parity::input as encoder_input;
use super::fixture::{Fixture, devices};
use super::tensors::values;

/// Name, shape and values of one output.
type Output = (&'static str, Vec<usize>, Vec<f32>);

fn output<const D: usize>(name: &'static str, tensor: Tensor<D>) -> Output {
    (name, tensor.dims().to_vec(), values(tensor))
}

/// Where directories go.
struct Folder {
    path: PathBuf,
    kept: bool,
    _temporary: Option<TempDir>,
}

impl Folder {
    fn new() -> Self {
        match std::env::var_os("PLM_SAVED") {
            Some(path) => {
                let path = PathBuf::from(path);
                std::fs::create_dir_all(&path).unwrap();
                Self {
                    path,
                    kept: true,
                    _temporary: None,
                }
            }
            None => {
                let temporary = tempfile::tempdir().unwrap();
                Self {
                    path: temporary.path().to_owned(),
                    kept: false,
                    _temporary: Some(temporary),
                }
            }
        }
    }

    /// Writes `model` and reads it again: the outputs, which `run` gives, must be the same.
    fn check<M: PretrainedModel>(
        &self,
        name: &str,
        model: &Pretrained<M>,
        inputs: Map<String, Value>,
        fixture: Option<&str>,
        device: &Device,
        run: impl Fn(&M) -> Vec<Output>,
    ) {
        let target = self.path.join(name);
        model.save(&target, &SaveOptions::new()).unwrap();
        let again = Pretrained::<M>::load(&target, device).unwrap();
        let outputs = run(&model.model);
        assert_eq!(run(&again.model), outputs, "{name}");
        if self.kept {
            let outputs: Map<String, Value> = outputs
                .into_iter()
                .map(|(key, shape, values)| {
                    (key.to_owned(), json!({"shape": shape, "values": values}))
                })
                .collect();
            let record = json!({
                "class": M::architecture(&model.settings().unwrap()),
                "fixture": fixture,
                "inputs": inputs,
                "outputs": outputs,
            });
            let file = self.path.join(format!("{name}.json"));
            std::fs::write(file, record.to_string()).unwrap();
        }
    }

    /// The fixture called `name` and, where `grow` is given, the same with two words more.
    fn fixture<M: PretrainedModel>(
        &self,
        name: &str,
        grow: Option<fn(M, Tensor<2>) -> M>,
        run: impl Fn(&M, &Fixture, &Device) -> Vec<Output>,
    ) {
        let fixture = Fixture::open(name);
        let (_, device) = devices().remove(0);
        let mut model = Pretrained::<M>::load(&fixture.dir, &device).unwrap();
        let inputs = inputs_of(&fixture);
        let run = |model: &M| run(model, &fixture, &device);
        self.check(name, &model, inputs.clone(), Some(name), &device, run);
        if let Some(grow) = grow {
            let settings = model.settings().unwrap();
            let old = M::vocab_size(&settings);
            let width = ["d_model", "n_embd", "hidden_size", "dim"]
                .iter()
                .find_map(|key| model.config.optional::<usize>(key).unwrap());
            let rows = Tensor::ones([2, width.unwrap()], &device) * 0.3;
            model.model = grow(model.model, rows);
            model.config.set("vocab_size", old + 2);
            let name = format!("{name}-grown");
            self.check(&name, &model, inputs, None, &device, run);
        }
    }
}

/// The arguments of transformers' `forward` that a fixture holds.
fn inputs_of(fixture: &Fixture) -> Map<String, Value> {
    [
        "input_ids",
        "attention_mask",
        "token_type_ids",
        "decoder_input_ids",
        "decoder_attention_mask",
    ]
    .into_iter()
    .filter(|key| fixture.has(key))
    .map(|key| {
        let (shape, values) = fixture.integers(key);
        let rows: Vec<&[i64]> = values.chunks(shape[1]).collect();
        (key.to_owned(), json!(rows))
    })
    .collect()
}

/// What gives the scores of a model that reads `$input`.
macro_rules! logits {
    ($input:ident $(.$unwrap:ident())?) => {
        |model, fixture, device| {
            let (_, logits) = model.forward(&$input(fixture, "", device)) $(.$unwrap())?;
            vec![output("logits", logits)]
        }
    };
}

/// What gives the starts and ends of a model that reads `$input`.
macro_rules! span {
    ($input:ident) => {
        |model, fixture, device| {
            let (_, start, end) = model.forward(&$input(fixture, "", device));
            vec![output("start_logits", start), output("end_logits", end)]
        }
    };
}

#[test]
fn encoders() {
    let folder = Folder::new();
    for name in [
        "bert-base-model",
        "bert-noprefix",
        "roberta-base-model",
        "mpnet-base-model",
        "distilbert-base-model",
    ] {
        folder.fixture::<EncoderModel>(name, None, |model, fixture, device| {
            let found = model.forward(&encoder_input(fixture, "", device));
            let pooled = found.pooler_output.map(|x| output("pooler_output", x));
            let mut all = vec![output("last_hidden_state", found.last_hidden_state)];
            all.extend(pooled);
            all
        });
    }
    let names = "bert-mlm bert-mlm-untied bert-mlm-oldkeys bert-pretraining bert-sharded bert-bin \
                 bert-f16 bert-relu roberta-mlm mpnet-mlm distilbert-mlm";
    for name in names.split(' ') {
        let grow = EncoderForMaskedLM::with_new_words;
        folder.fixture::<EncoderForMaskedLM>(name, Some(grow), logits!(encoder_input));
    }
    for family in ["bert", "roberta", "mpnet", "distilbert"] {
        let name = |head| format!("{family}-{head}");
        folder.fixture::<EncoderForSequenceClassification>(
            &name("seqcls"),
            None,
            logits!(encoder_input),
        );
        folder.fixture::<EncoderForTokenClassification>(
            &name("tokcls"),
            None,
            logits!(encoder_input),
        );
        folder.fixture::<EncoderForQuestionAnswering>(&name("qa"), None, span!(encoder_input));
    }
}

#[test]
fn t5() {
    let folder = Folder::new();
    for name in ["t5-lm", "t5-gated-lm", "t5-lm-oldkeys", "t5-lm-other-head"] {
        let grow = T5ForConditionalGeneration::with_new_words;
        folder.fixture::<T5ForConditionalGeneration>(name, Some(grow), logits!(both_inputs));
    }
    folder.fixture::<T5EncoderModel>("t5-encoder", None, |model, fixture, device| {
        let found = model.forward(&stack_input(fixture, "", device));
        vec![output("last_hidden_state", found.last_hidden_state)]
    });
    folder.fixture::<T5ForSequenceClassification>("t5-seqcls", None, logits!(both_inputs.unwrap()));
    folder.fixture::<T5ForTokenClassification>("t5-tokcls", None, logits!(stack_input));
    folder.fixture::<T5ForQuestionAnswering>("t5-qa", None, span!(both_inputs));
}

#[test]
fn bart() {
    let folder = Folder::new();
    for name in ["bart-lm", "bart-lm-untied", "bart-noprefix"] {
        let grow = BartForConditionalGeneration::with_new_words;
        folder.fixture::<BartForConditionalGeneration>(name, Some(grow), logits!(both_inputs));
    }
    folder.fixture::<BartForSequenceClassification>(
        "bart-seqcls",
        None,
        logits!(both_inputs.unwrap()),
    );
    folder.fixture::<BartForQuestionAnswering>("bart-qa", None, span!(both_inputs));
}

#[test]
fn gpt2() {
    let folder = Folder::new();
    for name in ["gpt2-lm", "gpt2-lm-untied", "gpt2-noprefix"] {
        let grow = Gpt2LmHeadModel::with_new_words;
        folder.fixture::<Gpt2LmHeadModel>(name, Some(grow), logits!(stack_input));
    }
    folder.fixture::<Gpt2ForSequenceClassification>(
        "gpt2-seqcls",
        None,
        logits!(stack_input.unwrap()),
    );
    folder.fixture::<Gpt2ForTokenClassification>("gpt2-tokcls", None, logits!(stack_input));
    folder.fixture::<Gpt2ForQuestionAnswering>("gpt2-qa", None, span!(stack_input));
}

/// New models with a tokenizer and two words more, the last token of the input being one of them.
#[test]
fn new_models() {
    fn new<M: PretrainedModel + WordTable>(
        folder: &Folder,
        name: &str,
        config: &M::Config,
        text: &str,
        run: impl Fn(&M, usize, &Device) -> Tensor<3>,
    ) {
        let (_, device) = devices().remove(0);
        let mut model = Pretrained::<M>::new(config, Seed::new(1), &device).unwrap();
        model.tokenizer = Some(words::tokenizer(text));
        let added = model
            .add_tokens(&["zyzzyva", "zzz"], false, Seed::new(2))
            .unwrap();
        let word = added[1] as usize;
        let ids = words::ids(word, 2, &device).to_data().convert::<i64>();
        let ids: Vec<i64> = ids.try_to_vec().unwrap();
        let mut inputs = Map::new();
        inputs.insert("input_ids".to_owned(), json!([ids]));
        if text != "gpt2" {
            inputs.insert("decoder_input_ids".to_owned(), json!([ids]));
        }
        folder.check(name, &model, inputs, None, &device, |model| {
            vec![output("logits", run(model, word, &device))]
        });
    }
    let folder = Folder::new();
    for tied in [true, false] {
        let name = |family: &str| format!("new-{family}-{}", if tied { "tied" } else { "untied" });
        let config = words::t5(tied);
        new::<T5ForConditionalGeneration>(
            &folder,
            &name("t5"),
            &config,
            "t5",
            |model, word, device| model.forward(&words::both(word, 2, device)).1,
        );
        let config = words::bart(tied);
        new::<BartForConditionalGeneration>(
            &folder,
            &name("bart"),
            &config,
            "roberta",
            |model, word, device| model.forward(&words::both(word, 2, device)).1,
        );
        let config = words::gpt2(tied);
        new::<Gpt2LmHeadModel>(
            &folder,
            &name("gpt2"),
            &config,
            "gpt2",
            |model, word, device| {
                let input = plm_core::models::EncoderInput::ids(words::ids(word, 2, device));
                model.forward(&input).1
            },
        );
    }
}

/// A file of transformers before 5 that unties the head of BART: one word table for both stacks.
#[test]
fn an_untied_file_with_one_word_table() {
    let fixture = Fixture::open("bart-lm-untied");
    let (_, device) = devices().remove(0);
    let mut model =
        Pretrained::<BartForConditionalGeneration>::load(&fixture.dir, &device).unwrap();
    let shared = model.model.model.shared.clone();
    model.model.model.encoder.word = None;
    model.model.model.decoder.word = None;
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old");
    model.save(&old, &SaveOptions::new()).unwrap();
    let again = Pretrained::<BartForConditionalGeneration>::load(&old, &device).unwrap();
    for stack in [
        &again.model.model.encoder.word,
        &again.model.model.decoder.word,
    ] {
        let own = stack.as_ref().expect("a table of its own");
        assert_ne!(own.weight.id, again.model.model.shared.weight.id);
        assert!(own.weight.clone().train().is_require_grad());
        assert_eq!(values(own.weight.val()), values(shared.weight.val()));
    }
    let input = both_inputs(&fixture, "", &device);
    let run = |model: &BartForConditionalGeneration| values(model.forward(&input).1);
    assert_eq!(run(&model.model), run(&again.model));
    let target = folder.path().join("new");
    let report = again.save(&target, &SaveOptions::new()).unwrap();
    let tables = report
        .tensors
        .iter()
        .filter(|name| name.contains("embed_tokens"));
    assert_eq!(tables.count(), 2);
}
