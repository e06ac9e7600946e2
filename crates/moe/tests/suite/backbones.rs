//! Every backbone with its heads: all experts give the dense outputs, some experts do not.

use burn::tensor::{Device, Tensor};
use plm_core::config::EncoderFamily;
use plm_core::models::{
    BartForConditionalGeneration, BartForQuestionAnswering, BartForSequenceClassification,
    BartModel, EncoderForMaskedLM, EncoderForQuestionAnswering, EncoderForSequenceClassification,
    EncoderForTokenClassification, EncoderInput, EncoderModel, Gpt2ForQuestionAnswering,
    Gpt2ForSequenceClassification, Gpt2ForTokenClassification, Gpt2LmHeadModel, Gpt2Model,
    Pretrained, PretrainedModel, Seq2SeqInput, Stack, T5EncoderModel, T5ForConditionalGeneration,
    T5ForQuestionAnswering, T5ForSequenceClassification, T5ForTokenClassification, T5Model,
};
use plm_core::nn::{FeedForward, Ffn};
use plm_core::rng::Seed;
use plm_moe::{
    Capture, FeedForwards, LayerId, Metric, MoeConfig, MoeFfn, Policy, RouterKind, convert,
    with_experts,
};

use super::support::{
    LAYERS, assert_close, bart_config, devices, encoder_config, gpt2_config, ids, numbers,
    t5_config, tolerance,
};

/// A model that can be run in both forms.
trait Runs<F: Ffn>: Sized {
    /// A result that depends on every layer.
    fn result(&self, device: &Device) -> Vec<f32>;
    /// What its layers read.
    fn capture(&self, device: &Device) -> Capture;
}

fn one(device: &Device) -> EncoderInput {
    EncoderInput::ids(ids(4, 6, device))
}

fn two(device: &Device) -> Seq2SeqInput {
    Seq2SeqInput::ids(ids(4, 6, device), ids(4, 6, device))
}

/// Two texts that end as T5 and BART classifiers want them to.
fn ended(device: &Device, eos: i64) -> Seq2SeqInput {
    let text = ids(4, 5, device);
    let end = Tensor::full([4, 1], eos, device);
    let text = Tensor::cat(vec![text, end], 1);
    Seq2SeqInput::ids(text.clone(), text)
}

macro_rules! encoder_like {
    ($model:ident, |$own:ident, $input:ident| $run:expr, |$output:ident| $tapped:expr) => {
        impl<F: Ffn> Runs<F> for $model<F> {
            fn result(&self, device: &Device) -> Vec<f32> {
                let ($own, $input) = (self, one(device));
                let (_, values) = $run;
                values
            }

            fn capture(&self, device: &Device) -> Capture {
                let ($own, $input) = (self, one(device).with_taps(Capture::taps(LAYERS)));
                let ($output, _) = $run;
                let mut capture = Capture::new(1_000);
                capture.add(Stack::Encoder, &$tapped, &[true; 24]).unwrap();
                capture
            }
        }
    };
}

encoder_like!(
    EncoderModel,
    |model, input| {
        let output = model.forward(&input);
        let values = numbers(output.last_hidden_state.clone());
        (output, values)
    },
    |output| output.tapped
);
encoder_like!(
    EncoderForMaskedLM,
    |model, input| {
        let (output, logits) = model.forward(&input);
        (output, numbers(logits))
    },
    |output| output.tapped
);
encoder_like!(
    EncoderForSequenceClassification,
    |model, input| {
        let (output, logits) = model.forward(&input);
        (output, numbers(logits))
    },
    |output| output.tapped
);
encoder_like!(
    EncoderForTokenClassification,
    |model, input| {
        let (output, logits) = model.forward(&input);
        (output, numbers(logits))
    },
    |output| output.tapped
);
encoder_like!(
    EncoderForQuestionAnswering,
    |model, input| {
        let (output, start, _) = model.forward(&input);
        (output, numbers(start))
    },
    |output| output.tapped
);
encoder_like!(
    T5EncoderModel,
    |model, input| {
        let output = model.forward(&input);
        let values = numbers(output.last_hidden_state.clone());
        (output, values)
    },
    |output| output.tapped
);
encoder_like!(
    T5ForTokenClassification,
    |model, input| {
        let (output, logits) = model.forward(&input);
        (output, numbers(logits))
    },
    |output| output.tapped
);
encoder_like!(
    Gpt2Model,
    |model, input| {
        let output = model.forward(&input);
        let values = numbers(output.last_hidden_state.clone());
        (output, values)
    },
    |output| output.tapped.own
);
encoder_like!(
    Gpt2LmHeadModel,
    |model, input| {
        let (output, logits) = model.forward(&input);
        (output, numbers(logits))
    },
    |output| output.tapped.own
);
encoder_like!(
    Gpt2ForSequenceClassification,
    |model, input| {
        let (output, logits) = model.forward(&input).unwrap();
        (output, numbers(logits))
    },
    |output| output.tapped.own
);
encoder_like!(
    Gpt2ForTokenClassification,
    |model, input| {
        let (output, logits) = model.forward(&input);
        (output, numbers(logits))
    },
    |output| output.tapped.own
);
encoder_like!(
    Gpt2ForQuestionAnswering,
    |model, input| {
        let (output, start, _) = model.forward(&input);
        (output, numbers(start))
    },
    |output| output.tapped.own
);

