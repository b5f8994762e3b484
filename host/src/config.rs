//! `plinth.toml`: every setting and every limit, named and checked once.
//!
//! `docs/operating.md` documents each key for the operator.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use tokio::sync::Semaphore;

mod connection_share;
mod database;
mod plugin_role;
mod secret;
mod unknown_key;

pub use database::{DatabaseConfig, DatabaseLimits};
pub use secret::Secret;

/// What a plugin calls its database when it has but one.
pub const DEFAULT_DATABASE: &str = "default";

/// The whole of `plinth.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where the host keeps compiled code and, in `dev`, its database.
    pub data_dir: PathBuf,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Shows the cause of a failure in its response. Never in production.
    #[serde(skip)]
    pub dev: bool,
    /// Creates what plugins need in their databases before they serve: roles,
    /// schemas and tables. The databases' URLs must then be an administrator's.
    #[serde(skip)]
    pub create_tables: bool,
    /// Whether the folder for compiled code is made where it is missing: by the host
    /// that serves, and not by a command that another user may run.
    #[serde(skip, default = "always")]
    pub keeps_compiled: bool,
    /// Limits of the HTTP server.
    pub server: ServerLimits,
    /// Limits of the wasm engine.
    pub engine: EngineLimits,
    /// The databases that plugins can be given, by name.
    pub databases: BTreeMap<String, DatabaseConfig>,
    /// The plugins to serve, by name.
    pub plugins: BTreeMap<String, PluginConfig>,
    /// What operators ask about, on a port of its own.
    pub admin: AdminConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            data_dir: PathBuf::from(".plinth"),
            log_format: LogFormat::Text,
            dev: false,
            create_tables: false,
            keeps_compiled: true,
            server: ServerLimits::default(),
            engine: EngineLimits::default(),
            databases: BTreeMap::new(),
            plugins: BTreeMap::new(),
            admin: AdminConfig::default(),
        }
    }
}

fn always() -> bool {
    true
}

/// Where `/metrics` and `/health` are served.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdminConfig {
    /// Where to listen for them; nowhere unless it is given. What is served there
    /// is for operators, so the address should not be one that others reach.
    pub listen: Option<SocketAddr>,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

/// Limits of the HTTP server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerLimits {
    /// Connections served at once; further ones wait to be accepted.
    pub connections_max: usize,
    /// The request line and headers together.
    pub header_bytes_max: usize,
    /// How long a client may take to send them, and stay idle between requests.
    pub header_timeout_ms: u64,
    /// A request's body.
    pub body_bytes_max: usize,
    /// The bodies of all requests that are being read, wait or are served. One
    /// connection may have an eighth of it.
    pub bodies_bytes_max: usize,
    /// How long a client may take to send a body, besides the time that
    /// `bytes_per_second_min` gives it.
    pub body_timeout_ms: u64,
    /// All answers that were not sent yet. One connection may have an eighth of
    /// it.
    pub answers_bytes_max: usize,
    /// How long a client may take nothing of what it is sent.
    pub send_timeout_ms: u64,
    /// What a client must send of a body, and take of an answer, on average.
    pub bytes_per_second_min: u64,
    /// How long requests in flight may take to finish when the host stops.
    pub drain_timeout_ms: u64,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            header_bytes_max: 32 << 10,
            header_timeout_ms: 30_000,
            body_bytes_max: 2 << 20,
            bodies_bytes_max: 256 << 20,
            body_timeout_ms: 30_000,
            answers_bytes_max: 256 << 20,
            send_timeout_ms: 30_000,
            bytes_per_second_min: 4 << 10,
            drain_timeout_ms: 10_000,
        }
    }
}

/// Limits of the wasm engine, for all plugins together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineLimits {
    /// Instances of all plugins together. Each reserves address space, not
    /// memory.
    pub instances_max: u32,
    /// The largest memory that any plugin's limit can ask for.
    pub memory_bytes_max: usize,
    /// Elements in one table of a plugin; Rust's hold function pointers.
    pub table_elements_max: usize,
    /// Compiles sooner to slower code, and remembers machine code by function
    /// between builds. For `dev`.
    #[serde(skip)]
    pub fast_compilation: bool,
}

impl Default for EngineLimits {
    fn default() -> Self {
        Self {
            instances_max: 512,
            memory_bytes_max: 256 << 20,
            table_elements_max: 20_000,
            fast_compilation: false,
        }
    }
}

