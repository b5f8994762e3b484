//! Builds a plugin's crate into a component, with cargo.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use cargo_metadata::{Message, Metadata, MetadataCommand, Package, PackageId};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::config::Config;
use crate::progress::{Progress, Step};
use crate::toolchain::{self, Origin, TARGET};

/// How a plugin is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Soon: for `dev` and the tests.
    Dev,
    /// Small and fast: for production.
    Release,
}

impl Profile {
    /// The profile as cargo takes it.
    ///
    /// Given on the command line, so that it holds for every plugin, whatever its
    /// own `Cargo.toml` says.
    fn arguments(self) -> Vec<String> {
        let (name, settings): (&str, &[&str]) = match self {
            // Dependencies rarely change and are most of the code: keep them small, because
            // the host compiles them again at each save.
            Self::Dev => (
                "plinth-dev",
                &[
                    "inherits='dev'",
                    "opt-level=1",
                    "debug='line-tables-only'",
                    "package.'*'.opt-level='s'",
                    "package.'*'.debug=false",
                ],
            ),
            // Function names stay: they are what makes a trap's backtrace readable.
            Self::Release => (
                "plinth-release",
                &[
                    "inherits='release'",
                    "lto='fat'",
                    "codegen-units=1",
                    "panic='abort'",
                    "strip='debuginfo'",
                ],
            ),
        };
        let config = |setting: &&str| ["--config".into(), format!("profile.{name}.{setting}")];
        let mut arguments = vec!["--profile".into(), name.into()];
        arguments.extend(settings.iter().flat_map(config));
        arguments
    }
}

/// The crate of a plugin.
#[derive(Clone, Debug)]
pub struct PluginCrate {
    name: String,
    manifest: PathBuf,
    workspace: PathBuf,
    target: PathBuf,
    /// Whether the wasm target was found or installed.
    ready: Arc<OnceCell<()>>,
    sources: Vec<PathBuf>,
}

/// A built plugin.
#[derive(Clone, Debug)]
pub struct Built {
    /// The `.wasm` file.
    pub component: PathBuf,
}

impl PluginCrate {
    /// Finds the plugin whose `Cargo.toml` is in a folder.
    ///
    /// # Errors
    ///
    /// When there is none, or it does not build a component.
    pub async fn open(folder: &Path) -> Result<Self> {
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() {
            bail!(
                "{} is not the folder of a plugin: it has no Cargo.toml (`plinth new NAME` makes one)",
                folder.display()
            );
        }
        let manifest = manifest.canonicalize()?;
        let metadata = metadata(manifest.clone()).await?;
        let package = metadata
            .packages
            .iter()
            .find(|package| package.manifest_path == *manifest);
        let package = package.with_context(|| {
            format!(
                "{} is a workspace without a plugin of its own",
                manifest.display()
            )
        })?;
        let is_plugin = package
            .targets
            .iter()
            .any(cargo_metadata::Target::is_cdylib);
        if !is_plugin {
            bail!(
                "{} needs `[lib] crate-type = [\"cdylib\"]` to become a plugin",
                manifest.display()
            );
        }
        Ok(Self {
            name: package.name.to_string(),
            sources: sources(&metadata, package),
            workspace: metadata.workspace_root.clone().into(),
            target: metadata.target_directory.clone().into(),
            ready: Arc::default(),
            manifest,
        })
    }

    /// The name of the package.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder of the cargo workspace it belongs to.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// The folders whose files go into it: its own, and those of the crates it
    /// depends on by path.
    pub fn sources(&self) -> &[PathBuf] {
        &self.sources
    }

    /// The settings in the `plinth.toml` beside its `Cargo.toml`, or the defaults.
    ///
    /// # Errors
    ///
    /// When the file is not valid.
    pub fn config(&self) -> Result<Config> {
        let path = self.manifest.with_file_name("plinth.toml");
        let mut config = if path.is_file() {
            Config::read_unchecked(&path)?
        } else {
            Config::default()
        };
        config.data_dir = self.workspace.join(".plinth");
        Ok(config)
    }

