//! The folders of a server: where its data, its log and its socket are.

use std::fmt;
use std::fs::{self, DirBuilder, File, Metadata, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use tokio_postgres::Config;

use super::{Account, POLL, PORT, SUPERUSER, Storage};

/// The path of a Unix socket has at most 103 bytes (107 on Linux), of which
/// `/.s.PGSQL.5432.lock` takes 19.
pub const SOCKET_FOLDER_BYTES_MAX: usize = 84;

/// Whether a folder can hold the server's socket.
pub fn fits_socket(folder: &Path) -> bool {
    // Both sides take several folders, with a comma between them.
    folder
        .to_str()
        .is_some_and(|path| path.len() <= SOCKET_FOLDER_BYTES_MAX && !path.contains([',', '"']))
}

/// The folders of one server, and the user they belong to.
#[derive(Clone, Debug)]
pub(super) struct Place {
    account: Account,
    home: PathBuf,
    socket: PathBuf,
    temporary: bool,
    /// The folder that was asked for, where the user can't get there.
    instead_of: Option<PathBuf>,
}

impl Place {
    /// Makes the folders.
    pub(super) async fn prepare(storage: Storage) -> Result<Self> {
        match storage {
            Storage::Kept(folder) => Self::kept(&folder).await,
            Storage::Temporary => Self::temporary().await,
        }
    }

    async fn kept(folder: &Path) -> Result<Self> {
        let wanted = std::path::absolute(folder)
            .with_context(|| format!("{} is no path", folder.display()))?;
        let account = match owner(&wanted)? {
            Some(owner) => Account::choose()?.becoming(owner.uid(), owner.gid()),
            None => Account::choose()?,
        };
        let parent = wanted.parent().unwrap_or(&wanted);
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        let instead_of = (!account.can_enter(parent).await).then(|| wanted.clone());
        let home = if instead_of.is_some() {
            elsewhere("/var/tmp", &account, &wanted)
        } else {
            wanted
        };
        make_private(&account, &home)?;
        let socket = if fits_socket(&home) {
            home.clone()
        } else {
            elsewhere("/tmp", &account, &home)
        };
        make_private(&account, &socket)?;
        Ok(Self {
            account,
            home,
            socket,
            temporary: false,
            instead_of,
        })
    }

    async fn temporary() -> Result<Self> {
        let account = Account::choose()?;
        for base in [std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()] {
            // The folder's own name is 16 bytes long.
            if !fits_socket(&base.join("plinth-pg-123456")) || !account.can_enter(&base).await {
                continue;
            }
            let Ok(folder) = tempfile::Builder::new()
                .prefix("plinth-pg-")
                .permissions(fs::Permissions::from_mode(0o700))
                .tempdir_in(&base)
            else {
                continue;
            };
            account.give(folder.path())?;
            let home = folder.keep();
            return Ok(Self {
                account,
                socket: home.clone(),
                home,
                temporary: true,
                instead_of: None,
            });
        }
        bail!(
            "user {} can write to no temporary folder: set TMPDIR to a short path that it can enter",
            account.name()
        )
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    pub(super) fn is_temporary(&self) -> bool {
        self.temporary
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    pub(super) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// Where the data folder is made before it gets its name.
    pub(super) fn unfinished_data(&self) -> PathBuf {
        self.home.join("data.unfinished")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.home.join("server.log")
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// The server's process, as it noted it itself.
    pub(super) fn postmaster(&self) -> Option<u32> {
        fs::read_to_string(self.data().join("postmaster.pid"))
            .ok()?
            .lines()
            .next()?
            .trim()
            .parse()
            .ok()
    }

    pub(super) fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config
            .host_path(&self.socket)
            .port(PORT)
            .user(SUPERUSER)
            .dbname(database);
        config
    }

    /// Lets one process at a time start a server here. The lock is on the folder
    /// itself and goes with the process.
    pub(super) async fn lock(&self, deadline: Instant) -> Result<File> {
        let home = self.home.display();
        let file = File::open(&self.home).with_context(|| format!("cannot read {home}"))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    tokio::time::sleep(POLL).await
                }
                Err(TryLockError::WouldBlock) => {
                    bail!("another process has been starting Postgres in {home} for too long")
                }
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {home}"));
                }
            }
        }
    }

    pub(super) fn remove_if_temporary(&self) {
        if self.temporary {
            let _ = fs::remove_dir_all(&self.home);
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "as user {} in {}",
            self.account.name(),
            self.home.display()
        )?;
        match &self.instead_of {
            Some(wanted) => write!(out, " (it can't enter {})", wanted.display()),
            None => Ok(()),
        }
    }
}

/// Who owns a folder that is there and in use; the server has to run as them.
fn owner(folder: &Path) -> Result<Option<Metadata>> {
    let Ok(metadata) = fs::symlink_metadata(folder) else {
        return Ok(None);
    };
    if metadata.uid() == 0 && rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    if !Account::choose()?.can_become(metadata.uid()) {
        bail!(
            "{0} belongs to user id {1}, who ran this before: run it as that user, or remove the folder with `sudo rm -r {0}`",
            folder.display(),
            metadata.uid()
        );
    }
    Ok(Some(metadata))
}

/// A short path in `base` that is the same for the same path each time.
fn elsewhere(base: &str, account: &Account, path: &Path) -> PathBuf {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(&account.uid().to_le_bytes())
        .update(path.as_os_str().as_encoded_bytes());
    PathBuf::from(format!(
        "{base}/plinth-{}",
        &hasher.finalize().to_hex()[..12]
    ))
}

/// Makes a folder for the account alone. In a folder that anybody can write to,
/// somebody else may have been there first.
fn make_private(account: &Account, folder: &Path) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => return account.give(folder),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => {
            return Err(error).with_context(|| format!("cannot make {}", folder.display()));
        }
    }
    let found = fs::symlink_metadata(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?;
    if !found.is_dir() {
        bail!("{} is in the way: it is no folder", folder.display());
    }
    if found.uid() == account.uid() {
        return Ok(());
    }
    // Root's own folder, which a run before was about to give away.
    let is_empty = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if found.uid() != 0 || !is_empty {
        bail!(
            "{} is in the way: it belongs to user id {}, not to {}",
            folder.display(),
            found.uid(),
            account.name()
        );
    }
    account.give(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_need_short_and_plain_paths() {
        assert!(fits_socket(Path::new("/project/.plinth/my 'postgres'")));
        assert!(fits_socket(Path::new(&format!("/{}", "x".repeat(83)))));
        assert!(!fits_socket(Path::new(&format!("/{}", "x".repeat(84)))));
        assert!(!fits_socket(Path::new("/a,b")));
    }

    #[test]
    fn another_place_is_short_and_the_same_each_time() {
        let account = Account::choose().expect("an account");
        let long = PathBuf::from(format!("/{}", "x".repeat(300)));
        let other = elsewhere("/tmp", &account, &long);
        assert!(fits_socket(&other));
        assert_eq!(other, elsewhere("/tmp", &account, &long));
        assert_ne!(other, elsewhere("/tmp", &account, Path::new("/y")));
    }

    #[test]
    fn a_link_in_the_way_is_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/", &link).expect("a link");
        let error =
            make_private(&Account::choose().expect("an account"), &link).expect_err("a link");
        assert!(error.to_string().contains("in the way"));
    }
}
