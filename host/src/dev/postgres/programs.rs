//! Finds Postgres' server programs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Result, bail};
use tokio::process::Command;

/// Folders that hold the programs of one version.
const FOLDERS: [&str; 5] = [
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql/bin",
    "/usr/local/opt/postgresql/bin",
    "/Applications/Postgres.app/Contents/Versions/latest/bin",
    "/run/current-system/sw/bin",
];

/// Folders that hold a folder for each version.
const FOLDERS_OF_VERSIONS: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
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
    /// Finds the newest version in the usual places, or the one on the path.
    ///
    /// # Errors
    ///
    /// When there is none; the message says what to install.
    pub async fn find() -> Result<Self> {
        for folder in folders() {
            let (initdb, postgres) = (folder.join("initdb"), folder.join("postgres"));
            if !initdb.is_file() || !postgres.is_file() {
                continue;
            }
            if let Some(version) = version(&postgres).await {
                return Ok(Self {
                    initdb,
                    postgres,
                    version,
                });
            }
        }
        bail!(
            "the Postgres server programs (initdb, postgres) are missing: install them with \
             `apt-get install postgresql` or `brew install postgresql`, or give a database with --database"
        )
    }

    /// Refuses a data folder of another major version.
    pub(super) fn check_version(&self, made_by: &str, folder: &Path) -> Result<()> {
        if made_by != self.version {
            bail!(
                "{} was made by Postgres {made_by}, but Postgres {} is installed; remove the folder to begin anew",
                folder.display(),
                self.version
            );
        }
        Ok(())
    }
}

/// Where to look, in order. What is on the path comes last: it can be a wrapper
/// that starts a cluster of its own.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = FOLDERS_OF_VERSIONS
        .iter()
        .flat_map(|(parent, bin)| {
            versions(Path::new(parent))
                .into_iter()
                .map(move |folder| folder.join(bin))
        })
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
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                version_of_folder(entry.file_name().to_str()?)?,
                entry.path(),
            ))
        })
        .collect();
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

/// What `postgres --version` says: `postgres (PostgreSQL) 15.18 (…)`.
async fn version(postgres: &Path) -> Option<String> {
    let output = Command::new(postgres)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .await
        .ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
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
}
