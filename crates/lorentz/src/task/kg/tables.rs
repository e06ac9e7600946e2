//! The parameters of a model as plain numbers.

use plm_core::nn::init::{normal, uniform};
use plm_core::rng::Seed;

use super::config::{CompletionConfig, EntityGeometry};
use super::layer::{self, Layer};
use super::real::{Real, real};
use super::vector::{dot, square};
use crate::Result;
use crate::data::kg::{KnowledgeGraph, Triple};
use crate::geometry::Precision;

/// All parameters on the host, each in rows.
#[derive(Debug, Clone, PartialEq)]
pub struct CompletionTables<T> {
    /// The space of the entities.
    pub geometry: EntityGeometry,
    /// Numbers of an entity.
    pub d_model: usize,
    /// Added to all scores.
    pub margin: T,
    /// λ of the relations' maps.
    pub scale: T,
    /// Entities: `[E, d_model]`, in Lorentz space points with k = 1.
    pub entities: Vec<T>,
    /// Matrices of the relations: `[R, d_model, d_model]`, a row for each output.
    pub relation_weights: Vec<T>,
    /// Biases of the relations: `[R, d_model]`; in Lorentz space the first of each is not used.
    pub relation_biases: Vec<T>,
    /// Biases of entities as heads: `[E]`.
    pub head_biases: Vec<T>,
    /// Biases of entities as tails: `[E]`.
    pub tail_biases: Vec<T>,
}

impl<T: Real> CompletionTables<T> {
    /// New parameters. Entities lie at distance 1 from the origin in random directions, relations'
    /// weights are uniform within ±√6 / d_model as in the authors' code, biases are 0.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting that is out of its limits.
    pub fn new(
        config: &CompletionConfig,
        entities: usize,
        relations: usize,
        seed: Seed,
    ) -> Result<Self> {
        config.check()?;
        let d = config.d_model;
        let lorentz = config.geometry == EntityGeometry::Lorentz;
        let (skipped, length) = if lorentz {
            (1, 1.0_f64.sinh().min(config.max_space_norm))
        } else {
            (0, 1.0)
        };
        let mut points = Vec::with_capacity(entities * d);
        for row in normal(seed, "entities", entities * (d - skipped), 1.0).chunks(d - skipped) {
            let row: Vec<f64> = row.iter().map(|x| f64::from(*x)).collect();
            let factor = length / square(&row).sqrt().max(f64::MIN_POSITIVE);
            if lorentz {
                points.push(T::zero());
            }
            points.extend(row.iter().map(|x| real::<T>(x * factor)));
        }
        let mut tables = Self {
            geometry: config.geometry,
            d_model: d,
            margin: real(config.margin),
            scale: real(config.scale),
            entities: points,
            relation_weights: uniform(
                seed,
                "relations",
                relations * d * d,
                6.0_f64.sqrt() / d as f64,
            )
            .into_iter()
            .map(|x| real(f64::from(x)))
            .collect(),
            relation_biases: vec![T::zero(); relations * d],
            head_biases: vec![T::zero(); entities],
            tail_biases: vec![T::zero(); entities],
        };
        if lorentz {
            for row in tables.entities.chunks_mut(d) {
                row[0] = (T::one() + square(&row[1..])).sqrt();
            }
        }
        Ok(tables)
    }

    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the table that is empty, whose size does not fit, or that
    /// holds a number that is not finite, and λ where it is not positive.
    pub(super) fn check(&self) -> Result<()> {
        let d = self.d_model;
        let entities = self.head_biases.len();
        let relations = self.relation_biases.len() / d.max(1);
        for (name, count) in [("head_biases", entities), ("relation_biases", relations)] {
            if count == 0 {
                return Err(plm_core::Error::invalid(name, "has no rows").into());
            }
        }
        for (name, value) in [("margin", self.margin), ("scale", self.scale)] {
            if !value.is_finite() {
                let reason = format!("is {}, must be finite", value.widen());
                return Err(plm_core::Error::invalid(name, reason).into());
            }
        }
        if self.scale <= T::zero() {
            let reason = format!("is {}, must be positive", self.scale.widen());
            return Err(plm_core::Error::invalid("scale", reason).into());
        }
        for (name, table, expected) in [
            ("entities", &self.entities, entities * d),
            (
                "relation_weights",
                &self.relation_weights,
                relations * d * d,
            ),
            ("relation_biases", &self.relation_biases, relations * d),
            ("head_biases", &self.head_biases, entities),
            ("tail_biases", &self.tail_biases, entities),
        ] {
            if d < 2 || table.len() != expected {
                let reason = format!(
                    "{} numbers, need {expected} for {entities} entities, {relations} relations and a \
                     width of {d}, which must be at least 2",
                    table.len()
                );
                return Err(plm_core::Error::invalid(name, reason).into());
            }
            if let Some(at) = table.iter().position(|value| !value.is_finite()) {
                let reason = format!("number {at} is {}, must be finite", table[at].widen());
                return Err(plm_core::Error::invalid(name, reason).into());
            }
        }
        Ok(())
    }

    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the first entity of Lorentz space that is no point.
    pub(super) fn check_points(&self) -> Result<()> {
        if self.geometry == EntityGeometry::Euclidean {
            return Ok(());
        }
        let limit = Precision::of(T::DTYPE).residual;
        for (entity, point) in self.entities.chunks(self.d_model).enumerate() {
            let time = point[0].widen();
            let squares: f64 = point[1..].iter().map(|x| x.widen().powi(2)).sum();
            let residual = (1.0 + squares - time * time).abs() / (time * time);
            let is_point = time > 0.0 && residual <= limit;
            if !is_point {
                let reason = format!(
                    "entity {entity} is no point: its time is {time}, |<x,x> + 1| / x0^2 is {residual:e}, \
                     must be at most {limit:e}"
                );
                return Err(plm_core::Error::invalid("entities", reason).into());
            }
        }
        Ok(())
    }

    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting that contradicts the tables.
    pub(super) fn check_settings(&self, config: &CompletionConfig) -> Result<()> {
        let wrong = |key: &str, setting: String, own: String| {
            let reason = format!("is {setting}, but the tables have {own}");
            Err(plm_core::Error::config("CompletionConfig", key, reason).into())
        };
        if config.geometry != self.geometry {
            let [setting, own] = [config.geometry, self.geometry].map(|g| format!("{g:?}"));
            return wrong("geometry", setting, own);
        }
        if config.d_model != self.d_model {
            let [setting, own] = [config.d_model, self.d_model].map(|d| d.to_string());
            return wrong("d_model", setting, own);
        }
        for (key, setting, own) in [
            ("margin", config.margin, self.margin),
            ("scale", config.scale, self.scale),
        ] {
            if real::<T>(setting) != own {
                return wrong(key, setting.to_string(), own.widen().to_string());
            }
        }
        Ok(())
    }

    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the graph has other numbers of entities or relations.
    pub(super) fn check_graph(&self, graph: &KnowledgeGraph) -> Result<()> {
        let own = [
            self.head_biases.len(),
            self.relation_biases.len() / self.d_model,
        ];
        let [entities, relations] = [graph.entities().len(), graph.relations().len()];
        if own == [entities, relations] {
            return Ok(());
        }
        let reason = format!(
            "{} entities and {} relations, but the graph has {entities} and {relations}",
            own[0], own[1]
        );
        Err(plm_core::Error::invalid("tables", reason).into())
    }