    /// Builds it, after installing the wasm target where that is missing.
    ///
    /// # Errors
    ///
    /// When the target can't be installed, cargo can't be run or the crate does not compile; then the message
    /// holds what the compiler said.
    pub async fn build(&self, profile: Profile, progress: &Progress) -> Result<Built> {
        self.ready
            .get_or_try_init(|| self.install_target(progress))
            .await?;
        let step = progress.step(&format!("Building {}", self.name));
        match self.cargo(profile, &step).await {
            Ok(built) => {
                step.done("built");
                Ok(built)
            }
            Err(error) => {
                step.fail("does not build");
                Err(error)
            }
        }
    }

    async fn install_target(&self, progress: &Progress) -> Result<()> {
        if toolchain::ensure_wasm_target(progress).await? != Origin::Present {
            // Cargo does not see that the standard library is another one than before, and what
            // was built with that does not fit this.
            let _ = std::fs::remove_dir_all(self.target.join(TARGET));
        }
        Ok(())
    }

    async fn cargo(&self, profile: Profile, step: &Step) -> Result<Built> {
        let mut command = Command::new(cargo());
        command
            .args([
                "build",
                "--lib",
                "--target",
                TARGET,
                "--message-format",
                "json-render-diagnostics",
            ])
            .args(profile.arguments())
            .arg("--manifest-path")
            .arg(&self.manifest)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Flags meant for the machine's own programs do not fit wasm.
        command
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        let mut child = command
            .spawn()
            .context("cannot run cargo; is Rust installed?")?;
        let mut stdout = child.stdout.take().expect("piped");
        let stderr = child.stderr.take().expect("piped");
        let mut messages = Vec::new();
        let (read, said) = tokio::join!(stdout.read_to_end(&mut messages), follow(stderr, step));
        read?;
        if !child.wait().await?.success() {
            bail!("{} does not build\n{said}", self.name);
        }
        self.component(&messages)
    }

    /// Finds the component among what cargo says it made.
    fn component(&self, messages: &[u8]) -> Result<Built> {
        for message in Message::parse_stream(messages) {
            let Message::CompilerArtifact(artifact) = message? else {
                continue;
            };
            if artifact.manifest_path != *self.manifest {
                continue;
            }
            let wasm = artifact
                .filenames
                .into_iter()
                .find(|file| file.extension() == Some("wasm"));
            if let Some(component) = wasm {
                return Ok(Built {
                    component: component.into(),
                });
            }
        }
        bail!("cargo built {} but no .wasm file", self.name)
    }
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

async fn metadata(manifest: PathBuf) -> Result<Metadata> {
    let run = move || MetadataCommand::new().manifest_path(manifest).exec();
    tokio::task::spawn_blocking(run)
        .await?
        .context("cargo can't read the plugin's Cargo.toml")
}

/// Shows which crate cargo is at, and keeps what it says.
async fn follow(stderr: impl tokio::io::AsyncRead + Unpin, step: &Step) -> String {
    let mut said = String::new();
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match line.trim_start().strip_prefix("Compiling ") {
            Some(name) => step.note(name.split(" (").next().unwrap_or(name)),
            None => {
                said.push_str(&line);
                said.push('\n');
            }
        }
    }
    said
}

/// The folders of a package and of everything it depends on by path.
fn sources(metadata: &Metadata, package: &Package) -> Vec<PathBuf> {
    let packages: HashMap<&PackageId, &Package> = metadata
        .packages
        .iter()
        .map(|package| (&package.id, package))
        .collect();
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let dependencies: HashMap<&PackageId, &[PackageId]> = nodes
        .map(|node| (&node.id, node.dependencies.as_slice()))
        .collect();
    let mut folders = BTreeSet::new();
    let mut queue = VecDeque::from([&package.id]);
    while let Some(id) = queue.pop_front() {
        let Some(package) = packages.get(id).filter(|package| package.source.is_none()) else {
            continue;
        };
        let folder = package.manifest_path.parent().map(PathBuf::from);
        if folder.is_some_and(|folder| folders.insert(folder)) {
            queue.extend(dependencies.get(id).into_iter().copied().flatten());
        }
    }
    folders.into_iter().collect()
}
