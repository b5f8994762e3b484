//! Editions of the bookstore that differ in one function, built from a copy of
//! its sources.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use plinth_host::dev::build::{PluginCrate, Profile};
use plinth_host::progress::Progress;
use serde_json::Value;
use tempfile::TempDir;

use crate::plugins::{self, BOOKSTORE};
use crate::timings::Timings;

/// The file with the function that changes, and the text in it that does.
const FILE: &str = "src/page.rs";
const FIRST: &str = "PageSize(20)";

/// The default size of a page in the first of the changed editions.
const SECOND_SIZE: u32 = 21;

/// A version of the bookstore's component.
pub(super) struct Edition {
    /// Its bytes.
    pub wasm: Vec<u8>,
    /// The default size of its pages.
    size: u32,
}

impl Edition {
    /// Whether an answer to [`Editions::TARGET`] is this edition's.
    pub(super) fn answered(&self, body: &[u8]) -> Result<bool> {
        let page: Value = serde_json::from_slice(body)?;
        Ok(page["limit"] == self.size)
    }
}

/// The bookstore as it is, and versions with one function changed.
pub(super) struct Editions {
    first: Vec<u8>,
    others: Vec<Edition>,
    builds: Timings,
}

impl Editions {
    /// Where an edition shows which it is.
    pub(super) const TARGET: &'static str = "/api/v1/books";

    /// Builds the first and `count` others.
    pub(super) async fn build(count: u32, progress: &Progress) -> Result<Self> {
        let copy = SourceCopy::make()?;
        let plugin = PluginCrate::open(&copy.plugin()).await?;
        let first = build(&plugin, progress).await?;
        let (mut others, mut builds) = (Vec::new(), Timings::default());
        for size in (SECOND_SIZE..).take(usize::try_from(count)?) {
            copy.change(&format!("PageSize({size})"))?;
            let saved = Instant::now();
            let wasm = build(&plugin, progress).await?;
            builds.push(saved.elapsed());
            others.push(Edition { wasm, size });
        }
        Ok(Self {
            first,
            others,
            builds,
        })
    }

    /// The bookstore as it is.
    pub(super) fn first(&self) -> &[u8] {
        &self.first
    }

    /// The versions with one function changed.
    pub(super) fn others(&self) -> &[Edition] {
        &self.others
    }

    /// How long cargo took for each of the others.
    pub(super) fn builds(&self) -> &Timings {
        &self.builds
    }
}

async fn build(plugin: &PluginCrate, progress: &Progress) -> Result<Vec<u8>> {
    let built = plugin.build(Profile::Dev, progress).await?;
    Ok(fs::read(built.component)?)
}

/// A workspace of its own, with a copy of the bookstore and the SDK itself.
struct SourceCopy {
    folder: TempDir,
    original: String,
}

impl SourceCopy {
    fn make() -> Result<Self> {
        let from = plugins::workspace().canonicalize()?;
        let folder = tempfile::tempdir()?;
        let plugin = folder.path().join("plugins").join(BOOKSTORE);
        copy_folder(&from.join("plugins").join(BOOKSTORE), &plugin)?;
        for shared in ["guest-sdk", "wit"] {
            symlink(from.join(shared), folder.path().join(shared))?;
        }
        fs::copy(from.join("Cargo.lock"), folder.path().join("Cargo.lock"))?;
        let manifest = manifest(&fs::read_to_string(from.join("Cargo.toml"))?)?;
        fs::write(folder.path().join("Cargo.toml"), manifest)?;
        let original = fs::read_to_string(plugin.join(FILE))?;
        if !original.contains(FIRST) {
            bail!("{FILE} of {BOOKSTORE} has no `{FIRST}` to change: name another function here");
        }
        Ok(Self { folder, original })
    }

    fn plugin(&self) -> PathBuf {
        self.folder.path().join("plugins").join(BOOKSTORE)
    }

    fn change(&self, text: &str) -> Result<()> {
        let changed = self.original.replace(FIRST, text);
        fs::write(self.plugin().join(FILE), changed).context("cannot change the copy")
    }
}

/// The workspace's own manifest, with the copied plugin as its member.
fn manifest(original: &str) -> Result<String> {
    let mut manifest: toml::Table = original.parse()?;
    let workspace = manifest
        .get_mut("workspace")
        .and_then(toml::Value::as_table_mut);
    let workspace = workspace.context("the manifest is a workspace's")?;
    workspace.insert(
        "members".into(),
        vec![format!("plugins/{BOOKSTORE}")].into(),
    );
    workspace.remove("default-members");
    Ok(manifest.to_string())
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_keeps_what_packages_inherit() {
        let original = "[workspace]\nmembers = ['host']\ndefault-members = ['host']\n[workspace.package]\nversion = '1.0.0'";
        let manifest = manifest(original).expect("a workspace");
        assert!(
            manifest.contains("plugins/bookstore") && manifest.contains("1.0.0"),
            "{manifest}"
        );
        assert!(!manifest.contains("host"), "{manifest}");
    }

    #[test]
    fn an_answer_shows_its_edition() {
        let edition = Edition {
            wasm: Vec::new(),
            size: 21,
        };
        assert!(
            edition
                .answered(br#"{"items":[],"limit":21}"#)
                .expect("JSON")
        );
        assert!(
            !edition
                .answered(br#"{"items":[],"limit":20}"#)
                .expect("JSON")
        );
    }
}
