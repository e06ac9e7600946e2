//! The sentences of ECB+ whose annotation was checked.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::path::Path;

use plm_core::data::{Table, TableFormat};

use crate::{Error, Result};

/// A sentence of ECB+.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EcbSentence {
    /// Its document, named as in [`EventDocument::id`](super::EventDocument::id): `1_10ecbplus`.
    pub document: String,
    /// Its number in the file. Sentences of a document are numbered from 0 without gaps.
    pub sentence: usize,
}

/// Reads `ECBplus_coreference_sentences.csv`: the sentences to which an evaluation of coreference
/// is to be restricted, because elsewhere mentions are missing.
///
/// # Errors
/// [`plm_core::Error::Line`] where a row has other columns than topic, file and sentence number,
/// [`plm_core::Error::Io`] where reading fails.
pub fn read_ecb_sentences(
    reader: impl BufRead,
    origin: impl AsRef<Path>,
) -> Result<BTreeSet<EcbSentence>> {
    let origin = origin.as_ref();
    let mut sentences = BTreeSet::new();
    for row in Table::new(reader, origin, TableFormat::csv())? {
        let row = row?;
        let [topic, file, number] = &row.fields[..] else {
            let reason = format!("{} columns, expected 3", row.fields.len());
            return Err(Error::line(origin, row.line, reason));
        };
        let sentence = number.trim().parse().map_err(|_| {
            let reason = format!("sentence number `{number}` is no number");
            Error::line(origin, row.line, reason)
        })?;
        sentences.insert(EcbSentence {
            document: format!("{}_{}", topic.trim(), file.trim()),
            sentence,
        });
    }
    Ok(sentences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_name_sentences() {
        let read = |text: &'static str| read_ecb_sentences(text.as_bytes(), "s.csv");
        let found = read("Topic,File,Sentence Number\n1,10ecbplus,3\n1,10ecb,0\n").unwrap();
        assert_eq!(found.len(), 2);
        assert!(found.contains(&EcbSentence {
            document: "1_10ecbplus".into(),
            sentence: 3
        }));
        let error = read("T,F,S\n1,10ecb,x\n").unwrap_err().to_string();
        assert_eq!(error, "s.csv:2: sentence number `x` is no number");
    }
}
