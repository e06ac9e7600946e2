//! Which tensor of a file goes into which parameter, and what is left over.

use std::collections::{HashMap, HashSet};

use super::convert::is_float;
use super::keys::{covers, fill};
use super::load::{LoadOptions, LoadReport};
use super::params::{ParamInfo, ParamKind};
use super::source::TensorSource;
use super::table::{KeyTable, Rows, Scope};
use crate::{Error, Result};

/// Where a parameter's values come from.
#[derive(Debug)]
pub(super) struct Planned {
    /// The tensor's name in the file.
    pub(super) name: String,
    pub(super) transpose: bool,
}

/// Path -> where the values come from.
pub(super) type Plan = HashMap<String, Planned>;

struct Planner<'a> {
    source: &'a TensorSource,
    table: &'a KeyTable<'a>,
    options: &'a LoadOptions,
    rows: Rows,
    /// Whole name -> name in the file.
    whole: HashMap<String, &'a str>,
    used: HashSet<&'a str>,
    /// Second names of tensors that were used.
    repeated: HashSet<&'a str>,
    report: LoadReport,
    plan: Plan,
    /// Everything that is wrong.
    faults: Vec<String>,
}

/// Matches `params` with `source`.
///
/// # Errors
/// [`Error::Checkpoint`] listing every tensor that is missing, unexpected or of another shape or
/// type; [`Error::Invalid`] for a table at odds with itself.
pub(super) fn plan(
    params: &[ParamInfo],
    source: &TensorSource,
    table: &KeyTable<'_>,
    options: &LoadOptions,
) -> Result<(Plan, LoadReport)> {
    table.validate()?;
    let scope = table.scope(params.iter().map(|param| param.path.as_str()));
    let names: Vec<&str> = source.names().collect();
    let whole = table.whole_names(&names).map_err(|(first, second)| {
        Error::checkpoint(
            source.path(),
            format!("`{first}` and `{second}` are names of the same tensor"),
        )
    })?;
    let mut planner = Planner {
        source,
        table,
        options,
        rows: table.rows(scope),
        whole,
        used: HashSet::new(),
        repeated: HashSet::new(),
        report: LoadReport {
            unlisted: source.unlisted().to_vec(),
            ..LoadReport::default()
        },
        plan: Plan::new(),
        faults: Vec::new(),
    };
    for param in params.iter().filter(|param| !param.adapter) {
        planner.place(param);
    }
    planner.check_tied(scope)?;
    planner.sort_rest(scope);
    if !planner.faults.is_empty() {
        return Err(Error::checkpoint(
            source.path(),
            planner.faults.join("\n  "),
        ));
    }
    Ok((planner.plan, planner.report))
}

