//! What a benchmark leaves behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::report::{number, table};
use crate::workspace::{Machine, write_atomic};

/// One run of a benchmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Name of the benchmark.
    pub bench: String,
    /// Start, UTC.
    pub started: String,
    /// Commit of the checkout.
    pub commit: String,
    /// Machine of the run.
    pub machine: Machine,
    /// Device that ours computed on.
    pub device: String,
    /// Number type that both computed in.
    pub dtype: String,
    /// Threads that both were given.
    pub threads: usize,
    /// Whether both sides kept freed memory, where glibc would have given it back to the system.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_memory: bool,
    /// Versions of programs and libraries.
    pub versions: BTreeMap<String, String>,
    /// What was measured.
    pub results: Vec<Measured>,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// What was run, sizes included.
    pub id: String,
    /// Unit of the samples; less is better.
    pub unit: String,
    /// Our samples.
    pub ours: Side,
    /// The other side's samples, taken in turns with ours.
    pub peer: Option<Side>,
    /// Name of the other side where it is not the peer but another way in the same process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Peer's median over ours: above 1 means that ours is better.
    pub ratio_of_medians: Option<f64>,
    /// Peer's minimum over ours.
    pub ratio_of_minima: Option<f64>,
}

/// Samples of one side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Middle sample, or the mean of the two in the middle.
    pub median: f64,
    /// Smallest sample.
    pub min: f64,
    /// All samples in the order they were taken.
    pub samples: Vec<f64>,
}

impl Side {
    /// The summary of `samples`; none where there are none or one is not a finite number.
    pub fn new(samples: Vec<f64>) -> Option<Self> {
        if samples.is_empty() || samples.iter().any(|sample| !sample.is_finite()) {
            return None;
        }
        let mut sorted = samples.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Some(Self {
            median,
            min: sorted[0],
            samples,
        })
    }
}

impl Measured {
    /// The case `id` with its ratios.
    pub fn new(id: String, unit: String, ours: Side, peer: Option<Side>) -> Self {
        let ratio = |other: f64, own: f64| (own > 0.0).then(|| other / own);
        Self {
            ratio_of_medians: peer
                .as_ref()
                .and_then(|peer| ratio(peer.median, ours.median)),
            ratio_of_minima: peer.as_ref().and_then(|peer| ratio(peer.min, ours.min)),
            id,
            unit,
            ours,
            peer,
            baseline: None,
        }
    }
}

impl Record {
    /// The results as a table for the terminal.
    pub fn table(&self) -> String {
        let show = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), number);
        let rows: Vec<Vec<String>> = self
            .results
            .iter()
            .map(|case| {
                let peer = case.peer.as_ref();
                let id = match &case.baseline {
                    Some(baseline) => format!("{} (peer: {baseline})", case.id),
                    None => case.id.clone(),
                };
                vec![
                    id,
                    case.unit.clone(),
                    number(case.ours.median),
                    number(case.ours.min),
                    show(peer.map(|peer| peer.median)),
                    show(peer.map(|peer| peer.min)),
                    show(case.ratio_of_medians),
                    show(case.ratio_of_minima),
                ]
            })
            .collect();
        let head = [
            "case",
            "unit",
            "ours",
            "(min)",
            "peer",
            "(min)",
            "peer/ours",
            "(of minima)",
        ];
        table(&head, &rows)
    }

    /// Benchmark, device, number type unless it is f32, and `kept` where freed memory was kept: the name
    /// of its files.
    pub fn stem(&self) -> String {
        let device = self.device.replace(':', "");
        let dtype = match self.dtype.as_str() {
            "f32" => String::new(),
            other => format!("-{other}"),
        };
        let kept = if self.keep_memory { "-kept" } else { "" };
        format!("{}-{device}{dtype}{kept}", self.bench)
    }

    /// Writes the record into `folder` under its date and [`stem`](Self::stem); gives the path.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf> {
        let date = self.started.split('T').next().unwrap_or_default();
        let stem = format!("{date}-{}", self.stem());
        let mut path = folder.join(format!("{stem}.json"));
        for count in 2.. {
            if !path.exists() {
                break;
            }
            path = folder.join(format!("{stem}-{count}.json"));
        }
        write_atomic(
            &path,
            &(serde_json::to_string_pretty(self).context("record")? + "\n"),
        )?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_minima_and_ratios() {
        let odd = Side::new(vec![3.0, 1.0, 2.0]).unwrap();
        assert_eq!((odd.median, odd.min), (2.0, 1.0));
        let even = Side::new(vec![8.0, 2.0, 4.0, 6.0]).unwrap();
        assert_eq!((even.median, even.min), (5.0, 2.0));
        assert_eq!(Side::new(vec![]), None);
        assert_eq!(Side::new(vec![1.0, f64::NAN]), None);
        let case = Measured::new("a".into(), "s".into(), odd.clone(), Some(even));
        assert_eq!(
            (case.ratio_of_medians, case.ratio_of_minima),
            (Some(2.5), Some(2.0))
        );
        assert_eq!(
            Measured::new("a".into(), "s".into(), odd, None).ratio_of_minima,
            None
        );
    }
}
