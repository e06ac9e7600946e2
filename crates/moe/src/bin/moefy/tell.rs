//! What is said of a conversion.

use std::path::Path;

use plm_moe::exec::{self, Planner};
use plm_moe::{LayerId, MoeLayer};

use crate::arguments::Arguments;
use crate::capture::Captured;
use crate::cost::Cost;
use crate::measured::Measured;
use crate::{complain, say};

/// A share in percent.
fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// Says what was captured of texts that were cut at `length` tokens, and warns where it is less than
/// was asked for.
pub(crate) fn tell_captured(captured: &Captured, length: usize, arguments: &Arguments) {
    let (found, texts) = (captured.capture.tokens(), captured.texts);
    say(format_args!(
        "captured {found} tokens of {texts} texts, each cut at {length} tokens"
    ));
    let wanted = arguments.tokens;
    if found < wanted {
        let path = arguments.texts.display();
        complain(format_args!(
            "warning: {path}: {found} tokens where {wanted} were asked for"
        ));
    }
}

/// Says that a layer is converted.
pub(crate) fn tell_layer(id: LayerId, layer: &MoeLayer) {
    let partition = &layer.partition;
    let (neurons, experts) = (partition.neurons(), partition.experts());
    say(format_args!(
        "{id}: {neurons} neurons divided into {experts} experts"
    ));
}

/// The figures of all layers, one a line.
pub(crate) fn table(layers: &[Measured]) -> String {
    let mut text = format!(
        "{:<8}{:>9}{:>9}{:>8}{:>9}{:>10}{:>9}{:>9}{:>8}{:>7}{:>8}",
        "layer",
        "neurons",
        "experts",
        "chosen",
        "active",
        "together",
        "capture",
        "recall",
        "unused",
        "gini",
        "error"
    );
    for (name, shown) in [
        ("norms", layers.iter().any(|layer| layer.norms.is_some())),
        ("fitted", layers.iter().any(|layer| layer.fitted.is_some())),
    ] {
        if shown {
            text += &format!("{name:>8}");
        }
    }
    for layer in layers {
        text += &format!(
            "\n{:<8}{:>9}{:>9}{:>8.1}{:>9}{:>10}{:>9}{:>9}{:>8}{:>7.2}{:>8.3}",
            layer.id.to_string(),
            layer.neurons,
            layer.experts,
            layer.chosen,
            percent(layer.active),
            layer
                .together
                .map_or("–".to_owned(), |times| format!("{times:.1} x")),
            percent(layer.capture),
            percent(layer.recall),
            layer.unused,
            layer.gini,
            layer.error
        );
        if let Some(norms) = layer.norms {
            text += &format!("{:>8}", percent(norms));
        }
        if let Some(fitted) = layer.fitted {
            text += &format!("{fitted:>8.3}");
        }
    }
    text
}

/// Says what tokens cost where texts have `context` tokens.
pub(crate) fn tell_cost(cost: &Cost, context: usize) {
    let (ffn, layers) = (percent(cost.feed_forward), percent(cost.layers));
    say(format_args!(
        "operations, routers included: {ffn} of the dense feed-forward layers', {layers} of whole \
         layers' with attention over {context} tokens"
    ));
}

/// Says where experts do not pay.
pub(crate) fn tell_decisions(planner: &Planner) {
    let all = planner.decisions.len();
    let taken = planner.decisions.iter().map(|decision| decision.path);
    let whole = taken.filter(|&path| path == exec::Path::Dense).count();
    if whole > 0 {
        say(format_args!(
            "in {whole} of {all} situations the whole layer is faster than experts and is taken"
        ));
    }
}

/// Says what was written, and how code uses it; `class` is the model's.
pub(crate) fn tell_written(out: &Path, class: &str, files: &[String], calibrated: bool) {
    say(format_args!(
        "wrote {}: {}",
        out.display(),
        files.join(", ")
    ));
    let planner = if calibrated {
        say("without its experts the written model is not the original: it is calibrated");
        // The whole layer must not stand in for the experts that its weights were fitted to.
        "Planner { dense: false, ..Planner::default() }"
    } else {
        "Planner::default()"
    };
    say(format_args!(
        "to use it:\n\
         \x20   let loaded = plm_moe::load::<{class}>({out:?}, &device)?;\n\
         \x20   let planner = SharedPlanner::new({planner});\n\
         \x20   let fast = with_sparse_experts(loaded.dense.model, &loaded.layers, &planner)?;"
    ));
}