/// A plugin: its component, where it is mounted, what it may use.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginConfig {
    /// The `.wasm` file, relative to `plinth.toml`.
    pub component: PathBuf,
    /// What its paths begin with.
    #[serde(default)]
    pub prefix: String,
    /// The host name that it answers for; without one, for all that no other plugin
    /// answers for.
    #[serde(default)]
    pub host: Option<String>,
    /// Whether an instance serves one request or many, one after the other.
    #[serde(default)]
    pub instances: InstancePolicy,
    /// The databases it may use: names of `[databases.<name>]`. The first is what
    /// the plugin gets where it names none.
    #[serde(default)]
    pub databases: Vec<String>,
    /// The Postgres role it connects as; without it, `plinth_` and its name.
    #[serde(default)]
    pub database_role: Option<String>,
    /// The role's password, where the server asks for one. `${NAME}` stands for
    /// an environment variable.
    #[serde(default)]
    pub database_password: Option<Secret>,
    /// Limits of each of its instances and requests.
    #[serde(default)]
    pub limits: PluginLimits,
    /// Limits of some of its routes, by their handlers' names.
    #[serde(default)]
    pub routes: BTreeMap<String, RouteLimits>,
    /// What the plugin reads with `config::get`.
    #[serde(default)]
    pub config: BTreeMap<String, toml::Value>,
}

impl PluginConfig {
    /// A plugin with the defaults for everything but its component.
    pub fn new(component: impl Into<PathBuf>) -> Self {
        Self {
            component: component.into(),
            prefix: String::new(),
            host: None,
            instances: InstancePolicy::default(),
            databases: Vec::new(),
            database_role: None,
            database_password: None,
            limits: PluginLimits::default(),
            routes: BTreeMap::new(),
            config: BTreeMap::new(),
        }
    }
}

/// Whether an instance serves one request or many.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum InstancePolicy {
    /// Many requests, one after the other: the fastest.
    #[default]
    Reuse,
    /// One request, so that nothing can stay behind for the next.
    Fresh,
}

/// Limits of the requests to one route.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RouteLimits {
    /// Statements that one request may send, instead of the plugin's own number.
    pub statements_max: Option<u32>,
}

/// Limits of a plugin's instances and requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PluginLimits {
    /// All memories of one instance together.
    pub memory_bytes_max: usize,
    /// An instance that has grown past this is not used again: a guest's memory
    /// never shrinks.
    pub memory_reuse_bytes_max: usize,
    /// What the host holds for all instances together: arguments and results of
    /// their statements.
    pub held_bytes_max: usize,
    /// Requests an instance serves before it is replaced.
    pub requests_per_instance_max: u32,
    /// Time on a core that one request may take.
    pub cpu_ms_max: u64,
    /// Time that one request may spend in the plugin, its waits for the host
    /// included. Reading the request and waiting for an instance have limits of
    /// their own.
    pub wall_ms_max: u64,
    /// Requests of this plugin served at once.
    pub instances_max: usize,
    /// Requests that may wait for an instance; further ones are refused at once.
    pub queue_max: usize,
    /// How long they wait.
    pub queue_timeout_ms: u64,
    /// What the plugin may answer with, headers and body together; of an answer
    /// that is streamed, the headers.
    pub reply_bytes_max: usize,
    /// Answers that the host writes from the rows of a query at once, when the
    /// plugin has returned; further ones are refused.
    pub replies_max: usize,
    /// Of these, those that are streamed. Each holds a connection for as long as
    /// its client reads.
    pub streams_max: usize,
    /// The body of an answer that is streamed.
    pub stream_bytes_max: u64,
    /// How long sending it may take.
    pub stream_ms_max: u64,
    /// How long its client may take nothing of it.
    pub stream_stall_ms_max: u64,
    /// Its part of the connections of each of its databases; without it, an even
    /// part of what the others leave.
    pub connections_max: Option<usize>,
    /// Statements that one request may send to its databases together.
    pub statements_max: u32,
    /// What it may log; further lines are dropped and counted.
    pub log_bytes_per_second_max: u64,
    /// How often one request may send the same statement before the log warns of
    /// it, in `dev` alone. Nothing is refused.
    pub statement_repeats_max: u32,
}

