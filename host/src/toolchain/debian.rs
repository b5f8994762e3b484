//! Builds the target's standard library from Debian's source packages.
//!
//! Nothing is installed on the system: apt's own tools fetch two packages into a
//! temporary folder, signatures checked, and cargo builds there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::{TARGET, Toolchain, cargo, output};
use crate::progress::Step;

mod sources;

/// Where current Rust is: newer than what a stable Debian carries.
const SUITES: [&str; 3] = ["trixie-backports", "forky", "sid"];

/// Debian's keys, under the names they have had.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/// The library's source, which must be the compiler's own version.
const SOURCE_PACKAGE: &str = "rust-src";

/// Of this one only wasi-libc is used, so any version will do.
const LIBC_PACKAGE: &str = "libstd-rust-dev-wasm32";

/// The parts of wasi-libc that the linker looks for.
const LIBC_FILES: [&str; 3] = ["crt1-command.o", "crt1-reactor.o", "libc.a"];

/// Variables that would change how the library is built.
const FOREIGN_VARIABLES: [&str; 5] = [
    "CARGO_BUILD_",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "RUSTC_WORKSPACE_WRAPPER",
];

/// Whether this machine has apt's tools and Debian's keys.
pub(super) fn is_possible() -> bool {
    keyring().is_some()
        && Path::new("/usr/bin/apt-get").exists()
        && Path::new("/usr/bin/dpkg-deb").exists()
}

fn keyring() -> Option<&'static str> {
    KEYRINGS.into_iter().find(|path| Path::new(path).exists())
}

/// Fetches and builds in `folder`, and moves the result into the toolchain.
pub(super) async fn build(toolchain: &Toolchain, folder: &Path, step: &Step) -> Result<()> {
    let keyring = keyring()
        .filter(|_| is_possible())
        .context("this is no Debian with apt")?;
    let apt = Apt {
        folder: folder.to_owned(),
        keyring,
    };
    apt.fetch(&toolchain.version, step).await?;
    let root = folder.join("root");
    unpack(folder, &root).await?;
    let libc = root
        .join("usr/lib/rustlib")
        .join(TARGET)
        .join("lib/self-contained");
    let source = root
        .join("usr/src")
        .join(format!("rustc-{}", toolchain.version));
    let library = source.join("library");
    let rlibs = compile(toolchain, &library, &libc, &folder.join("target"), step).await?;
    let complete = folder.join("complete");
    fill(&complete, &rlibs, &libc)?;
    put_in_place(&complete, &toolchain.target_folder())
}

/// apt with a configuration of its own.
struct Apt {
    folder: PathBuf,
    keyring: &'static str,
}

