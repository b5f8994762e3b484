//! Tells when the sources of a plugin change.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::watch;

use super::build::PluginCrate;

/// Editors write a file in several steps; what comes within this time is one
/// change.
const SETTLE: Duration = Duration::from_millis(50);

/// Watches the sources of a plugin for as long as it lives: the folders of its crate
/// and of those it depends on by path, and whatever else cargo says that the last
/// build has read.
pub struct SourceWatcher {
    watcher: RecommendedWatcher,
    folders: Vec<PathBuf>,
    /// Files elsewhere, as they are called there.
    others: Arc<Mutex<BTreeSet<PathBuf>>>,
    changes: watch::Receiver<()>,
    contents: Contents,
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
        let others = Arc::new(Mutex::new(BTreeSet::new()));
        let is_watched = {
            let (folders, others) = (folders.clone(), Arc::clone(&others));
            move |path: &Path| {
                let mut folders = folders.iter();
                let is_in = |folder: &PathBuf| path.strip_prefix(folder).is_ok_and(is_source);
                folders.any(is_in) || locked(&others).contains(path)
            }
        };
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| {
                is_change(event.kind) && event.paths.iter().any(|path| is_watched(path))
            }) {
                sender.send_replace(());
            }
        })
        .context("cannot watch files")?;
        for folder in &folders {
            watch(&mut watcher, folder)
                .with_context(|| format!("cannot watch {}", folder.display()))?;
        }
        let contents = Contents::of(&folders, &BTreeSet::new());
        Ok(Self {
            watcher,
            folders,
            others,
            changes,
            contents,
        })
    }

    /// Watches what a build has read, which cargo writes beside the component: files
    /// that are included from elsewhere, crates that were added since, and what links
    /// lead to.
    pub fn follow(&mut self, component: &Path) {
        let dep_info = component.with_extension("d");
        let Ok(text) = fs::read_to_string(&dep_info) else {
            return;
        };
        let files = named_in(&text).filter_map(|file| file.canonicalize().ok());
        let is_elsewhere = |file: &PathBuf| {
            let mut folders = self.folders.iter();
            !folders.any(|folder| file.strip_prefix(folder).is_ok_and(is_source))
        };
        let others: BTreeSet<PathBuf> = files.filter(is_elsewhere).collect();
        let parents: BTreeSet<&Path> = others.iter().filter_map(|file| file.parent()).collect();
        for parent in parents {
            // A folder that has just gone is a change of its own.
            let _ = self.watcher.watch(parent, RecursiveMode::NonRecursive);
        }
        let known = std::mem::replace(&mut *locked(&self.others), others);
        if known != *locked(&self.others) {
            // What is new in the list is no change of what is in the files.
            let now = Contents::of(&self.folders, &locked(&self.others));
            self.contents.learn(now);
        }
    }

    /// Waits for a change since the last call, and for the writing to end. That a file
    /// was written is none, if it has the same in it as before: build scripts do that.
    pub async fn changed(&mut self) {
        loop {
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
            let now = Contents::of(&self.folders, &locked(&self.others));
            if now != self.contents {
                self.contents = now;
                return;
            }
        }
    }
}

fn locked(files: &Mutex<BTreeSet<PathBuf>>) -> MutexGuard<'_, BTreeSet<PathBuf>> {
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is in the sources.
#[derive(Default, PartialEq, Eq)]
struct Contents(BTreeMap<PathBuf, blake3::Hash>);

/// More files than any plugin has; what is beyond is watched, and not looked into.
const FILES_MAX: usize = 20_000;

/// A larger file counts by its length and age alone.
const READ_BYTES_MAX: u64 = 16 << 20;

impl Contents {
    fn of(folders: &[PathBuf], others: &BTreeSet<PathBuf>) -> Self {
        let mut contents = Self::default();
        // Where links lead in circles, each place is looked into once.
        let mut seen = BTreeSet::new();
        for folder in folders {
            contents.add_folder(folder, &mut seen);
        }
        for file in others {
            contents.add(file);
        }
        contents
    }

