//! Tokens that files beside the vocabulary declare.

use std::collections::HashSet;
use std::path::Path;

use serde_json::{Map, Value};
use tokenizers as tk;

use super::SpecialToken;
use super::load::read_object;
use super::special::content;
use super::tokenizer::guarded;
use crate::{Error, Result};

/// The fields that list special tokens without a role, before transformers 5 and since.
const LISTS: [&str; 2] = ["additional_special_tokens", "extra_special_tokens"];

/// Adds the tokens that `added_tokens_decoder` in `tokenizer_config.json` and `added_tokens.json`
/// declare. Those within the vocabulary keep their ids, which are checked.
pub(super) fn add_declared(
    inner: &mut tk::Tokenizer,
    dir: &Path,
    settings: Option<&Map<String, Value>>,
) -> Result<()> {
    let path = dir.join("tokenizer_config.json");
    if let Some(Value::Object(tokens)) = settings.and_then(|map| map.get("added_tokens_decoder")) {
        let mut declared = Vec::new();
        for (id, token) in tokens {
            let bad = |reason: String| {
                let origin = path.display().to_string();
                Error::config(origin, "added_tokens_decoder", reason)
            };
            let number = id
                .parse::<u32>()
                .map_err(|_| bad(format!("`{id}` is not a token id")))?;
            let text = content(token).ok_or_else(|| bad(format!("token {id} has no content")))?;
            let special = flag(token, "special").unwrap_or(false);
            declared.push((number, with_flags(text, token, special)));
        }
        add_in_order(inner, &path, declared)?;
    }
    let path = dir.join("added_tokens.json");
    let known = added(inner, |_| true);
    let mut declared = Vec::new();
    for (token, id) in read_object(&path)?.into_iter().flatten() {
        let id = id
            .as_u64()
            .and_then(|id| u32::try_from(id).ok())
            .ok_or_else(|| Error::format(&path, format!("`{token}` has the id {id}")))?;
        if known.contains(&token) {
            check_id(inner, &path, &token, id)?;
        } else {
            declared.push((id, tk::AddedToken::from(token, false)));
        }
    }
    add_in_order(inner, &path, declared)
}

/// Adds the special tokens that `sources` name by role or in lists, unless they are special already.
/// One with a role must be in the vocabulary; resolving the roles says so.
///
/// # Errors
/// [`Error::Config`] for a token of a list that is no token, or that is new to a vocabulary whose ids
/// have gaps.
pub(super) fn add_special(
    inner: &mut tk::Tokenizer,
    sources: &[(&Path, &Map<String, Value>)],
) -> Result<()> {
    let known = added(inner, |token| token.special);
    let mut special = Vec::new();
    for (path, map) in sources {
        for role in SpecialToken::ALL {
            if let Some(token) = map.get(role.key())
                && let Some(text) = content(token)
                && inner.token_to_id(text).is_some()
            {
                special.push(with_flags(text, token, true));
            }
        }
        for key in LISTS {
            let bad = |reason: String| Error::config(path.display().to_string(), key, reason);
            let tokens: Vec<&Value> = match map.get(key) {
                None | Some(Value::Null) => Vec::new(),
                Some(Value::Array(tokens)) => tokens.iter().collect(),
                Some(Value::Object(named)) => named.values().collect(),
                Some(other) => return Err(bad(format!("is {other}, not a list of tokens"))),
            };
            for token in tokens {
                let text = content(token)
                    .filter(|text| !text.is_empty())
                    .ok_or_else(|| bad(format!("holds {token}, which is no token")))?;
                if inner.token_to_id(text).is_none() && has_gaps(inner) {
                    return Err(bad(format!(
                        "holds `{text}`, which is new to a vocabulary whose ids have gaps"
                    )));
                }
                special.push(with_flags(text, token, true));
            }
        }
    }
    special.retain(|token| !known.contains(&token.content));
    let mut named = HashSet::new();
    special.retain(|token| named.insert(token.content.clone()));
    guarded("special tokens", || {
        inner.add_special_tokens(special).map(|_| ())
    })
}

/// `text` with the flags that `token` gives beside it; without them, only a token that is not special
/// is looked for in the normalized text.
fn with_flags(text: &str, token: &Value, special: bool) -> tk::AddedToken {
    let set = |key: &str| flag(token, key).unwrap_or(false);
    tk::AddedToken::from(text, special)
        .lstrip(set("lstrip"))
        .rstrip(set("rstrip"))
        .single_word(set("single_word"))
        .normalized(flag(token, "normalized").unwrap_or(!special))
}

fn flag(token: &Value, key: &str) -> Option<bool> {
    token.get(key).and_then(Value::as_bool)
}

/// The texts of the added tokens that `choose` takes.
fn added(inner: &tk::Tokenizer, choose: impl Fn(&tk::AddedToken) -> bool) -> HashSet<String> {
    let tokens = inner.get_added_tokens_decoder().into_iter();
    tokens
        .filter(|(_, token)| choose(token))
        .map(|(_, token)| token.content)
        .collect()
}

/// Whether an id below the largest has no token.
fn has_gaps(inner: &tk::Tokenizer) -> bool {
    let vocabulary = inner.get_vocab(true);
    let largest = vocabulary.values().max();
    largest.is_some_and(|&largest| largest as usize + 1 != vocabulary.len())
}

fn add_in_order(
    inner: &mut tk::Tokenizer,
    path: &Path,
    mut declared: Vec<(u32, tk::AddedToken)>,
) -> Result<()> {
    declared.sort_by_key(|(id, _)| *id);
    let tokens: Vec<_> = declared.iter().map(|(_, token)| token.clone()).collect();
    guarded("added token", || inner.add_tokens(tokens).map(|_| ()))?;
    for (id, token) in declared {
        check_id(inner, path, &token.content, id)?;
    }
    Ok(())
}

/// Checks that `token` has the id that the file at `path` declares.
fn check_id(inner: &tk::Tokenizer, path: &Path, token: &str, id: u32) -> Result<()> {
    let given = inner.token_to_id(token);
    if given == Some(id) {
        return Ok(());
    }
    Err(Error::format(
        path,
        format!("added token `{token}` is declared with id {id} but gets {given:?}"),
    ))
}
