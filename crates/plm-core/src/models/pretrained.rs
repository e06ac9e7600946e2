//! A model with its configuration and tokenizer, as one Hugging Face directory.

use std::path::Path;

use burn::module::Module;
use burn::tensor::Device;
use serde_json::{Value, json};

use crate::checkpoint::{
    KeyTable, LoadOptions, LoadReport, SaveOptions, SaveReport, TensorSource, load_into, save,
};
use crate::config::{ConfigFile, GENERATION_FILE, ModelConfig};
use crate::models::families::sibling_name;
use crate::nn::init::{Init, initialize};
use crate::rng::Seed;
use crate::text::Tokenizer;
use crate::{Error, Result};

/// A model that Hugging Face directories hold.
pub trait PretrainedModel: Module {
    /// Its settings.
    type Config: ModelConfig;

    /// Beginnings of the parameter paths of its head: what a base checkpoint lacks.
    const HEAD: &'static [&'static str];

    /// A model of zeros with these settings. `names` are the tensors of the file that is about to be
    /// loaded, for models with optional parts; empty where there is none.
    fn from_config(config: &Self::Config, names: &[String], device: &Device) -> Self;

    /// The names of its tensors in files.
    fn key_table(config: &Self::Config) -> KeyTable<'static>;

    /// Its class in transformers, for the field `architectures`.
    fn architecture(config: &Self::Config) -> String;

    /// How new parameters are drawn.
    fn init(config: &Self::Config, path: &str) -> Init;

    /// Entries of its vocabulary.
    fn vocab_size(config: &Self::Config) -> usize;

    /// Changes settings where the file says otherwise, as transformers does.
    ///
    /// # Errors
    /// Those of reading `source`.
    fn settle(
        _config: &mut ConfigFile,
        _settings: &Self::Config,
        _source: &TensorSource,
    ) -> Result<()> {
        Ok(())
    }

    /// Fills optional parts that the file just loaded had no values for.
    fn complete(self) -> Self {
        self
    }

    /// Tensors that files of sibling models hold and this one does not want, as in transformers: a
    /// pooler below a masked-LM head, say.
    fn leftovers(_config: &Self::Config) -> Vec<String> {
        Vec::new()
    }
}

/// A model with all that its directory holds.
#[derive(Debug, Clone)]
pub struct Pretrained<M> {
    /// The model.
    pub model: M,
    /// Its `config.json`, unknown fields included, and the content of its `generation_config.json`.
    pub config: ConfigFile,
    /// Its tokenizer, where the directory has one.
    pub tokenizer: Option<Tokenizer>,
    /// What loading did.
    pub report: LoadReport,
}

impl<M: PretrainedModel> Pretrained<M> {
    /// Reads a directory: `config.json`, weights (safetensors or PyTorch, single or sharded) and the
    /// tokenizer.
    ///
    /// A tokenizer may have tokens that the model has no row for:
    /// [`LoadReport::beyond_vocabulary`] lists them, and encoding a text that holds one is an error
    /// that names the tokenizer's file.
    ///
    /// # Errors
    /// Whatever is missing, malformed, unexpected or does not fit together, by file and name:
    /// see [`load_into`], [`ModelConfig::from_file`], [`Tokenizer::from_dir`].
    pub fn load(dir: impl AsRef<Path>, device: &Device) -> Result<Self> {
        Self::load_with(dir, device, &LoadOptions::default())
    }

    /// [`Pretrained::load`] with exceptions to its strictness.
    ///
    /// # Errors
    /// As [`Pretrained::load`].
    pub fn load_with(
        dir: impl AsRef<Path>,
        device: &Device,
        options: &LoadOptions,
    ) -> Result<Self> {
        let dir = dir.as_ref();
        let config = ConfigFile::read(dir)?;
        Self::load_parts(dir, config, device, options, None)
    }

    /// Reads a base checkpoint, or one with any head, and puts a new head of `num_labels` classes on
    /// it, drawn from `seed`. The file's own head stays unused, whatever its size, and so does the
    /// `problem_type` that it was trained for; a pooler is read.
    ///
    /// # Errors
    /// As [`Pretrained::load`]; [`Error::Invalid`] if `num_labels` is 0.
    pub fn load_with_new_head(
        dir: impl AsRef<Path>,
        num_labels: usize,
        seed: Seed,
        device: &Device,
    ) -> Result<Self> {
        if num_labels == 0 {
            return Err(Error::invalid("num_labels", "is 0"));
        }
        let dir = dir.as_ref();
        let mut config = ConfigFile::read(dir)?;
        config.set_num_labels(num_labels);
        config.remove("problem_type");
        let table = M::key_table(&M::Config::from_file(&config)?);
        let mut options = LoadOptions::default().with_new_heads();
        for path in M::HEAD {
            options = options.allow_missing(path.trim_end_matches('.'));
        }
        for name in table.heads {
            options = options.allow_unused(*name);
        }
        Self::load_parts(dir, config, device, &options, Some(seed))
    }

