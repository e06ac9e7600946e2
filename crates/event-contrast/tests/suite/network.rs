//! The graph network, its key network and its queue.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::nn::DropoutMode;
use plm_core::rng::Seed;
use plm_core::train::Snapshot;
use plm_event_contrast::contrast::info_nce;
use plm_event_contrast::gin::{
    BatchNorm, Gin, GinConfig, GinOutput, GraphBatch, GraphContrast, GraphEncoder, NodeVectors,
    Statistics,
};
use plm_event_contrast::graph::{
    AmrEdge, EventGraph, NodeChoice, RoleTypes, View, ViewSampler, ViewSettings,
};

use super::support::{close, devices, matrix, values};

const CONFIG: GinConfig = GinConfig {
    token_width: 2,
    position_width: 1,
    degree_width: 1,
    max_degree: 8,
    hidden: 5,
    output: 3,
    levels: 2,
    dropout: 0.0,
};

fn graph(nodes: usize, edges: &[(usize, usize)]) -> EventGraph {
    let spans: Vec<_> = (0..nodes).map(|at| Some((at, at + 1))).collect();
    let edges: Vec<AmrEdge<'_>> = edges
        .iter()
        .map(|&(source, target)| AmrEdge {
            source,
            role: ":ARG0",
            target,
        })
        .collect();
    EventGraph::new(&spans, &edges, NodeChoice::Linked, &mut RoleTypes::new()).unwrap()
}

fn whole(graphs: &[EventGraph]) -> Vec<View> {
    let settings = ViewSettings {
        position_width: 1,
        ..ViewSettings::default()
    };
    let sampler = ViewSampler::new(graphs.to_vec(), settings).unwrap();
    (0..graphs.len())
        .map(|at| sampler.whole(at).unwrap())
        .collect()
}

/// Vectors (1, 2), (3, 4), (5, 6) and so on.
fn counted(graphs: &[EventGraph]) -> NodeVectors {
    let table = |graph: &EventGraph| (1..=2 * graph.n_nodes()).map(|at| at as f32).collect();
    NodeVectors::new(graphs, 2, graphs.iter().map(table).collect()).unwrap()
}

fn three_graphs() -> [EventGraph; 3] {
    [
        graph(3, &[(0, 1), (1, 2)]),
        graph(4, &[(0, 1), (0, 2), (0, 3)]),
        graph(2, &[(0, 1)]),
    ]
}

/// An encoder in training with a queue of four keys.
fn queued_encoder(device: &Device) -> GraphEncoder {
    let contrast = GraphContrast::Moco {
        queue: 4,
        momentum: 0.9,
    };
    let gin = Gin::new(CONFIG, Seed::new(1), device).unwrap();
    let model = GraphEncoder::new(gin, &contrast, Seed::new(9), device).unwrap();
    model.train()
}

fn run(gin: &Gin, views: &[View], vectors: &NodeVectors, device: &Device) -> GinOutput {
    let batch = GraphBatch::new(views, vectors, &gin.config, device).unwrap();
    gin.forward(&batch, Statistics::Running, DropoutMode::Off)
}

/// `gin` with identities for its linear maps and nothing for degrees.
fn identity(gin: Gin) -> Gin {
    let mut tensors = Snapshot::of(&gin).into_tensors();
    for (path, data) in &mut tensors {
        let shape = data.shape().clone();
        let dims = shape.as_slice().to_vec();
        if path.starts_with("degrees") {
            *data = TensorData::new(vec![0.0_f32; dims[0] * dims[1]], shape);
        } else if path.ends_with("weight") {
            let mut rows = vec![0.0_f32; dims[0] * dims[1]];
            (0..dims[0].min(dims[1])).for_each(|at| rows[at * dims[1] + at] = 1.0);
            *data = TensorData::new(rows, shape);
        }
    }
    Snapshot::from_tensors(tensors).apply(gin).unwrap()
}

/// `gin` with `bias` in every readout.
fn biased(gin: Gin, bias: f32) -> Gin {
    let mut tensors = Snapshot::of(&gin).into_tensors();
    for (path, data) in &mut tensors {
        if path.starts_with("readouts") && path.ends_with("bias") {
            let shape = data.shape().clone();
            let width = shape.as_slice()[0];
            *data = TensorData::new(vec![bias; width], shape);
        }
    }
    Snapshot::from_tensors(tensors).apply(gin).unwrap()
}

