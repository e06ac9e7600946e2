use plm_core::nn::Ffn;

use super::construct::construct_scored;
use super::{Acceptance, Construction, RapSettings};
use crate::model::Victim;
use crate::percentile::check_level;
use crate::{Error, Result, Scored};

/// [`construct`](super::construct()) with growing weights λ of drops that are too small, until one is good
/// enough at `level` percent ([`Acceptance`]): the mean drop of the texts reaches the lower limit and the
/// threshold, of the drops of those texts that are predicted as the protected class, is above 0.
///
/// Nothing is asked of drops that are too large. The drops of the texts are returned beside the
/// construction, as [`drops`](super::drops) would measure them.
///
/// # Errors
/// Those of [`construct`](super::construct()); [`Error::Empty`] without scales or where no text is predicted as the protected
/// class, [`Error::Setting`] for a level out of 0 to 100, [`Error::NotConstructed`] where no scale suffices.
pub fn construct_with_retry<F: Ffn>(
    victim: &Victim<F>,
    texts: &[&str],
    settings: &RapSettings,
    scales: &[f64],
    level: f64,
) -> Result<(Construction, Vec<Scored>)> {
    check_level(level)?;
    if scales.is_empty() {
        return Err(Error::Empty {
            what: "scales",
            fix: "give a weight of drops that are too small, such as 1",
        });
    }
    let (mut mean, mut threshold) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    for &scale in scales {
        let mut settings = settings.clone();
        settings.objective.scale = scale;
        let (made, scored) = construct_scored(victim, texts, &settings)?;
        let found = Acceptance::new(&made, &scored, &settings.objective, level)?;
        if found.accepted {
            return Ok((made, scored));
        }
        mean = mean.max(found.mean);
        threshold = threshold.max(found.threshold);
    }
    Err(Error::NotConstructed {
        mean,
        lower: settings.objective.lower,
        threshold,
        level,
        scales: scales.to_vec(),
    })
}
