//! Rows of experts that were not chosen are never read, but by the reference and the whole layer.

use plm_core::kernel::Activation;

use crate::exec::{ExpertFfn, Path, RowsRead};
use crate::{Policy, Selection};

use super::{interleaved, layer, random};

const WIDTH: usize = 24;
const EXPERTS: usize = 12;
const SIZE: usize = 40;

fn counts(activation: Activation, path: Path, selection: &Selection) -> RowsRead {
    let weights = layer(3, [WIDTH, EXPERTS * SIZE], true, activation);
    let experts = interleaved(EXPERTS * SIZE, EXPERTS);
    let layer = ExpertFfn::new(&weights, &experts).unwrap();
    let x = random(4, selection.tokens() * WIDTH);
    let rows = RowsRead::new(layer.neurons());
    layer.run(path, &x, selection, Some(&rows)).unwrap();
    rows
}

#[test]
fn one_token_reads_k_times_s_rows() {
    for k in [1, 5, EXPERTS] {
        let selection = Policy::TopK(k)
            .select(&random(1, EXPERTS), EXPERTS)
            .unwrap();
        for path in [Path::Fused, Path::Union, Path::Grouped] {
            let rows = counts(Activation::Gelu, path, &selection);
            assert_eq!(rows.input().iter().sum::<u32>() as usize, k * SIZE);
            assert_eq!(rows.output().iter().sum::<u32>() as usize, k * SIZE);
            assert_eq!(rows.distinct(), k * SIZE);
        }
    }
}

#[test]
fn several_tokens_read_the_union() {
    let selection = Selection::from_lists(&[vec![1, 4], vec![4, 7], vec![], vec![1]], EXPERTS);
    let selection = selection.unwrap();
    for (path, visits) in [
        (Path::Fused, [2, 2, 1]),
        (Path::Union, [2, 2, 1]),
        (Path::Grouped, [1, 1, 1]),
    ] {
        let rows = counts(Activation::Silu, path, &selection);
        let input = rows.input();
        for expert in 0..EXPERTS {
            let expected = match expert {
                1 => visits[0],
                4 => visits[1],
                7 => visits[2],
                _ => 0,
            };
            let range = expert * SIZE..(expert + 1) * SIZE;
            assert!(input[range.clone()].iter().all(|&count| count == expected));
            assert!(rows.output()[range].iter().all(|&count| count == expected));
        }
        assert_eq!(rows.distinct(), 3 * SIZE);
    }
}

#[test]
fn output_rows_of_inactive_neurons_are_passed_over() {
    let selection = Policy::TopK(4)
        .select(&random(1, EXPERTS), EXPERTS)
        .unwrap();
    let rows = counts(Activation::Relu, Path::Fused, &selection);
    let read = rows.output().iter().sum::<u32>() as usize;
    assert!(read > 0 && read < 4 * SIZE, "{read}");
    let read_in: u32 = rows.input().iter().sum();
    assert_eq!(read_in as usize, 4 * SIZE);
}

#[test]
fn the_reference_and_the_whole_layer_read_everything() {
    let selection = Policy::TopK(1)
        .select(&random(1, EXPERTS), EXPERTS)
        .unwrap();
    for path in [Path::Masked, Path::Dense] {
        let rows = counts(Activation::Relu, path, &selection);
        assert!(rows.input().iter().all(|&count| count == 1), "{path:?}");
        assert!(rows.output().iter().all(|&count| count == 1), "{path:?}");
    }
}

#[test]
fn weights_of_experts_that_nobody_chose_do_not_matter() {
    let weights = layer(3, [WIDTH, EXPERTS * SIZE], true, Activation::Relu);
    let experts = interleaved(EXPERTS * SIZE, EXPERTS);
    let layer = ExpertFfn::new(&weights, &experts).unwrap();
    // Zero times NaN is NaN: a path that reads these rows and weighs them by 0 is found out too.
    let mut spoiled = layer.clone();
    let weights = spoiled.weights_mut();
    for expert in (0..EXPERTS).filter(|expert| ![1, 4, 7].contains(expert)) {
        for (values, width) in [
            (&mut weights.w_in, WIDTH),
            (weights.w_gate.as_mut().unwrap(), WIDTH),
            (&mut weights.w_out, WIDTH),
            (weights.b_in.as_mut().unwrap(), 1),
            (weights.b_gate.as_mut().unwrap(), 1),
        ] {
            values[expert * SIZE * width..(expert + 1) * SIZE * width].fill(f32::NAN);
        }
    }
    let lists = [vec![1, 4], vec![4, 7], vec![], vec![1]];
    let selection = Selection::from_lists(&lists, EXPERTS).unwrap();
    let x = random(4, selection.tokens() * WIDTH);
    let run = |layer: &ExpertFfn, path| layer.run(path, &x, &selection, None).unwrap();
    for path in [Path::Fused, Path::Union, Path::Grouped] {
        let [expected, found] = [&layer, &spoiled].map(|layer| {
            let y = run(layer, path).into_iter();
            y.map(f32::to_bits).collect::<Vec<u32>>()
        });
        assert_eq!(found, expected, "{path:?}");
    }
    for path in [Path::Masked, Path::Dense] {
        let y = run(&spoiled, path);
        assert!(y.iter().all(|value| value.is_nan()), "{path:?}");
    }
}