impl Default for PluginLimits {
    fn default() -> Self {
        Self {
            memory_bytes_max: 64 << 20,
            memory_reuse_bytes_max: 16 << 20,
            held_bytes_max: 256 << 20,
            requests_per_instance_max: 100_000,
            cpu_ms_max: 1_000,
            wall_ms_max: 30_000,
            instances_max: 64,
            queue_max: 4_096,
            queue_timeout_ms: 5_000,
            reply_bytes_max: 16 << 20,
            replies_max: 4_096,
            streams_max: 4,
            stream_bytes_max: 4 << 30,
            stream_ms_max: 600_000,
            stream_stall_ms_max: 30_000,
            connections_max: None,
            statements_max: 1_000,
            log_bytes_per_second_max: 1 << 20,
            statement_repeats_max: 10,
        }
    }
}

impl Config {
    /// Reads and checks a file; paths in it are taken relative to its folder.
    ///
    /// # Errors
    ///
    /// When it can't be read, isn't TOML, has an unknown key (the nearest known
    /// one is named) or contradicts itself.
    pub fn read(path: &Path) -> Result<Self> {
        let config = Self::read_unchecked(path)?;
        let invalid = || format!("{} is not valid", path.display());
        config.check().with_context(invalid)?;
        Ok(config)
    }

    /// Reads a file that may leave out what `plinth dev` fills in; it is to be
    /// [checked](Config::check) then.
    ///
    /// # Errors
    ///
    /// As [`Config::read`], but for contradictions.
    pub fn read_unchecked(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let mut config = Self::parse_unchecked(&text)
            .with_context(|| format!("{} is not valid", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        config.data_dir = folder.join(&config.data_dir);
        for database in config.databases.values_mut() {
            database.tls_ca_file = database.tls_ca_file.take().map(|path| folder.join(path));
        }
        for plugin in config.plugins.values_mut() {
            plugin.component = folder.join(&plugin.component);
        }
        Ok(config)
    }

    /// Reads and checks the text of a file.
    ///
    /// # Errors
    ///
    /// As [`Config::read`].
    pub fn parse(text: &str) -> Result<Self> {
        let config = Self::parse_unchecked(text)?;
        config.check()?;
        Ok(config)
    }

    fn parse_unchecked(text: &str) -> Result<Self> {
        let mut config: Self =
            toml::from_str(text).map_err(|error| unknown_key::explain(text, &error))?;
        for (name, database) in &mut config.databases {
            database.url = expand_environment(&database.url)
                .with_context(|| format!("databases.{name}.url"))?;
        }
        for (name, plugin) in &mut config.plugins {
            if let Some(password) = &mut plugin.database_password {
                let expanded = expand_environment(password.expose());
                *password = expanded
                    .map(Secret::new)
                    .with_context(|| format!("plugins.{name}.database_password"))?;
            }
        }
        Ok(config)
    }

    /// Checks what one key alone can't tell.
    ///
    /// # Errors
    ///
    /// When the settings contradict each other.
    pub fn check(&self) -> Result<()> {
        let connections = self.server.connections_max;
        if !(1..=Semaphore::MAX_PERMITS).contains(&connections) {
            bail!(
                "server.connections_max = {connections} must be at least 1 and at most {}",
                Semaphore::MAX_PERMITS
            );
        }
        let shared = self.admin.listen == Some(self.listen) && self.listen.port() != 0;
        if shared {
            bail!("admin.listen must not be listen: it is for operators alone");
        }
        if self.server.bodies_bytes_max < self.server.body_bytes_max {
            bail!("server.bodies_bytes_max must be at least server.body_bytes_max");
        }
        for (name, plugin) in &self.plugins {
            if self.server.answers_bytes_max < plugin.limits.reply_bytes_max {
                bail!(
                    "server.answers_bytes_max must be at least plugins.{name}.limits.reply_bytes_max"
                );
            }
        }
        let mut instances = 0_usize;
        for (name, plugin) in &self.plugins {
            check_plugin(plugin, self).with_context(|| format!("plugins.{name}"))?;
            instances = instances.saturating_add(plugin.limits.instances_max);
        }
        let available = self.engine.instances_max as usize / 2;
        if instances > available {
            bail!(
                "the plugins' limits.instances_max add up to {instances}, but engine.instances_max = {} \
                 allows {available} (half of it: while a plugin is replaced, both versions run)",
                self.engine.instances_max
            );
        }
        for (name, database) in &self.databases {
            let limits = database.limits.check();
            limits.with_context(|| format!("databases.{name}.limits"))?;
            self.connection_shares(name)?;
        }
        plugin_role::check(self)
    }
}

fn is_prefix(prefix: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_part =
        |part: &str| !part.is_empty() && part != "." && part != ".." && part.bytes().all(is_plain);
    prefix
        .strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(is_part))
}

fn is_host_name(host: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(is_letter),
    }
}

