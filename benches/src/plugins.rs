//! The plugins that are measured, built from their sources.

use std::path::{Path, PathBuf};

use anyhow::Result;
use plinth_host::dev::build::{PluginCrate, Profile};
use plinth_host::progress::Progress;

/// The plugin without a database.
pub(crate) const HELLO: &str = "hello";

/// The plugin with one.
pub(crate) const BOOKSTORE: &str = "bookstore";

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Builds one of the plugins.
pub(crate) async fn build(name: &str, profile: Profile, progress: &Progress) -> Result<PathBuf> {
    let source = PluginCrate::open(&workspace().join("plugins").join(name)).await?;
    Ok(source.build(profile, progress).await?.component)
}
