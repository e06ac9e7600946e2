//! `sentence<TAB>label`, one sample a line: the files of RAP, SOS and Embedding-Poisoning, GLUE's
//! SST-2, and those of ONION, whose headers are padded with spaces or missing.

#[cfg(test)]
mod tests;

use std::io::{BufRead, Write};
use std::path::Path;

use plm_core::data::{Line, Lines, open};
use plm_core::files::write_atomic;

use super::Dataset;
use crate::{Error, Result, Sample};

/// The samples of a TSV file.
///
/// The last tab of a line separates text and label, and spaces around both are dropped; a text may
/// hold tabs. Blank lines are skipped. After the error of one line reading goes on with the next.
#[derive(Debug)]
pub struct TsvReader<R> {
    lines: Lines<R>,
    classes: usize,
    header: bool,
}

impl<R: BufRead> TsvReader<R> {
    /// The samples in `lines`, which start with a header, of a task with `classes` classes.
    pub fn new(lines: Lines<R>, classes: usize) -> Self {
        Self {
            lines,
            classes,
            header: true,
        }
    }

    /// With a header, whatever it says, or without. ONION's clean OffensEval files have none.
    #[must_use]
    pub fn with_header(mut self, header: bool) -> Self {
        self.header = header;
        self
    }

    fn read(&self, line: &Line) -> Result<Sample, String> {
        let (text, label) = fields(&line.text)?;
        let Ok(label) = label.parse::<usize>() else {
            return Err(format!(
                "label {label:?} is not an integer from 0 on; is this a header?"
            ));
        };
        if label >= self.classes {
            return Err(format!(
                "label {label} in a task with {} classes, counted from 0",
                self.classes
            ));
        }
        if text.is_empty() {
            return Err("the text is empty".to_owned());
        }
        Ok(Sample::new(text, label))
    }

    /// Refuses a header that is a sample, which would be lost.
    fn read_header(&self, line: &Line) -> Result<(), String> {
        match fields(&line.text)?.1.parse::<usize>() {
            Ok(_) => Err("a sample where the header should be; read without a header".to_owned()),
            Err(_) => Ok(()),
        }
    }
}

fn fields(line: &str) -> Result<(&str, &str), String> {
    match line.rsplit_once('\t') {
        Some((text, label)) => Ok((text.trim(), label.trim())),
        None => Err("no tab between text and label".to_owned()),
    }
}

impl<R: BufRead> Iterator for TsvReader<R> {
    type Item = Result<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = match self.lines.next()? {
                Ok(line) if line.text.trim().is_empty() && !line.text.contains('\t') => continue,
                Ok(line) => line,
                Err(error) => {
                    self.header = false;
                    return Some(Err(error.into()));
                }
            };
            let read = if std::mem::take(&mut self.header) {
                match self.read_header(&line) {
                    Ok(()) => continue,
                    Err(reason) => Err(reason),
                }
            } else {
                self.read(&line)
            };
            return Some(read.map_err(|reason| {
                plm_core::Error::line(self.lines.origin(), line.number, reason).into()
            }));
        }
    }
}

/// Reads the whole file `path`, with or without a header, of a task with `classes` classes.
///
/// # Errors
/// [`Error::Core`] where it cannot be read, with the number of the first line that is malformed, has
/// no text, or a label that is no class; [`Error::Empty`] where it has no samples.
pub fn read_tsv(path: impl AsRef<Path>, header: bool, classes: usize) -> Result<Dataset> {
    let path = path.as_ref();
    let lines = Lines::new(open(path)?, path);
    let reader = TsvReader::new(lines, classes).with_header(header);
    let samples = reader.collect::<Result<Vec<_>>>()?;
    if samples.is_empty() {
        return Err(Error::Empty {
            what: "samples in the file",
            fix: "give a file with lines",
        });
    }
    Dataset::new(samples, classes)
}

/// Writes `samples` to the file `path` with a header, as a whole or not at all, and says how many
/// texts had spaces at their ends, which are dropped as they are in reading.
///
/// # Errors
/// [`Error::Unwritable`] for a text that would not be read back: nothing but spaces, or with a line
/// break; [`Error::Core`] where writing fails.
pub fn write_tsv<'a, I>(path: impl AsRef<Path>, samples: I) -> Result<usize>
where
    I: IntoIterator<Item = &'a Sample>,
    I::IntoIter: Clone,
{
    let samples = samples.into_iter();
    let mut trimmed = 0;
    for (index, sample) in samples.clone().enumerate() {
        let text = sample.text.trim();
        trimmed += usize::from(text.len() < sample.text.len());
        let reason = if text.is_empty() {
            "has no text"
        } else if text.contains('\n') {
            "has a line break, which a TSV file cannot hold; write JSON lines"
        } else {
            continue;
        };
        return Err(Error::Unwritable {
            sample: index,
            reason,
        });
    }
    write_atomic(path, |file| {
        writeln!(file, "sentence\tlabel")?;
        for sample in samples {
            writeln!(file, "{}\t{}", sample.text.trim(), sample.label)?;
        }
        Ok(())
    })?;
    Ok(trimmed)
}
