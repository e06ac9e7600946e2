//! An encoder layer for some tokens of a batch.

use std::sync::Arc;

use burn::tensor::{Bool, Device, Int, Tensor};

use super::attention::{AttentionContext, attend};
use super::encoder_layer::{EncoderLayer, LayerContext, site};
use super::feed_forward::{Ffn, FfnContext};
use super::linear::apply;
use super::taps::{Tapped, Taps};
use crate::kernel::SiteMask;

/// Example and position of a token.
type Place = (usize, usize);

/// Some tokens of a batch, in any order.
#[derive(Debug, Clone)]
pub struct ChosenTokens {
    /// Number of examples, and of tokens of each.
    size: [usize; 2],
    places: Arc<[Place]>,
    /// The most that are chosen of an example, which is the number of its queries in attention.
    most: usize,
    /// The chosen token of each query, `[batch * most]`; where an example has fewer, the first of all.
    tokens: Vec<usize>,
    /// The query of each chosen token.
    queries: Vec<usize>,
}

impl ChosenTokens {
    /// The tokens at `places`, example and position of each, of a batch with `size` examples and tokens of
    /// each.
    ///
    /// # Panics
    /// If a place lies outside of the batch.
    pub fn new(places: &[(usize, usize)], size: [usize; 2]) -> Self {
        let [batch, length] = size;
        let mut of_examples: Vec<Vec<usize>> = vec![Vec::new(); batch];
        for (token, &(example, position)) in places.iter().enumerate() {
            assert!(
                example < batch && position < length,
                "token {position} of example {example}; the batch has {batch} examples of {length}"
            );
            of_examples[example].push(token);
        }
        let most = of_examples.iter().map(Vec::len).max().unwrap_or(0);
        let mut tokens = vec![0; batch * most];
        let mut queries = vec![0; places.len()];
        for (example, own) in of_examples.into_iter().enumerate() {
            for (query, token) in (example * most..).zip(own) {
                tokens[query] = token;
                queries[token] = query;
            }
        }
        Self {
            size,
            places: places.into(),
            most,
            tokens,
            queries,
        }
    }

    /// Their rows of `x`.
    ///
    /// # Shapes
    /// - x: `[batch, length, width]`
    /// - result: `[chosen, width]`
    pub fn pick(&self, x: Tensor<3>) -> Tensor<2> {
        let width = x.dims()[2];
        let [batch, length] = self.size;
        let rows = indices(self.places.iter().map(|place| self.row(place)), &x.device());
        x.reshape([batch * length, width]).select(0, rows)
    }

    /// The row of a place where examples follow one another.
    fn row(&self, (example, position): &Place) -> usize {
        example * self.size[1] + position
    }

    /// The place of each query.
    fn of_queries(&self) -> Arc<[Place]> {
        self.tokens.iter().map(|&at| self.places[at]).collect()
    }

    /// The row of each query.
    fn query_rows(&self, device: &Device) -> Tensor<1, Int> {
        let places = self.of_queries();
        indices(places.iter().map(|place| self.row(place)), device)
    }

    /// `[1, chosen, width]` as queries of the examples, `[batch, queries, width]`.
    fn spread(&self, x: Tensor<3>) -> Tensor<3> {
        let [_, chosen, width] = x.dims();
        let tokens = indices(self.tokens.iter().copied(), &x.device());
        let queries = x.reshape([chosen, width]).select(0, tokens);
        queries.reshape([self.size[0], self.most, width])
    }

