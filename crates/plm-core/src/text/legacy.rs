//! Tokenizers from before `tokenizer.json`: `vocab.txt`, and `vocab.json` with `merges.txt`.
//!
//! The pipelines are those that transformers 5 builds for the model family.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tokenizers as tk;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::processors::template::TemplateProcessing;

use super::load::{check_ids, exists, named, read_limited, read_object};
use super::tokenizer::guarded;
use super::{SpecialToken, Tokenizer};
use crate::{Error, Result};

type Settings<'a> = Option<&'a Map<String, Value>>;

/// Which special tokens frame a sequence.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// `[CLS] A [SEP] B [SEP]`, token types 0 and 1.
    Bert,
    /// `<s> A </s></s> B </s>`, token type 0.
    Roberta,
    /// None (GPT-2).
    Bare,
}

/// The tokenizer of `dir` and the file of its vocabulary.
pub(super) fn read(dir: &Path, settings: Settings<'_>) -> Result<(tk::Tokenizer, PathBuf)> {
    let model_type = read_object(&dir.join("config.json"))?
        .and_then(|config| Some(config.get("model_type")?.as_str()?.to_owned()));
    let text = dir.join("vocab.txt");
    let json = dir.join("vocab.json");
    let merges = dir.join("merges.txt");
    if exists(&text)? {
        Ok((wordpiece(&text, model_type.as_deref(), settings)?, text))
    } else if exists(&json)? && exists(&merges)? {
        let tokenizer = byte_pairs(&json, &merges, model_type.as_deref(), settings)?;
        Ok((tokenizer, json))
    } else {
        let model = Tokenizer::sentencepiece_in(dir)?;
        let hint = match model.as_deref().and_then(Path::file_name) {
            Some(name) => {
                let name = name.display();
                format!("; its {name} must be converted to a tokenizer.json first")
            }
            None => String::new(),
        };
        Err(Error::format(
            dir,
            format!("has none of tokenizer.json, vocab.txt, vocab.json with merges.txt{hint}"),
        ))
    }
}

/// The frame of `model_type`; without one, that of the first family whose sign is in `vocab`.
fn frame(path: &Path, model_type: Option<&str>, vocab: &Vocab) -> Result<Frame> {
    Ok(match model_type {
        Some("bert" | "distilbert" | "electra" | "mobilebert") => Frame::Bert,
        Some("roberta" | "bart" | "mpnet" | "xlm-roberta" | "longformer") => Frame::Roberta,
        Some("gpt2") => Frame::Bare,
        Some(other) => {
            return Err(Error::format(
                path,
                format!(
                    "no rule makes a tokenizer of it for model_type `{other}`: \
                     a tokenizer.json is needed"
                ),
            ));
        }
        None if vocab.contains_key("[CLS]") => Frame::Bert,
        None if vocab.contains_key("<s>") => Frame::Roberta,
        None if vocab.contains_key("<|endoftext|>") => Frame::Bare,
        None => {
            return Err(Error::format(
                path,
                "neither [CLS], <s> nor <|endoftext|> is in it, and no config.json names a \
                 model_type",
            ));
        }
    })
}

fn wordpiece(
    path: &Path,
    model_type: Option<&str>,
    settings: Settings<'_>,
) -> Result<tk::Tokenizer> {
    let vocab = read_vocab_txt(path)?;
    let frame = frame(path, model_type, &vocab)?;
    let flag = |key: &str| settings.and_then(|map| map.get(key)?.as_bool());
    let unk = named(settings, SpecialToken::Unk, "[UNK]");
    id_in(path, &vocab, unk)?;
    let model = WordPiece::builder()
        .vocab(vocab.clone())
        .unk_token(unk.to_owned())
        .build()
        .map_err(|e| Error::format(path, e.to_string()))?;
    let mut tok = tk::Tokenizer::new(model);
    guarded("normalizer", || {
        tok.with_normalizer(Some(BertNormalizer::new(
            true,
            flag("tokenize_chinese_chars").unwrap_or(true),
            flag("strip_accents"),
            flag("do_lower_case").unwrap_or(true),
        )))
        .map(|_| ())
    })?;
    tok.with_pre_tokenizer(Some(BertPreTokenizer));
    tok.with_decoder(Some(tk::decoders::wordpiece::WordPiece::default()));
    finish(tok, path, &vocab, frame, settings, unk, (true, false))
}

fn byte_pairs(
    path: &Path,
    merges_path: &Path,
    model_type: Option<&str>,
    settings: Settings<'_>,
) -> Result<tk::Tokenizer> {
    let vocab: std::collections::HashMap<String, u32> =
        serde_json::from_slice(&read_limited(path)?)
            .map_err(|e| Error::format(path, e.to_string()))?;
    let vocab: Vocab = vocab.into_iter().collect();
    let frame = frame(path, model_type, &vocab)?;
    let merges = read_merges(merges_path, &vocab)?;
    let prefix_space = settings
        .and_then(|map| map.get("add_prefix_space")?.as_bool())
        .unwrap_or(false);
    let model = guarded("byte-pair model", || {
        BPE::builder()
            .vocab_and_merges(vocab.clone(), merges)
            .build()
    })
    .map_err(|e| Error::format(merges_path, e.to_string()))?;
    let mut tok = tk::Tokenizer::new(model);
    tok.with_pre_tokenizer(Some(ByteLevel::new(prefix_space, true, true)));
    tok.with_decoder(Some(ByteLevel::default()));
    let unk = match frame {
        Frame::Bare => "<|endoftext|>",
        Frame::Bert | Frame::Roberta => "<unk>",
    };
    let unk = named(settings, SpecialToken::Unk, unk);
    let trim = (true, prefix_space);
    let tok = finish(tok, path, &vocab, frame, settings, unk, trim)?;
    check_ids(path, &tok)?;
    Ok(tok)
}