fn check_plugin(plugin: &PluginConfig, config: &Config) -> Result<()> {
    let limits = &plugin.limits;
    if !plugin.prefix.is_empty() && !is_prefix(&plugin.prefix) {
        bail!(
            "prefix = {:?} must begin with a slash and not end with one, and have letters, digits \
             and -._~ between its slashes",
            plugin.prefix
        );
    }
    if let Some(host) = &plugin.host
        && !is_host_name(host)
    {
        bail!("host = {host:?} must be the name of a host, without a scheme, a port or a path");
    }
    if limits.memory_bytes_max > config.engine.memory_bytes_max {
        bail!(
            "limits.memory_bytes_max = {} is more than engine.memory_bytes_max = {}",
            limits.memory_bytes_max,
            config.engine.memory_bytes_max
        );
    }
    if limits.instances_max == 0 || limits.requests_per_instance_max == 0 {
        bail!("limits.instances_max and limits.requests_per_instance_max must be at least 1");
    }
    // Postgres takes 0 for no limit.
    if !(1..=i32::MAX.unsigned_abs().into()).contains(&limits.stream_ms_max) {
        bail!(
            "limits.stream_ms_max must be at least 1 and at most {}",
            i32::MAX
        );
    }
    if limits.connections_max == Some(0) {
        bail!("limits.connections_max must be at least 1");
    }
    for name in &plugin.databases {
        if !config.databases.contains_key(name) {
            bail!("databases names {name:?}, but there is no [databases.{name}]");
        }
    }
    Ok(())
}

