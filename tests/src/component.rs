use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plinth_host::dev::build::{PluginCrate, Profile};
use plinth_host::progress::Progress;
use tokio::sync::{Mutex, OnceCell};

type Slot = Arc<OnceCell<PathBuf>>;

/// The folder of a plugin: one of `plugins/`, or else of `tests/components/`.
///
/// # Panics
///
/// When there is none of that name.
pub fn folder(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let found = ["plugins", "tests/components"].map(|parent| root.join(parent).join(name));
    let found = found.into_iter().find(|folder| folder.is_dir());
    found.unwrap_or_else(|| panic!("no plugin is named {name}"))
}

/// The component of a plugin, built the first time it is asked for.
///
/// # Panics
///
/// When it can't be built.
pub async fn component(name: &str) -> PathBuf {
    static BUILT: Mutex<Option<HashMap<String, Slot>>> = Mutex::const_new(None);
    let slot = {
        let mut built = BUILT.lock().await;
        Arc::clone(
            built
                .get_or_insert_default()
                .entry(name.to_owned())
                .or_default(),
        )
    };
    slot.get_or_init(|| build(name)).await.clone()
}

async fn build(name: &str) -> PathBuf {
    let progress = Progress::hidden();
    let source = PluginCrate::open(&folder(name)).await.expect("a plugin");
    source
        .build(Profile::Dev, &progress)
        .await
        .expect("builds")
        .component
}
