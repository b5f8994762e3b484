//! `orm`: what queries cost in a plugin, and models in its file.

mod cost;
mod weight;

use anyhow::Result;
use plinth_host::progress::Progress;

/// Measures how long building and compiling queries takes in a plugin, and how
/// many bytes a model adds to its file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many rounds of each query are timed together.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    rounds: u32,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let progress = Progress::stderr();
        let cost = cost::measure(args.rounds, &progress).await?;
        let weight = weight::measure(&progress).await?;
        cost.print().await?;
        weight.print();
        weight.check()?;
        cost.check()
    })
}
