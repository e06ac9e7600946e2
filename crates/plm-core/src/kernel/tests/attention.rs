use burn::tensor::{Bool, Device, Tensor, TensorData};
use proptest::prelude::*;

use super::{assert_close, assert_same, flex, host, sample};
use crate::kernel::{AttentionArgs, SiteMask, attention, attention_with_weights, reference};

/// Sizes and options of one attention.
#[derive(Debug, Clone)]
struct Case {
    batch: usize,
    heads: usize,
    width: usize,
    queries: usize,
    keys: usize,
    /// Whether there is a mask, and whether it is the same for all examples and for all queries.
    mask: Option<[bool; 2]>,
    /// Whether there is a bias, and whether it is the same for all examples.
    bias: Option<bool>,
    dropout: Option<f64>,
    seed: u64,
}

impl Case {
    fn inputs(&self) -> Vec<Vec<f32>> {
        let full = self.heads * self.width;
        let mut inputs = vec![
            sample(self.batch * self.queries * full, self.seed),
            sample(self.batch * self.keys * full, self.seed ^ 1),
            sample(self.batch * self.keys * full, self.seed ^ 2),
        ];
        if let Some(shared) = self.bias {
            let examples = if shared { 1 } else { self.batch };
            inputs.push(sample(
                examples * self.heads * self.queries * self.keys,
                self.seed ^ 3,
            ));
        }
        inputs
    }

    fn operands(&self, leaves: &[Tensor<1>]) -> ([Tensor<3>; 3], AttentionArgs) {
        let full = self.heads * self.width;
        let view = |leaf: &Tensor<1>, length| leaf.clone().reshape([self.batch, length, full]);
        let operands = [
            view(&leaves[0], self.queries),
            view(&leaves[1], self.keys),
            view(&leaves[2], self.keys),
        ];
        let mask = self
            .mask
            .map(|shared| self.mask(shared, &leaves[0].device()));
        let bias = leaves.get(3).map(|bias| {
            let shape = [0, self.heads, self.queries, self.keys].map(|size| size as i32);
            let examples = if self.bias == Some(true) {
                1
            } else {
                self.batch as i32
            };
            bias.clone()
                .reshape([examples, shape[1], shape[2], shape[3]])
        });
        let args = AttentionArgs {
            heads: self.heads,
            scale: 1.0 / (self.width as f64).sqrt(),
            mask,
            bias,
            dropout: self
                .dropout
                .map(|prob| SiteMask::new(prob, self.seed, None)),
        };
        (operands, args)
    }

    /// Hides about a third of the keys, and all of them from the last query of the last example.
    fn mask(&self, [one_example, one_query]: [bool; 2], device: &Device) -> Tensor<3, Bool> {
        let shape = [
            if one_example { 1 } else { self.batch },
            if one_query { 1 } else { self.queries },
            self.keys,
        ];
        let count = shape.iter().product();
        let mut hidden: Vec<bool> = sample(count, self.seed ^ 4)
            .iter()
            .map(|x| *x > 0.7)
            .collect();
        hidden[count - self.keys..].fill(true);
        Tensor::from_data(TensorData::new(hidden, shape), device)
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let sizes = [
        1_usize..4,
        1_usize..4,
        1_usize..20,
        1_usize..40,
        1_usize..40,
    ];
    let options = (
        prop::option::of(any::<[bool; 2]>()),
        prop::option::of(any::<bool>()),
        prop::option::of(0.05_f64..0.6),
        any::<u64>(),
    );
    (sizes, options).prop_map(|(sizes, (mask, bias, dropout, seed))| {
        let [batch, heads, width, queries, keys] = sizes;
        Case {
            batch,
            heads,
            width,
            queries,
            keys,
            mask,
            bias,
            dropout,
            seed,
        }
    })
}

fn check(case: &Case, tracked: &[bool]) {
    let inputs = case.inputs();
    assert_same(
        &inputs,
        &tracked[..inputs.len()],
        |leaves| {
            let ([q, k, v], args) = case.operands(leaves);
            attention(q, k, v, &args).flatten(0, 2)
        },
        |leaves| {
            let ([q, k, v], args) = case.operands(leaves);
            reference::attention(q, k, v, &args).0.flatten(0, 2)
        },
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn attention_equals_reference(case in cases(), tracked: [bool; 4]) {
        check(&case, &tracked);
    }

    #[test]
    fn weights_equal_reference(case in cases()) {
        for device in [flex(), flex().inner()] {
            let leaves: Vec<Tensor<1>> = case
                .inputs()
                .iter()
                .map(|values| Tensor::from_floats(values.as_slice(), &device))
                .collect();
            let ([q, k, v], args) = case.operands(&leaves);
            let (context, weights) = attention_with_weights(q.clone(), k.clone(), v.clone(), &args);
            let (plain_context, plain_weights) = reference::attention(q, k, v, &args);
            assert_close(&host(context), &host(plain_context), 1e-5, "context");
            assert_close(&host(weights), &host(plain_weights), 1e-6, "weights");
        }
    }
}

#[test]
fn blocks_of_queries_join() {
    // More queries than one block, with everything on.
    for (mask, bias) in [
        (Some([false, false]), Some(true)),
        (Some([true, true]), Some(false)),
        (None, None),
    ] {
        let case = Case {
            batch: 2,
            heads: 2,
            width: 8,
            queries: 300,
            keys: 150,
            mask,
            bias,
            dropout: Some(0.1),
            seed: 5,
        };
        check(&case, &[true; 4]);
    }
}

#[test]
fn one_token_attends() {
    for keys in [1, 2, 33] {
        let case = Case {
            batch: 2,
            heads: 3,
            width: 5,
            queries: 1,
            keys,
            mask: None,
            bias: None,
            dropout: None,
            seed: 9,
        };
        check(&case, &[true; 4]);
    }
}

#[test]
fn parts_of_a_joint_projection_are_read_in_place() {
    let (batch, length, heads, width) = (2, 7, 2, 4);
    let full = heads * width;
    let inputs = [sample(batch * length * 3 * full, 1)];
    let args = AttentionArgs {
        heads,
        scale: 0.5,
        mask: None,
        bias: None,
        dropout: None,
    };
    let parts = |x: &Tensor<1>| {
        let x: Tensor<3> = x.clone().reshape([batch, length, 3 * full]);
        [0, 1, 2].map(|i| {
            x.clone()
                .slice([0..batch, 0..length, i * full..(i + 1) * full])
        })
    };
    assert_same(
        &inputs,
        &[true],
        |x| {
            let [q, k, v] = parts(&x[0]);
            attention(q, k, v, &args).flatten(0, 2)
        },
        |x| {
            let [q, k, v] = parts(&x[0]);
            reference::attention(q, k, v, &args).0.flatten(0, 2)
        },
    );
}