#[test]
fn neighbors_are_added() {
    for (_, device) in devices() {
        let graphs = [graph(2, &[(0, 1)])];
        let gin = identity(Gin::new(CONFIG, Seed::new(1), &device).unwrap());
        let output = run(&gin, &whole(&graphs), &counted(&graphs), &device);
        // Three normalizations divide by √(1 + 1e-5).
        let sums = [4.0, 6.0, 0.0, 0.0, 0.0];
        close(&values(output.nodes), &[sums, sums].concat(), 1e-3);
        // Input (1, 2) + (3, 4) and twice the sum, of which three numbers are read out.
        let length = (12.0_f64 * 12.0 + 18.0 * 18.0).sqrt();
        let expected = [12.0 / length, 18.0 / length, 0.0];
        close(&values(output.graphs), &expected, 1e-4);
        // A bias of 3 at both levels: the means over the two nodes would give (12, 15, 6) instead.
        let output = run(
            &biased(gin, 3.0),
            &whole(&graphs),
            &counted(&graphs),
            &device,
        );
        let length = (18.0_f64 * 18.0 + 24.0 * 24.0 + 6.0 * 6.0).sqrt();
        let expected = [18.0, 24.0, 6.0].map(|value| value / length);
        close(&values(output.graphs), &expected, 1e-4);
    }
}

#[test]
fn order_batch_and_copies_do_not_matter() {
    for (_, device) in devices() {
        let path = graph(4, &[(0, 1), (1, 2), (2, 3)]);
        let twice = graph(8, &[(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 7)]);
        let graphs = [path, graph(3, &[(0, 1), (0, 2)]), twice];
        let vectors = counted(&graphs);
        // The copy's nodes have the vectors of the first half.
        let mut tables: Vec<Vec<f32>> = (0..3)
            .map(|at| {
                let nodes = graphs[at].n_nodes() as u32;
                (0..nodes)
                    .flat_map(|node| vectors.row(at, node).unwrap().to_vec())
                    .collect()
            })
            .collect();
        tables[2] = [&tables[0][..], &tables[0][..]].concat();
        let vectors = NodeVectors::new(&graphs, 2, tables).unwrap();
        let gin = Gin::new(CONFIG, Seed::new(4), &device).unwrap();
        let mut views = whole(&graphs);
        views.iter_mut().for_each(|view| view.positions.fill(0.3));
        let all = run(&gin, &views, &vectors, &device);
        let together = values(all.graphs);
        for (at, view) in views.iter().enumerate() {
            let alone = run(&gin, std::slice::from_ref(view), &vectors, &device);
            close(&values(alone.graphs), &together[at * 3..at * 3 + 3], 1e-5);
        }
        close(&together[..3], &together[6..], 1e-5);
        assert!((together[0] - together[3]).abs() > 1e-4);
        // Of length 1 they would be alike for means as well, but the sums double: those of the path,
        // over both levels, are (56, 70, 4.2), and a bias of 3 at either level is added once.
        let plain = biased(identity(gin.clone()), 3.0);
        let pair = [views[0].clone(), views[2].clone()];
        let found = run(&plain, &pair, &vectors, &device);
        let unit = |row: [f64; 3]| {
            let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
            row.map(|value| value / length)
        };
        let expected = [unit([62.0, 76.0, 10.2]), unit([118.0, 146.0, 14.4])];
        close(&values(found.graphs), &expected.concat(), 1e-4);
        let order = [2, 0, 3, 1];
        let mut shuffled = views[0].clone();
        let induced = shuffled.adjacency.induced(&order).unwrap();
        shuffled.nodes = order.to_vec();
        shuffled.adjacency = induced.graph;
        shuffled.roles = induced
            .entries
            .iter()
            .map(|&at| views[0].roles[at])
            .collect();
        let found = run(&gin, &[shuffled], &vectors, &device);
        close(&values(found.graphs), &together[..3], 1e-5);
    }
}

