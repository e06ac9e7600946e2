//! Sections of the reproduction, each of which can be run by itself.

use anyhow::{Result, ensure};

use crate::repro::{Context, Outcome};

/// Its name in the setting `parts`, and what it does.
pub(super) type Part = (&'static str, fn(&Context, &mut Outcome) -> Result<()>);

/// Runs the parts that the setting `parts` names, all unless it is given.
pub(super) fn run(context: &Context, parts: &[Part]) -> Result<Outcome> {
    let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    let chosen: String = context.settings.get("parts", names.join(","))?;
    let chosen: Vec<&str> = chosen.split(',').collect();
    for name in &chosen {
        ensure!(
            names.contains(name),
            "parts={name}: tier `{}` has the parts {}",
            context.tier,
            names.join(", ")
        );
    }
    let mut outcome = Outcome::default();
    for (name, part) in parts {
        if chosen.contains(name) {
            part(context, &mut outcome)?;
        }
    }
    Ok(outcome)
}
