//! From text files to one stream of tokens.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use flate2::read::GzDecoder;
use plm_core::data::{JsonLines, Lines, Paragraphs};
use plm_core::rng::Seed;
use plm_core::text::{EncodeOptions, SpecialToken, Tokenizer};
use rand::seq::SliceRandom;

/// Documents that are encoded at a time.
const CHUNK: usize = 2_000;

#[derive(serde::Deserialize)]
struct Document {
    text: Option<String>,
    summary: Option<String>,
}

/// All documents of `paths`, white space folded, in an order drawn from `seed`.
pub(super) fn read(paths: &[PathBuf], seed: Seed) -> Result<Vec<String>> {
    let mut documents = Vec::new();
    for path in paths {
        if path.is_dir() {
            for entry in walkdir::WalkDir::new(path).sort_by_file_name() {
                let entry = entry?;
                if entry.file_type().is_file() && kind(entry.path()).is_some() {
                    read_file(entry.path(), &mut documents)?;
                }
            }
        } else {
            read_file(path, &mut documents)?;
        }
    }
    ensure!(!documents.is_empty(), "no text in {paths:?}");
    documents.shuffle(&mut seed.stream("documents"));
    Ok(documents)
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Json,
    GzippedJson,
}

fn kind(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_str()?;
    if name.ends_with(".txt") {
        Some(Kind::Text)
    } else if name.ends_with(".jsonl") {
        Some(Kind::Json)
    } else if name.ends_with(".jsonl.gz") {
        Some(Kind::GzippedJson)
    } else {
        None
    }
}

fn read_file(path: &Path, documents: &mut Vec<String>) -> Result<()> {
    let open = || File::open(path).with_context(|| path.display().to_string());
    let fold = |text: &str| {
        let text = text.replace("<br />", " ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let mut json = |reader: &mut dyn std::io::BufRead| -> Result<()> {
        for document in JsonLines::<_, Document>::new(reader, path) {
            let document = document?;
            let Some(text) = document.text.or(document.summary) else {
                bail!(
                    "{}: a line has neither `text` nor `summary`",
                    path.display()
                );
            };
            documents.push(fold(&text));
        }
        Ok(())
    };
    match kind(path) {
        Some(Kind::Text) => {
            let lines = Lines::new(BufReader::new(open()?), path);
            for paragraph in Paragraphs::new(lines) {
                documents.push(fold(&paragraph?));
            }
            Ok(())
        }
        Some(Kind::Json) => json(&mut BufReader::new(open()?)),
        Some(Kind::GzippedJson) => json(&mut BufReader::new(GzDecoder::new(open()?))),
        None => bail!("{}: neither .txt, .jsonl nor .jsonl.gz", path.display()),
    }
}

/// The documents as ids, a separator after each.
pub(super) fn encode(documents: &[String], tokenizer: &Tokenizer) -> Result<Vec<u32>> {
    let separator = tokenizer.require(SpecialToken::Sep)?;
    let options = EncodeOptions::new().without_special_tokens();
    let mut stream = Vec::new();
    for chunk in documents.chunks(CHUNK) {
        let batch = tokenizer.encode_batch(chunk.iter().map(String::as_str), &options)?;
        for encoding in batch.encodings {
            stream.extend(encoding.ids);
            stream.push(separator);
        }
    }
    Ok(stream)
}