    fn add_folder(&mut self, folder: &Path, seen: &mut BTreeSet<PathBuf>) {
        let is_new = folder.canonicalize().is_ok_and(|place| seen.insert(place));
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        if !is_new || self.0.len() > FILES_MAX {
            return;
        }
        for entry in entries.flatten() {
            let path = entry.path();
            if !is_source(Path::new(&entry.file_name())) {
                continue;
            }
            match path.is_dir() {
                true => self.add_folder(&path, seen),
                false => self.add(&path),
            }
        }
    }

    fn add(&mut self, file: &Path) {
        let Ok(metadata) = fs::metadata(file) else {
            return;
        };
        let hash = if metadata.is_file() && metadata.len() <= READ_BYTES_MAX {
            fs::read(file).map(|bytes| blake3::hash(&bytes)).ok()
        } else {
            let age = metadata.modified().ok();
            Some(blake3::hash(
                format!("{} {age:?}", metadata.len()).as_bytes(),
            ))
        };
        if let Some(hash) = hash {
            self.0.insert(file.to_owned(), hash);
        }
    }

    /// Takes over what was not known before, and forgets what is no longer read.
    fn learn(&mut self, now: Self) {
        let mut known = std::mem::take(&mut self.0);
        let known = now.0.into_iter().map(|(file, hash)| {
            let before = known.remove(&file);
            (file, before.unwrap_or(hash))
        });
        self.0 = known.collect();
    }
}

/// The files that a dep-info of cargo's names, which is a rule of make: spaces in
/// names stand behind a backslash.
fn named_in(dep_info: &str) -> impl Iterator<Item = PathBuf> {
    let rules = dep_info.lines().filter_map(|line| line.split_once(": "));
    let names = rules.flat_map(|(_, names)| {
        let mut found = vec![String::new()];
        let mut letters = names.chars();
        while let Some(letter) = letters.next() {
            let last = found.len() - 1;
            match letter {
                '\\' => found[last].extend(letters.next()),
                ' ' => found.push(String::new()),
                letter => found[last].push(letter),
            }
        }
        found
    });
    names.filter(|name| !name.is_empty()).map(PathBuf::from)
}

/// Watches a crate's folder and the folders in it, but not `target`, where cargo
/// makes and removes thousands of files. Called again, it finds new folders.
fn watch(watcher: &mut RecommendedWatcher, folder: &Path) -> Result<()> {
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    for entry in fs::read_dir(folder)?.flatten() {
        // Of a link it is what it leads to.
        if entry.path().is_dir() && is_source(Path::new(&entry.file_name())) {
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
    fn dep_info_names_files() {
        let text = "/t/a.wasm: /s/src/lib.rs /s/with\\ space.txt\n\n/t/b.wasm: /s/b.rs\n";
        let named: Vec<_> = named_in(text).collect();
        let expected = ["/s/src/lib.rs", "/s/with space.txt", "/s/b.rs"].map(PathBuf::from);
        assert_eq!(named, expected);
    }

    #[test]
    fn contents_are_what_is_in_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let (crate_, elsewhere) = (folder.path().join("crate"), folder.path().join("src"));
        let write = |path: &Path, text: &str| fs::write(path, text).expect("writes");
        fs::create_dir_all(crate_.join("target")).expect("folders");
        fs::create_dir_all(&elsewhere).expect("folders");
        std::os::unix::fs::symlink(&elsewhere, crate_.join("src")).expect("a link");
        std::os::unix::fs::symlink(&crate_, elsewhere.join("circle")).expect("a link");
        let (lib, included) = (elsewhere.join("lib.rs"), folder.path().join("text"));
        write(&lib, "a");
        write(&included, "a");
        let others = BTreeSet::from([included.clone()]);
        let now = || Contents::of(std::slice::from_ref(&crate_), &others);
        let mut before = now();
        write(&lib, "a");
        write(&crate_.join("target/x.rs"), "made");
        assert!(now() == before, "the same is in them");
        for file in [&lib, &included, &elsewhere.join("new.rs")] {
            write(file, "b");
            assert!(now() != before, "{}", file.display());
            before = now();
        }
        fs::remove_file(&lib).expect("removes");
        assert!(now() != before);
    }

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
