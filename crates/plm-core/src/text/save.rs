use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value};
use tokenizers as tk;

use super::tokenizer::guarded;
use super::{SpecialToken, Tokenizer};
use crate::files::write_atomic;
use crate::{Error, Result};

impl Tokenizer {
    /// The files that [`Tokenizer::save`] writes, name and content: `tokenizer.json`,
    /// `tokenizer_config.json` and `special_tokens_map.json`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] where the definition cannot be written down.
    pub fn to_files(&self) -> Result<Vec<(&'static str, String)>> {
        let definition = self.definition()?;
        let mut names = Map::new();
        for role in SpecialToken::ALL {
            if let Some(token) = self.special(role).and_then(|id| self.id_to_token(id)) {
                names.insert(role.key().to_owned(), Value::String(token));
            }
        }
        let mut map = self.special_map.clone();
        map.extend(names.clone());
        let mut settings = self.settings.clone();
        settings
            .entry("tokenizer_class")
            .or_insert_with(|| Value::String("PreTrainedTokenizerFast".to_owned()));
        settings.extend(names);
        let settings = Value::Object(settings);
        let map = Value::Object(map);
        Ok(vec![
            ("tokenizer.json", definition),
            ("tokenizer_config.json", format!("{settings:#}\n")),
            ("special_tokens_map.json", format!("{map:#}\n")),
        ])
    }

    /// The content of `tokenizer.json`, with the truncation and padding that it was read with.
    fn definition(&self) -> Result<String> {
        let mut whole = self.inner.clone();
        let (truncation, padding) = self.stored.clone();
        guarded("saving", || {
            if let Some(truncation) = truncation {
                // What was read was not checked, but what is set is: without stride and
                // post-processor there is nothing to refuse.
                let stride = truncation.stride;
                let bare = tk::TruncationParams {
                    stride: 0,
                    ..truncation
                };
                if let Some(set) = whole.with_truncation(Some(bare))?.get_truncation_mut() {
                    set.stride = stride;
                }
            }
            whole.with_padding(padding);
            whole.with_post_processor(self.post_processor.clone());
            whole.to_string(true)
        })
    }

    /// Writes [`Tokenizer::to_files`] into `dir`, which is made if need be. Each file is replaced in
    /// one step.
    ///
    /// # Errors
    /// [`Error::Io`] where a file cannot be written.
    pub fn save(&self, dir: impl AsRef<Path>) -> Result<()> {
        let dir = dir.as_ref();
        std::fs::create_dir_all(dir).map_err(|e| Error::io(dir, e))?;
        for (name, content) in self.to_files()? {
            write_atomic(dir.join(name), |file| file.write_all(content.as_bytes()))?;
        }
        Ok(())
    }
}
