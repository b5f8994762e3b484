//! `plinth routes`: what the plugins answer.

use std::path::PathBuf;

use anyhow::Result;

use crate::config::{Config, PluginConfig};
use crate::dev::build::{PluginCrate, Profile};
use crate::host::Host;
use crate::progress::Progress;

/// Lists the routes that plugins answer.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of a plugin, which is built first.
    #[arg(default_value = ".", value_name = "FOLDER")]
    folder: PathBuf,
    /// Instead, the plugins that this configuration names.
    #[arg(long, value_name = "FILE", conflicts_with = "folder")]
    config: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let mut config = match args.config {
        Some(file) => Config::read(&file)?,
        None => built(args.folder).await?,
    };
    config.keeps_compiled = false;
    let host = Host::start(config).await?;
    for line in lines(&host) {
        println!("{line}");
    }
    Ok(())
}

async fn built(folder: PathBuf) -> Result<Config> {
    let progress = Progress::stderr();
    let source = PluginCrate::open(&folder).await?;
    let built = source.build(Profile::Dev, &progress).await?;
    let mut config = source.config()?;
    let plugin = config.plugins.entry(source.name().to_owned());
    plugin.or_insert_with(|| PluginConfig::new("")).component = built.component;
    // Nothing is run, so the databases need not be there.
    config
        .plugins
        .values_mut()
        .for_each(|plugin| plugin.databases.clear());
    Ok(config)
}

/// A line a route: method, path, plugin and handler, summary; in columns.
fn lines(host: &Host) -> Vec<String> {
    let site = host.site();
    let mut rows: Vec<[String; 4]> = Vec::new();
    for plugin in site.plugins() {
        for route in &plugin.description().routes {
            let method = format!("{:?}", route.method)
                .trim_start_matches("Method::")
                .to_uppercase();
            let path = match (plugin.prefix(), route.path.as_str()) {
                ("", path) => path.to_owned(),
                (prefix, "/") => prefix.to_owned(),
                (prefix, path) => format!("{prefix}{path}"),
            };
            let path = format!("{}{path}", plugin.host().unwrap_or_default());
            let handler = format!("{}::{}", plugin.name(), route.name);
            rows.push([method, path, handler, route.summary.clone()]);
        }
    }
    rows.sort_by(|a, b| (&a[1], &a[0]).cmp(&(&b[1], &b[0])));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (method, path, handler) = (width(0), width(1), width(2));
    let line = |row: &[String; 4]| {
        format!(
            "{:method$}  {:path$}  {:handler$}  {}",
            row[0], row[1], row[2], row[3]
        )
        .trim_end()
        .to_owned()
    };
    rows.iter().map(line).collect()
}
