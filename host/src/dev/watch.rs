//! Tells when the sources of a plugin change.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use notify_debouncer_mini::notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_mini::{DebounceEventResult, Debouncer, new_debouncer};
use tokio::sync::watch;

use super::build::PluginCrate;

/// Editors write a file in several steps; what comes within this time is one
/// change.
const SETTLE: Duration = Duration::from_millis(50);

/// Watches the sources of a plugin for as long as it lives.
pub struct SourceWatcher {
    _debouncer: Debouncer<RecommendedWatcher>,
    changes: watch::Receiver<()>,
}

impl SourceWatcher {
    /// Begins to watch.
    ///
    /// # Errors
    ///
    /// When the system can't watch the folders.
    pub fn new(source: &PluginCrate) -> Result<Self> {
        let (sender, changes) = watch::channel(());
        let folders = source.sources().to_vec();
        let is_change = move |path: &Path| {
            folders.iter().any(|folder| path.strip_prefix(folder).is_ok_and(is_source))
        };
        let mut debouncer = new_debouncer(SETTLE, move |result: DebounceEventResult| {
            if result.is_ok_and(|events| events.iter().any(|event| is_change(&event.path))) {
                sender.send_replace(());
            }
        })
        .context("cannot watch files")?;
        for folder in source.sources() {
            debouncer
                .watcher()
                .watch(folder, RecursiveMode::Recursive)
                .with_context(|| format!("cannot watch {}", folder.display()))?;
        }
        Ok(Self { _debouncer: debouncer, changes })
    }

    /// Waits for a change since the last call. Many changes in between are one.
    pub async fn changed(&mut self) {
        // The sender lives as long as the debouncer, so an error can't be.
        let _ = self.changes.changed().await;
    }
}

/// Whether a file, relative to its crate, can change what cargo builds. What
/// cargo itself writes, and what editors keep for themselves, can't.
fn is_source(path: &Path) -> bool {
    let mut names = path.components().filter_map(|part| part.as_os_str().to_str());
    names.all(|name| !name.starts_with('.') && name != "target" && !name.ends_with('~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_or_hidden_is_no_source() {
        assert!(is_source(Path::new("src/lib.rs")));
        assert!(is_source(Path::new("Cargo.toml")));
        for path in ["target/x/lib.rs", ".git/index", ".plinth/log", "src/.lib.rs.swp", "src/lib.rs~"] {
            assert!(!is_source(Path::new(path)), "{path}");
        }
    }
}
