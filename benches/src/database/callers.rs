//! What many callers get done at once: rows by their primary key.

use anyhow::Result;
use plinth_host::progress::Progress;

use super::client::Client;
use super::comparison::Comparison;
use super::ground::Ground;
use super::mark::{Mark, Verdict};
use super::operation::Operation;
use super::peers::Peers;
use super::psycopg::Callers;
use super::single::run;
use super::{Args, Request};
use crate::report::Table;

const OF_PSYCOPG: Mark = Mark {
    least: 1.5,
    of: "of psycopg's operations/s",
};

const CPU_OF_PSYCOPG: Mark = Mark {
    least: 2.0,
    of: "operations in psycopg's CPU time",
};

/// What is measured at a time.
const TITLE: &str = "row by primary key";

/// The comparison of many callers.
pub(super) struct Many {
    callers: u16,
    comparison: Comparison,
    psycopg: Option<&'static str>,
}

/// Lets the clients take turns.
pub(super) async fn measure(
    args: &Args,
    ground: &Ground,
    peers: &mut Peers,
    progress: &Progress,
) -> Result<Option<Many>> {
    if args.callers == 0 {
        return Ok(None);
    }
    let request = args.request(Operation::PrimaryKey, args.callers);
    let mut clients = vec![Client::Guest, Client::GuestWithoutLanes];
    clients.extend([Client::Native, Client::NativePool]);
    peers.add(Client::GuestWithoutLanes).await?;
    peers.add(Client::NativePool).await?;
    let mut psycopg = None;
    if peers.has_psycopg() {
        clients.push(Client::Psycopg);
        psycopg = Some(choose_callers(&request, peers, progress).await?.name());
    }
    let mut comparison = Comparison::new(TITLE, request.run);
    for _ in 0..args.runs {
        for client in &clients {
            ground.settle().await?;
            let sample = run(*client, &request, peers, progress).await?;
            comparison.push(*client, sample);
        }
    }
    Ok(Some(Many {
        callers: args.callers,
        comparison,
        psycopg,
    }))
}

/// Lets psycopg have what suits it best.
async fn choose_callers(
    request: &Request,
    peers: &mut Peers,
    progress: &Progress,
) -> Result<Callers> {
    let mut best = (Callers::Threads, 0.0);
    for callers in [Callers::Threads, Callers::Tasks] {
        peers.switch_psycopg(callers).await?;
        let rate = run(Client::Psycopg, request, peers, progress).await?.rate;
        if rate > best.1 {
            best = (callers, rate);
        }
    }
    peers.switch_psycopg(best.0).await?;
    Ok(best.0)
}

impl Many {
    /// Prints what was measured, and gives the verdicts on the marks.
    pub(super) fn print(&self, about: &str) -> Vec<(String, Verdict)> {
        let comparison = &self.comparison;
        let marks = |client| match client {
            Client::Guest if self.psycopg.is_some() => {
                let rate = comparison.rate_of(Client::Guest, Client::Psycopg);
                let cpu = comparison.cpu_of(Client::Guest, Client::Psycopg);
                vec![(OF_PSYCOPG, rate), (CPU_OF_PSYCOPG, cpu)]
            }
            _ => Vec::new(),
        };
        let mut table = Table::new(&Comparison::COLUMNS);
        let verdicts = comparison.rows(&mut table, marks);
        let psycopg = self.psycopg.map(|callers| {
            format!(" psycopg by {callers}, the faster way of two, a connection for each caller.")
        });
        let callers = self.callers;
        table.print(&format!(
            "{callers} callers at once. {about}{}",
            psycopg.unwrap_or_default()
        ));
        verdicts
    }
}
