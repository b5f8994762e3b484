//! The user that the server runs as: Postgres refuses to run as root.

use std::fs;
use std::os::unix::fs::lchown;
use std::path::Path;
use std::process::Stdio;

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
    /// We are root and the server is not.
    switch: bool,
}

impl Account {
    /// The user we are, or an unprivileged one where we are root.
    ///
    /// # Errors
    ///
    /// When we are root and there is no such user.
    pub fn choose() -> Result<Self> {
        let users = users();
        let uid = rustix::process::geteuid().as_raw();
        if uid != 0 {
            return Ok(Self::of(
                &users,
                uid,
                rustix::process::getegid().as_raw(),
                false,
            ));
        }
        let found = UNPRIVILEGED
            .iter()
            .find_map(|name| Some((*name, ids_of(&users, name)?)));
        let (name, (uid, gid)) = found.context(
            "Postgres refuses to run as root, and there is no user `postgres` or `nobody` to run it as: \
             create one with `useradd --system postgres`",
        )?;
        Ok(Self {
            name: name.to_owned(),
            uid,
            gid,
            switch: true,
        })
    }

    fn of(users: &str, uid: u32, gid: u32, switch: bool) -> Self {
        let name = name_of(users, uid).unwrap_or_else(|| uid.to_string());
        Self {
            name,
            uid,
            gid,
            switch,
        }
    }

    /// Its name, or its number where it has none.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn uid(&self) -> u32 {
        self.uid
    }

    /// Whether root's server can run as this user.
    pub(super) fn can_become(&self, uid: u32) -> bool {
        uid == self.uid || (self.switch && uid != 0)
    }

    /// The account for a folder that this user owns already.
    pub(super) fn becoming(self, uid: u32, gid: u32) -> Self {
        if uid == self.uid {
            self
        } else {
            Self::of(&users(), uid, gid, self.switch)
        }
    }

    /// Makes it the owner of a folder or file of ours. A link is not followed.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn give(&self, path: &Path) -> Result<()> {
        if self.switch {
            lchown(path, Some(self.uid), Some(self.gid))
                .with_context(|| format!("cannot give {} to user {}", path.display(), self.name))?;
        }
        Ok(())
    }

    /// A command that runs as this user, in a folder it can enter, and takes
    /// nothing about Postgres from our environment.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env("LC_ALL", "C");
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG"))
        {
            command.env_remove(name);
        }
        if self.switch {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Whether it may look for files in the folder. Tried, because modes don't
    /// tell all of it.
    pub(super) async fn can_enter(&self, folder: &Path) -> bool {
        let mut command = self.command(Path::new("/bin/sh"));
        command.args(["-c", "cd \"$1\"", "sh"]).arg(folder);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().await.is_ok_and(|status| status.success())
    }
}

fn users() -> String {
    fs::read_to_string("/etc/passwd").unwrap_or_default()
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

    fn account(uid: u32, switch: bool) -> Account {
        Account::of(USERS, uid, uid, switch)
    }

    #[test]
    fn users_are_found_by_name_and_number() {
        assert_eq!(name_of(USERS, 101).as_deref(), Some("postgres"));
        assert_eq!(account(7, false).name(), "7");
        assert_eq!(ids_of(USERS, "postgres"), Some((101, 104)));
        assert_eq!(ids_of(USERS, "nobody"), None);
    }

    #[test]
    fn only_root_runs_the_server_as_a_folders_owner() {
        assert!(account(101, true).can_become(1000));
        assert!(!account(101, true).can_become(0));
        assert!(account(1000, false).can_become(1000));
        assert!(!account(1000, false).can_become(101));
    }
}
