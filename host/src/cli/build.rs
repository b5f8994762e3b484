//! `plinth build`: a plugin for production.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::dev::build::{PluginCrate, Profile};
use crate::progress::Progress;

/// Builds a plugin for production and prints its size.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folders of the plugins.
    #[arg(default_value = ".", value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Where to put the component, when one plugin is built.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> Result<()> {
    if args.output.is_some() && args.folders.len() > 1 {
        anyhow::bail!(
            "--output takes one plugin, but {} were given",
            args.folders.len()
        );
    }
    let progress = Progress::stderr();
    for folder in &args.folders {
        let source = PluginCrate::open(folder).await?;
        let built = source.build(Profile::Release, &progress).await?;
        let mut component = built.component;
        if let Some(output) = &args.output {
            std::fs::copy(&component, output)
                .with_context(|| format!("cannot write {}", output.display()))?;
            component.clone_from(output);
        }
        let bytes = std::fs::metadata(&component)?.len();
        println!("{:>7.1} KB  {}", kilobytes(bytes), component.display());
    }
    Ok(())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a size for people, far below 2^52 bytes"
)]
fn kilobytes(bytes: u64) -> f64 {
    bytes as f64 / 1000.0
}
