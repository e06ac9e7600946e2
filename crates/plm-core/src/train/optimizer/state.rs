//! What an optimizer remembers of each parameter, and how it is saved.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::Optimizer;
use crate::train::flat::Flat;
use crate::train::params::Place;
use crate::{Error, Result};

/// Key prefix of the number of updates; the other prefixes are slot names.
const STEP: &str = "step";

/// The state of one parameter.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    /// Updates so far.
    pub(super) step: u64,
    /// The parameter's shape; empty before the first update.
    shape: Vec<usize>,
    tensors: BTreeMap<String, Flat>,
}

impl Slots {
    /// Nothing yet of a parameter of this shape.
    fn new(shape: &[usize]) -> Self {
        Self {
            shape: shape.to_vec(),
            ..Self::default()
        }
    }

    /// Makes sure that this is the state of a parameter of this shape: that of another one is dropped,
    /// with its count of updates, which the corrections of young averages go by.
    pub(super) fn fit(&mut self, shape: &[usize]) {
        if self.shape != shape {
            *self = Self::new(shape);
        }
    }

    /// The named slots as they are, zeros in the likeness of `values` where there are none yet.
    pub(super) fn get_or_zeros<const N: usize>(
        &mut self,
        names: [&str; N],
        values: &Tensor<1>,
    ) -> [Flat; N] {
        let count = values.dims()[0];
        names.map(|name| {
            self.take(name)
                .unwrap_or_else(|| Flat::zeros(count, &values.device(), values.dtype()))
        })
    }

    /// The named slot, moved out.
    pub(super) fn take(&mut self, name: &str) -> Option<Flat> {
        self.tensors.remove(name)
    }

    /// Puts slots in.
    pub(super) fn set<const N: usize>(&mut self, slots: [(&str, Tensor<1>); N]) {
        for (name, tensor) in slots {
            self.tensors
                .insert(name.to_owned(), Flat::from_tensor(tensor));
        }
    }

    /// Two slots in host memory, made of zeros where there are none yet.
    pub(super) fn host_or_zeros(&mut self, names: [&str; 2], count: usize) -> [&mut [f32]; 2] {
        for name in names {
            let slot = self
                .tensors
                .entry(name.to_owned())
                .or_insert_with(|| Flat::Host(vec![0.0; count]));
            if let Flat::Device(tensor) = slot {
                *slot = Flat::Host(tensor.to_data().iter::<f32>().collect());
            }
        }
        let mut found = self
            .tensors
            .iter_mut()
            .filter_map(|(name, slot)| match slot {
                Flat::Host(values) => Some((name.as_str(), values.as_mut_slice())),
                Flat::Device(_) => None,
            })
            .collect::<BTreeMap<_, _>>();
        names.map(|name| found.remove(name).expect("both slots were just made"))
    }
}

impl Optimizer {
    /// The state as tensors to be saved: `step.PATH` and one tensor per slot, such as
    /// `exp_avg.PATH`.
    pub fn state(&self) -> BTreeMap<String, TensorData> {
        let mut tensors = BTreeMap::new();
        for (path, slots) in &self.slots {
            let step = i64::try_from(slots.step).unwrap_or(i64::MAX);
            tensors.insert(format!("{STEP}.{path}"), TensorData::new(vec![step], [1]));
            for (name, slot) in &slots.tensors {
                tensors.insert(format!("{name}.{path}"), slot.to_data());
            }
        }
        tensors
    }

    /// Takes over a state that [`Optimizer::state`] gave, for the parameters of `module`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where a tensor belongs to no parameter of `module` or has an impossible
    /// length or type; this optimizer is then unchanged.
    pub fn load_state<M: Module>(
        &mut self,
        module: &M,
        tensors: BTreeMap<String, TensorData>,
    ) -> Result<()> {
        let mut places = Places::default();
        module.visit(&mut places);
        let mut loaded: BTreeMap<String, Slots> = BTreeMap::new();
        for (key, data) in tensors {
            let refuse =
                |reason: String| Error::invalid("optimizer state", format!("`{key}` {reason}"));
            let (name, path) = key
                .split_once('.')
                .ok_or_else(|| refuse("names no parameter".to_owned()))?;
            let place = places
                .found
                .get(path)
                .ok_or_else(|| refuse("belongs to no parameter of the model".to_owned()))?;
            let slots = loaded
                .entry(path.to_owned())
                .or_insert_with(|| Slots::new(&place.shape));
            if name == STEP {
                slots.step = match data.try_to_vec::<i64>().as_deref() {
                    Ok(&[step]) if step > 0 => step.unsigned_abs(),
                    _ => return Err(refuse("is not one positive integer".to_owned())),
                };
                continue;
            }
            let count = data.num_elements();
            if !matches!(data.dtype(), DType::F32 | DType::F64) {
                return Err(refuse(format!("has elements of type {:?}", data.dtype())));
            }
            let fits = self.slot_len(name, &place.shape);
            if fits != Some(count) {
                return Err(refuse(format!(
                    "has {count} elements, {} expected",
                    fits.unwrap_or(0)
                )));
            }
            let slot = Flat::from_data(data, &place.device, place.dtype);
            slots.tensors.insert(name.to_owned(), slot);
        }
        if let Some((path, _)) = loaded.iter().find(|(_, slots)| slots.step == 0) {
            return Err(Error::invalid(
                "optimizer state",
                format!("`{STEP}.{path}` is missing"),
            ));
        }
        self.slots = loaded;
        Ok(())
    }

    /// How long slot `name` of a parameter of this shape is, if the algorithm has such a slot.
    fn slot_len(&self, name: &str, shape: &[usize]) -> Option<usize> {
        use super::{Algorithm, adafactor};
        let full = shape.iter().product();
        match (&self.algorithm, name) {
            (Algorithm::AdamW(_), "exp_avg" | "exp_avg_sq")
            | (Algorithm::Sgd(_), "momentum_buffer") => Some(full),
            (Algorithm::Adafactor(_), name) => adafactor::slot_len(name, shape),
            _ => None,
        }
    }
}

struct Found {
    shape: Vec<usize>,
    device: Device,
    dtype: DType,
}

#[derive(Default)]
struct Places {
    place: Place,
    found: BTreeMap<String, Found>,
}

impl ModuleVisitor for Places {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.base();
        self.found.insert(
            self.place.path(),
            Found {
                shape: tensor.shape().as_slice().to_vec(),
                device: tensor.device(),
                dtype: tensor.dtype(),
            },
        );
    }
    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.place.exit();
    }
}
