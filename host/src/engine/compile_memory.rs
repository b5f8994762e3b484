//! What the compiler remembers between two builds of a plugin.

use std::borrow::Cow;

use moka::sync::Cache;
use wasmtime::CacheStore;

/// Compiled functions that are kept for the next build of the same plugin.
const BYTES_MAX: u64 = 256 << 20;

/// Machine code by function body, so that a rebuild compiles only the
/// functions that changed.
#[derive(Debug)]
pub(super) struct CompileMemory(Cache<Vec<u8>, Vec<u8>>);

impl CompileMemory {
    pub(super) fn new() -> Self {
        let weigh = |key: &Vec<u8>, code: &Vec<u8>| {
            u32::try_from(key.len() + code.len()).unwrap_or(u32::MAX)
        };
        Self(
            Cache::builder()
                .max_capacity(BYTES_MAX)
                .weigher(weigh)
                .build(),
        )
    }
}

impl CacheStore for CompileMemory {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.0.get(key).map(Cow::Owned)
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        self.0.insert(key.to_vec(), value);
        true
    }
}