    /// The point or vector of an entity.
    #[inline(always)]
    pub fn entity(&self, entity: u32) -> &[T] {
        let d = self.d_model;
        &self.entities[entity as usize * d..][..d]
    }

    /// The score of a triple: m + 2⟨h′, t⟩ + b_h + b_t in Lorentz space, which is m − 2 − d²_L plus
    /// biases, and m − |h′ − t|² + b_h + b_t in Euclidean space, with h′ the head under the relation's
    /// map.
    ///
    /// # Panics
    /// If a number is out of range.
    pub fn score(&self, triple: Triple) -> T {
        let mut query = vec![T::zero(); self.d_model];
        let constant = self.query(triple.head, triple.relation, &mut query);
        let tail = triple.tail as usize;
        constant + dot(&query, self.entity(triple.tail)) + self.offset(tail)
    }

    /// Writes a and returns c so that the score of a tail t is c + a · t + o_t, with o_t the tail's
    /// [`offset`](Self::offset).
    pub(super) fn query(&self, head: u32, relation: u32, query: &mut [T]) -> T {
        let d = self.d_model;
        let relation = relation as usize;
        let weights = &self.relation_weights[relation * d * d..][..d * d];
        let bias = &self.relation_biases[relation * d..][..d];
        let head_point = self.entity(head);
        let mut z: Vec<T> = weights.chunks(d).map(|row| dot(row, head_point)).collect();
        let mut point = vec![T::zero(); d];
        let layer = Layer::of(self);
        layer.forward(&mut z, bias, &mut point);
        let constant = self.margin + self.head_biases[head as usize];
        constant + layer::query(self.geometry, &point, query)
    }

    /// The part of a tail's score that does not depend on the query.
    #[inline(always)]
    pub(super) fn offset(&self, tail: usize) -> T {
        let bias = self.tail_biases[tail];
        match self.geometry {
            EntityGeometry::Lorentz => bias,
            EntityGeometry::Euclidean => bias - square(self.entity(tail as u32)),
        }
    }
}
