//! Which plugin answers which path and method.
//!
//! The host routes, so that what no plugin answers never wakes one.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use http::Method;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::bindings::exports::plinth::host::handler::{ParameterKind, Route};
use crate::bindings::plinth::host::types::Method as RouteMethod;
use crate::metrics::RequestMetrics;
use crate::plugin::Plugin;

/// More than any path has, and no more than the tree of paths takes.
const PARAMETERS_MAX: usize = 24;

/// The routes of all plugins.
#[derive(Default)]
pub struct Router {
    /// Those with a longer prefix first.
    mounts: Vec<Mount>,
    has_hosts: bool,
}

/// A place that belongs to the plugins that are mounted there, and to no other:
/// what they do not answer is answered by nobody.
struct Mount {
    /// The host name that it answers for; without one, for all that no other does.
    host: Option<String>,
    prefix: String,
    /// Path templates, their parameters renamed by position.
    paths: matchit::Router<usize>,
    nodes: Vec<Node>,
}

/// A path template and what answers it.
struct Node {
    template: String,
    targets: Vec<Arc<Target>>,
    /// The value of `Allow`.
    allow: String,
}

/// A route of a plugin.
pub struct Target {
    /// The plugin that answers.
    pub plugin: Arc<Plugin>,
    /// The route's number in the plugin.
    pub route: u32,
    /// The handler's name.
    pub name: Arc<str>,
    /// Its path as the router has it, the plugin's prefix included.
    pub template: Arc<str>,
    pub(crate) metrics: Arc<RequestMetrics>,
    /// Statements that one request may send.
    pub(crate) statements_max: u32,
    method: Method,
    kinds: Vec<ParameterKind>,
}

impl Target {
    /// The method it answers to; GET answers HEAD too.
    pub fn method(&self) -> &Method {
        &self.method
    }
}

/// What became of looking up a path and a method.
pub enum Match<'r> {
    /// A route answers, with these parameters.
    Found(&'r Arc<Target>, Vec<String>),
    /// No route has this path.
    NotFound,
    /// Routes have this path, but with other methods: the value of `Allow`.
    MethodNotAllowed(&'r str),
    /// A parameter is not percent-encoded UTF-8.
    Malformed,
}

impl Router {
    /// Routes to all the given plugins.
    ///
    /// # Errors
    ///
    /// When two routes answer the same requests, naming both, or a template is
    /// malformed.
    pub fn new<'p>(plugins: impl IntoIterator<Item = &'p Arc<Plugin>>) -> Result<Self> {
        let plugins: Vec<&Arc<Plugin>> = plugins.into_iter().collect();
        let mut router = Self::default();
        for plugin in &plugins {
            router.mount(plugin.host(), plugin.prefix());
        }
        let length = |mount: &Mount| std::cmp::Reverse(mount.prefix.len());
        router.mounts.sort_by_key(length);
        router.has_hosts = router.mounts.iter().any(|mount| mount.host.is_some());
        for plugin in &plugins {
            for (number, route) in (0..).zip(&plugin.description().routes) {
                let added = check_ground(plugin, route, &plugins).and_then(|()| {
                    let mount = router.mount(plugin.host(), plugin.prefix());
                    mount.add(plugin, number, route)
                });
                added.with_context(|| {
                    format!(
                        "plugin {}, route {} {}",
                        plugin.name(),
                        method(route.method),
                        route.path
                    )
                })?;
            }
        }
        Ok(router)
    }

    /// Finds the route for a method and a path as it came, of a request for a host
    /// with a port or without.
    pub fn find(&self, host: &str, method: &Method, path: &str) -> Match<'_> {
        let Some(path) = normal(path) else {
            return Match::Malformed;
        };
        let path = &*path;
        let Some(mount) = self.mount_of(host, path) else {
            return Match::NotFound;
        };
        let Ok(found) = mount.paths.at(path) else {
            return Match::NotFound;
        };
        let node = &mount.nodes[*found.value];
        let wanted = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let Some(target) = node.targets.iter().find(|target| target.method == wanted) else {
            return Match::MethodNotAllowed(&node.allow);
        };
        let mut parameters = Vec::with_capacity(target.kinds.len());
        for ((_, raw), kind) in found.params.iter().zip(&target.kinds) {
            let Ok(value) = percent_decode_str(raw).decode_utf8() else {
                return Match::Malformed;
            };
            if !is_of_kind(*kind, &value) {
                return Match::NotFound;
            }
            parameters.push(value.into_owned());
        }
        Match::Found(target, parameters)
    }

    /// The routes, those of a path together.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &Arc<Target>> {
        let nodes = self.mounts.iter().flat_map(|mount| &mount.nodes);
        nodes.flat_map(|node| &node.targets)
    }

    /// Whether it matters which host a request is for.
    pub(crate) fn has_hosts(&self) -> bool {
        self.has_hosts
    }

    /// The mount that a request is for: of those for its host the one with the
    /// longest prefix. A host that is somebody's is nobody else's.
    fn mount_of(&self, host: &str, path: &str) -> Option<&Mount> {
        let name = without_port(host);
        let is_for = |mount: &&Mount| {
            let host = mount.host.as_deref();
            host.is_some_and(|host| host.eq_ignore_ascii_case(name))
        };
        let is_taken = self.has_hosts && self.mounts.iter().any(|mount| is_for(&mount));
        let mut mounts = self.mounts.iter();
        mounts.find(|mount| {
            let is_hosts = if is_taken {
                is_for(mount)
            } else {
                mount.host.is_none()
            };
            is_hosts && is_under(path, &mount.prefix)
        })
    }

    /// A mount, added where it is new.
    fn mount(&mut self, host: Option<&str>, prefix: &str) -> &mut Mount {
        let is_it = |mount: &Mount| mount.host.as_deref() == host && mount.prefix == prefix;
        let at = self.mounts.iter().position(is_it);
        let at = at.unwrap_or_else(|| {
            self.mounts.push(Mount {
                host: host.map(str::to_owned),
                prefix: prefix.to_owned(),
                paths: matchit::Router::new(),
                nodes: Vec::new(),
            });
            self.mounts.len() - 1
        });
        &mut self.mounts[at]
    }
}

