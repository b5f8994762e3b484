//! The stability rule: which figure may be called a result.

use std::time::Duration;

/// A shorter run has not met the noise that it will meet.
const RUN_MIN: Duration = Duration::from_secs(5);

/// Two runs that agree may both be wrong.
const RUNS_MIN: usize = 3;

/// Half the distance of the extremes, as a share of the median.
const JITTER_MAX: f64 = 0.05;

/// A figure measured in several runs, or why it is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Figure {
    /// It may be printed.
    Stable {
        /// The median of the runs.
        median: f64,
        /// Half the distance of the extremes, as a share of the median.
        jitter: f64,
    },
    /// The runs disagree too much.
    Unstable {
        /// Half the distance of the extremes, as a share of the median.
        jitter: f64,
    },
    /// There were too few runs.
    TooFew {
        /// How many.
        runs: usize,
    },
    /// The runs were too short.
    TooShort {
        /// How long one was.
        run: Duration,
    },
}

impl Figure {
    /// Judges what several runs of one length gave.
    pub(crate) fn of(samples: &[f64], run: Duration) -> Self {
        if run < RUN_MIN {
            return Self::TooShort { run };
        }
        if samples.len() < RUNS_MIN {
            return Self::TooFew {
                runs: samples.len(),
            };
        }
        let (median, jitter) = (median(samples), jitter(samples));
        // Also refuses what is not a number.
        if jitter <= JITTER_MAX {
            Self::Stable { median, jitter }
        } else {
            Self::Unstable { jitter }
        }
    }

    /// Whether it may be printed.
    pub(crate) fn is_stable(self) -> bool {
        matches!(self, Self::Stable { .. })
    }

    /// The median as `format` writes it with its jitter, or why there is none.
    pub(crate) fn show(self, format: impl FnOnce(f64) -> String) -> String {
        match self {
            Self::Stable { median, jitter } => format!("{} ± {}", format(median), percent(jitter)),
            Self::Unstable { jitter } => format!("unstable: jitter {}", percent(jitter)),
            Self::TooFew { runs } => format!("refused: {runs} runs"),
            Self::TooShort { run } => format!("refused: runs of {} s", run.as_secs()),
        }
    }
}

/// The middle of the samples; between two middles, their mean.
pub(crate) fn median(samples: &[f64]) -> f64 {
    let sorted = sorted(samples);
    let upper = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[upper],
        _ => f64::midpoint(sorted[upper - 1], sorted[upper]),
    }
}

fn jitter(samples: &[f64]) -> f64 {
    match sorted(samples).as_slice() {
        [least, .., most] => (most - least) / median(samples) / 2.0,
        _ => f64::NAN,
    }
}

/// What is not a number comes last, so that it can't hide between the extremes.
fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// A share as people read it.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(samples: &[f64]) -> Figure {
        Figure::of(samples, RUN_MIN)
    }

    #[test]
    fn runs_that_agree_give_their_median() {
        let Figure::Stable { median, jitter } = judged(&[10.2, 9.8, 10.0]) else {
            panic!("must be stable")
        };
        assert!((median - 10.0).abs() < 1e-9 && (jitter - 0.02).abs() < 1e-9);
        assert_eq!(
            judged(&[10.2, 9.8, 10.0]).show(|median| format!("{median:.1} µs")),
            "10.0 µs ± 2.0 %"
        );
    }

    #[test]
    fn runs_that_disagree_are_refused() {
        let figure = judged(&[10.0, 11.0, 11.82]);
        assert!(!figure.is_stable());
        assert_eq!(
            figure.show(|_| unreachable!("a refused figure is not written")),
            "unstable: jitter 8.3 %"
        );
    }

    #[test]
    fn the_limit_itself_is_stable() {
        assert!(judged(&[95.0, 100.0, 105.0]).is_stable());
        assert!(!judged(&[94.9, 100.0, 105.0]).is_stable());
    }

    #[test]
    fn one_outlier_is_enough_to_refuse() {
        assert!(!judged(&[10.0, 10.0, 10.0, 10.0, 12.0]).is_stable());
    }

    #[test]
    fn two_runs_are_too_few_and_four_seconds_too_short() {
        let short = Figure::of(&[1.0; 9], Duration::from_secs(4));
        assert_eq!(
            short.show(|median| median.to_string()),
            "refused: runs of 4 s"
        );
        assert_eq!(
            judged(&[1.0; 2]).show(|median| median.to_string()),
            "refused: 2 runs"
        );
    }

    #[test]
    fn nothing_is_not_a_result() {
        assert!(!judged(&[]).is_stable());
        assert!(!judged(&[0.0; 3]).is_stable());
        assert!(!judged(&[f64::NAN, 1.0, 1.0]).is_stable());
    }

    #[test]
    fn the_median_needs_no_order_and_no_odd_number() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
    }
}
