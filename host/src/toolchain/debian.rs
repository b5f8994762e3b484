//! Builds the target's standard library from Debian's source packages.
//!
//! Nothing is installed on the system: apt's own tools fetch two packages into a
//! temporary folder, signatures checked, and cargo builds there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::{TARGET, Toolchain, output};
use crate::progress::Step;

/// Where current Rust is: newer than what a stable Debian carries.
const SUITES: [&str; 3] = ["trixie-backports", "forky", "sid"];

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The library's source, which must be the compiler's own version.
const SOURCE_PACKAGE: &str = "rust-src";

/// Of this one only wasi-libc is used, so any version will do.
const LIBC_PACKAGE: &str = "libstd-rust-dev-wasm32";

/// The parts of wasi-libc that the linker looks for.
const LIBC_FILES: [&str; 3] = ["crt1-command.o", "crt1-reactor.o", "libc.a"];

/// Fetches, builds and installs into the toolchain's own folder.
pub(super) async fn build(toolchain: &Toolchain, step: &Step) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("plinth-wasm-target-").tempdir()?;
    // apt's own user must be able to look in when the program runs as root.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let apt = Apt::new(folder.path().to_owned())?;
    step.note("looking for Debian's packages");
    apt.fetch(&toolchain.version, step).await?;
    let root = folder.path().join("root");
    unpack(folder.path(), &root).await?;
    let libc = root.join("usr/lib/rustlib").join(TARGET).join("lib/self-contained");
    let library = root.join("usr/src").join(format!("rustc-{}", toolchain.version)).join("library");
    let rlibs = compile(&library, &libc, &folder.path().join("target"), step).await?;
    install(toolchain, &rlibs, &libc)
}

/// apt with a configuration of its own.
struct Apt {
    folder: PathBuf,
    mirror: String,
}

impl Apt {
    fn new(folder: PathBuf) -> Result<Self> {
        for name in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(name))?;
        }
        Ok(Self { mirror: mirror()?, folder })
    }

    /// Downloads both packages from the first suite that has the right source.
    async fn fetch(&self, version: &str, step: &Step) -> Result<()> {
        for suite in SUITES {
            step.note(&format!("reading the index of {suite}"));
            let source = format!("deb [signed-by={KEYRING}] {} {suite} main\n", self.mirror);
            fs::write(self.folder.join("sources.list"), source)?;
            if self.run("apt-get", &["update"]).await.is_err() {
                continue;
            }
            let index = self.run("apt-cache", &["madison", SOURCE_PACKAGE]).await?;
            let Some(source) = version_in(&index, version) else { continue };
            step.note(&format!("downloading {SOURCE_PACKAGE} {source}"));
            let package = format!("{SOURCE_PACKAGE}={source}");
            self.run("apt-get", &["download", &package, LIBC_PACKAGE]).await?;
            return Ok(());
        }
        bail!("Debian's package index has no {SOURCE_PACKAGE} of version {version}")
    }

    async fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let mut command = Command::new(program);
        command
            .current_dir(&self.folder)
            .env("LC_ALL", "C")
            .arg(format!("-oDir::Etc::SourceList={}", path("sources.list")))
            .arg("-oDir::Etc::SourceParts=/dev/null")
            .arg(format!("-oDir::State::Lists={}", path("lists")))
            .arg(format!("-oDir::Cache={}", path("cache")))
            .arg("-oAPT::Update::Error-Mode=any")
            .args(arguments);
        if rustix::process::geteuid().is_root() {
            command.arg("-oAPT::Sandbox::User=root");
        }
        output(&mut command).await
    }
}

/// The mirror of Debian's archive that the machine's own apt uses.
fn mirror() -> Result<String> {
    let os = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let codename = os.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let codename = codename.context("this is no Debian: /etc/os-release has no VERSION_CODENAME")?;
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    files.extend(fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten().map(|entry| entry.path()));
    files.sort();
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    let found = texts.flat_map(|text| sources(&text)).find(|source| source.serves(codename));
    Ok(found.context("no entry of /etc/apt/sources.list* names Debian's main archive")?.uri)
}

/// An entry of apt's sources.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    uri: String,
    suites: Vec<String>,
    components: Vec<String>,
}

impl Source {
    fn serves(&self, codename: &str) -> bool {
        self.suites.iter().any(|suite| suite == codename) && self.components.iter().any(|name| name == "main")
    }
}

/// The entries of a file, in the one-line style or in deb822's.
fn sources(text: &str) -> Vec<Source> {
    let lines = text.lines().filter_map(one_line_source);
    lines.chain(text.split("\n\n").filter_map(stanza_source)).collect()
}

/// `deb [options] uri suite component…`
fn one_line_source(line: &str) -> Option<Source> {
    let mut rest = line.trim().strip_prefix("deb ")?.trim_start();
    if rest.starts_with('[') {
        rest = rest.split_once(']')?.1;
    }
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some(Source { uri: words.next()?, suites: vec![words.next()?], components: words.collect() })
}