/// Adds the special tokens and the post-processor. `trim` are RoBERTa's `trim_offsets` and
/// `add_prefix_space`.
fn finish(
    mut tok: tk::Tokenizer,
    path: &Path,
    vocab: &Vocab,
    frame: Frame,
    settings: Settings<'_>,
    unk: &str,
    trim: (bool, bool),
) -> Result<tk::Tokenizer> {
    let names = match frame {
        Frame::Bert => ["[CLS]", "[SEP]", "[PAD]", "[MASK]"],
        Frame::Roberta => ["<s>", "</s>", "<pad>", "<mask>"],
        Frame::Bare => ["<|endoftext|>"; 4],
    };
    let [cls, sep, pad, mask] = [
        (SpecialToken::Cls, names[0]),
        (SpecialToken::Sep, names[1]),
        (SpecialToken::Pad, names[2]),
        (SpecialToken::Mask, names[3]),
    ]
    .map(|(role, name)| named(settings, role, name));
    // A mask stands for a word: RoBERTa's swallows the space before it.
    let special = [cls, pad, sep, unk]
        .map(|token| tk::AddedToken::from(token, true))
        .into_iter()
        .chain([tk::AddedToken::from(mask, true).lstrip(frame == Frame::Roberta)])
        .filter(|token| vocab.contains_key(&token.content));
    guarded("special tokens", || {
        tok.add_special_tokens(special.collect::<Vec<_>>())
    })?;
    match frame {
        Frame::Bert => {
            let (cls_id, sep_id) = (id_in(path, vocab, cls)?, id_in(path, vocab, sep)?);
            let template = guarded("post-processor", || {
                Ok(TemplateProcessing::builder()
                    .try_single(vec![format!("{cls}:0"), "$A:0".into(), format!("{sep}:0")])?
                    .try_pair(vec![
                        format!("{cls}:0"),
                        "$A:0".into(),
                        format!("{sep}:0"),
                        "$B:1".into(),
                        format!("{sep}:1"),
                    ])?
                    .special_tokens(vec![(cls.to_owned(), cls_id), (sep.to_owned(), sep_id)])
                    .build()?)
            })?;
            tok.with_post_processor(Some(template));
        }
        Frame::Roberta => {
            let ends = RobertaProcessing::new(
                (sep.to_owned(), id_in(path, vocab, sep)?),
                (cls.to_owned(), id_in(path, vocab, cls)?),
            );
            tok.with_post_processor(Some(ends.trim_offsets(trim.0).add_prefix_space(trim.1)));
        }
        Frame::Bare => {}
    }
    Ok(tok)
}

fn id_in(path: &Path, vocab: &Vocab, token: &str) -> Result<u32> {
    vocab
        .get(token)
        .copied()
        .ok_or_else(|| Error::format(path, format!("the token `{token}` is not in it")))
}

/// One token per line; its id is the line's number from 0. Of equal lines the last one counts,
/// as in the original.
fn read_vocab_txt(path: &Path) -> Result<Vocab> {
    let bytes = read_limited(path)?;
    let mut vocab = Vocab::new();
    let body = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    if body.is_empty() {
        return Err(Error::format(path, "the vocabulary is empty"));
    }
    for (index, line) in body.split(|&byte| byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let token = std::str::from_utf8(line)
            .map_err(|e| Error::line(path, index + 1, format!("not UTF-8: {e}")))?;
        if token.contains('\0') {
            return Err(Error::line(path, index + 1, "holds a NUL character"));
        }
        let id = u32::try_from(index)
            .map_err(|_| Error::line(path, index + 1, "more than 2^32 tokens"))?;
        vocab.insert(token.to_owned(), id);
    }
    Ok(vocab)
}

/// Two tokens per line, in order of rank; both and their concatenation must be in `vocab`.
fn read_merges(path: &Path, vocab: &Vocab) -> Result<Vec<(String, String)>> {
    let bytes = read_limited(path)?;
    let mut merges = Vec::new();
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let line = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line))
            .map_err(|e| Error::line(path, index + 1, format!("not UTF-8: {e}")))?;
        if line.is_empty() || line.starts_with("#version") {
            continue;
        }
        let Some((first, second)) = line.split_once(' ').filter(|(_, b)| !b.contains(' ')) else {
            return Err(Error::line(
                path,
                index + 1,
                format!("`{}` is not two tokens with one space", clip(line)),
            ));
        };
        for token in [first, second, &format!("{first}{second}")] {
            if !vocab.contains_key(token) {
                return Err(Error::line(
                    path,
                    index + 1,
                    format!("`{}` is not in the vocabulary", clip(token)),
                ));
            }
        }
        merges.push((first.to_owned(), second.to_owned()));
    }
    Ok(merges)
}

/// The first characters of `text`, for a message.
fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}
