//! The prompt among the tensors of a PyTorch file.

use std::path::Path;

use plm_core::check::SizeError;
use plm_core::checkpoint::TensorSource;

use crate::{Error, PromptMatrix, Result};

/// Last parts of names that soft prompts have: in the files of Prompt-Transferability, OpenPrompt and
/// PEFT.
const NAMES: [&str; 3] = ["task_prompt", "soft_embeds", "prompt_embeddings"];

/// Most tensors that a message lists.
const LISTED: usize = 12;

/// The prompt in a PyTorch file: the authors' `task_prompt`, OpenPrompt's `soft_embeds`. `name` says which
/// tensor; where it is absent, [`pick_prompt`] chooses.
///
/// # Errors
/// [`Error::Core`] where the file cannot be read or has no tensor `name`; [`Error::Candidates`] where the
/// choice is not clear; [`Error::NotFinite`]; [`Error::Size`] for a tensor that is no matrix.
pub fn load_torch(path: impl AsRef<Path>, name: Option<&str>) -> Result<PromptMatrix> {
    let source = TensorSource::open(path)?;
    let tensors: Vec<(String, Vec<usize>)> = source
        .names()
        .map(|name| (name.to_owned(), source.shape(name).unwrap_or(&[]).to_vec()))
        .collect();
    let name = match name {
        Some(name) => name,
        None => &tensors[pick_prompt(&tensors)?].0,
    };
    let values = source.read_f32(name)?;
    match source.shape(name) {
        Some(&[rows, width]) => PromptMatrix::new(rows, width, values),
        shape => {
            let what = format!("axes of the prompt `{name}`");
            let axes = shape.map_or(0, <[usize]>::len);
            Err(Error::Size(SizeError::new(what, axes, 2)))
        }
    }
}

/// Index of the prompt among `tensors`, given by names and shapes: the only matrix whose name ends in
/// `task_prompt`, `soft_embeds`, `prompt_embeddings` or one of these and `.weight`, or else the only
/// tensor, if it is a matrix, whatever its name.
///
/// # Errors
/// [`Error::Candidates`] with the names and shapes where there is no such tensor or more than one.
pub fn pick_prompt(tensors: &[(String, Vec<usize>)]) -> Result<usize> {
    let matrix = |shape: &[usize]| shape.len() == 2;
    let mut known = tensors
        .iter()
        .enumerate()
        .filter(|(_, (name, shape))| matrix(shape) && is_known(name))
        .map(|(index, _)| index);
    match (known.next(), known.next()) {
        (Some(index), None) => Ok(index),
        (Some(_), Some(_)) => Err(Error::Candidates {
            problem: "more than one tensor has the name and the shape",
            available: listed(tensors),
            fix: "name the tensor to read",
        }),
        (None, _) => match tensors {
            [(_, shape)] if matrix(shape) => Ok(0),
            _ => Err(Error::Candidates {
                problem: "no tensor has the name and the shape",
                available: listed(tensors),
                fix: "known are matrices named task_prompt, soft_embeds or prompt_embeddings; \
                      name the tensor to read",
            }),
        },
    }
}

fn is_known(name: &str) -> bool {
    let name = name.strip_suffix(".weight").unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or(name);
    NAMES.contains(&last)
}

fn listed(tensors: &[(String, Vec<usize>)]) -> String {
    if tensors.is_empty() {
        return "none".to_owned();
    }
    let each = tensors.iter().take(LISTED);
    let mut text = each
        .map(|(name, shape)| format!("`{name}` {shape:?}"))
        .collect::<Vec<_>>()
        .join(", ");
    if tensors.len() > LISTED {
        text.push_str(&format!(" and {} more", tensors.len() - LISTED));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(tensors: &[(&str, &[usize])]) -> Result<usize> {
        let owned = tensors
            .iter()
            .map(|(name, shape)| ((*name).to_owned(), shape.to_vec()));
        pick_prompt(&owned.collect::<Vec<_>>())
    }

    #[test]
    fn known_names_and_single_tensors_are_found() {
        for name in [
            "task_prompt",
            "soft_embeds",
            "template.soft_embeds",
            "prompt_embeddings",
            "encoder.prompt_embeddings.weight",
        ] {
            let tensors: [(&str, &[usize]); 3] =
                [("a.weight", &[4, 4]), (name, &[100, 768]), ("a.bias", &[4])];
            assert_eq!(pick(&tensors).unwrap(), 1, "{name}");
            assert!(
                pick(&[(name, &[100, 768, 1]), ("b", &[1])]).is_err(),
                "{name}"
            );
        }
        for name in ["", "tensor", "0"] {
            assert_eq!(pick(&[(name, &[100, 768])]).unwrap(), 0);
        }
    }

    #[test]
    fn others_are_listed() {
        let text = |tensors: &[(&str, &[usize])]| pick(tensors).unwrap_err().to_string();
        let error = text(&[("a", &[2, 3]), ("my_task_prompt", &[5, 6])]);
        assert!(
            error.starts_with("no tensor") && error.contains("`a` [2, 3]"),
            "{error}"
        );
        let error = text(&[("soft_embeds", &[2, 3]), ("task_prompt", &[5, 6])]);
        assert!(
            error.starts_with("more than one") && error.contains("[5, 6]"),
            "{error}"
        );
        assert!(text(&[]).contains("are: none"));
        assert!(text(&[("x", &[3])]).contains("`x` [3]"));
        assert!(text(&[("x", &[3][..]); 20]).contains("and 8 more"));
    }
}
