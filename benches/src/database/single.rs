//! What one caller gets done, operation by operation.

use anyhow::Result;
use plinth_host::progress::Progress;

use super::client::Client;
use super::comparison::{Comparison, show_ratio};
use super::ground::Ground;
use super::mark::{Mark, Verdict};
use super::operation::Operation;
use super::peers::Peers;
use super::sample::Sample;
use super::{Args, Request};
use crate::report::Table;
use crate::stability::Figure;

/// Wasm and the host may cost a tenth, no more.
const OF_NATIVE: Mark = Mark {
    least: 0.9,
    of: "of native's operations/s",
};

/// An operation that does in another way what a second one does.
struct Pair {
    operation: Operation,
    instead_of: Operation,
    title: &'static str,
    /// What the guest is meant to gain, where that was said.
    mark: Option<Mark>,
}

const PAIRS: [Pair; 4] = [
    Pair {
        operation: Operation::PrimaryKey,
        instead_of: Operation::Parsed,
        title: "a prepared text, instead of a new one each time",
        mark: None,
    },
    Pair {
        operation: Operation::Pipeline,
        instead_of: Operation::Sequential,
        title: "a pipeline of 20, instead of 20 queries",
        mark: Some(Mark {
            least: 5.0,
            of: "operations/s",
        }),
    },
    Pair {
        operation: Operation::Together,
        instead_of: Operation::Apart,
        title: "2 queries started together, instead of one after the other",
        mark: None,
    },
    Pair {
        operation: Operation::Copy,
        instead_of: Operation::Insert,
        title: "COPY, instead of an INSERT for each row",
        mark: Some(Mark {
            least: 20.0,
            of: "rows/s",
        }),
    },
];

/// The comparisons of all operations.
pub(super) struct Single(Vec<(Operation, Comparison)>);

/// Lets the clients take turns on the operations of each group.
pub(super) async fn measure(
    args: &Args,
    ground: &Ground,
    peers: &mut Peers,
    progress: &Progress,
) -> Result<Single> {
    let mut clients = vec![Client::Native, Client::Guest];
    if peers.has_psycopg() {
        clients.push(Client::Psycopg);
    }
    let mut comparisons = Vec::new();
    for group in args.groups() {
        let requests = group.iter().map(|operation| args.request(*operation, 1));
        let requests: Vec<Request> = requests.collect();
        let begin = |request: &Request| Comparison::new(request.operation.title(), request.run);
        let mut measured: Vec<Comparison> = requests.iter().map(begin).collect();
        for _ in 0..args.runs {
            for (request, comparison) in requests.iter().zip(&mut measured) {
                for client in &clients {
                    ground.settle().await?;
                    let sample = run(*client, request, peers, progress).await?;
                    comparison.push(*client, sample);
                }
            }
        }
        comparisons.extend(group.iter().copied().zip(measured));
    }
    Ok(Single(comparisons))
}

/// One run of one client, told to whoever watches.
pub(super) async fn run(
    client: Client,
    request: &Request,
    peers: &mut Peers,
    progress: &Progress,
) -> Result<Sample> {
    let title = request.operation.title();
    let step = progress.step(&format!("{title}, {}", client.title()));
    let sample = peers.run(client, request).await?;
    let (rate, cpu_us) = (sample.rate, sample.cpu_us());
    step.done(&format!("{rate:.0} operations/s, {cpu_us:.2} µs"));
    Ok(sample)
}

impl Single {
    /// Prints what was measured, and gives the verdicts on the marks.
    pub(super) fn print(&self, about: &str) -> Vec<(String, Verdict)> {
        let mut verdicts = Vec::new();
        if self.0.is_empty() {
            return verdicts;
        }
        let mut table = Table::new(&Comparison::COLUMNS);
        for (_, comparison) in &self.0 {
            let marks = |client| match client {
                Client::Guest => {
                    let ratio = comparison.rate_of(Client::Guest, Client::Native);
                    vec![(OF_NATIVE, ratio)]
                }
                _ => Vec::new(),
            };
            verdicts.extend(comparison.rows(&mut table, marks));
        }
        table.print(&format!("One caller. {about}"));
        verdicts.extend(self.print_pairs());
        verdicts
    }

    fn print_pairs(&self) -> Vec<(String, Verdict)> {
        let mut table = Table::new(&["instead", "client", "operations/s", "client CPU", "mark"]);
        let mut verdicts = Vec::new();
        for pair in &PAIRS {
            let (Some(one), Some(other)) = (self.of(pair.operation), self.of(pair.instead_of))
            else {
                continue;
            };
            for client in one.clients() {
                let rate = one.rate_against(other, client);
                let mark = pair.mark.filter(|_| client == Client::Guest);
                let judged = mark.map(|mark| judge(mark, rate));
                table.row(&[
                    pair.title.into(),
                    client.title().into(),
                    show_ratio(rate),
                    show_ratio(one.cpu_against(other, client)),
                    judged
                        .as_ref()
                        .map(|(cell, _)| cell.clone())
                        .unwrap_or_default(),
                ]);
                verdicts.extend(
                    judged.map(|(cell, verdict)| (format!("{}: {cell}", pair.title), verdict)),
                );
            }
        }
        if !table.is_empty() {
            table.print(
                "What one way gains over the other, in times: more is better in both columns.",
            );
        }
        verdicts
    }

    fn of(&self, operation: Operation) -> Option<&Comparison> {
        let mut comparisons = self.0.iter();
        let found = comparisons.find(|(known, _)| *known == operation);
        found.map(|(_, comparison)| comparison)
    }
}

fn judge(mark: Mark, ratio: Figure) -> (String, Verdict) {
    let verdict = mark.judge(ratio);
    (mark.show(verdict), verdict)
}
