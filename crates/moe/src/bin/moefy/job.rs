//! From a checkpoint to a converted one, step by step.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use burn::tensor::Device;
use plm_core::checkpoint::SaveOptions;
use plm_core::device::is_host;
use plm_core::models::{Pretrained, PretrainedModel, Stack};
use plm_core::nn::FeedForward;
use plm_core::text::Padding;
use plm_moe::exec::Planner;
use plm_moe::{
    Capture, FeedForwards, LayerId, MoeLayer, Policy, SharedPlanner, SparseFfn, convert, save,
    share_out, share_out_operations, with_sparse_experts,
};

use crate::arguments::Arguments;
use crate::backbone::Backbone;
use crate::capture::captured;
use crate::checks::check_expert_size;
use crate::cost::cost;
use crate::limits::Settings;
use crate::measured::Measured;
use crate::tell::{table, tell_captured, tell_cost, tell_decisions, tell_layer, tell_written};
use crate::texts::Reader;
use crate::{say, speed};

/// Share of the captured tokens that layers are made by; the others measure them.
const LEARNED_FROM: f64 = 0.9;

/// What is asked for.
pub(crate) struct Job<'a> {
    /// The command line.
    pub(crate) arguments: &'a Arguments,
    /// The texts to learn from.
    pub(crate) texts: &'a [String],
    /// Where to compute.
    pub(crate) device: &'a Device,
}

impl Job<'_> {
    /// Converts a model of the class `M`, which is called `class` in code.
    ///
    /// # Errors
    /// Whatever does not fit together, before the folder for the result is touched.
    pub(crate) fn run<M>(&self, class: &str) -> Result<()>
    where
        M: PretrainedModel + Backbone + FeedForwards<Ffn = FeedForward, With<FeedForward> = M>,
        M::With<SparseFfn>: Backbone,
        M::Config: Settings,
    {
        let (arguments, device) = (self.arguments, self.device);
        let folder = arguments.model.display();
        let dense = Pretrained::<M>::load(&arguments.model, device)?;
        let limits = dense.settings()?.limits();
        let blocks = dense.model.ffns();
        check_expert_size(&blocks, arguments.expert_size)?;
        let tokenizer = dense.tokenizer();
        let reader = Reader {
            tokenizer: tokenizer.map_err(|error| anyhow!("{folder}: {error}"))?,
            length: arguments.length.min(limits.longest),
            padding: Padding::new(limits.pad_token_id as u32),
            has_decoder: blocks.iter().any(|(id, _)| id.stack == Stack::Decoder),
            device,
        };
        say(format_args!("{folder}: {class}, {} layers", blocks.len()));
        let captured = captured(&dense.model, &reader, self.texts, arguments.tokens)?;
        tell_captured(&captured, reader.length, arguments);
        let (capture, rest) = captured.capture.split(LEARNED_FROM);
        let config = arguments.config();
        let mut layers = convert(dense.model.clone(), &capture, &config, tell_layer)?.layers;
        self.set_policies(&mut layers, &capture)?;
        let mut measured = Vec::with_capacity(blocks.len());
        for ((id, block), layer) in blocks.iter().zip(layers.values_mut()) {
            let calibrate = if arguments.calibrate {
                Some(capture.layer(*id)?)
            } else {
                None
            };
            let own = Measured::of(*id, block, layer, rest.layer(*id)?, calibrate, device)?;
            measured.push(own);
        }
        say(format_args!(
            "on {} tokens that nothing was fitted to or chosen by:",
            rest.tokens()
        ));
        say(table(&measured));
        let context = captured.mean_length;
        let cost = cost(&layers, &measured, limits.attention_size, context);
        tell_cost(&cost, context);
        // Only on the processor can experts that were not chosen be skipped.
        if is_host(device) {
            let planner = SharedPlanner::new(Planner {
                dense: !arguments.calibrate,
                ..Planner::default()
            });
            let fast = with_sparse_experts(dense.model.clone(), &layers, &planner)?;
            speed::compare(&dense.model, &fast, &reader, self.texts)?;
            tell_decisions(&planner.snapshot());
        } else {
            say("speed: experts save time on the processor only");
        }
        let options = SaveOptions::new().overwrite(arguments.overwrite);
        let mut files = save(&arguments.out, &dense, &layers, &options)?.files;
        files.extend(["moe.safetensors", "moe.json"].map(str::to_owned));
        tell_written(&arguments.out, class, &files, arguments.calibrate);
        Ok(())
    }

    /// Sets how many experts tokens get, where it is not the same number everywhere.
    fn set_policies(
        &self,
        layers: &mut BTreeMap<LayerId, MoeLayer>,
        capture: &Capture,
    ) -> Result<()> {
        if let Some(tau) = self.arguments.dynamic {
            for layer in layers.values_mut() {
                layer.policy = Policy::Max { tau };
            }
        }
        if self.arguments.per_layer {
            share_out(layers, capture, self.arguments.share)?;
        }
        if let Some(ratio) = self.arguments.operations {
            share_out_operations(layers, capture, ratio)?;
        }
        Ok(())
    }
}
