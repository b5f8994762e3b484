//! Compiled components, and the folder that keeps them between starts.
//!
//! The only file of the host with `unsafe` code: wasmtime can't check that a
//! file of machine code is what it once wrote.
#![expect(unsafe_code, reason = "loading machine code; see `load`")]

use std::fs::{self, DirBuilder};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wasmtime::component::Component;

use crate::engine::Engine;

/// A component as machine code, with the hash of the bytes it came from.
#[derive(Clone)]
pub struct Compiled {
    component: Component,
    hash: blake3::Hash,
}

impl Compiled {
    /// Compiles the bytes of a component.
    ///
    /// # Errors
    ///
    /// When they are not a component for this engine.
    pub fn compile(engine: &Engine, wasm: &[u8]) -> Result<Self> {
        let component = Component::new(engine.wasmtime(), wasm).map_err(anyhow::Error::from)?;
        Ok(Self {
            component,
            hash: blake3::hash(wasm),
        })
    }

    /// The hash of the component's bytes.
    pub fn hash(&self) -> blake3::Hash {
        self.hash
    }

    pub(super) fn component(&self) -> &Component {
        &self.component
    }
}

/// A folder of compiled components, by their content and the engine's settings.
///
/// Only the host may write to it: whoever can, can run machine code in it.
pub struct CompiledCache {
    folder: PathBuf,
}

impl CompiledCache {
    /// Opens the folder, making it where it is missing.
    ///
    /// # Errors
    ///
    /// When it can't be made, or somebody else could write to it.
    pub fn open(folder: &Path) -> Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("cannot make {} for compiled code", folder.display()))?;
        check_private(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// The compiled form of a component's bytes, from the folder or compiled now
    /// and kept there.
    ///
    /// # Errors
    ///
    /// When the bytes are not a component. What is wrong with the folder only
    /// costs time and a line in the log.
    pub fn compile(&self, engine: &Engine, wasm: &[u8]) -> Result<Compiled> {
        let hash = blake3::hash(wasm);
        let path = self.path(engine, hash);
        if let Some(component) = load(engine, &path) {
            if engine.remembers() {
                remember(engine, wasm);
            }
            return Ok(Compiled { component, hash });
        }
        let compiled = Compiled::compile(engine, wasm)?;
        if let Err(error) = store(&compiled, &path) {
            tracing::warn!(target: "plinth::plugin", path = %path.display(), "compiled code not kept: {error:#}");
        }
        Ok(compiled)
    }

    fn path(&self, engine: &Engine, hash: blake3::Hash) -> PathBuf {
        let mut compatibility = DefaultHasher::new();
        engine
            .wasmtime()
            .precompile_compatibility_hash()
            .hash(&mut compatibility);
        self.folder.join(format!(
            "{}-{:016x}.cwasm",
            hash.to_hex(),
            compatibility.finish()
        ))
    }
}

fn load(engine: &Engine, path: &Path) -> Option<Component> {
    if !path.exists() {
        return None;
    }
    // SAFETY: the file was written by `store`, under a name that says which bytes and which
    // engine it was made from, to a folder that `check_private` found closed to all other
    // users; wasmtime itself refuses a file of another version or with other settings.
    let loaded = unsafe { Component::deserialize_file(engine.wasmtime(), path) };
    loaded
        .inspect_err(|error| {
            tracing::warn!(target: "plinth::plugin", path = %path.display(), "compiled code not usable: {error:#}");
        })
        .ok()
}

/// Compiles for the engine's memory alone, so that the first change to a plugin
/// that came from the folder is as fast as the second.
fn remember(engine: &Engine, wasm: &[u8]) {
    let (engine, wasm) = (engine.clone(), wasm.to_vec());
    std::thread::spawn(move || Compiled::compile(&engine, &wasm));
}

/// Writes beside the target and renames, so that nobody ever maps half a file.
fn store(compiled: &Compiled, path: &Path) -> Result<()> {
    let folder = path.parent().context("a cache path has a folder")?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let code = compiled
        .component
        .serialize()
        .map_err(anyhow::Error::from)?;
    std::io::Write::write_all(&mut file, &code)?;
    file.persist(path)?;
    Ok(())
}

fn check_private(folder: &Path) -> Result<()> {
    let metadata = fs::metadata(folder)?;
    let me = rustix::process::geteuid().as_raw();
    if metadata.uid() != me || metadata.mode() & 0o022 != 0 {
        bail!(
            "{} holds machine code, so only user {me} may write to it; remove it, because what is in it may not be the host's",
            folder.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::config::EngineLimits;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn engine() -> Engine {
        Engine::new(&EngineLimits {
            instances_max: 2,
            ..EngineLimits::default()
        })
        .expect("an engine")
    }

    #[test]
    fn compiled_code_is_kept_and_loaded() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = CompiledCache::open(&folder.path().join("code")).expect("opens");
        let engine = engine();
        let first = cache.compile(&engine, EMPTY).expect("compiles");
        let path = cache.path(&engine, first.hash());
        assert!(load(&engine, &path).is_some());
        assert_eq!(
            cache.compile(&engine, EMPTY).expect("loads").hash(),
            first.hash()
        );
    }

    #[test]
    fn a_damaged_file_is_compiled_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = CompiledCache::open(&folder.path().join("code")).expect("opens");
        let engine = engine();
        let hash = cache.compile(&engine, EMPTY).expect("compiles").hash();
        for damage in [&b""[..], b"\x7fELF", b"not machine code at all"] {
            fs::write(cache.path(&engine, hash), damage).expect("writes");
            cache.compile(&engine, EMPTY).expect("compiles anew");
        }
    }

    #[test]
    fn a_folder_open_to_others_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("chmod");
        assert!(CompiledCache::open(folder.path()).is_err());
    }
}
