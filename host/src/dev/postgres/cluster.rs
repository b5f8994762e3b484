//! A data folder and the server in it: found running, made, started.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use super::guard::Guard;
use super::place::Place;
use super::{POLL, PORT, Programs, SUPERUSER, connect};

/// The locales to try: that of the text we store, then one that every system has.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

/// What the server says of a predecessor that has not quite ended.
const STILL_IN_USE: [&str; 2] = [
    "lock file \"postmaster.pid\" already exists",
    "pre-existing shared memory block",
];

const SETTINGS: [&str; 8] = [
    "listen_addresses=",
    // Together with the folder's mode: for the server's user and root only.
    "unix_socket_permissions=0700",
    "max_connections=300",
    "timezone=UTC",
    "log_timezone=UTC",
    "lc_messages=C",
    "cluster_name=plinth",
    "logging_collector=off",
];

/// For data that nobody wants after a crash.
const TEMPORARY_SETTINGS: [&str; 3] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
];

/// The version of the server that runs here already, if one does. One that is
/// about to stop or has just started is waited for.
pub(super) async fn running(place: &Place, deadline: Instant) -> Result<Option<String>> {
    loop {
        if let Ok(version) = version(place).await {
            return Ok(Some(version));
        }
        let Some(pid) = place.postmaster() else {
            return Ok(None);
        };
        if !is_postgres(pid).await {
            // The machine has given the number to another program since, which Postgres
            // would take for itself.
            let _ = fs::remove_file(place.data().join("postmaster.pid"));
            return Ok(None);
        }
        if Instant::now() > deadline {
            bail!(
                "Postgres runs in {} but does not answer: end process {pid}",
                place.data().display()
            );
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn version(place: &Place) -> Result<String> {
    let row = connect(&place.config("postgres"))
        .await?
        .query_one("SHOW server_version", &[])
        .await?;
    let full: String = row.get(0);
    Ok(full
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned())
}

/// Whether a process is a Postgres server.
pub(super) async fn is_postgres(pid: u32) -> bool {
    if Path::new("/proc/self/comm").exists() {
        return fs::read_to_string(format!("/proc/{pid}/comm"))
            .is_ok_and(|name| name.trim() == "postgres");
    }
    let ps = Command::new("ps")
        .args(["-o", "comm=", "-p", &pid.to_string()])
        .output()
        .await;
    ps.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout)
            .trim()
            .ends_with("postgres")
    })
}

/// Makes the data folder where it is missing, and gives the programs for it.
///
/// It is made under another name and renamed, so that half of one is never used.
pub(super) async fn initialize(place: &Place) -> Result<Programs> {
    if let Ok(made_by) = fs::read_to_string(place.data().join("PG_VERSION")) {
        return Programs::find_version(place.account(), made_by.trim(), &place.data()).await;
    }
    let programs = Programs::find(place.account()).await?;
    let mut failure = String::new();
    for locale in LOCALES {
        match initdb(place, &programs, locale).await? {
            None => break,
            Some(said) if said.contains("invalid locale name") => failure = said,
            Some(said) => bail!("initdb failed: {said}{}", advice(&said)),
        }
    }
    fs::rename(place.unfinished_data(), place.data()).with_context(|| {
        format!(
            "cannot make the data folder {} (it must be empty or missing) {failure}",
            place.data().display()
        )
    })?;
    Ok(programs)
}

/// Gives what initdb says where it fails.
async fn initdb(place: &Place, programs: &Programs, locale: &str) -> Result<Option<String>> {
    let unfinished = place.unfinished_data();
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)
            .with_context(|| format!("cannot remove {}", unfinished.display()))?;
    }
    let locale = format!("--locale={locale}");
    let mut command: Vec<&OsStr> = vec![programs.initdb.as_os_str()];
    command.extend(
        [
            "--auth=trust",
            "--encoding=UTF8",
            &locale,
            "--username",
            SUPERUSER,
        ]
        .map(OsStr::new),
    );
    if place.is_temporary() {
        command.push("--no-sync".as_ref());
    }
    command.extend(["--pgdata".as_ref(), unfinished.as_os_str()]);
    let status = spawn(place, &command)?.end().await?;
    Ok(if status.success() {
        None
    } else {
        Some(last_lines(&place.log()))
    })
}

fn advice(said: &str) -> &'static str {
    if said.contains("could not look up effective user ID") {
        "; this user id has no name: give it one in /etc/passwd, or run as a user that has one"
    } else {
        ""
    }
}

/// Starts the server and waits until it answers.
pub(super) async fn start(
    place: &Place,
    programs: &Programs,
    deadline: Instant,
) -> Result<(Guard, String)> {
    let arguments = arguments(place);
    let mut command: Vec<&OsStr> = vec![programs.postgres.as_os_str()];
    command.extend(arguments.iter().map(OsString::as_os_str));
    loop {
        let mut guard = spawn(place, &command)?;
        if let Some(version) = wait_until_ready(place, &mut guard, deadline).await? {
            return Ok((guard, version));
        }
        let said = last_lines(&place.log());
        let may_still_end = STILL_IN_USE.iter().any(|reason| said.contains(reason));
        if !may_still_end || Instant::now() > deadline {
            bail!("Postgres does not start: {said}");
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Gives the server's version, or nothing where it has ended by itself.
async fn wait_until_ready(
    place: &Place,
    guard: &mut Guard,
    deadline: Instant,
) -> Result<Option<String>> {
    loop {
        match version(place).await {
            Ok(version) => return Ok(Some(version)),
            Err(_) if guard.has_ended()? => return Ok(None),
            Err(error) if Instant::now() > deadline => {
                bail!(
                    "Postgres does not answer ({error:#}): {}",
                    last_lines(&place.log())
                );
            }
            Err(_) => tokio::time::sleep(POLL).await,
        }
    }
}

fn arguments(place: &Place) -> Vec<OsString> {
    let port = format!("port={PORT}");
    let mut socket = OsString::from("unix_socket_directories=\"");
    socket.push(place.socket());
    socket.push("\"");
    let mut settings: Vec<OsString> = SETTINGS.map(OsString::from).to_vec();
    settings.extend([port.into(), socket]);
    if place.is_temporary() {
        settings.extend(TEMPORARY_SETTINGS.map(OsString::from));
    }
    let mut arguments = vec!["-D".into(), place.data().into_os_string()];
    arguments.extend(
        settings
            .into_iter()
            .flat_map(|setting| ["-c".into(), setting]),
    );
    arguments
}

fn spawn(place: &Place, command: &[&OsStr]) -> Result<Guard> {
    let remove = place.is_temporary().then(|| place.home());
    Guard::spawn(place.account(), command, &place.log(), remove)
}

/// The end of a log, on one line.
fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(4)..].join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_fits_a_line() {
        let log = tempfile::NamedTempFile::new().expect("a file");
        assert_eq!(last_lines(log.path()), "");
        fs::write(log.path(), "1\n2\n\n3\n4\n5\n").expect("written");
        assert_eq!(last_lines(log.path()), "2 / 3 / 4 / 5");
    }

    #[tokio::test]
    async fn other_processes_are_no_servers() {
        assert!(!is_postgres(std::process::id()).await);
        assert!(!is_postgres(u32::MAX).await);
    }
}
