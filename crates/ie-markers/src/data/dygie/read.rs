//! Files of DyGIE JSON lines.

use std::io::{BufRead, Write};
use std::path::Path;

use plm_core::data::{DygieDocument, JsonLines, Lines, write_json_lines};
use plm_core::files::write_atomic;

use super::super::{Corpus, Document, ReadOptions};
use crate::Result;

/// The documents of a DyGIE JSON lines file (see [`Document::from_dygie`]).
///
/// # Errors
/// The first line that is not such a document, unless `options` leave it out. Where reading fails.
pub fn read_documents<R: BufRead>(lines: Lines<R>, options: &ReadOptions) -> Result<Corpus> {
    let origin = lines.origin().to_path_buf();
    let mut reader = JsonLines::<R, DygieDocument>::from_lines(lines);
    let mut corpus = Corpus::default();
    while let Some(line) = reader.next() {
        let number = reader.line();
        let Some(dygie) = corpus.accept(line.map_err(Into::into), options)? else {
            continue;
        };
        let document = Document::from_dygie(dygie, &mut corpus.report)
            .map_err(|error| plm_core::Error::line(&origin, number, error.to_string()).into());
        if let Some(document) = corpus.accept(document, options)? {
            corpus.push(document, options);
        }
    }
    Ok(corpus)
}

/// Writes `documents` to `path` as DyGIE JSON lines (see [`Document::to_dygie`]), whole or not at
/// all. Reading them back gives the same documents, but for the rounding of scores, and writing those
/// the same bytes. (Numbers of unknown keys come back as exactly as `serde_json` reads them.)
///
/// # Errors
/// As [`Document::to_dygie`]; where writing fails.
pub fn write_documents(path: impl AsRef<Path>, documents: &[Document]) -> Result<()> {
    let path = path.as_ref();
    let mut bytes = Vec::new();
    for document in documents {
        write_json_lines(&mut bytes, path, [document.to_dygie()?])?;
    }
    write_atomic(path, |writer| writer.write_all(&bytes))?;
    Ok(())
}
