//! That classes and tokens of texts, teachers and student mean the same.

use plm_core::check::same_size;

use crate::error::same_names;
use crate::student::Prepared;
use crate::teacher::TeacherInfo;
use crate::{Error, Result};

/// The texts that a run looks at, under their names.
pub(super) type Texts<'t, 'e> = Vec<(&'static str, &'t Prepared<'e>)>;

/// The names of the classes of `texts` are as many as the student's `classes`, and, where they are known,
/// those of each teacher.
pub(super) fn same_classes(
    texts: &Texts<'_, '_>,
    teachers: &[&TeacherInfo],
    classes: usize,
) -> Result<()> {
    for info in teachers {
        let what = format!("classes of teacher `{}`", info.name);
        same_size(what, info.classes, classes)?;
    }
    let mut first: Option<&[String]> = None;
    for (which, texts) in texts {
        if texts.names.is_empty() {
            continue;
        }
        let what = format!("classes of the {which} texts");
        same_size(what.as_str(), texts.names.len(), classes)?;
        same_names(&what, &texts.names, first.unwrap_or(&texts.names))?;
        first = Some(&texts.names);
    }
    for info in teachers {
        if let (Some(labels), Some(names)) = (&info.labels, first) {
            let what = format!("classes of teacher `{}` beside the texts'", info.name);
            same_names(&what, labels, names)?;
        }
    }
    Ok(())
}

/// A teacher cuts all `texts` into the same tokens as the student.
pub(super) fn same_tokens(info: &TeacherInfo, texts: &Texts<'_, '_>) -> Result<()> {
    for (_, texts) in texts {
        if info.tokenizer != texts.tokenizer()? {
            return Err(Error::Tokenizers {
                teacher: info.name.clone(),
            });
        }
        if info.max_length != texts.max_length() {
            return Err(Error::Lengths {
                teacher: info.name.clone(),
                found: info.max_length,
                expected: texts.max_length(),
            });
        }
    }
    Ok(())
}
