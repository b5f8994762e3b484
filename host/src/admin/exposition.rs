//! Everything counted, as text for Prometheus.
//!
//! The names, labels and units are documented in `docs/operating.md`.

use std::fmt;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::host::{Host, Site};
use crate::logging;
use crate::metrics::{CallFailure, Histogram, Outcome, RequestMetrics, StatementFailure};
use crate::plugin::{InstanceCounts, Plugin};

mod pools;

/// OpenMetrics, which Prometheus reads as its own.
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The text of this moment.
pub(super) fn text(host: &Arc<Host>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Exposition(Arc::clone(host))));
    let mut text = String::new();
    text::encode(&mut text, &registry).expect("a string takes all");
    text
}

/// Reads what the host counts when it is asked.
struct Exposition(Arc<Host>);

impl fmt::Debug for Exposition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Exposition")
    }
}

impl Collector for Exposition {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let out = &mut Families(&mut encoder);
        let site = self.0.site();
        host(out, &self.0, &site)?;
        requests(out, &self.0, &site)?;
        instances(out, &site)?;
        held(out, &self.0)?;
        statements(out, &site)?;
        pools::pools(out, &self.0)
    }
}

/// A label and its value.
type Label<'l> = (&'static str, &'l str);

/// Families of samples that share a name.
struct Families<'a, 'e>(&'a mut DescriptorEncoder<'e>);

/// One family, which samples are added to.
struct Family<'a>(MetricEncoder<'a>);

impl Families<'_, '_> {
    fn counter<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.family(name, help, MetricType::Counter)
    }

    fn gauge<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.family(name, help, MetricType::Gauge)
    }

    fn histogram<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.family(name, help, MetricType::Histogram)
    }

    fn family<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        kind: MetricType,
    ) -> Result<Family<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, kind).map(Family)
    }
}

