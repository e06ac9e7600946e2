use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};
use tokenizers as tk;

use super::declared::{add_declared, add_special};
use super::special::{SpecialTokens, content};
use super::tokenizer::{Tokenizer, guarded};
use super::{SpecialToken, legacy};
use crate::{Error, Result};

/// What sentencepiece models are called: T5's, and those of XLM-R and CamemBERT.
const SENTENCEPIECE: [&str; 2] = ["spiece.model", "sentencepiece.bpe.model"];

/// The largest tokenizer file that is read. The largest in use (a quarter of a million tokens)
/// have about 35 MB.
const MAX_BYTES: u64 = 256 << 20;

impl Tokenizer {
    /// Reads the tokenizer of the Hugging Face directory `dir`: `tokenizer.json`; else `vocab.txt`
    /// (WordPiece: BERT, DistilBERT, MPNet); else `vocab.json` with `merges.txt` (byte-level BPE:
    /// RoBERTa, BART, GPT-2). The last two take the family from `model_type` in `config.json`, or
    /// from the vocabulary where there is none, and their settings (`do_lower_case`,
    /// `strip_accents`, `tokenize_chinese_chars`, `add_prefix_space`) from
    /// `tokenizer_config.json`. Sentencepiece models (T5, XLM-R) must have been converted to a
    /// `tokenizer.json`. Tokens that `tokenizer_config.json` (`added_tokens_decoder`) or
    /// `added_tokens.json` declare, and special ones that `tokenizer_config.json` or
    /// `special_tokens_map.json` name (`mask_token`, `additional_special_tokens`,
    /// `extra_special_tokens`), are found whole in texts; those beyond the vocabulary are added to it.
    ///
    /// # Errors
    /// [`Error::Io`] where a file cannot be read, [`Error::Format`] or [`Error::Line`] where one
    /// is not what its name says or is larger than 256 MiB, [`Error::Config`] where a named
    /// special token is not in the vocabulary.
    pub fn from_dir(dir: impl AsRef<Path>) -> Result<Self> {
        let dir = dir.as_ref();
        let settings_path = dir.join("tokenizer_config.json");
        let settings = read_object(&settings_path)?;
        let map_path = dir.join("special_tokens_map.json");
        let map = read_object(&map_path)?;
        let json = dir.join("tokenizer.json");
        let (mut inner, origin) = if exists(&json)? {
            (parse_definition(&json, &read_limited(&json)?)?, json)
        } else {
            legacy::read(dir, settings.as_ref())?
        };
        let sources: Vec<_> = [(&settings_path, &settings), (&map_path, &map)]
            .into_iter()
            .filter_map(|(path, found)| Some((path.as_path(), found.as_ref()?)))
            .collect();
        add_declared(&mut inner, dir, settings.as_ref())?;
        add_special(&mut inner, &sources)?;
        let special = SpecialTokens::resolve(&sources, |token| inner.token_to_id(token))?;
        let mut tokenizer = Self::from_parts(inner, special, settings.unwrap_or_default())?;
        tokenizer.origin = Some(origin);
        tokenizer.special_map = map.unwrap_or_default();
        Ok(tokenizer)
    }

    /// As [`Tokenizer::from_dir`], or nothing where `dir` holds none of the files it reads; a
    /// sentencepiece model alone is none of them.
    ///
    /// # Errors
    /// As [`Tokenizer::from_dir`].
    pub fn from_dir_if_present(dir: impl AsRef<Path>) -> Result<Option<Self>> {
        let dir = dir.as_ref();
        for name in ["tokenizer.json", "vocab.txt", "vocab.json"] {
            if exists(&dir.join(name))? {
                return Self::from_dir(dir).map(Some);
            }
        }
        Ok(None)
    }

