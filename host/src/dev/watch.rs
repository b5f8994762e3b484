//! Tells when the sources of a plugin change.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::watch;

use super::build::PluginCrate;

/// Editors write a file in several steps; what comes within this time is one
/// change.
const SETTLE: Duration = Duration::from_millis(50);

/// Watches the sources of a plugin for as long as it lives.
pub struct SourceWatcher {
    watcher: RecommendedWatcher,
    folders: Vec<PathBuf>,
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
        let is_source = move |path: &Path| {
            folders
                .iter()
                .any(|folder| path.strip_prefix(folder).is_ok_and(is_source))
        };
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| {
                is_change(event.kind) && event.paths.iter().any(|path| is_source(path))
            }) {
                sender.send_replace(());
            }
        })
        .context("cannot watch files")?;
        let folders = source.sources().to_vec();
        for folder in &folders {
            watch(&mut watcher, folder)
                .with_context(|| format!("cannot watch {}", folder.display()))?;
        }
        Ok(Self {
            watcher,
            folders,
            changes,
        })
    }

    /// Waits for a change since the last call, and for the writing to end.
    pub async fn changed(&mut self) {
        // The sender lives as long as the watcher, so an error can't be.
        let _ = self.changes.changed().await;
        while tokio::time::timeout(SETTLE, self.changes.changed())
            .await
            .is_ok()
        {}
        for folder in &self.folders {
            // A folder that has just gone is a change of its own.
            let _ = watch(&mut self.watcher, folder);
        }
    }
}

/// Watches a crate's folder and the folders in it, but not `target`, where cargo
/// makes and removes thousands of files. Called again, it finds new folders.
fn watch(watcher: &mut RecommendedWatcher, folder: &Path) -> Result<()> {
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    for entry in std::fs::read_dir(folder)?.flatten() {
        if entry.file_type()?.is_dir() && is_source(Path::new(&entry.file_name())) {
            watcher.watch(&entry.path(), RecursiveMode::Recursive)?;
        }
    }
    Ok(())
}

/// The compiler reads every source, which is an event too, but no change.
fn is_change(kind: EventKind) -> bool {
    kind.is_create() || kind.is_modify() || kind.is_remove()
}

/// Whether a file, relative to its crate, can change what cargo builds. What
/// cargo itself writes, and what editors keep for themselves, can't.
fn is_source(path: &Path) -> bool {
    let mut names = path
        .components()
        .filter_map(|part| part.as_os_str().to_str());
    names.all(|name| !name.starts_with('.') && name != "target" && !name.ends_with('~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_or_hidden_is_no_source() {
        assert!(is_source(Path::new("src/lib.rs")));
        assert!(is_source(Path::new("Cargo.toml")));
        for path in [
            "target/x/lib.rs",
            ".git/index",
            ".plinth/log",
            "src/.lib.rs.swp",
            "src/lib.rs~",
        ] {
            assert!(!is_source(Path::new(path)), "{path}");
        }
    }
}
