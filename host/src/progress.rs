//! Steps on the terminal: a spinner while one runs, one line with its time when
//! it ends.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How often the spinner turns.
const TURN: Duration = Duration::from_millis(100);

/// A step that takes longer than this is announced where nothing can spin.
const QUIET: Duration = Duration::from_secs(1);

/// Where outcomes begin, so that they stand below each other.
const TITLE_COLUMNS: usize = 28;

/// Where steps are shown. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Progress(Arc<Surface>);

#[derive(Debug)]
enum Surface {
    /// A person watches: spinners and colours.
    Terminal {
        spinners: MultiProgress,
        colour: bool,
    },
    /// A file or a pipe: plain lines.
    Plain,
    Hidden,
}

impl Progress {
    /// Shows steps on standard error, plainly where it is no terminal.
    pub fn stderr() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let dumb = set("TERM").is_some_and(|term| term == "dumb");
        Self(Arc::new(if std::io::stderr().is_terminal() && !dumb {
            Surface::Terminal {
                spinners: MultiProgress::new(),
                colour: set("NO_COLOR").is_none(),
            }
        } else {
            Surface::Plain
        }))
    }

    /// Shows nothing.
    pub fn hidden() -> Self {
        Self(Arc::new(Surface::Hidden))
    }

    /// Whether what is shown may be coloured.
    pub fn has_colour(&self) -> bool {
        matches!(*self.0, Surface::Terminal { colour: true, .. })
    }

    /// Begins a step.
    pub fn step(&self, title: &str) -> Step {
        let sign = match &*self.0 {
            Surface::Terminal { spinners, colour } => {
                Sign::Spinner(spinners.add(spinner(title, *colour)))
            }
            Surface::Plain => Sign::announcement(title),
            Surface::Hidden => Sign::None,
        };
        Step {
            progress: self.clone(),
            title: title.to_owned(),
            sign,
            began: Instant::now(),
        }
    }

    /// Shows a line that is no step. Spinners make room for it.
    pub fn line(&self, text: &str) {
        match &*self.0 {
            Surface::Terminal { spinners, .. } => spinners.suspend(|| say(text)),
            Surface::Plain => say(text),
            Surface::Hidden => {}
        }
    }

    fn mark(&self, mark: &str, colour: u8) -> String {
        if self.has_colour() {
            format!("\x1b[{colour}m{mark}\x1b[0m")
        } else {
            mark.to_owned()
        }
    }
}

fn spinner(title: &str, colour: bool) -> ProgressBar {
    let dim = if colour { ":.dim" } else { "" };
    let style = ProgressStyle::with_template(&format!(
        "  {{spinner}} {{prefix}}  {{wide_msg{dim}}} {{elapsed{dim}}}"
    ));
    // Not drawn anywhere until it is added to the others.
    let bar = ProgressBar::hidden().with_style(style.expect("the template is valid"));
    bar.set_prefix(format!("{title:<TITLE_COLUMNS$}"));
    bar.enable_steady_tick(TURN);
    bar
}

/// A step under way. Dropped before its end, it vanishes.
#[derive(Debug)]
pub struct Step {
    progress: Progress,
    title: String,
    sign: Sign,
    began: Instant,
}

impl Step {
    /// Shows what the step is at.
    pub fn note(&self, text: &str) {
        if let Sign::Spinner(bar) = &self.sign {
            bar.set_message(text.to_owned());
        }
    }

    /// Ends the step well.
    pub fn done(self, outcome: &str) {
        let mark = self.progress.mark("✓", 32);
        self.end(&mark, outcome);
    }

    /// Ends the step badly.
    pub fn fail(self, outcome: &str) {
        let mark = self.progress.mark("✗", 31);
        self.end(&mark, outcome);
    }

    fn end(mut self, mark: &str, outcome: &str) {
        let seconds = self.began.elapsed().as_secs_f64();
        self.sign.remove();
        self.progress
            .line(&line(mark, &self.title, outcome, seconds));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.sign.remove();
    }
}

fn line(mark: &str, title: &str, outcome: &str, seconds: f64) -> String {
    format!("  {mark} {title:<TITLE_COLUMNS$}  {outcome}   {seconds:.1} s")
}

/// What shows that a step is under way.
#[derive(Debug)]
enum Sign {
    Spinner(ProgressBar),
    /// A thread that says so once when the step takes long; it ends with the sender.
    Announcement(Sender<()>, JoinHandle<()>),
    None,
}

/// Writes a line. That nobody reads it any more is no reason to end.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

impl Sign {
    fn announcement(title: &str) -> Self {
        let title = title.to_owned();
        let (ended, end) = channel::<()>();
        Self::Announcement(
            ended,
            std::thread::spawn(move || {
                if end.recv_timeout(QUIET) == Err(RecvTimeoutError::Timeout) {
                    say(&format!("  … {title}"));
                }
            }),
        )
    }

    fn remove(&mut self) {
        match std::mem::replace(self, Self::None) {
            Self::Spinner(bar) => bar.finish_and_clear(),
            Self::Announcement(ended, thread) => {
                drop(ended);
                // So that the announcement can't come after the outcome.
                let _ = thread.join();
            }
            Self::None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_shared<T: Clone + Send + Sync>() {}

    #[test]
    fn progress_goes_to_any_thread() {
        assert_shared::<Progress>();
    }

    #[test]
    fn outcomes_stand_below_each_other() {
        let (short, long) = (
            line("✓", "Rust", "found", 0.04),
            line("✗", "Private Postgres", "failed", 25.12),
        );
        assert_eq!(short.find("found"), long.find("failed"));
        assert!(short.ends_with("found   0.0 s") && long.ends_with("failed   25.1 s"));
    }

    #[test]
    fn a_hidden_step_may_be_left_unfinished() {
        let step = Progress::hidden().step("Nothing");
        step.note("half way");
        drop(step);
        Progress::hidden().step("Nothing").done("at all");
    }
}
