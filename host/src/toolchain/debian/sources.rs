//! The mirror of Debian's archive that the machine's own apt is configured for.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// Names that a suite may have instead of the release's own.
const ROLLING_SUITES: [&str; 5] = ["stable", "testing", "unstable", "sid", "oldstable"];

/// The mirrors of Debian's main archive, the surest first.
pub(super) fn mirrors() -> Result<Vec<String>> {
    let os = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let found: Vec<Source> = files().iter().flat_map(|file| read(file)).collect();
    let mirrors = choose(&found, codename(&os));
    if mirrors.is_empty() {
        bail!(
            "no entry of /etc/apt/sources.list or /etc/apt/sources.list.d names a mirror of Debian's main archive"
        );
    }
    Ok(mirrors)
}

/// An entry for binary packages in apt's sources.
#[derive(Debug, Default, PartialEq, Eq)]
struct Source {
    uris: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    signed_by: Option<String>,
}

impl Source {
    /// Whether it can be Debian's own archive. Others use its releases' names and
    /// `main` too, but have keys of their own.
    fn serves(&self, codename: Option<&str>) -> bool {
        let suite = |suite: &String| {
            Some(suite.as_str()) == codename || ROLLING_SUITES.contains(&suite.as_str())
        };
        let ours = self.signed_by.is_none() || self.is_signed_by_debian();
        ours && self.suites.iter().any(suite) && self.components.iter().any(|name| name == "main")
    }

    fn is_signed_by_debian(&self) -> bool {
        self.signed_by
            .as_ref()
            .is_some_and(|keys| keys.contains("debian-archive-"))
    }
}

/// The mirrors among the sources: those that Debian's keys are named for first.
fn choose(sources: &[Source], codename: Option<&str>) -> Vec<String> {
    let mut serving: Vec<&Source> = sources
        .iter()
        .filter(|source| source.serves(codename))
        .collect();
    serving.sort_by_key(|source| !source.is_signed_by_debian());
    let mut mirrors: Vec<String> = Vec::new();
    for uri in serving.into_iter().flat_map(|source| &source.uris) {
        if !mirrors.contains(uri) {
            mirrors.push(uri.clone());
        }
    }
    mirrors
}

fn codename(os_release: &str) -> Option<&str> {
    let value = os_release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))?;
    Some(value.trim_matches('"'))
}

/// The files that apt reads, in its order.
fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir("/etc/apt/sources.list.d")
        .into_iter()
        .flatten()
        .flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files.insert(0, PathBuf::from("/etc/apt/sources.list"));
    files
}

/// The sources of a file; none where apt would not read it.
fn read(file: &Path) -> Vec<Source> {
    let text = fs::read_to_string(file).unwrap_or_default();
    match file.extension().and_then(|end| end.to_str()) {
        Some("list") => text.lines().filter_map(line).collect(),
        Some("sources") => stanzas(&text),
        _ => Vec::new(),
    }
}

/// `deb [option=value …] uri suite component… # comment`
fn line(line: &str) -> Option<Source> {
    let line = line.split('#').next()?;
    let mut rest = line
        .trim()
        .strip_prefix("deb")?
        .strip_prefix(char::is_whitespace)?
        .trim_start();
    let mut signed_by = None;
    if let Some(bracketed) = rest.strip_prefix('[') {
        let (options, after) = bracketed.split_once(']')?;
        signed_by = options
            .split_whitespace()
            .find_map(|option| option.strip_prefix("signed-by="))
            .map(str::to_owned);
        rest = after;
    }
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some(Source {
        uris: vec![words.next()?],
        suites: vec![words.next()?],
        components: words.collect(),
        signed_by,
    })
}

/// Stanzas of `Field: value`, in which a line that begins with a space goes on
/// with the field before it; empty lines stand between them.
fn stanzas(text: &str) -> Vec<Source> {
    let mut stanzas: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let stanza = stanzas.last_mut().expect("begins with one and only grows");
        if line.trim().is_empty() {
            stanzas.push(Vec::new());
        } else if line.starts_with(char::is_whitespace) {
            stanza
                .last_mut()
                .into_iter()
                .for_each(|(_, value)| value.push_str(line));
        } else if let Some((name, value)) = line.split_once(':') {
            stanza.push((name.to_ascii_lowercase(), value.to_owned()));
        }
    }
    stanzas.iter().filter_map(|fields| stanza(fields)).collect()
}

fn stanza(fields: &[(String, String)]) -> Option<Source> {
    let field = |wanted: &str| {
        fields
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.trim())
    };
    let words = |wanted: &str| -> Vec<String> {
        field(wanted)
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    };
    let enabled = !field("enabled").is_some_and(|value| ["no", "false", "0"].contains(&value));
    let binary = words("types").iter().any(|kind| kind == "deb");
    (enabled && binary).then(|| Source {
        uris: words("uris"),
        suites: words("suites"),
        components: words("components"),
        signed_by: field("signed-by").map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(sources: &[Source]) -> Vec<String> {
        choose(sources, Some("bookworm"))
    }

    #[test]
    fn one_line_entries_are_read() {
        let entry = "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # ours";
        let source = line(entry).expect("an entry");
        assert_eq!(source.uris, ["http://mirror.example/debian"]);
        assert_eq!((source.suites.len(), source.components.len()), (1, 2));
        assert_eq!(source.signed_by.as_deref(), Some("/k.gpg"));
        assert_eq!(
            line("# deb http://mirror.example/debian bookworm main"),
            None
        );
        assert_eq!(
            line("deb-src http://mirror.example/debian bookworm main"),
            None
        );
    }

    #[test]
    fn stanzas_are_read() {
        let text = "Types: deb deb-src\n# a note\nURIs: http://mirror.example/debian\nSuites: bookworm\n bookworm-updates\n\
                    Components: main\nsigned-by: /usr/share/keyrings/debian-archive-keyring.gpg\n\n\
                    Types: deb\nEnabled: no\nURIs: http://off.example\nSuites: bookworm\nComponents: main\n  \n\
                    Types: deb-src\nURIs: http://source.example\nSuites: bookworm\nComponents: main\n";
        let sources = stanzas(text);
        assert_eq!(sources.len(), 1);
        assert_eq!(sources[0].suites, ["bookworm", "bookworm-updates"]);
        assert_eq!(chosen(&sources), ["http://mirror.example/debian"]);
    }

    #[test]
    fn other_archives_are_passed_over() {
        let sources: Vec<Source> = [
            "deb http://unsigned.example/debian bookworm main",
            "deb [signed-by=/etc/apt/keyrings/vendor.asc] http://vendor.example bookworm main",
            "deb http://tools.example bookworm stable",
            "deb http://security.example/debian-security bookworm-security main",
            "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian stable main",
        ]
        .into_iter()
        .filter_map(line)
        .collect();
        assert_eq!(
            chosen(&sources),
            [
                "http://mirror.example/debian",
                "http://unsigned.example/debian"
            ]
        );
    }

    #[test]
    fn the_release_is_known_by_its_codename() {
        assert_eq!(
            codename("NAME=\"Debian\"\nVERSION_CODENAME=bookworm\n"),
            Some("bookworm")
        );
        assert_eq!(codename("NAME=x"), None);
    }
}