    /// The sentencepiece model in `dir`, which must be converted to a `tokenizer.json` to be read.
    ///
    /// # Errors
    /// [`Error::Io`] where `dir` may not be searched.
    pub(crate) fn sentencepiece_in(dir: &Path) -> Result<Option<PathBuf>> {
        for name in SENTENCEPIECE {
            let path = dir.join(name);
            if exists(&path)? {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// Reads one `tokenizer.json`; the special tokens' roles follow from their names.
    ///
    /// # Errors
    /// As [`Tokenizer::from_dir`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_definition(path, &read_limited(path)?)
    }

    /// As [`Tokenizer::from_file`], from the bytes of the file; `origin` names them in errors.
    ///
    /// # Errors
    /// As [`Tokenizer::from_dir`].
    pub fn from_bytes(origin: impl AsRef<Path>, bytes: &[u8]) -> Result<Self> {
        Self::from_definition(origin.as_ref(), bytes)
    }

    fn from_definition(path: &Path, bytes: &[u8]) -> Result<Self> {
        let inner = parse_definition(path, bytes)?;
        let special = SpecialTokens::resolve(&[], |token| inner.token_to_id(token))?;
        let mut tokenizer = Self::from_parts(inner, special, Map::new())?;
        tokenizer.origin = Some(path.to_path_buf());
        Ok(tokenizer)
    }
}

/// The parts of a `tokenizer.json` that the wrapped crate takes on trust.
#[derive(Deserialize)]
struct Definition {
    #[serde(default)]
    added_tokens: Vec<Declared>,
    model: ModelPart,
}

#[derive(Deserialize)]
struct Declared {
    id: u32,
    content: String,
}

#[derive(Deserialize)]
struct ModelPart {
    #[serde(default)]
    continuing_subword_prefix: Option<String>,
    #[serde(default)]
    merges: Option<Vec<Value>>,
}

fn parse_definition(path: &Path, bytes: &[u8]) -> Result<tk::Tokenizer> {
    let definition: Definition =
        serde_json::from_slice(bytes).map_err(|e| Error::format(path, e.to_string()))?;
    check_merges(path, &definition.model)?;
    let inner = guarded("definition", || tk::Tokenizer::from_bytes(bytes))
        .map_err(|e| Error::format(path, e.to_string()))?;
    // The crate only logs a warning where an added token gets another id than the file says.
    for Declared { id, content } in definition.added_tokens {
        let given = inner.token_to_id(&content);
        if given != Some(id) {
            return Err(Error::format(
                path,
                format!("added token `{content}` is declared with id {id} but gets {given:?}"),
            ));
        }
    }
    if inner.get_vocab_size(true) == 0 {
        return Err(Error::format(path, "the vocabulary is empty"));
    }
    check_ids(path, &inner)?;
    Ok(inner)
}

/// Refuses a vocabulary in which two tokens have one id: only one of them would be saved.
pub(super) fn check_ids(path: &Path, inner: &tk::Tokenizer) -> Result<()> {
    let mut names: HashMap<u32, String> = HashMap::new();
    for (token, id) in inner.get_vocab(true) {
        if let Some(other) = names.insert(id, token) {
            let mut both = [names[&id].as_str(), other.as_str()];
            both.sort_unstable();
            let [one, other] = both;
            return Err(Error::format(
                path,
                format!("tokens `{one}` and `{other}` have the same id {id}"),
            ));
        }
    }
    Ok(())
}

/// With a `continuing_subword_prefix`, the crate cuts that many bytes off the second half of every
/// merge without looking.
fn check_merges(path: &Path, model: &ModelPart) -> Result<()> {
    let (Some(prefix), Some(merges)) = (&model.continuing_subword_prefix, &model.merges) else {
        return Ok(());
    };
    for (index, merge) in merges.iter().enumerate() {
        let second = match merge {
            Value::String(both) => both.split_once(' ').map(|(_, second)| second),
            Value::Array(both) => both.get(1).and_then(Value::as_str),
            _ => None,
        };
        if !second.is_some_and(|second| second.starts_with(prefix.as_str())) {
            return Err(Error::format(
                path,
                format!("merge {index} is {merge}, whose second half must start with `{prefix}`"),
            ));
        }
    }
    Ok(())
}

/// Whether `path` is there. A directory that may not be searched is an error, not an absence.
pub(super) fn exists(path: &Path) -> Result<bool> {
    path.try_exists().map_err(|e| Error::io(path, e))
}

/// Reads the whole of `path`, at most [`MAX_BYTES`].
pub(super) fn read_limited(path: &Path) -> Result<Vec<u8>> {
    let io = |e| Error::io(path, e);
    let file = File::open(path).map_err(io)?;
    let declared = file.metadata().map_err(io)?.len();
    let mut bytes = Vec::new();
    if declared <= MAX_BYTES {
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(io)?;
    }
    if declared.max(bytes.len() as u64) > MAX_BYTES {
        return Err(Error::format(
            path,
            format!("larger than {MAX_BYTES} bytes, the limit for tokenizer files"),
        ));
    }
    Ok(bytes)
}

/// Reads a JSON object; `None` where there is no such file.
pub(super) fn read_object(path: &Path) -> Result<Option<Map<String, Value>>> {
    if !exists(path)? {
        return Ok(None);
    }
    serde_json::from_slice(&read_limited(path)?)
        .map(Some)
        .map_err(|e| Error::format(path, e.to_string()))
}

/// The text of special token `role` in `settings`, else `default`.
pub(super) fn named<'a>(
    settings: Option<&'a Map<String, Value>>,
    role: SpecialToken,
    default: &'a str,
) -> &'a str {
    settings
        .and_then(|map| content(map.get(role.key())?))
        .unwrap_or(default)
}