    fn load_parts(
        dir: &Path,
        mut config: ConfigFile,
        device: &Device,
        options: &LoadOptions,
        new_head: Option<Seed>,
    ) -> Result<Self> {
        let source = TensorSource::open(dir)?;
        let settings = M::Config::from_file(&config)?;
        M::settle(&mut config, &settings, &source)?;
        let settings = M::Config::from_file(&config)?;
        let names: Vec<String> = source.names().map(str::to_owned).collect();
        let model = M::from_config(&settings, &names, device);
        let mut options = options.clone();
        for name in M::leftovers(&settings) {
            options = options.allow_unused(name);
        }
        let table = M::key_table(&settings);
        let (mut model, mut report) = load_into(model, &source, &table, &options)?;
        // Only now, when the sizes are known to be those of the file's tensors.
        if let Some(seed) = new_head {
            model = initialize(model, seed.child("head"), |path| {
                if report.missing.iter().any(|missing| missing == path) {
                    M::init(&settings, path)
                } else {
                    Init::Keep
                }
            });
        }
        let mut tokenizer = Tokenizer::from_dir_if_present(dir)?;
        match &mut tokenizer {
            Some(tokenizer) => {
                report.beyond_vocabulary = tokenizer.limit_to(M::vocab_size(&settings));
            }
            None => report.unread_tokenizer = Tokenizer::sentencepiece_in(dir)?,
        }
        Ok(Self {
            model: model.complete(),
            config,
            tokenizer,
            report,
        })
    }

    /// A new model, drawn from `seed` by the family's rule.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that do not hold together, [`Error::Invalid`] for those that the
    /// family's `config.json` has no field for: a saved model would be read as another.
    pub fn new(config: &M::Config, seed: Seed, device: &Device) -> Result<Self> {
        let file = ConfigFile::from_config("new model", config)?;
        let model = M::from_config(config, &[], device);
        let model = initialize(model, seed, |path| M::init(config, path));
        Ok(Self {
            model,
            config: file,
            tokenizer: None,
            report: LoadReport::default(),
        })
    }

    /// The settings, checked.
    ///
    /// # Errors
    /// [`Error::Config`] if `config` was changed to something that does not hold together.
    pub fn settings(&self) -> Result<M::Config> {
        M::Config::from_file(&self.config)
    }

    /// The tokenizer.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if the directory had none, or only a sentencepiece model.
    pub fn tokenizer(&self) -> Result<&Tokenizer> {
        self.tokenizer.as_ref().ok_or_else(|| self.no_tokenizer())
    }

    /// Why there is no tokenizer.
    pub(super) fn no_tokenizer(&self) -> Error {
        Error::tokenizer(match &self.report.unread_tokenizer {
            Some(path) => format!(
                "{}: must be converted to a tokenizer.json first",
                path.display()
            ),
            None => "the checkpoint's directory holds none".to_owned(),
        })
    }

    /// Writes a directory that transformers loads with nothing missing or unexpected:
    /// `config.json`, weights, the tokenizer and, where one was read, `generation_config.json`. A file
    /// of the same name in `options` is written instead. What else is in the directory stays.
    ///
    /// # Errors
    /// As [`save`]; [`Error::Invalid`] where `options` holds two files of one name.
    pub fn save(&self, dir: impl AsRef<Path>, options: &SaveOptions) -> Result<SaveReport> {
        if let Some(name) = options.repeated_companion() {
            return Err(Error::invalid(
                "companion file",
                format!("`{name}` was added twice"),
            ));
        }
        let settings = self.settings()?;
        let mut fields = self.config.fields().clone();
        let architecture = M::architecture(&settings);
        let architecture = sibling_name(architecture, self.config.model_type().unwrap_or_default());
        fields.insert("architectures".to_owned(), json!([architecture]));
        fields.remove("torch_dtype");
        fields.insert("dtype".to_owned(), json!(options.dtype_name()));
        let text = serde_json::to_vec_pretty(&Value::Object(fields))
            .map_err(|error| Error::invalid("config.json", error.to_string()))?;
        let mut files = vec![("config.json", text)];
        if let Some(tokenizer) = &self.tokenizer {
            let own = tokenizer.to_files()?.into_iter();
            files.extend(own.map(|(name, text)| (name, text.into_bytes())));
        }
        if let Some(content) = self.config.generation() {
            files.push((GENERATION_FILE, content.to_vec()));
        }
        let mut options = options.clone();
        for (name, content) in files {
            if !options.has_companion(name) {
                options = options.companion(name, content);
            }
        }
        save(dir, &self.model, &M::key_table(&settings), &options)
    }
}
