//! Compiled components, and the folder that keeps them between starts.
//!
//! The only file of the host with `unsafe` code: wasmtime can't check that a
//! file of machine code is what it once wrote.
#![expect(unsafe_code, reason = "loading machine code; see `load`")]

use std::fs::{self, DirBuilder};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

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
    /// Without one nothing is kept.
    folder: Option<PathBuf>,
}

/// What the folder may hold, in bytes; what was not used for longest goes first.
const FOLDER_BYTES_MAX: u64 = 1 << 30;

/// A file begins with the hash of the machine code behind it: a page that was
/// lost, or a bit, would be executed.
const CHECKSUM_BYTES: usize = blake3::OUT_LEN;

/// What files of compiled code end with.
const EXTENSION: &str = "cwasm";

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
        check_parents(folder)?;
        Ok(Self {
            folder: Some(folder.to_owned()),
        })
    }

    /// Uses the folder if it is there and fit, and keeps nothing otherwise. So a
    /// command that an administrator runs does not take the folder from the host.
    pub fn existing(folder: &Path) -> Self {
        let is_fit = folder.is_dir() && check_private(folder).is_ok();
        Self {
            folder: is_fit.then(|| folder.to_owned()),
        }
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
        let Some(folder) = &self.folder else {
            return Compiled::compile(engine, wasm);
        };
        let path = path(folder, engine, hash);
        if let Some(component) = load(engine, &path) {
            if engine.remembers() {
                remember(engine, wasm);
            }
            return Ok(Compiled { component, hash });
        }
        let compiled = Compiled::compile(engine, wasm)?;
        let kept = store(&compiled, &path).and_then(|()| prune(folder, &path, FOLDER_BYTES_MAX));
        if let Err(error) = kept {
            tracing::warn!(target: "plinth::plugin", path = %path.display(), "compiled code not kept: {error:#}");
        }
        Ok(compiled)
    }
}

fn path(folder: &Path, engine: &Engine, hash: blake3::Hash) -> PathBuf {
    let mut compatibility = DefaultHasher::new();
    engine
        .wasmtime()
        .precompile_compatibility_hash()
        .hash(&mut compatibility);
    folder.join(format!(
        "{}-{:016x}.{EXTENSION}",
        hash.to_hex(),
        compatibility.finish()
    ))
}

fn load(engine: &Engine, path: &Path) -> Option<Component> {
    let file = fs::read(path).ok()?;
    let code = checked(&file).context("it is not what was written");
    // SAFETY: the code was written by `store`, whose checksum it has, under a name that says
    // which bytes and which engine it was made from, to a folder that `check_private` found
    // closed to all other users; wasmtime itself refuses code of another version or with other
    // settings.
    let loaded = code.and_then(|code| {
        let component = unsafe { Component::deserialize(engine.wasmtime(), code) };
        component.map_err(anyhow::Error::from)
    });
    loaded
        .inspect_err(|error| {
            tracing::warn!(
                target: "plinth::plugin", path = %path.display(),
                "compiled code not usable, so it is compiled anew: {error:#}"
            );
        })
        .inspect(|_| touch(path))
        .ok()
}

/// The code of a file that is as it was written.
fn checked(file: &[u8]) -> Option<&[u8]> {
    let (checksum, code) = file.split_first_chunk::<CHECKSUM_BYTES>()?;
    (blake3::hash(code) == *checksum).then_some(code)
}

/// Notes that a file was used.
fn touch(path: &Path) {
    let file = fs::File::options().append(true).open(path);
    // At worst it is compiled anew one day.
    let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
}

/// Compiles for the engine's memory alone, so that the first change to a plugin
/// that came from the folder is as fast as the second.
fn remember(engine: &Engine, wasm: &[u8]) {
    let (engine, wasm) = (engine.clone(), wasm.to_vec());
    std::thread::spawn(move || Compiled::compile(&engine, &wasm));
}