impl Planner<'_> {
    /// Finds the tensor of one parameter.
    fn place(&mut self, param: &ParamInfo) {
        let path = &param.path;
        let Some((row, numbers)) = self.rows.of_path(path) else {
            return self.absent(path, None);
        };
        let whole = fill(&row.whole, &numbers);
        if self.options.new_heads && self.in_head(&whole) {
            return self.absent(path, Some(&whole));
        }
        let old = row.old.as_ref().map(|old| fill(old, &numbers));
        let transpose = row.transpose;
        let aliases = self.table.tied.iter();
        let name = [Some(whole.as_str()), old.as_deref()]
            .into_iter()
            .flatten()
            .chain(aliases.filter(|tie| tie.0 == whole).map(|tie| tie.1))
            .find_map(|name| self.whole.get(name).copied());
        let Some(name) = name else {
            return self.absent(path, Some(&whole));
        };
        self.used.insert(name);
        if let Some(fault) = self.misfit(param, name, transpose) {
            self.faults.push(fault);
            return;
        }
        self.report.applied.push(path.clone());
        self.plan.insert(
            path.clone(),
            Planned {
                name: name.to_owned(),
                transpose,
            },
        );
    }

    /// Notes a parameter without a tensor; `whole` is the name it should have.
    fn absent(&mut self, path: &str, whole: Option<&str>) {
        let allowed = &self.options.allow_missing;
        let fits = |prefix: &String| {
            covers(prefix, path) || whole.is_some_and(|whole| covers(prefix, whole))
        };
        if allowed.iter().any(fits) {
            self.report.missing.push(path.to_owned());
        } else {
            self.faults.push(match whole {
                Some(whole) => format!("missing: `{whole}` for the parameter `{path}`"),
                None => format!("unknown: the key table has no rule for the parameter `{path}`"),
            });
        }
    }

    /// What keeps tensor `name` out of `param`.
    fn misfit(&self, param: &ParamInfo, name: &str, transpose: bool) -> Option<String> {
        let path = &param.path;
        let found = self.source.shape(name)?;
        let dtype = self.source.dtype(name)?;
        let mut expected = param.shape.clone();
        if transpose {
            if expected.len() != 2 {
                return Some(format!(
                    "shape: the table transposes `{path}`, but it is {expected:?}"
                ));
            }
            expected.reverse();
        }
        if found != expected {
            return Some(format!(
                "shape: `{name}` for `{path}` is {found:?}, expected {expected:?}"
            ));
        }
        let fits = match param.kind {
            ParamKind::Float => is_float(dtype),
            ParamKind::Int => !is_float(dtype),
            ParamKind::Bool => false,
        };
        (!fits).then(|| {
            let kind = param.kind;
            format!("type: `{name}` for `{path}` is {dtype}, the parameter is {kind:?}")
        })
    }

    /// Checks that further names of a tensor in the file hold the same values.
    fn check_tied(&mut self, scope: Scope) -> Result<()> {
        for (kept, alias) in self.table.tied {
            // The name that was loaded: the one kept or, in its absence, one of the aliases.
            let aliases = self.table.tied.iter().filter(|tie| tie.0 == *kept);
            let loaded = std::iter::once(*kept)
                .chain(aliases.map(|tie| tie.1))
                .filter_map(|name| self.whole.get(name).copied())
                .find(|name| self.used.contains(name));
            let (Some(loaded), Some(&name)) = (loaded, self.whole.get(*alias)) else {
                continue;
            };
            // A head that is not loaded may hold anything.
            let unread = scope == Scope::Base || self.options.new_heads;
            let beside = unread && self.in_head(alias);
            if name == loaded || beside {
                continue;
            }
            if self.source.same(loaded, name)? {
                let pair = (loaded.to_owned(), name.to_owned());
                self.report.tied.push(pair);
            } else {
                self.faults.push(format!(
                    "tied: `{name}` differs from `{loaded}`, but the model has one tensor for both"
                ));
            }
            self.repeated.insert(name);
        }
        Ok(())
    }

    fn in_head(&self, name: &str) -> bool {
        self.table.heads.iter().any(|prefix| covers(prefix, name))
    }

    /// Says of every tensor that went nowhere why that is right, or that it is not.
    fn sort_rest(&mut self, scope: Scope) {
        let mut rest: Vec<_> = self
            .whole
            .iter()
            .map(|(whole, name)| (*name, whole))
            .filter(|(name, _)| !self.used.contains(name) && !self.repeated.contains(name))
            .collect();
        rest.sort_unstable();
        for (name, whole) in rest {
            let allowed = self
                .options
                .allow_unused
                .iter()
                .any(|prefix| covers(prefix, name) || covers(prefix, whole));
            if self.table.is_ignored(name) {
                self.report.ignored.push(name.to_owned());
            } else if scope == Scope::Base && self.in_head(name) || allowed {
                self.report.unused.push(name.to_owned());
            } else {
                let shape = self.source.shape(name).unwrap_or_default();
                self.faults
                    .push(format!("unexpected: `{name}` of shape {shape:?}"));
            }
        }
    }
}