/// Replaces `${NAME}` by the environment variable's value.
fn expand_environment(text: &str) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, tail) = after
            .split_once('}')
            .context("`${` without a closing `}`")?;
        let value = std::env::var(name)
            .map_err(|_| anyhow!("the environment variable {name} is not set, or is no text"))?;
        out.push_str(before);
        out.push_str(&value);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        format!("{:#}", Config::parse(text).expect_err("must be refused"))
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        let config = Config::parse("").expect("valid");
        assert_eq!(config.listen.port(), 8000);
        assert_eq!(config.server.body_bytes_max, 2 << 20);
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let text = refusal("[server]\nbody_byte_max = 1");
        assert!(text.contains("did you mean `body_bytes_max`"), "{text}");
        assert!(text.contains("line 2"), "{text}");
    }

    #[test]
    fn an_unknown_key_like_none_lists_all() {
        let text = refusal("[plugins.a]\ncomponent = 'a'\nzzzzzzzz = 1");
        assert!(text.contains("known keys"), "{text}");
        assert!(text.contains("`prefix`"), "{text}");
    }

    #[test]
    fn a_plugin_needs_databases_that_exist() {
        let text = refusal("[plugins.a]\ncomponent = 'a'\ndatabases = ['main']");
        assert!(text.contains("[databases.main]"), "{text}");
    }

    #[test]
    fn a_prefix_is_a_plain_absolute_path() {
        for prefix in ["shop", "/shop/", "/{shop}", "/"] {
            refusal(&format!(
                "[plugins.a]\ncomponent = 'a'\nprefix = '{prefix}'"
            ));
        }
    }

    #[test]
    fn a_missing_environment_variable_is_named_and_its_neighbours_are_not() {
        let text = refusal("[databases.d]\nurl = 'postgres://u:${PLINTH_NOT_SET}@h/d'");
        assert!(
            text.contains("PLINTH_NOT_SET") && !text.contains("postgres://"),
            "{text}"
        );
    }

    #[test]
    fn an_error_does_not_tell_a_password() {
        let texts = [
            "[databases]\ndefault = 'postgres://shop:hunter2@h/shop'",
            "listen = 'postgres://shop:hunter2@h/shop'",
        ];
        for text in texts {
            let refusal = refusal(text);
            assert!(!refusal.contains("hunter2"), "{refusal}");
            assert!(refusal.contains("line "), "{refusal}");
        }
    }

    #[test]
    fn a_prefix_and_a_host_are_plain() {
        let told = |key: &str, value: &str| {
            let text = format!("[plugins.a]\ncomponent = 'a'\n{key} = {value:?}");
            Config::parse(&text)
                .map(drop)
                .map_err(|error| format!("{error:#}"))
        };
        for prefix in ["", "/shop", "/a/b-c._~"] {
            assert_eq!(told("prefix", prefix), Ok(()));
        }
        for prefix in [
            "/",
            "shop",
            "/shop/",
            "/a//b",
            "/a/../b",
            "/a b",
            "/caf\u{e9}",
            "/{a}",
            "/%61",
        ] {
            let refused = told("prefix", prefix).expect_err(prefix);
            assert!(
                refused.contains("plugins.a") && refused.contains("prefix"),
                "{refused}"
            );
        }
        for host in ["shop.example", "SHOP.example", "127.0.0.1", "[::1]"] {
            assert_eq!(told("host", host), Ok(()));
        }
        for host in [
            "",
            "shop.example:80",
            "http://shop",
            "shop/a",
            "*.shop",
            "[::1",
            "u@shop",
        ] {
            assert!(
                told("host", host).expect_err(host).contains("host"),
                "{host}"
            );
        }
    }

    #[test]
    fn what_is_no_text_is_not_quoted_either() {
        for value in [
            "48151623",
            "-48151623",
            "4815.1623",
            "true",
            "1979-05-27",
            "07:32:11",
        ] {
            for place in [
                "[databases.d]\nurl = ",
                "[plugins.a]\ncomponent = 'a'\ndatabase_password = ",
                "data_dir = ",
                "listen = ",
            ] {
                let told = format!(
                    "{:#}",
                    Config::parse(&format!("{place}{value}")).expect_err("refused")
                );
                assert!(!told.contains(value), "{place}{value}: {told}");
                assert!(told.contains("line "), "{told}");
            }
        }
    }

    #[test]
    fn what_is_printed_of_the_settings_tells_no_password() {
        let text = "[databases.d]\nurl = 'postgres://shop:hunter2@h/shop'\n[plugins.a]\ncomponent = 'a'\n\
                    database_password = 'hunter2'";
        let printed = format!("{:#?}", Config::parse(text).expect("valid"));
        assert!(printed.contains("statement_timeout_ms"), "{printed}");
        assert!(!printed.contains("hunter2"), "{printed}");
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("plinth.toml");
        let text = "[databases.d]\nurl = 'host=x'\ntls_ca_file = 'ca.pem'\n\
                    [databases.e]\nurl = 'host=x'\ntls_ca_file = '/etc/ca.pem'";
        std::fs::write(&file, text).expect("written");
        let config = Config::read(&file).expect("valid");
        let file_of = |name: &str| config.databases[name].tls_ca_file.clone();
        assert_eq!(file_of("d"), Some(folder.path().join("ca.pem")));
        assert_eq!(file_of("e"), Some("/etc/ca.pem".into()));
    }

    #[test]
    fn limits_that_would_stop_everything_are_refused() {
        refusal("[server]\nconnections_max = 0");
        refusal("[server]\nconnections_max = 9223372036854775807");
        let text = refusal("[databases.d]\nurl = 'host=x'\nlimits.statement_timeout_ms = 0");
        assert!(text.contains("statement_timeout_ms"), "{text}");
        let text = refusal("[databases.d]\nurl = 'host=x'\nlimits.connection_age_ms_max = 0");
        assert!(
            text.contains("connection_age_ms_max must be at least 1"),
            "{text}"
        );
        refusal("[plugins.a]\ncomponent = 'a'\nlimits.instances_max = 9223372036854775807");
    }

    #[test]
    fn the_admin_listener_is_off_and_never_the_public_one() {
        let config = Config::parse("").expect("valid");
        assert_eq!(config.admin.listen, None);
        let text = refusal("listen = '127.0.0.1:81'\n[admin]\nlisten = '127.0.0.1:81'");
        assert!(text.contains("admin.listen"), "{text}");
    }

    #[test]
    fn a_stream_has_an_end() {
        for time in ["0", "2147483648"] {
            let limits = format!("limits.stream_ms_max = {time}");
            let text = refusal(&format!("[plugins.a]\ncomponent = 'a'\n{limits}"));
            assert!(text.contains("stream_ms_max must be"), "{text}");
        }
    }

    #[test]
    fn limits_of_plugins_fit_the_engine() {
        let text = refusal(
            "[engine]\ninstances_max = 10\n[plugins.a]\ncomponent = 'a'\nlimits.instances_max = 6",
        );
        assert!(text.contains("engine.instances_max = 10"), "{text}");
    }
}
