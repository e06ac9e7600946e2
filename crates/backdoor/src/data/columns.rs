use std::collections::BTreeMap;
use std::io::BufRead;

use plm_core::data::{Row, Table};

use crate::{Result, Sample};

/// The samples of a table with named columns, as OLID's TSV files (`tweet`, `subtask_a`) and the CSV
/// file of Davidson et al. 2017 (`tweet`, `class`).
///
/// Spaces around text and label are dropped, and line breaks in a quoted text become spaces, so that
/// a sample is one line. After the error of one row reading goes on with the next.
#[derive(Debug)]
pub struct ColumnReader<R> {
    table: Table<R>,
    text: usize,
    label: usize,
    classes: BTreeMap<String, usize>,
}

impl<R: BufRead> ColumnReader<R> {
    /// Texts from the column `text` of `table`, labels from the column `label`, where they are
    /// called as `classes` says. Several names may stand for one class.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where there is no such column.
    pub fn new<S: Into<String>>(
        table: Table<R>,
        text: &str,
        label: &str,
        classes: impl IntoIterator<Item = (S, usize)>,
    ) -> Result<Self> {
        Ok(Self {
            text: table.column(text)?,
            label: table.column(label)?,
            classes: classes
                .into_iter()
                .map(|(name, class)| (name.into(), class))
                .collect(),
            table,
        })
    }

    fn read(&self, row: &Row) -> Result<Sample, String> {
        let name = row.fields[self.label].trim();
        let Some(&label) = self.classes.get(name) else {
            let known: Vec<_> = self.classes.keys().collect();
            return Err(format!("label {name:?} is none of {known:?}"));
        };
        let text = row.fields[self.text].trim().replace("\r\n", " ");
        if text.is_empty() {
            return Err("the text is empty".to_owned());
        }
        Ok(Sample::new(text.replace(['\n', '\r'], " "), label))
    }
}

impl<R: BufRead> Iterator for ColumnReader<R> {
    type Item = Result<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = match self.table.next()? {
            Ok(row) => row,
            Err(error) => return Some(Err(error.into())),
        };
        Some(
            self.read(&row).map_err(|reason| {
                plm_core::Error::line(self.table.origin(), row.line, reason).into()
            }),
        )
    }
}

#[cfg(test)]
mod tests {
    use plm_core::data::TableFormat;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn olid_and_davidson_are_read() {
        let olid =
            "id\ttweet\tsubtask_a\n7\t@USER \"hm\tOFF\n8\tfine \tNOT\n9\tx\tNULL\n10\t \tOFF\n";
        let table = Table::new(olid.as_bytes(), "olid.tsv", TableFormat::tsv()).unwrap();
        let found: Vec<_> =
            ColumnReader::new(table, "tweet", "subtask_a", [("NOT", 0), ("OFF", 1)])
                .unwrap()
                .collect();
        assert_eq!(*found[0].as_ref().unwrap(), Sample::new("@USER \"hm", 1));
        assert_eq!(*found[1].as_ref().unwrap(), Sample::new("fine", 0));
        let error = found[2].as_ref().unwrap_err().to_string();
        assert_eq!(
            error,
            "olid.tsv:4: label \"NULL\" is none of [\"NOT\", \"OFF\"]"
        );
        assert!(
            found[3]
                .as_ref()
                .unwrap_err()
                .to_string()
                .contains("olid.tsv:5: the text is empty")
        );

        let davidson = ",class,tweet\n0,2,\"a, b\r\nc\"\n1,0,x\n";
        let table = Table::new(davidson.as_bytes(), "d.csv", TableFormat::csv()).unwrap();
        let classes = [("0", 1), ("1", 1), ("2", 0)];
        let found: Vec<_> = ColumnReader::new(table, "tweet", "class", classes)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(found, [Sample::new("a, b c", 0), Sample::new("x", 1)]);
    }

    #[test]
    fn missing_columns_are_named() {
        let table = Table::new(&b"id\ttext\n"[..], "t.tsv", TableFormat::tsv()).unwrap();
        let error = ColumnReader::new(table, "tweet", "text", [("0", 0)]).unwrap_err();
        assert!(
            error.to_string().contains("has no column `tweet`"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_end_without_a_panic(bytes: Vec<u8>) {
            let bytes = [b"tweet,class\n".as_slice(), &bytes].concat();
            let table = Table::new(bytes.as_slice(), "f", TableFormat::csv()).unwrap();
            let reader = ColumnReader::new(table, "tweet", "class", [("0", 0)]).unwrap();
            prop_assert!(reader.count() <= bytes.len());
        }
    }
}
