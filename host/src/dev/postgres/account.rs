//! The user that the server runs as: Postgres refuses to run as root.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tokio::process::Command;

/// The users that a server of root's runs as, the first that exists.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// A user of this machine.
#[derive(Clone, Debug)]
pub struct Account {
    name: String,
    uid: u32,
    gid: u32,
    /// The program runs as another user: root.
    switch: bool,
}

impl Account {
    /// The user we are, or an unprivileged one where we are root.
    ///
    /// # Errors
    ///
    /// When we are root and there is no such user.
    pub fn choose() -> Result<Self> {
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let uid = rustix::process::geteuid().as_raw();
        if uid != 0 {
            let gid = rustix::process::getegid().as_raw();
            let name = name_of(&users, uid).unwrap_or_else(|| "plinth".to_owned());
            return Ok(Self {
                name,
                uid,
                gid,
                switch: false,
            });
        }
        let found = UNPRIVILEGED
            .iter()
            .find_map(|name| Some((*name, ids_of(&users, name)?)));
        let (name, (uid, gid)) = found.context(
            "Postgres refuses to run as root, and there is no user `postgres` or `nobody` to run it as",
        )?;
        Ok(Self {
            name: name.to_owned(),
            uid,
            gid,
            switch: true,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that runs as this user, in a folder it can enter.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir("/")
            .env("LC_ALL", "C")
            .env_remove("PGDATA");
        if self.switch {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Makes the folder that holds `wanted` so that this user can write to it,
    /// and gives `wanted`; where the user can't get there, another place.
    pub(super) fn folder(&self, wanted: &Path) -> Result<PathBuf> {
        let wanted = absolute(wanted)?;
        let wanted = if self.can_reach(&wanted) {
            wanted
        } else {
            self.elsewhere(&wanted)
        };
        let home = wanted.with_extension("d");
        self.make(&home)?;
        Ok(home.join("data"))
    }

    /// A new folder for data that need not stay.
    pub(super) fn temporary_folder(&self) -> Result<PathBuf> {
        let folder = tempfile::Builder::new()
            .prefix("plinth-pg-")
            .tempdir()?
            .keep();
        self.own(&folder)?;
        Ok(folder.join("data"))
    }

    /// A folder for the socket: beside the data, unless its path is too long.
    pub(super) fn socket_folder(&self, data: &Path, bytes_max: usize) -> Result<PathBuf> {
        let beside = data.with_file_name("run");
        let folder = if beside.as_os_str().len() <= bytes_max {
            beside
        } else {
            self.elsewhere(data)
        };
        self.make(&folder)?;
        Ok(folder)
    }

    /// A short path that is the same for the same path each time.
    fn elsewhere(&self, path: &Path) -> PathBuf {
        let hash = blake3::hash(path.as_os_str().as_encoded_bytes()).to_hex();
        PathBuf::from(format!("/var/tmp/plinth-{}-{}", self.uid, &hash[..12]))
    }

    fn can_reach(&self, path: &Path) -> bool {
        let enters = |folder: &Path| {
            let Ok(metadata) = fs::metadata(folder) else {
                return true;
            };
            let bit = if metadata.uid() == self.uid {
                0o100
            } else if metadata.gid() == self.gid {
                0o010
            } else {
                0o001
            };
            metadata.mode() & bit != 0
        };
        !self.switch || path.ancestors().skip(1).all(enters)
    }

    fn make(&self, folder: &Path) -> Result<()> {
        if let Some(parent) = folder.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot make {}", parent.display()))?;
        }
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(error).with_context(|| format!("cannot make {}", folder.display()))
            }
            _ => self.own(folder),
        }
    }

    fn own(&self, folder: &Path) -> Result<()> {
        let owned = || -> std::io::Result<()> {
            if self.switch {
                chown(folder, Some(self.uid), Some(self.gid))?;
            }
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
        };
        owned().with_context(|| format!("{} belongs to somebody else", folder.display()))
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is no path", path.display()))
}

/// `name:x:uid:gid:…`, a line a user.
fn entries(users: &str) -> impl Iterator<Item = (&str, u32, u32)> {
    users.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (name, _) = (fields.next()?, fields.next()?);
        Some((
            name,
            fields.next()?.parse().ok()?,
            fields.next()?.parse().ok()?,
        ))
    })
}

fn name_of(users: &str, uid: u32) -> Option<String> {
    entries(users)
        .find(|entry| entry.1 == uid)
        .map(|entry| entry.0.to_owned())
}

fn ids_of(users: &str, name: &str) -> Option<(u32, u32)> {
    entries(users)
        .find(|entry| entry.0 == name)
        .map(|entry| (entry.1, entry.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str =
        "root:x:0:0:root:/root:/bin/sh\n# odd line\npostgres:x:101:104::/var/lib:/bin/sh\n";

    #[test]
    fn users_are_found_by_name_and_number() {
        assert_eq!(name_of(USERS, 101).as_deref(), Some("postgres"));
        assert_eq!(name_of(USERS, 7), None);
        assert_eq!(ids_of(USERS, "postgres"), Some((101, 104)));
        assert_eq!(ids_of(USERS, "nobody"), None);
    }
}
