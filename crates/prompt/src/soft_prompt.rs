//! The trainable matrix.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

use crate::matrix::PromptMatrix;
use crate::source::PromptSource;

/// One soft prompt on a device: the only parameter that prompt tuning changes (Lester et al. 2021).
#[derive(Module, Debug)]
pub struct SoftPrompt {
    /// The slots' vectors, `[slots, width]`.
    pub vectors: Param<Tensor<2>>,
}

impl SoftPrompt {
    /// The prompt `matrix`, trainable.
    pub fn new(matrix: &PromptMatrix, device: &Device) -> Self {
        let data = TensorData::new(matrix.values().to_vec(), [matrix.rows(), matrix.width()]);
        Self {
            vectors: Param::from_tensor(Tensor::from_data(data, device)),
        }
    }

    /// Its values on the host.
    pub fn to_matrix(&self) -> PromptMatrix {
        matrix_of(self.vectors.val())
    }
}

/// The values of a prompt, `[slots, width]`, on the host. Values that are not finite stay as they are.
pub(crate) fn matrix_of(vectors: Tensor<2>) -> PromptMatrix {
    let [rows, width] = vectors.dims();
    let values = vectors.into_data().iter::<f32>().collect();
    PromptMatrix::trusted(rows, width, values)
}

/// The values of several prompts, `[prompts, slots, width]`, on the host.
pub(crate) fn matrices_of(prompts: Tensor<3>) -> Vec<PromptMatrix> {
    let [count, slots, width] = prompts.dims();
    let values: Vec<f32> = prompts.into_data().iter::<f32>().collect();
    let size = slots * width;
    (0..count)
        .map(|index| {
            let own = values[index * size..(index + 1) * size].to_vec();
            PromptMatrix::trusted(slots, width, own)
        })
        .collect()
}

impl PromptSource for SoftPrompt {
    /// The same prompt for every task.
    fn prompts(&self, _tasks: &[usize]) -> Tensor<3> {
        self.vectors.val().unsqueeze()
    }
}

/// One soft prompt for each of several tasks, so that one batch can mix tasks.
///
/// A prompt gets a gradient from its own task's examples only, and AdamW acts on each number by itself.
/// Training a table is training its prompts one by one only where every step has the same examples of
/// every task: in other batches AdamW's averages and its decay move the prompts of tasks without examples
/// too, tasks share the mean over a batch unevenly, and clipping by the gradient's norm couples them.
#[derive(Module, Debug)]
pub struct PromptTable {
    /// The prompts, `[tasks, slots, width]`.
    pub vectors: Param<Tensor<3>>,
}

impl PromptTable {
    /// The prompts in order of their tasks.
    ///
    /// # Errors
    /// [`Error::Empty`](crate::Error::Empty) without prompts; [`Error::Size`](crate::Error::Size)
    /// where they differ in size.
    pub fn new(prompts: &[PromptMatrix], device: &Device) -> crate::Result<Self> {
        Ok(Self {
            vectors: Param::from_tensor(stack(prompts, device)?),
        })
    }

    /// All prompts on the host.
    pub fn to_matrices(&self) -> Vec<PromptMatrix> {
        matrices_of(self.vectors.val())
    }
}

impl PromptSource for PromptTable {
    fn prompts(&self, tasks: &[usize]) -> Tensor<3> {
        select(&self.vectors.val(), tasks)
    }

    fn tasks(&self) -> Option<usize> {
        Some(self.vectors.dims()[0])
    }
}

/// The prompts of `tasks`: `[tasks.len(), slots, width]` out of `[all, slots, width]`.
pub(crate) fn select(all: &Tensor<3>, tasks: &[usize]) -> Tensor<3> {
    let ids: Vec<i64> = tasks.iter().map(|&task| task as i64).collect();
    let ids = Tensor::<1, burn::tensor::Int>::from_data(ids.as_slice(), &all.device().inner());
    all.clone().select(0, ids)
}

/// Prompts of one size as one tensor, `[prompts, slots, width]`.
pub(crate) fn stack(prompts: &[PromptMatrix], device: &Device) -> crate::Result<Tensor<3>> {
    let Some(first) = prompts.first() else {
        return Err(crate::Error::Empty { what: "prompts" });
    };
    let mut values = Vec::with_capacity(prompts.len() * first.values().len());
    for (index, prompt) in prompts.iter().enumerate() {
        first.check_size(&format!("prompt {index}"), prompt.rows(), prompt.width())?;
        values.extend_from_slice(prompt.values());
    }
    let shape = [prompts.len(), first.rows(), first.width()];
    Ok(Tensor::from_data(TensorData::new(values, shape), device))
}
