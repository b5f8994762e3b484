//! Steps on the terminal: a spinner while one runs, a line with its time when
//! it ends.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often the spinner turns.
const TURN: Duration = Duration::from_millis(100);

/// A step that takes longer says that it is under way.
const LONG: Duration = Duration::from_secs(1);

/// Where steps are shown. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Progress(Arc<Surface>);

#[derive(Debug, PartialEq, Eq)]
enum Surface {
    /// A person watches: spinners and colours.
    Terminal { colour: bool },
    /// A file or a pipe: plain lines.
    Plain,
    Hidden,
}

impl Progress {
    /// Shows steps on standard error, plainly where it is no terminal.
    pub fn stderr() -> Self {
        let surface = if std::io::stderr().is_terminal() {
            Surface::Terminal { colour: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) }
        } else {
            Surface::Plain
        };
        Self(Arc::new(surface))
    }

    /// Shows nothing.
    pub fn hidden() -> Self {
        Self(Arc::new(Surface::Hidden))
    }

    /// Whether what is shown may be coloured.
    pub fn has_colour(&self) -> bool {
        *self.0 == Surface::Terminal { colour: true }
    }

    /// Begins a step.
    pub fn step(&self, title: &str) -> Step {
        let bar = match *self.0 {
            Surface::Terminal { .. } => spinner(title),
            Surface::Plain | Surface::Hidden => ProgressBar::hidden(),
        };
        Step {
            progress: self.clone(),
            title: title.to_owned(),
            bar,
            began: Instant::now(),
            announced: AtomicBool::new(false),
        }
    }

    /// Shows a line that is no step.
    pub fn line(&self, text: &str) {
        if *self.0 != Surface::Hidden {
            eprintln!("{text}");
        }
    }

    fn mark(&self, mark: &str, colour: u8) -> String {
        if self.has_colour() { format!("\x1b[{colour}m{mark}\x1b[0m") } else { mark.to_owned() }
    }
}

fn spinner(title: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("  {spinner} {prefix}  {msg:.dim}  {elapsed:.dim}");
    let bar = ProgressBar::new_spinner().with_style(style.expect("the template is valid"));
    bar.set_prefix(title.to_owned());
    bar.enable_steady_tick(TURN);
    bar
}

/// A step under way. Dropped before its end, it vanishes.
#[derive(Debug)]
pub struct Step {
    progress: Progress,
    title: String,
    bar: ProgressBar,
    began: Instant,
    announced: AtomicBool,
}

impl Step {
    /// Shows what the step is at. Where nobody watches a spinner, a step that
    /// takes long says once that it is under way.
    pub fn note(&self, text: &str) {
        self.bar.set_message(text.to_owned());
        let is_plain = *self.progress.0 == Surface::Plain;
        if is_plain && self.began.elapsed() > LONG && !self.announced.swap(true, Ordering::Relaxed) {
            self.progress.line(&format!("  … {}", self.title));
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

    fn end(&self, mark: &str, outcome: &str) {
        self.bar.finish_and_clear();
        let took = self.began.elapsed().as_secs_f64();
        self.progress.line(&format!("  {mark} {}: {outcome}  ({took:.1} s)", self.title));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