/// Writes beside the target and renames what is on the disk, so that nobody ever
/// reads half a file.
fn store(compiled: &Compiled, path: &Path) -> Result<()> {
    let folder = path.parent().context("a cache path has a folder")?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let code = compiled
        .component
        .serialize()
        .map_err(anyhow::Error::from)?;
    file.write_all(blake3::hash(&code).as_bytes())?;
    file.write_all(&code)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Removes the files that were not used for longest, until all are small enough
/// together; not the one that was just written.
fn prune(folder: &Path, written: &Path, bytes_max: u64) -> Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, metadata) = (entry.path(), entry.metadata()?);
        if path != written && path.extension().is_some_and(|end| end == EXTENSION) {
            files.push((metadata.modified()?, metadata.len(), path));
        }
    }
    files.sort_by(|one, other| other.cmp(one));
    let mut bytes = fs::metadata(written)?.len();
    for (_, length, path) in files {
        bytes = bytes.saturating_add(length);
        if bytes > bytes_max {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn check_private(folder: &Path) -> Result<()> {
    // Of the folder itself, and not of what a link leads to.
    let metadata = fs::symlink_metadata(folder)?;
    let me = rustix::process::geteuid().as_raw();
    if !metadata.is_dir() || metadata.uid() != me || metadata.mode() & 0o022 != 0 {
        bail!(
            "{} holds machine code, so it must be a folder that only user {me} may write to; \
             remove it, because what is in it may not be the host's",
            folder.display()
        );
    }
    Ok(())
}

/// Whoever may rename a folder above can put another in this one's place.
fn check_parents(folder: &Path) -> Result<()> {
    const OTHERS_MAY_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    let me = rustix::process::geteuid().as_raw();
    let folder = folder.canonicalize()?;
    for parent in folder.ancestors().skip(1) {
        let metadata = fs::metadata(parent)?;
        let is_open = metadata.mode() & (OTHERS_MAY_WRITE | STICKY) == OTHERS_MAY_WRITE;
        if ![0, me].contains(&metadata.uid()) || is_open {
            bail!(
                "{} lies in {}, which another user may change, and holds machine code; choose \
                 another data_dir",
                folder.display(),
                parent.display()
            );
        }
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
        let path = path(&folder.path().join("code"), &engine, first.hash());
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
        let path = path(&folder.path().join("code"), &engine, hash);
        let whole = fs::read(&path).expect("it is kept");
        let half = whole[..whole.len() / 2].to_vec();
        let mut damages = vec![Vec::new(), b"\x7fELF".to_vec(), half];
        for at in [0, CHECKSUM_BYTES, whole.len() / 2, whole.len() - 1] {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            damages.push(flipped);
        }
        let mut zeroed = whole.clone();
        zeroed[CHECKSUM_BYTES + 64..].fill(0);
        damages.push(zeroed);
        for damage in damages {
            fs::write(&path, damage).expect("writes");
            assert!(load(&engine, &path).is_none());
            cache.compile(&engine, EMPTY).expect("compiles anew");
            assert_eq!(fs::read(&path).expect("it is kept").len(), whole.len());
        }
    }

    #[test]
    fn what_was_not_used_for_longest_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, age: u64| {
            let path = folder.path().join(name);
            fs::write(&path, [0; 100]).expect("writes");
            let then = SystemTime::now() - std::time::Duration::from_secs(age);
            let file = fs::File::options().append(true).open(&path);
            file.and_then(|file| file.set_modified(then)).expect("aged");
            path
        };
        let (old, older) = (file("old.cwasm", 10), file("older.cwasm", 20));
        let (written, other) = (file("written.cwasm", 30), file("notes.txt", 40));
        prune(folder.path(), &written, 250).expect("pruned");
        assert!(written.exists() && old.exists() && other.exists());
        assert!(!older.exists());
    }

    #[test]
    fn a_command_makes_no_folder_for_the_host() {
        let folder = tempfile::tempdir().expect("a folder");
        let code = folder.path().join("code");
        let cache = CompiledCache::existing(&code);
        cache.compile(&engine(), EMPTY).expect("compiles");
        assert!(!code.exists());
    }

    #[test]
    fn a_link_to_a_folder_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("code");
        std::os::unix::fs::symlink(folder.path(), &link).expect("a link");
        assert!(CompiledCache::open(&link).is_err());
    }

    #[test]
    fn a_folder_in_one_that_others_may_change_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = folder.path().join("open");
        fs::create_dir(&open).expect("a folder");
        let mode = |mode| fs::set_permissions(&open, fs::Permissions::from_mode(mode));
        mode(0o777).expect("chmod");
        assert!(CompiledCache::open(&open.join("code")).is_err());
        mode(0o1777).expect("chmod");
        assert!(CompiledCache::open(&open.join("code")).is_ok());
    }

    #[test]
    fn a_folder_open_to_others_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("chmod");
        assert!(CompiledCache::open(folder.path()).is_err());
    }
}
