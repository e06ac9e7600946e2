//! A layer of four neurons, worked by hand.

use plm_core::kernel::Activation;

use crate::exec::{ExpertFfn, Path};
use crate::{FfnWeights, Partition, Policy};

fn toy() -> FfnWeights {
    FfnWeights {
        hidden_size: 2,
        neurons: 4,
        w_in: vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0, -1.0, 1.0],
        b_in: None,
        w_gate: None,
        b_gate: None,
        w_out: vec![1.0, 0.0, 0.0, 1.0, 1.0, -1.0, 5.0, 5.0],
        b_out: None,
        activation: Activation::Relu,
    }
}

#[test]
fn one_expert_of_two() {
    let partition = Partition::new(&[0, 1, 0, 1], 2).unwrap();
    let layer = ExpertFfn::new(&toy(), &partition).unwrap();
    // h = (2, 1, 3, 0), so the experts' sums are 2 + 3 and 1 + 0.
    assert_eq!(layer.dense(&[2.0, 1.0]).unwrap(), [5.0, -2.0]);
    let selection = Policy::TopK(1).select(&[5.0, 1.0], 2).unwrap();
    assert_eq!(selection.of(0), [0]);
    for path in Path::ALL {
        let y = layer.run(path, &[2.0, 1.0], &selection, None).unwrap();
        assert_eq!(y, [5.0, -3.0], "{path:?}");
    }
}

#[test]
fn mean_fill_by_hand() {
    let partition = Partition::new(&[0, 1, 0, 1], 2).unwrap();
    let layer = ExpertFfn::new(&toy(), &partition).unwrap();
    let layer = layer.with_mean_fill(&[1.0, 2.0, 1.0, 0.5]).unwrap();
    let selection = Policy::TopK(1).select(&[5.0, 1.0], 2).unwrap();
    // Expert 0 as it is, (5, -3), and 2 (0, 1) + 0.5 (5, 5) for expert 1.
    for path in Path::ALL {
        let y = layer.run(path, &[2.0, 1.0], &selection, None).unwrap();
        assert_eq!(y, [7.5, 1.5], "{path:?}");
    }
    assert_eq!(layer.dense(&[2.0, 1.0]).unwrap(), [5.0, -2.0]);
    let y = layer.run(Path::Dense, &[2.0, 1.0], &selection, None);
    assert_eq!(y.unwrap(), [5.0, -2.0]);
}

#[test]
fn no_active_neuron_leaves_the_bias() {
    let weights = FfnWeights {
        b_in: Some(vec![-10.0; 4]),
        b_out: Some(vec![0.25, -0.5]),
        ..toy()
    };
    let partition = Partition::new(&[0, 1, 0, 1], 2).unwrap();
    let layer = ExpertFfn::new(&weights, &partition).unwrap();
    let selection = Policy::All.select(&[0.0, 0.0], 2).unwrap();
    for path in Path::ALL {
        let y = layer.run(path, &[2.0, 1.0], &selection, None).unwrap();
        assert_eq!(y, [0.25, -0.5], "{path:?}");
    }
}