/// `Types: deb`, `URIs: …`, `Suites: …`, `Components: …`
fn stanza_source(stanza: &str) -> Option<Source> {
    let field = |name: &str| -> Option<Vec<String>> {
        let value = stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(value.split_whitespace().map(str::to_owned).collect())
    };
    field("Types")?.iter().find(|kind| *kind == "deb")?;
    let uri = field("URIs")?.into_iter().next()?;
    Some(Source { uri, suites: field("Suites")?, components: field("Components")? })
}

/// The package version whose upstream part is Rust's version, from the table
/// `package | version | where`.
fn version_in<'a>(madison: &'a str, rust: &str) -> Option<&'a str> {
    let versions = madison.lines().filter_map(|line| Some(line.split('|').nth(1)?.trim()));
    versions.into_iter().find(|version| {
        let rest = version.strip_prefix(rust);
        rest.is_some_and(|rest| rest.starts_with('+') || rest.starts_with('-'))
    })
}

async fn unpack(folder: &Path, root: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "deb") {
            output(Command::new("dpkg-deb").arg("-x").arg(&path).arg(root)).await?;
        }
    }
    Ok(())
}

/// Builds the library and gives the folder of its `.rlib` files.
async fn compile(library: &Path, libc: &Path, target: &Path, step: &Step) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let flags = format!("-Zforce-unstable-if-unmarked -Cembed-bitcode=yes -Lnative={}", libc.display());
    let mut command = Command::new(cargo);
    command
        .current_dir(library)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", flags)
        .env("CARGO_TARGET_DIR", target)
        .env("__CARGO_DEFAULT_LIB_METADATA", "stablestd")
        .args(["build", "--locked", "--release", "--target", TARGET])
        .args(["--manifest-path", "sysroot/Cargo.toml", "--features", "panic-unwind,backtrace"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().context("cannot run cargo")?;
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let mut last = String::new();
    while let Some(line) = lines.next_line().await? {
        step.note(line.trim());
        last = line;
    }
    if !child.wait().await?.success() {
        bail!("the standard library does not build: {last}");
    }
    Ok(target.join(TARGET).join("release/deps"))
}

/// Copies into a folder beside the target's and renames it, so that half a
/// target is never seen.
fn install(toolchain: &Toolchain, rlibs: &Path, libc: &Path) -> Result<()> {
    let target = toolchain.target_folder();
    let parent = target.parent().context("the target's folder is in the sysroot")?;
    let staging = tempfile::Builder::new().prefix(".plinth-").tempdir_in(parent).with_context(|| {
        format!("cannot write to the toolchain's folder {}; run `plinth doctor --fix` as its owner", parent.display())
    })?;
    let lib = staging.path().join("lib");
    fs::create_dir_all(lib.join("self-contained"))?;
    for entry in fs::read_dir(rlibs)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "rlib") {
            fs::copy(&path, lib.join(path.file_name().expect("a directory's entry has a name")))?;
        }
    }
    for name in LIBC_FILES {
        let from = libc.join(name);
        fs::copy(&from, lib.join("self-contained").join(name))
            .with_context(|| format!("{LIBC_PACKAGE} has no {name}"))?;
    }
    fs::set_permissions(staging.path(), fs::Permissions::from_mode(0o755))?;
    if target.exists() {
        fs::remove_dir_all(&target).with_context(|| format!("cannot replace {}", target.display()))?;
    }
    fs::rename(staging.keep(), &target).with_context(|| format!("cannot make {}", target.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_styles_of_sources_are_read() {
        let text = "# deb http://a b main\ndeb [arch=amd64 signed-by=/k] http://mirror.example/debian bookworm main contrib\n";
        assert_eq!(sources(text).len(), 1);
        assert!(sources(text)[0].serves("bookworm"));
        let text = "Types: deb deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n\nTypes: deb\nURIs: http://other.example\nSuites: nodistro\nComponents: main";
        let sources = sources(text);
        assert_eq!(sources.len(), 2);
        assert_eq!(sources[0].uri, "http://mirror.example/debian");
        assert!(sources[0].serves("bookworm") && !sources[1].serves("bookworm"));
    }

    #[test]
    fn the_compilers_own_version_is_chosen() {
        let madison = " rust-src | 1.95.1+dfsg1-1 | x\n rust-src | 1.95.0+dfsg1-1~bpo13+1 | x\n rust-src | 1.9 | x";
        assert_eq!(version_in(madison, "1.95.0"), Some("1.95.0+dfsg1-1~bpo13+1"));
        assert_eq!(version_in(madison, "1.95"), None);
        assert_eq!(version_in("", "1.95.0"), None);
    }
}
