//! Finds Postgres' server programs.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Result, bail};

use super::Account;

/// A program that takes longer to say its version is none we can use.
const VERSION_TIMEOUT: Duration = Duration::from_secs(5);

/// Folders that hold the programs of one version.
const FOLDERS: [&str; 5] = [
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql/bin",
    "/usr/local/opt/postgresql/bin",
    "/Applications/Postgres.app/Contents/Versions/latest/bin",
    "/run/current-system/sw/bin",
];

/// Folders that hold a folder for each version.
const FOLDERS_OF_VERSIONS: [&str; 4] = [
    "/usr/lib/postgresql",
    "/usr",
    "/opt/homebrew/opt",
    "/usr/local/opt",
];

/// The server programs of one version.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Creates a data folder.
    pub initdb: PathBuf,
    /// The server.
    pub postgres: PathBuf,
    /// The major version, for example 15.
    pub version: String,
}

impl Programs {
    /// Finds the newest version in the usual places, or the one on the path, that
    /// this user can run.
    ///
    /// # Errors
    ///
    /// When there is none; the message says what to install.
    pub async fn find(account: &Account) -> Result<Self> {
        for folder in folders() {
            if let Some(found) = Self::in_folder(account, &folder).await {
                return Ok(found);
            }
        }
        bail!(
            "the Postgres server programs (initdb, postgres) are missing: install them with \
             `apt-get install postgresql` or `brew install postgresql`"
        )
    }

    /// Finds the version that a data folder was made by.
    pub(super) async fn find_version(account: &Account, wanted: &str, data: &Path) -> Result<Self> {
        for folder in folders() {
            if let Some(found) = Self::in_folder(account, &folder)
                .await
                .filter(|found| found.version == wanted)
            {
                return Ok(found);
            }
        }
        let newest = Self::find(account).await?;
        bail!(
            "the data in {0} were made by Postgres {wanted}, but the version installed here is {1}: \
             install {wanted}, or begin anew with `rm -r {0}`",
            data.display(),
            newest.version
        )
    }

    async fn in_folder(account: &Account, folder: &Path) -> Option<Self> {
        let (initdb, postgres) = (folder.join("initdb"), folder.join("postgres"));
        let version = version(account, &initdb).await?;
        let same = self::version(account, &postgres).await? == version;
        same.then_some(Self {
            initdb,
            postgres,
            version,
        })
    }
}

/// Where to look, in order. What is on the path comes last: it can be a wrapper
/// that starts a cluster of its own.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = FOLDERS_OF_VERSIONS
        .iter()
        .flat_map(|parent| versions(Path::new(parent)))
        .map(|folder| folder.join("bin"))
        .collect();
    folders.extend(FOLDERS.iter().map(PathBuf::from));
    folders.extend(
        std::env::var_os("PATH")
            .iter()
            .flat_map(std::env::split_paths),
    );
    folders
}

/// The folders named for a version of Postgres, the newest first.
fn versions(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let numbered = entries.filter_map(|entry| {
        Some((
            version_of_folder(entry.file_name().to_str()?)?,
            entry.path(),
        ))
    });
    let mut found: Vec<(u32, PathBuf)> = numbered.collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// `15`, `pgsql-15` and `postgresql@15` are folders of version 15.
fn version_of_folder(name: &str) -> Option<u32> {
    let number = name
        .strip_prefix("pgsql-")
        .or_else(|| name.strip_prefix("postgresql@"))
        .unwrap_or(name);
    number.parse().ok()
}

/// The major version that a program says it has.
async fn version(account: &Account, program: &Path) -> Option<String> {
    if !program.is_file() {
        return None;
    }
    let mut command = account.command(program);
    let run = command
        .arg("--version")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(VERSION_TIMEOUT, run)
        .await
        .ok()?
        .ok()?;
    major(&String::from_utf8(output.stdout).ok()?)
}

/// `postgres (PostgreSQL) 15.3 (…)` is of version 15.
fn major(said: &str) -> Option<String> {
    let number = said.split("(PostgreSQL) ").nth(1)?;
    let major: String = number.chars().take_while(char::is_ascii_digit).collect();
    (!major.is_empty()).then_some(major)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_for_versions() {
        assert_eq!(version_of_folder("15"), Some(15));
        assert_eq!(version_of_folder("pgsql-16"), Some(16));
        assert_eq!(version_of_folder("postgresql@17"), Some(17));
        assert_eq!(version_of_folder("local"), None);
    }

    #[test]
    fn programs_say_their_version() {
        assert_eq!(
            major("postgres (PostgreSQL) 15.3 (Debian 15.3-1)\n").as_deref(),
            Some("15")
        );
        assert_eq!(
            major("initdb (PostgreSQL) 18beta1\n").as_deref(),
            Some("18")
        );
        assert_eq!(major("something else"), None);
    }
}