impl Apt {
    /// Downloads both packages from the first suite that has the right source.
    async fn fetch(&self, version: &str, step: &Step) -> Result<()> {
        for name in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(self.folder.join(name))?;
        }
        let mut failure = anyhow!("no suite of Debian has {SOURCE_PACKAGE} {version}");
        for mirror in sources::mirrors()? {
            for suite in SUITES {
                match self.fetch_from(&mirror, suite, version, step).await {
                    Ok(true) => return Ok(()),
                    Ok(false) => {}
                    Err(error) => failure = error.context(format!("cannot fetch from {suite}")),
                }
            }
        }
        Err(failure)
    }

    /// Whether this suite has the right source.
    async fn fetch_from(
        &self,
        mirror: &str,
        suite: &str,
        version: &str,
        step: &Step,
    ) -> Result<bool> {
        step.note(&format!("reading the package index of {suite}"));
        let source = format!("deb [signed-by={}] {mirror} {suite} main\n", self.keyring);
        fs::write(self.folder.join("sources.list"), source)?;
        self.run("apt-get", &["update"]).await?;
        let rust = self.run("apt-cache", &["madison", SOURCE_PACKAGE]).await?;
        let libc = self.run("apt-cache", &["madison", LIBC_PACKAGE]).await?;
        let (Some(source), Some(libc)) = (version_of(&rust, version), newest(&libc)) else {
            return Ok(false);
        };
        step.note(&format!("downloading {SOURCE_PACKAGE} {source}"));
        let packages = [
            format!("{SOURCE_PACKAGE}={source}"),
            format!("{LIBC_PACKAGE}={libc}"),
        ];
        self.run("apt-get", &["download", &packages[0], &packages[1]])
            .await?;
        Ok(true)
    }

    async fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let mut command = Command::new(program);
        command
            .current_dir(&self.folder)
            .env("LC_ALL", "C")
            .arg(format!("-oDir::Etc::SourceList={}", path("sources.list")))
            .arg("-oDir::Etc::SourceParts=/dev/null")
            // The machine's pins are about what it installs.
            .args([
                "-oDir::Etc::Preferences=/dev/null",
                "-oDir::Etc::PreferencesParts=/dev/null",
            ])
            .arg(format!("-oDir::State::Lists={}", path("lists")))
            .arg(format!("-oDir::Cache={}", path("cache")))
            .args(["-oAPT::Update::Error-Mode=any", "-oAcquire::Languages=none"])
            .args([
                "-oAcquire::Retries=1",
                "-oAcquire::http::Timeout=15",
                "-oAcquire::https::Timeout=15",
            ]);
        if rustix::process::geteuid().is_root() {
            // apt's own user can't look into our folder.
            command.arg("-oAPT::Sandbox::User=root");
        }
        output(command.args(arguments)).await
    }
}

/// The versions in a table `package | version | where`, the newest first.
fn versions(madison: &str) -> impl Iterator<Item = &str> {
    madison
        .lines()
        .filter_map(|line| Some(line.split('|').nth(1)?.trim()))
        .filter(|version| !version.is_empty())
}

/// The package version whose upstream part is Rust's version.
fn version_of<'a>(madison: &'a str, rust: &str) -> Option<&'a str> {
    versions(madison).find(|version| {
        let rest = version.strip_prefix(rust);
        rest.is_some_and(|rest| rest.starts_with('+') || rest.starts_with('-'))
    })
}

fn newest(madison: &str) -> Option<&str> {
    versions(madison).next()
}

async fn unpack(folder: &Path, root: &Path) -> Result<()> {
    for path in files(folder, "deb")? {
        output(Command::new("dpkg-deb").arg("-x").arg(&path).arg(root)).await?;
    }
    Ok(())
}

/// The files in a folder whose names end in `.extension`.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == extension))
        .collect())
}

/// Builds the library and gives the folder of its `.rlib` files.
async fn compile(
    toolchain: &Toolchain,
    library: &Path,
    libc: &Path,
    target: &Path,
    step: &Step,
) -> Result<PathBuf> {
    let mut command = cargo_build(toolchain, library, libc, target);
    let mut child = ProcessGroup(command.spawn().context("cannot run cargo")?);
    let mut lines = BufReader::new(child.0.stderr.take().expect("piped")).lines();
    let (mut crates, mut errors) = (0, Vec::new());
    while let Some(line) = lines.next_line().await? {
        if let Some(name) = line.trim().strip_prefix("Compiling ") {
            crates += 1;
            step.note(&format!(
                "compiling crate {crates}, {}",
                name.split(' ').next().unwrap_or(name)
            ));
        } else if line.starts_with("error") {
            errors.push(line);
        }
    }
    if !child.0.wait().await?.success() {
        bail!(
            "the standard library does not build: {}",
            errors.first().map_or("no reason given", String::as_str)
        );
    }
    Ok(target.join(TARGET).join("release/deps"))
}