#[test]
fn statistics_of_batch_norm() {
    for (_, device) in devices() {
        for device in [device.clone(), device.autodiff()] {
            let norm = BatchNorm::new(1, &device);
            let rows = matrix(&[vec![1.0], vec![3.0]], &device);
            let found = values(norm.forward(rows.clone(), Statistics::BatchOnly));
            close(&found, &[-1.0, 1.0], 1e-4);
            assert_eq!(values(norm.running_mean.value()), [0.0]);
            norm.forward(rows.clone(), Statistics::Batch);
            // A tenth of the mean 2 and of the unbiased variance 2.
            close(&values(norm.running_mean.value()), &[0.2], 1e-6);
            close(&values(norm.running_var.value()), &[1.1], 1e-6);
            let found = values(norm.forward(rows, Statistics::Running));
            let root = 1.1_f64.sqrt();
            close(&found, &[0.8 / root, 2.8 / root], 1e-4);
            let one = matrix(&[vec![7.0]], &device);
            close(&values(norm.forward(one, Statistics::Batch)), &[0.0], 1e-6);
            close(&values(norm.running_var.value()), &[1.1], 1e-6);
        }
    }
}

#[test]
fn the_key_network_follows() {
    let contrast = GraphContrast::default();
    for (_, device) in devices() {
        for device in [device.clone(), device.autodiff()] {
            let gin = |seed| Gin::new(CONFIG, Seed::new(seed), &device).unwrap();
            let mut model = GraphEncoder::new(gin(1), &contrast, Seed::new(9), &device).unwrap();
            model.gin = gin(2);
            for _ in 0..1000 {
                model.follow(0.999);
            }
            let path = "layers.0.first.weight";
            let read = |gin: &Gin| -> Vec<f64> {
                Snapshot::of(gin).tensors()[path].iter::<f64>().collect()
            };
            let (start, goal) = (read(&gin(1)), read(&gin(2)));
            let expected: Vec<f64> = start
                .iter()
                .zip(&goal)
                .map(|(start, goal)| goal + (start - goal) * 0.367_695)
                .collect();
            close(&read(&model.key_network().unwrap()), &expected, 1e-4);
        }
    }
}

#[test]
fn the_queue_is_first_in_first_out() {
    let contrast = GraphContrast::Moco {
        queue: 5,
        momentum: 0.9,
    };
    for (name, device) in devices() {
        let gin = Gin::new(CONFIG, Seed::new(1), &device).unwrap();
        let model = GraphEncoder::new(gin, &contrast, Seed::new(9), &device).unwrap();
        let first = values(model.queue().unwrap());
        assert_eq!(first.len(), 15);
        // Within 1 / √(3 / 3).
        assert!(first.iter().all(|value| value.abs() <= 1.0));
        for round in 1..=4 {
            let value = round as f32;
            model.enqueue(matrix(&[vec![value; 3], vec![value + 0.5; 3]], &device));
        }
        let queue: Vec<f64> = values(model.queue().unwrap())
            .chunks(3)
            .map(|row| row[0])
            .collect();
        assert_eq!(queue, [4.0, 4.5, 3.0, 3.5, 2.0], "{name}");
        // More keys than places.
        let rows: Vec<Vec<f32>> = (0..7).map(|at| vec![at as f32; 3]).collect();
        model.enqueue(matrix(&rows, &device));
        let queue: Vec<f64> = values(model.queue().unwrap())
            .chunks(3)
            .map(|row| row[0])
            .collect();
        assert_eq!(queue, [0.0, 1.0, 2.0, 3.0, 4.0], "{name}");
    }
}