    /// The inverse of `spread`.
    fn join(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, most, width] = x.dims();
        let queries = indices(self.queries.iter().copied(), &x.device());
        let chosen = x.reshape([batch * most, width]).select(0, queries);
        chosen.unsqueeze::<3>()
    }

    /// The part of an attention mask that is the queries'.
    fn mask(&self, mask: Tensor<3, Bool>) -> Tensor<3, Bool> {
        let [_, rows, keys] = mask.dims();
        if rows == 1 {
            return mask;
        }
        let [batch, length] = self.size;
        let queries = self.query_rows(&mask.device());
        let rows = mask.expand([batch, length, keys]);
        let rows = rows.reshape([batch * length, keys]).select(0, queries);
        rows.reshape([batch, self.most, keys])
    }

    /// The part of an attention bias that is the queries'.
    fn bias(&self, bias: Tensor<4>) -> Tensor<4> {
        let [_, heads, _, keys] = bias.dims();
        let [batch, length] = self.size;
        let queries = self.query_rows(&bias.device());
        let rows = bias.expand([batch, heads, length, keys]).swap_dims(1, 2);
        let rows = rows.reshape([batch * length, heads * keys]);
        let rows = rows.select(0, queries);
        rows.reshape([batch, self.most, heads, keys])
            .swap_dims(1, 2)
    }

    /// Factors of feed-forward intermediates: `[1, chosen, intermediate]`.
    fn factors(&self, factors: Tensor<3>) -> Tensor<3> {
        let [batch, length] = self.size;
        let width = factors.dims()[2];
        let chosen = self.pick(factors.expand([batch, length, width]));
        chosen.unsqueeze::<3>()
    }
}

fn indices(values: impl Iterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = values.map(|value| value as i64).collect();
    Tensor::from_data(values.as_slice(), device)
}

impl<F: Ffn> EncoderLayer<F> {
    /// The layer's output at the chosen tokens alone, the same as [`forward`](Self::forward) gives there:
    /// only keys and values are computed for the others. Nothing is tapped.
    ///
    /// Dropout masks depend on a token's place only, so they are the same too.
    ///
    /// # Shapes
    /// - x: `[batch, length, hidden]`
    /// - result: `[chosen, hidden]`
    pub fn forward_chosen(
        &self,
        x: Tensor<3>,
        chosen: &ChosenTokens,
        layer: usize,
        context: &LayerContext<'_>,
    ) -> Tensor<2> {
        let drop_at = |number: u64, prob: f64, places: Arc<[Place]>| -> Option<SiteMask> {
            let mask = context.site(layer, number, prob)?;
            Some(mask.at(places))
        };
        let own = || Arc::clone(&chosen.places);
        let rows = chosen.pick(x.clone()).unsqueeze::<3>();
        let query = chosen.spread(self.attention.project_query(rows.clone()));
        let memory = self.attention.project_key_value(x);
        let attention = AttentionContext {
            mask: context.mask.clone().map(|mask| chosen.mask(mask)),
            bias: context.bias.clone().map(|bias| chosen.bias(bias)),
            dropout: drop_at(
                site::ATTENTION_WEIGHTS,
                self.dropout.attention,
                chosen.of_queries(),
            ),
            wants_weights: false,
        };
        let (heads, scale) = (self.attention.heads, self.attention.scale);
        let (mixed, _) = attend(query, memory, heads, scale, &attention);
        let attended = apply(&self.attention.output, chosen.join(mixed));
        let mask = drop_at(site::ATTENTION_OUTPUT, self.dropout.hidden, own());
        let x = (self.attention_norm).forward_add(attended, rows, mask.as_ref());
        let of_layer = context.ffn_masks.get(&layer);
        let factors = of_layer.map(|factors| (layer, chosen.factors(factors.clone())));
        let mut ffn = FfnContext {
            layer,
            taps: &Taps::default(),
            tapped: &mut Tapped::default(),
            masks: &factors.into_iter().collect(),
            dropout: drop_at(site::FFN_INTERMEDIATE, self.dropout.activation, own()),
        };
        let out = self.ffn.forward(x.clone(), &mut ffn);
        let mask = drop_at(site::FFN_OUTPUT, self.dropout.hidden, own());
        let x = self.ffn_norm.forward_add(out, x, mask.as_ref());
        let [_, count, width] = x.dims();
        x.reshape([count, width])
    }
}