fn cargo_build(toolchain: &Toolchain, library: &Path, libc: &Path, target: &Path) -> Command {
    let mut command = Command::new(toolchain.program("cargo").unwrap_or_else(cargo));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if FOREIGN_VARIABLES
            .iter()
            .any(|prefix| name.starts_with(prefix))
        {
            command.env_remove(&*name);
        }
    }
    if let Some(rustc) = toolchain.program("rustc") {
        command.env("RUSTC", rustc);
    }
    // A path may hold spaces, which RUSTFLAGS would split at.
    let flags = format!(
        "-Zforce-unstable-if-unmarked\x1f-Cembed-bitcode=yes\x1f-Lnative={}",
        libc.display()
    );
    command
        .current_dir(library)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .env("CARGO_TARGET_DIR", target)
        .env("__CARGO_DEFAULT_LIB_METADATA", "stablestd")
        .args(["build", "--locked", "--release", "--target", TARGET])
        .args([
            "--manifest-path",
            "sysroot/Cargo.toml",
            "--features",
            "panic-unwind,backtrace",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0);
    command
}

/// Cargo and the compilers it has started, which end together.
struct ProcessGroup(Child);

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        // No id any more: it has ended and was waited for.
        let id = self
            .0
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        if let Some(id) = id {
            let _ = rustix::process::kill_process_group(id, Signal::TERM);
        }
    }
}

/// Copies the target's files to `folder`.
fn fill(folder: &Path, rlibs: &Path, libc: &Path) -> Result<()> {
    let lib = folder.join("lib");
    fs::create_dir_all(lib.join("self-contained"))?;
    for path in files(rlibs, "rlib")? {
        fs::copy(
            &path,
            lib.join(path.file_name().expect("a file in a folder has a name")),
        )?;
    }
    for name in LIBC_FILES {
        fs::copy(libc.join(name), lib.join("self-contained").join(name))
            .with_context(|| format!("{LIBC_PACKAGE} has no {name}"))?;
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Renames, so that half a target is never seen.
fn put_in_place(staging: &Path, target: &Path) -> Result<()> {
    if target.exists() {
        fs::remove_dir_all(target)
            .with_context(|| format!("cannot replace {}", target.display()))?;
    }
    fs::rename(staging, target).with_context(|| format!("cannot make {}", target.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_build_that_is_given_up_ends_with_all_its_processes() {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "sleep 60 & echo $!; wait"])
            .process_group(0);
        let mut child = shell.stdout(Stdio::piped()).spawn().expect("a shell");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        lines.next_line().await.expect("read").expect("the id");
        drop(ProcessGroup(child));
        // Both held the other end.
        assert_eq!(lines.next_line().await.expect("read"), None);
    }

    const MADISON: &str = " rust-src | 1.95.1+dfsg1-1 | x\n rust-src | 1.95.0+dfsg1-1~bpo13+1 | x\n rust-src | 1.9 | x";

    #[test]
    fn the_compilers_own_version_is_chosen() {
        assert_eq!(
            version_of(MADISON, "1.95.0"),
            Some("1.95.0+dfsg1-1~bpo13+1")
        );
        assert_eq!(version_of(MADISON, "1.95"), None);
        assert_eq!(version_of("", "1.95.0"), None);
    }

    #[test]
    fn of_the_other_package_the_newest_is_chosen() {
        assert_eq!(newest(MADISON), Some("1.95.1+dfsg1-1"));
        assert_eq!(newest(""), None);
    }

    #[test]
    fn a_target_is_put_in_place_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        for name in ["rlibs", "libc", "staging", "target/lib"] {
            fs::create_dir_all(path(name)).expect("a folder");
        }
        for name in ["rlibs/libstd-1.rlib", "rlibs/libstd-1.d", "target/lib/half"] {
            fs::write(path(name), "").expect("a file");
        }
        let error = fill(&path("staging"), &path("rlibs"), &path("libc")).expect_err("no libc");
        assert!(error.to_string().contains("crt1-command.o"));
        for name in LIBC_FILES {
            fs::write(path("libc").join(name), "").expect("a file");
        }
        fill(&path("staging"), &path("rlibs"), &path("libc")).expect("filled");
        put_in_place(&path("staging"), &path("target")).expect("renamed");
        let lib = path("target/lib");
        assert!(lib.join("libstd-1.rlib").exists() && lib.join("self-contained/libc.a").exists());
        assert!(!lib.join("libstd-1.d").exists() && !lib.join("half").exists());
    }
}
