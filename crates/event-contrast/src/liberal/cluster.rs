use super::{CandidateVectors, LiberalCandidates};
use crate::Result;
use crate::cluster::Similarity;
use crate::jcsc::{Jcsc, JcscFit, RoleAware};
use crate::score::{LiberalScores, LiberalScoring, Mention};

/// Gold mentions with their classes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GoldClasses {
    /// The mentions, in sentences numbered as those of the candidates.
    pub mentions: Vec<Mention>,
    /// The class of each.
    pub classes: Vec<usize>,
}

/// Scores of both sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiberalReport {
    /// Triggers against event types.
    pub triggers: LiberalScores,
    /// Arguments, with their triggers, against roles.
    pub arguments: LiberalScores,
}

impl LiberalCandidates {
    /// Clusters triggers and arguments by the cosines of their vectors; with `role_aware`, triggers
    /// are compared by what fills the roles that both have too.
    ///
    /// # Errors
    /// As [`Jcsc::fit`], [`Similarity::cosine`] and [`RoleAware::similarity`].
    pub fn cluster(
        &self,
        vectors: &CandidateVectors,
        jcsc: &Jcsc,
        role_aware: Option<RoleAware>,
    ) -> Result<JcscFit> {
        let (triggers, arguments) = (&vectors.triggers, &vectors.arguments);
        let mut of_triggers = Similarity::cosine(&triggers.values, triggers.width)?;
        if let Some(aware) = role_aware {
            let (rows, width) = (&arguments.values, arguments.width);
            of_triggers = aware.similarity(&of_triggers, rows, width, &self.links)?;
        }
        let of_arguments = Similarity::cosine(&arguments.values, arguments.width)?;
        jcsc.fit(&of_triggers, &of_arguments, &self.links)
    }

    /// Compares the clusters of `fit` with gold types and roles. An argument counts once for each of
    /// its triggers.
    ///
    /// # Errors
    /// As [`LiberalScoring::score`].
    pub fn score(
        &self,
        fit: &JcscFit,
        scoring: &LiberalScoring,
        triggers: &GoldClasses,
        arguments: &GoldClasses,
    ) -> Result<LiberalReport> {
        let span = |mention: &(usize, crate::amr::TokenSpan)| (mention.1.start, mention.1.end);
        let system: Vec<Mention> = self
            .triggers
            .iter()
            .map(|mention| Mention::trigger(mention.0, span(mention)))
            .collect();
        let found = scoring.score(
            &system,
            &fit.trigger_labels,
            &triggers.mentions,
            &triggers.classes,
        )?;
        let of_triggers = self.links.of_triggers().iter().enumerate();
        let (system, labels): (Vec<Mention>, Vec<usize>) = of_triggers
            .flat_map(|(trigger, arguments)| arguments.iter().map(move |&at| (trigger, at)))
            .map(|(trigger, at)| {
                let argument = &self.arguments[at];
                let trigger = span(&self.triggers[trigger]);
                let mention = Mention::argument(argument.0, span(argument), trigger);
                (mention, fit.argument_labels[at])
            })
            .unzip();
        Ok(LiberalReport {
            triggers: found,
            arguments: scoring.score(&system, &labels, &arguments.mentions, &arguments.classes)?,
        })
    }
}