macro_rules! seq2seq {
    ($model:ident, $input:expr, |$own:ident, $batch:ident| $run:expr) => {
        impl<F: Ffn> Runs<F> for $model<F> {
            fn result(&self, device: &Device) -> Vec<f32> {
                let make: fn(&Device) -> Seq2SeqInput = $input;
                let ($own, $batch) = (self, make(device));
                let (_, values) = $run;
                values
            }

            fn capture(&self, device: &Device) -> Capture {
                let make: fn(&Device) -> Seq2SeqInput = $input;
                let ($own, mut $batch) = (self, make(device));
                $batch.encoder.taps = Capture::taps(LAYERS);
                $batch.decoder.taps = Capture::taps(LAYERS);
                let (output, _) = $run;
                let mut capture = Capture::new(1_000);
                let keep = [true; 24];
                capture
                    .add(Stack::Encoder, &output.encoder.tapped, &keep)
                    .unwrap();
                capture
                    .add(Stack::Decoder, &output.decoder.tapped.own, &keep)
                    .unwrap();
                capture
            }
        }
    };
}

seq2seq!(T5Model, two, |model, batch| {
    let output = model.forward(&batch);
    let values = numbers(output.decoder.last_hidden_state.clone());
    (output, values)
});
seq2seq!(T5ForConditionalGeneration, two, |model, batch| {
    let (output, logits) = model.forward(&batch);
    (output, numbers(logits))
});
seq2seq!(
    T5ForSequenceClassification,
    |device| ended(device, 1),
    |model, batch| {
        let (output, logits) = model.forward(&batch).unwrap();
        (output, numbers(logits))
    }
);
seq2seq!(T5ForQuestionAnswering, two, |model, batch| {
    let (output, start, _) = model.forward(&batch);
    (output, numbers(start))
});
seq2seq!(BartModel, two, |model, batch| {
    let output = model.forward(&batch);
    let values = numbers(output.decoder.last_hidden_state.clone());
    (output, values)
});
seq2seq!(BartForConditionalGeneration, two, |model, batch| {
    let (output, logits) = model.forward(&batch);
    (output, numbers(logits))
});
seq2seq!(
    BartForSequenceClassification,
    |device| ended(device, 2),
    |model, batch| {
        let (output, logits) = model.forward(&batch).unwrap();
        (output, numbers(logits))
    }
);
seq2seq!(BartForQuestionAnswering, two, |model, batch| {
    let (output, start, _) = model.forward(&batch);
    (output, numbers(start))
});

fn check<M>(config: &M::Config, layers: &[LayerId])
where
    M: PretrainedModel + Runs<FeedForward> + FeedForwards<Ffn = FeedForward>,
    M::With<MoeFfn>: Runs<MoeFfn>,
{
    for (name, device) in devices() {
        let what = format!("{} on {name}", std::any::type_name::<M>());
        let model = Pretrained::<M>::new(config, Seed::new(1), &device)
            .unwrap()
            .model;
        let capture = model.capture(&device);
        let settings = MoeConfig {
            expert_size: 4,
            router: RouterKind::Similarity(Metric::Cosine),
            share: 0.25,
            ..MoeConfig::default()
        };
        let converted = convert(model.clone(), &capture, &settings, |_, _| ()).unwrap();
        let found: Vec<LayerId> = converted.layers.keys().copied().collect();
        assert_eq!(found, layers, "{what}");
        let dense = model.result(&device);
        assert!(dense.iter().all(|value| value.is_finite()), "{what}");
        assert_ne!(converted.model.result(&device), dense, "{what}");
        let mut all = converted.layers;
        for layer in all.values_mut() {
            layer.policy = Policy::All;
        }
        let every = with_experts(model, &all).result(&device);
        assert_close(&every, &dense, 20.0 * tolerance(name), &what);
    }
}

fn encoder_layers() -> Vec<LayerId> {
    (0..LAYERS).map(LayerId::encoder).collect()
}

fn both_stacks() -> Vec<LayerId> {
    let mut layers = encoder_layers();
    layers.extend((0..LAYERS).map(LayerId::decoder));
    layers
}

#[test]
fn encoders() {
    for family in [
        EncoderFamily::Bert,
        EncoderFamily::Roberta,
        EncoderFamily::Mpnet,
        EncoderFamily::DistilBert,
    ] {
        check::<EncoderModel>(&encoder_config(family), &encoder_layers());
    }
    let bert = encoder_config(EncoderFamily::Bert);
    check::<EncoderForMaskedLM>(&bert, &encoder_layers());
    check::<EncoderForSequenceClassification>(&bert, &encoder_layers());
    check::<EncoderForTokenClassification>(&bert, &encoder_layers());
    check::<EncoderForQuestionAnswering>(&bert, &encoder_layers());
}

#[test]
fn t5() {
    for gated in [false, true] {
        let config = t5_config(gated);
        check::<T5EncoderModel>(&config, &encoder_layers());
        check::<T5ForTokenClassification>(&config, &encoder_layers());
        check::<T5Model>(&config, &both_stacks());
        check::<T5ForConditionalGeneration>(&config, &both_stacks());
        check::<T5ForSequenceClassification>(&config, &both_stacks());
        check::<T5ForQuestionAnswering>(&config, &both_stacks());
    }
}

#[test]
fn bart() {
    let config = bart_config();
    check::<BartModel>(&config, &both_stacks());
    check::<BartForConditionalGeneration>(&config, &both_stacks());
    check::<BartForSequenceClassification>(&config, &both_stacks());
    check::<BartForQuestionAnswering>(&config, &both_stacks());
}

#[test]
fn gpt2() {
    let config = gpt2_config();
    check::<Gpt2Model>(&config, &encoder_layers());
    check::<Gpt2LmHeadModel>(&config, &encoder_layers());
    check::<Gpt2ForSequenceClassification>(&config, &encoder_layers());
    check::<Gpt2ForTokenClassification>(&config, &encoder_layers());
    check::<Gpt2ForQuestionAnswering>(&config, &encoder_layers());
}