/// The gradient is that for keys which are constants: nothing comes back through the key network. The
/// views of a pair differ, so that their product has a gradient at all.
#[test]
fn no_gradient_reaches_the_keys() {
    for (name, plain) in devices() {
        let device = plain.clone().autodiff();
        let graphs = three_graphs();
        let (first, vectors) = (whole(&graphs), counted(&graphs));
        let second: Vec<View> = first.iter().rev().cloned().collect();
        let batch = |views: &[View], device: &Device| {
            GraphBatch::new(views, &vectors, &CONFIG, device).unwrap()
        };
        let model = queued_encoder(&plain);
        let gradient = |losses: Tensor<1>| -> Vec<f64> {
            let gradients = losses.mean().backward();
            let network = model.key_network().unwrap();
            assert!(network.readouts[0].weight.grad(&gradients).is_none());
            let readouts = model.gin.readouts.iter();
            readouts
                .flat_map(|readout| values(readout.weight.grad(&gradients).unwrap()))
                .collect()
        };
        let queue = model.queue().unwrap();
        let keys = model
            .key_network()
            .unwrap()
            .forward(
                &batch(&second, &plain),
                Statistics::BatchOnly,
                DropoutMode::Off,
            )
            .graphs;
        let losses = model
            .losses(
                &batch(&first, &device),
                &batch(&second, &plain),
                0.5,
                DropoutMode::Off,
            )
            .unwrap();
        let found = gradient(losses);

        let seen = |views: &[View]| {
            let batch = batch(views, &device);
            let output = model
                .gin
                .forward(&batch, Statistics::Batch, DropoutMode::Off);
            output.graphs
        };
        let constant = |rows: Tensor<2>| Tensor::<2>::from_data(rows.into_data(), &device);
        let by_hand = |keys: Tensor<2>| {
            let query = seen(&first);
            let own = (query.clone() * keys).sum_dim(1);
            let others = query.matmul(constant(queue.clone()).transpose());
            gradient(info_nce(own.div_scalar(0.5), others.div_scalar(0.5), None))
        };
        close(&found, &by_hand(constant(keys)), 1e-5);
        let leaking = by_hand(seen(&second));
        let apart = found.iter().zip(&leaking).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f64::max) > 1e-4, "{name}: {leaking:?}");
    }
}

/// The loss is that of queries and keys by hand, and the keys are queued.
#[test]
fn losses_against_the_queue() {
    for (_, plain) in devices() {
        let device = plain.clone().autodiff();
        let graphs = three_graphs();
        let (views, vectors) = (whole(&graphs), counted(&graphs));
        let model = queued_encoder(&plain);
        let before = model.queue().unwrap();
        let batch = |device: &Device| GraphBatch::new(&views, &vectors, &CONFIG, device).unwrap();
        let keys = model
            .key_network()
            .unwrap()
            .forward(&batch(&plain), Statistics::BatchOnly, DropoutMode::Off)
            .graphs;
        let losses = model
            .losses(&batch(&device), &batch(&plain), 0.5, DropoutMode::Off)
            .unwrap();
        let queue = values(model.queue().unwrap());
        close(&queue[..9], &values(keys.clone()), 1e-6);
        close(&queue[9..], &values(before.clone())[..3], 1e-6);
        // Query and key of the same view are equal: the key network is still a copy.
        let scores = values(keys.clone().matmul(before.transpose()));
        let expected: Vec<f64> = scores
            .chunks(4)
            .map(|row| {
                row.iter()
                    .map(|s| (s / 0.5 - 2.0).exp())
                    .sum::<f64>()
                    .ln_1p()
            })
            .collect();
        close(&values(losses.clone()), &expected, 1e-4);
        let gradients = losses.mean().backward();
        assert!(model.gin.readouts[0].weight.grad(&gradients).is_some());
        let pairs = GraphEncoder::new(
            model.gin.valid(),
            &GraphContrast::InBatch,
            Seed::new(1),
            &plain,
        );
        let pairs = pairs.unwrap().train();
        let losses = pairs
            .losses(&batch(&device), &batch(&device), 0.5, DropoutMode::Off)
            .unwrap();
        let scores = values(keys.clone().matmul(keys.transpose()));
        let expected: Vec<f64> = scores
            .chunks(3)
            .enumerate()
            .map(|(at, row)| {
                let sum: f64 = row.iter().map(|s| (s / 0.5).exp()).sum();
                sum.ln() - row[at] / 0.5
            })
            .collect();
        close(&values(losses), &expected, 1e-4);
    }
}

#[test]
fn other_widths_are_refused() {
    let device = super::support::device();
    let graphs = [graph(3, &[(0, 1), (1, 2)])];
    let (views, vectors) = (whole(&graphs), counted(&graphs));
    let wide = GinConfig {
        token_width: 3,
        ..CONFIG
    };
    let error = GraphBatch::new(&views, &vectors, &wide, &device).unwrap_err();
    assert!(
        error.to_string().contains("is 2, the network needs 3"),
        "{error}"
    );
    let long = GinConfig {
        position_width: 2,
        ..CONFIG
    };
    assert!(GraphBatch::new(&views, &vectors, &long, &device).is_err());
    assert!(NodeVectors::new(&graphs, 2, vec![vec![0.0; 5]]).is_err());
    let none = GinConfig {
        levels: 0,
        ..CONFIG
    };
    assert!(Gin::new(none, Seed::new(1), &device).is_err());
}
