//! Which layers a comparison of activations looks at.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A run of layers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerWindow {
    /// Every layer.
    All,
    /// The last so many layers. The paper favors the top 3.
    Top(usize),
    /// Layers `start` up to, but not including, `end`.
    Range(Range<usize>),
}

impl LayerWindow {
    /// The windows of the paper's tables for a model of `layers`: three layers from layer 0, 3, 6,
    /// and so on, then all layers. Where 3 does not divide `layers`, the last three are fewer.
    pub fn of_three(layers: usize) -> Vec<Self> {
        (0..layers)
            .step_by(3)
            .map(|start| Self::Range(start..(start + 3).min(layers)))
            .chain([Self::All])
            .collect()
    }

    /// The layers' numbers in a model of `layers`.
    ///
    /// # Errors
    /// [`Error::Setting`] for a window that is empty or goes past the last layer.
    pub fn resolve(&self, layers: usize) -> Result<Range<usize>> {
        let range = match self {
            Self::All => Some(0..layers),
            Self::Top(count) => layers.checked_sub(*count).map(|start| start..layers),
            Self::Range(range) => (range.end <= layers).then(|| range.clone()),
        };
        range
            .filter(|range| !range.is_empty())
            .ok_or_else(|| Error::Setting {
                name: "layer window",
                value: format!("{self:?} of {layers}"),
                limit: "must hold at least one layer, all of them in the model",
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_become_ranges() {
        assert_eq!(LayerWindow::All.resolve(12).unwrap(), 0..12);
        assert_eq!(LayerWindow::Top(3).resolve(12).unwrap(), 9..12);
        assert_eq!(LayerWindow::Range(2..5).resolve(5).unwrap(), 2..5);
    }

    #[test]
    fn empty_windows_and_missing_layers_are_refused() {
        for window in [
            LayerWindow::Top(13),
            LayerWindow::Top(0),
            LayerWindow::Range(11..13),
        ] {
            let error = window.resolve(12).unwrap_err();
            assert!(error.to_string().contains("of 12"), "{error}");
        }
        assert!(LayerWindow::All.resolve(0).is_err());
    }

    #[test]
    fn windows_of_three_cover_the_model() {
        let ranges = |layers: usize| -> Vec<Range<usize>> {
            let windows = LayerWindow::of_three(layers);
            windows.iter().map(|w| w.resolve(layers).unwrap()).collect()
        };
        assert_eq!(ranges(12), [0..3, 3..6, 6..9, 9..12, 0..12]);
        assert_eq!(ranges(4), [0..3, 3..4, 0..4]);
    }
}
