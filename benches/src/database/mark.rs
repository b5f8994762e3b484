//! What a ratio is meant to reach.

use crate::stability::Figure;

/// What a ratio is meant to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mark {
    /// The least that is well.
    pub least: f64,
    /// What the ratio is of.
    pub of: &'static str,
}

/// Whether a mark is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The ratio is stable and large enough.
    Pass,
    /// The ratio is stable and too small.
    Fail,
    /// The ratio is no result, so nothing can be said.
    Open,
}

impl Mark {
    /// Whether a ratio reaches it.
    pub(super) fn judge(self, ratio: Figure) -> Verdict {
        match ratio {
            Figure::Stable { median, .. } if median >= self.least => Verdict::Pass,
            Figure::Stable { .. } => Verdict::Fail,
            _ => Verdict::Open,
        }
    }

    /// A cell of a table.
    pub(super) fn show(self, verdict: Verdict) -> String {
        let said = match verdict {
            Verdict::Pass => "pass",
            Verdict::Fail => "**fail**",
            Verdict::Open => "no verdict",
        };
        format!("{} ≥ {}: {said}", self.of, self.least)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MARK: Mark = Mark {
        least: 0.9,
        of: "native",
    };

    fn judged(samples: &[f64]) -> Verdict {
        MARK.judge(Figure::of(samples, Duration::from_secs(5)))
    }

    #[test]
    fn a_mark_is_passed_or_failed_by_the_median() {
        assert_eq!(judged(&[0.9, 0.9, 0.88]), Verdict::Pass);
        assert_eq!(judged(&[0.89, 0.89, 0.93]), Verdict::Fail);
        assert_eq!(MARK.show(Verdict::Pass), "native ≥ 0.9: pass");
    }

    #[test]
    fn what_is_not_stable_passes_nothing() {
        assert_eq!(judged(&[2.0, 4.0, 8.0]), Verdict::Open);
        assert_eq!(judged(&[2.0, 2.0]), Verdict::Open);
    }
}