impl Mount {
    fn add(&mut self, plugin: &Arc<Plugin>, number: u32, route: &Route) -> Result<()> {
        let template = mounted(plugin.prefix(), &route.path)?;
        let (positional, count) = positional(&template)?;
        if count != route.parameters.len() {
            bail!(
                "the template has {count} parameters, but {} kinds are given",
                route.parameters.len()
            );
        }
        let index = self.node(&template, &positional)?;
        let node = &mut self.nodes[index];
        let method = method(route.method);
        if let Some(other) = node.targets.iter().find(|target| target.method == method) {
            bail!(
                "{} of plugin {} answers the same requests",
                other.name,
                other.plugin.name()
            );
        }
        node.targets.push(Arc::new(Target {
            plugin: Arc::clone(plugin),
            route: number,
            name: route.name.as_str().into(),
            template: template.as_str().into(),
            metrics: plugin.metrics().route(&method, &template),
            statements_max: plugin.statements_max(&route.name),
            method,
            kinds: route.parameters.clone(),
        }));
        node.allow = allow(&node.targets);
        Ok(())
    }

    /// The node of a template, added where it is new.
    fn node(&mut self, template: &str, positional: &str) -> Result<usize> {
        let index = self.nodes.len();
        match self.paths.insert(positional, index) {
            Ok(()) => {
                self.nodes.push(Node {
                    template: template.to_owned(),
                    targets: Vec::new(),
                    allow: String::new(),
                });
                Ok(index)
            }
            Err(matchit::InsertError::Conflict { with }) if with == positional => Ok(*self
                .paths
                .at(positional)
                .context("a template matches itself")?
                .value),
            Err(matchit::InsertError::Conflict { with }) => {
                let other = self
                    .nodes
                    .iter()
                    .find(|node| self::positional(&node.template).is_ok_and(|(p, _)| p == with));
                let other = other.map_or(with.as_str(), |node| node.template.as_str());
                bail!("the path is ambiguous with {other}")
            }
            Err(error) => bail!("the path template is malformed: {error}"),
        }
    }
}

/// Refuses a route that lies under the prefix of another plugin, whose requests
/// it would take.
fn check_ground(plugin: &Plugin, route: &Route, plugins: &[&Arc<Plugin>]) -> Result<()> {
    let template = mounted(plugin.prefix(), &route.path)?;
    let owner = plugins.iter().find(|other| {
        other.host() == plugin.host()
            && other.prefix().len() > plugin.prefix().len()
            && is_under(&template, other.prefix())
    });
    match owner {
        Some(other) => bail!(
            "it lies under {}, where plugin {} is mounted",
            other.prefix(),
            other.name()
        ),
        None => Ok(()),
    }
}

/// The name in an authority.
pub(crate) fn without_port(host: &str) -> &str {
    let end_of_address = host.rfind(']').unwrap_or_default();
    match host[end_of_address..].find(':') {
        Some(colon) => &host[..end_of_address + colon],
        None => host,
    }
}

/// A path as all ways to write it are compared (RFC 3986, section 6.2.2): what
/// needs no percent-encoding has none, and the digits of the rest are capitals.
/// Of one that is not percent-encoded as it must be there is none: half an encoding
/// and what stands behind it could become a whole one.
fn normal(path: &str) -> Option<Cow<'_, str>> {
    if !path.contains('%') {
        return Some(Cow::Borrowed(path));
    }
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let byte = encoded_byte(after)?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte.into());
        } else {
            write!(out, "%{byte:02X}").expect("a string takes all");
        }
        rest = &after[2..];
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

/// The byte that two digits behind a percent sign stand for.
fn encoded_byte(digits: &str) -> Option<u8> {
    let digits = digits.get(..2)?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u8::from_str_radix(digits, 16).ok())?
}

/// What a path has only percent-encoded, but for the marks of templates.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'|');

/// The text of a template as it stands in requests.
fn literal(text: &str) -> String {
    let encoded: String = utf8_percent_encode(text, ENCODED).collect();
    match normal(&encoded) {
        Some(literal) => literal.into_owned(),
        // A sign that stands for itself.
        None => encoded.replace('%', "%25"),
    }
}

fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn mounted(prefix: &str, path: &str) -> Result<String> {
    if !path.starts_with('/') {
        bail!("the path must begin with a slash");
    }
    Ok(if path == "/" && !prefix.is_empty() {
        prefix.to_owned()
    } else {
        format!("{prefix}{path}")
    })
}

/// Renames a template's parameters by position, so that `/books/{id}` and
/// `/books/{isbn}` are one path; and counts them.
fn positional(template: &str) -> Result<(String, usize)> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    let mut count = 0;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').context("a `{` without its `}`")?;
        let star = if name.starts_with('*') { "*" } else { "" };
        let before = literal(before);
        write!(out, "{before}{{{star}p{count}}}").expect("a string takes all");
        if count == PARAMETERS_MAX {
            bail!("a path may have {PARAMETERS_MAX} parameters");
        }
        (rest, count) = (tail, count + 1);
    }
    out.push_str(&literal(rest));
    Ok((out, count))
}

fn method(method: RouteMethod) -> Method {
    match method {
        RouteMethod::Get => Method::GET,
        RouteMethod::Post => Method::POST,
        RouteMethod::Put => Method::PUT,
        RouteMethod::Patch => Method::PATCH,
        RouteMethod::Delete => Method::DELETE,
    }
}

fn allow(targets: &[Arc<Target>]) -> String {
    let mut methods: Vec<&str> = targets
        .iter()
        .map(|target| target.method.as_str())
        .collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.sort_unstable();
    methods.join(", ")
}

fn is_of_kind(kind: ParameterKind, value: &str) -> bool {
    match kind {
        ParameterKind::Text => true,
        ParameterKind::Integer => value.parse::<i64>().is_ok(),
        ParameterKind::Uuid => uuid::Uuid::parse_str(value).is_ok() && value.len() == 36,
    }
}

/// Reads any bytes: see [`crate::parsers`].
pub(crate) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let once = normal(&text).unwrap_or_default();
    let twice = normal(&once).expect("what is normal is well encoded");
    assert_eq!(twice, once, "and stays as it is");
    if let Ok((template, _)) = positional(&text) {
        let mut paths = matchit::Router::new();
        if paths.insert(&*template, ()).is_ok() {
            let _ = paths.at(&once);
        }
    }
    assert!(text.starts_with(without_port(&text)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_renamed_by_position() {
        assert_eq!(
            positional("/a/{id}/b/{*rest}").expect("valid"),
            ("/a/{p0}/b/{*p1}".into(), 2)
        );
        assert!(positional("/a/{id").is_err());
        assert!(positional(&"/{id}".repeat(PARAMETERS_MAX)).is_ok());
        assert!(positional(&"/{id}".repeat(PARAMETERS_MAX + 1)).is_err());
    }

    #[test]
    fn a_prefix_stands_before_each_path() {
        assert_eq!(mounted("/shop", "/").expect("valid"), "/shop");
        assert_eq!(mounted("", "/").expect("valid"), "/");
        assert_eq!(mounted("/shop", "/a").expect("valid"), "/shop/a");
        assert!(mounted("", "a").is_err());
    }

    #[test]
    fn a_path_is_under_a_prefix_at_a_slash() {
        assert!(is_under("/shop", "/shop") && is_under("/shop/login", "/shop"));
        assert!(!is_under("/shopping", "/shop") && !is_under("/", "/shop"));
    }

    #[test]
    fn a_path_can_be_written_in_many_ways() {
        for (written, same) in [
            ("/shop", "/shop"),
            ("/%73hop/%7eann", "/shop/~ann"),
            ("/caf%c3%a9", "/caf%C3%A9"),
            ("/a%2fb", "/a%2Fb"),
        ] {
            assert_eq!(normal(written).as_deref(), Some(same));
        }
        for malformed in ["/%", "/%zz%4", "/%+1", "/%a%41", "/%4\u{e9}"] {
            assert_eq!(normal(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn a_template_stands_as_requests_have_it() {
        let (template, _) = positional("/caf\u{e9} noir/{id}/a%62[c]").expect("valid");
        assert_eq!(template, "/caf%C3%A9%20noir/{p0}/ab%5Bc%5D");
    }

    #[test]
    fn a_hosts_name_has_no_port() {
        for (host, name) in [
            ("shop.example", "shop.example"),
            ("shop.example:80", "shop.example"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
            ("", ""),
        ] {
            assert_eq!(without_port(host), name);
        }
    }

    #[test]
    fn kinds_are_checked() {
        assert!(is_of_kind(ParameterKind::Integer, "-7"));
        assert!(!is_of_kind(ParameterKind::Integer, "9223372036854775808"));
        assert!(!is_of_kind(ParameterKind::Integer, ""));
        assert!(!is_of_kind(
            ParameterKind::Uuid,
            "0193e4a65b6c7d8e9f00112233445566"
        ));
        assert!(is_of_kind(
            ParameterKind::Uuid,
            "0193e4a6-5b6c-7d8e-9f00-112233445566"
        ));
    }
}