impl Family<'_> {
    fn count<const N: usize>(&mut self, labels: [Label<'_>; N], value: u64) -> fmt::Result {
        let mut sample = self.0.encode_family(&labels)?;
        sample.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    fn value<const N: usize>(&mut self, labels: [Label<'_>; N], value: usize) -> fmt::Result {
        self.0.encode_family(&labels)?.encode_gauge(&value)
    }

    fn durations<const N: usize>(
        &mut self,
        labels: [Label<'_>; N],
        histogram: &Histogram,
    ) -> fmt::Result {
        let read = histogram.snapshot();
        let mut sample = self.0.encode_family(&labels)?;
        sample.encode_histogram::<NoLabelSet>(read.sum_seconds, read.count, &read.buckets, None)
    }
}

fn host(out: &mut Families<'_, '_>, host: &Host, site: &Site) -> fmt::Result {
    let mut build = out.family("plinth_build", "The program", MetricType::Info)?;
    build
        .0
        .encode_info(&[("version", env!("CARGO_PKG_VERSION"))])?;
    let began = host.metrics().began.duration_since(UNIX_EPOCH);
    let began = began.unwrap_or_default().as_secs_f64();
    let mut start = out.gauge("plinth_start_time_seconds", "When it started, in Unix time")?;
    start.0.encode_gauge(&began)?;
    let mut generation = out.gauge(
        "plinth_generation",
        "Changes of plugins, the first included",
    )?;
    generation.0.encode_gauge(&site.generation)?;
    let mut lines = out.counter("plinth_log_lines_dropped", "Lines that nobody read in time")?;
    for (source, count) in ["plugin", "host"].into_iter().zip(logging::dropped()) {
        lines.count([("source", source)], count)?;
    }
    let [bodies, answers] = host.rooms().used_bytes();
    let mut held = out.gauge("plinth_bodies_bytes", "Bodies of requests that are held")?;
    held.value([], bodies)?;
    let mut held = out.gauge("plinth_answers_bytes", "Answers that are not sent yet")?;
    held.value([], answers)
}

fn requests(out: &mut Families<'_, '_>, host: &Host, site: &Site) -> fmt::Result {
    let mut family = out.counter("plinth_requests", "Requests that a route answered")?;
    for target in site.router.targets() {
        let (plugin, route) = (target.plugin.name(), &*target.name);
        let (method, path) = (target.method().as_str(), &*target.template);
        each_outcome(&target.metrics, |outcome, count| {
            let labels = [
                ("plugin", plugin),
                ("route", route),
                ("method", method),
                ("path", path),
                ("status", outcome),
            ];
            family.count(labels, count)
        })?;
    }
    let mut family = out.histogram(
        "plinth_request_seconds",
        "From a request's headers to its answer",
    )?;
    for target in site.router.targets() {
        let labels = [
            ("plugin", target.plugin.name()),
            ("route", &*target.name),
            ("method", target.method().as_str()),
            ("path", &*target.template),
        ];
        family.durations(labels, &target.metrics.seconds)?;
    }
    let mut family = out.counter(
        "plinth_unrouted_requests",
        "Requests that no route answered",
    )?;
    each_outcome(&host.metrics().unrouted, |outcome, count| {
        family.count([("status", outcome)], count)
    })
}

fn each_outcome(
    metrics: &RequestMetrics,
    mut write: impl FnMut(&'static str, u64) -> fmt::Result,
) -> fmt::Result {
    let mut outcomes = Outcome::ALL.into_iter();
    outcomes.try_for_each(|outcome| write(outcome.name(), metrics.count(outcome)))
}

fn held(out: &mut Families<'_, '_>, host: &Host) -> fmt::Result {
    let help = "What the host holds of arguments and results of statements";
    let mut family = out.gauge("plinth_held_bytes", help)?;
    for (plugin, held) in host.budgets() {
        family.value([("plugin", plugin)], held.used_bytes())?;
    }
    Ok(())
}

fn instances(out: &mut Families<'_, '_>, site: &Site) -> fmt::Result {
    /// A gauge of each plugin's instances: its name, its help, its value.
    type Gauge = (&'static str, &'static str, fn(InstanceCounts) -> usize);
    let gauges: [Gauge; 4] = [
        (
            "plinth_instances_busy",
            "Instances that serve a request",
            |counts| counts.busy,
        ),
        (
            "plinth_instances_idle",
            "Instances that wait for a request",
            |counts| counts.idle,
        ),
        (
            "plinth_instances_max",
            "Requests served at once at most",
            |counts| counts.max,
        ),
        (
            "plinth_requests_waiting",
            "Requests that wait for an instance",
            |counts| counts.waiting,
        ),
    ];
    for (name, help, value) in gauges {
        let mut family = out.gauge(name, help)?;
        for plugin in site.plugins() {
            family.value([("plugin", plugin.name())], value(plugin.instances()))?;
        }
    }
    each_plugin(
        out,
        site,
        "plinth_instances_created",
        "Instances made",
        |plugin| plugin.metrics().instances_created.get(),
    )?;
    let help = "Calls into a plugin that gave no answer";
    let mut family = out.counter("plinth_plugin_failures", help)?;
    for plugin in site.plugins() {
        for failure in CallFailure::ALL {
            let labels = [("plugin", plugin.name()), ("kind", failure.name())];
            family.count(labels, plugin.metrics().failures(failure))?;
        }
    }
    each_plugin(
        out,
        site,
        "plinth_plugin_log_lines_dropped",
        "Lines of a plugin that logged too much",
        |plugin| plugin.metrics().log_lines_dropped.get(),
    )
}

fn statements(out: &mut Families<'_, '_>, site: &Site) -> fmt::Result {
    each_plugin(
        out,
        site,
        "plinth_statements",
        "Statements sent",
        |plugin| plugin.metrics().statements.sent.get(),
    )?;
    let help = "Calls refused by statements_max";
    each_plugin(out, site, "plinth_statements_over_limit", help, |plugin| {
        plugin.metrics().statements.over_limit.get()
    })?;
    let help = "Calls to a database that failed";
    let mut family = out.counter("plinth_statement_failures", help)?;
    for plugin in site.plugins() {
        for failure in StatementFailure::ALL {
            let labels = [("plugin", plugin.name()), ("kind", failure.name())];
            family.count(labels, plugin.metrics().statements.failures(failure))?;
        }
    }
    let help = "Calls to a database, the wait for a connection included";
    let mut family = out.histogram("plinth_statement_seconds", help)?;
    for plugin in site.plugins() {
        let seconds = &plugin.metrics().statements.seconds;
        family.durations([("plugin", plugin.name())], seconds)?;
    }
    Ok(())
}

fn each_plugin(
    out: &mut Families<'_, '_>,
    site: &Site,
    name: &str,
    help: &str,
    value: impl Fn(&Plugin) -> u64,
) -> fmt::Result {
    let mut family = out.counter(name, help)?;
    for plugin in site.plugins() {
        family.count([("plugin", plugin.name())], value(plugin))?;
    }
    Ok(())
}
