//! What the suites share.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use plm_core::rng::Seed;
use plm_graph_imbalance::graph::{Adjacency, Features, Labels, NodeGraph};
use plm_graph_imbalance::model::Architecture;
use rand::RngExt;

/// Every compiled device under its name.
pub(crate) fn devices() -> Vec<(&'static str, Device)> {
    plm_core::device::available()
        .into_iter()
        .map(|name| (name, plm_core::device::parse(name).unwrap()))
        .collect()
}

/// Every network, PPNP and PPRGo among them.
pub(crate) const ARCHITECTURES: [fn() -> Architecture; 8] = [
    || Architecture::Gcn,
    Architecture::gat,
    || Architecture::Sage,
    || Architecture::Cheb { order: 3 },
    || Architecture::Sgc,
    || Architecture::Ppnp,
    Architecture::appnp,
    Architecture::pprgo,
];

/// The numbers of a tensor.
pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// A tensor of type `dtype` with these numbers.
pub(crate) fn tensor<const D: usize>(
    numbers: &[f64],
    shape: [usize; D],
    device: &Device,
    dtype: DType,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers.to_vec(), shape), (device, dtype))
}

/// Fails where two lists differ by more than `tolerance` times (1 + |expected|) at some place.
#[track_caller]
pub(crate) fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: lengths");
    for (at, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * (1.0 + b.abs()),
            "{what}: {a} and {b} at {at}"
        );
    }
}

/// A stochastic block model with `classes` blocks: nodes in turn belong to each, edges within a block
/// are drawn with `inside`, others with `across`; features are noise plus the class's own column.
/// The last node is isolated.
pub(crate) fn block_model(
    nodes: usize,
    classes: usize,
    inside: f64,
    across: f64,
    seed: u64,
) -> NodeGraph {
    let mut rng = Seed::new(seed).stream("blocks");
    let mut edges = Vec::new();
    for a in 0..nodes as u32 - 1 {
        for b in 0..a {
            let same = a as usize % classes == b as usize % classes;
            if rng.random::<f64>() < if same { inside } else { across } {
                edges.push((a, b));
            }
        }
    }
    let width = classes + 3;
    let mut x = vec![0.0_f32; nodes * width];
    for (at, x) in x.iter_mut().enumerate() {
        let (node, column) = (at / width, at % width);
        if rng.random::<f64>() < 0.6 {
            *x = rng.random_range(-1.0..1.0);
        }
        if node % classes == column {
            *x += 0.5;
        }
    }
    let classes: Vec<u32> = (0..nodes).map(|node| (node % classes) as u32).collect();
    NodeGraph::new(
        Adjacency::from_edges(nodes, &edges).unwrap(),
        Features::dense(nodes, width, x).unwrap(),
        Labels::complete(&classes).unwrap(),
    )
    .unwrap()
}

/// P = α (I − (1 − α) Â)⁻¹ by 400 terms of its series.
pub(crate) fn page_rank(graph: &NodeGraph, teleport: f64) -> Vec<f64> {
    use plm_core::graph::Normalization;
    let n = graph.n_nodes();
    let propagation = graph
        .csr()
        .cast::<f64>()
        .unwrap()
        .normalize(Normalization::SymmetricWithLoops)
        .unwrap();
    let mut p = vec![0.0; n * n];
    for step in 0..400 {
        if step > 0 {
            p = propagation.mul_dense(&p, n);
        }
        for (at, p) in p.iter_mut().enumerate() {
            *p *= 1.0 - teleport;
            if at / n == at % n {
                *p += teleport;
            }
        }
    }
    p
}

/// The module with parameters in double precision.
pub(crate) fn in_double<M: Module>(module: M) -> M {
    struct Double;
    impl ModuleMapper for Double {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| {
                let tracked = tensor.is_require_grad();
                let doubled = tensor.detach().cast(FloatDType::F64);
                doubled.set_require_grad(tracked)
            })
        }
    }
    module.map(&mut Double)
}

/// The module with the numbers that `values` gives for each path, in order.
pub(crate) fn with_values<M: Module>(module: M, values: impl FnMut(&str) -> Vec<f64>) -> M {
    struct Setter<F> {
        path: Vec<String>,
        values: F,
    }
    impl<F: FnMut(&str) -> Vec<f64>> ModuleMapper for Setter<F> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let values = (self.values)(&self.path.join("."));
            param.map(|tensor| {
                let data = TensorData::new(values, tensor.dims());
                let set = Tensor::from_data(data, (&tensor.device(), tensor.dtype()));
                set.set_require_grad(tensor.is_require_grad())
            })
        }
    }
    module.map(&mut Setter {
        path: Vec::new(),
        values,
    })
}
