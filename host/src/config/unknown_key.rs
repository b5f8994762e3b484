//! Turns serde's refusal of an unknown key into a suggestion.

use anyhow::{Error, anyhow};

/// Beyond this share of a key's letters a suggestion would be a guess.
const SIMILARITY_MIN: f64 = 0.6;

/// The parser's error, with the nearest known key where the key is unknown.
///
/// The source text is left out: it can hold a password.
pub(super) fn explain(text: &str, error: &toml::de::Error) -> Error {
    let place = place(text, error);
    let message = error.message();
    let Some((unknown, known)) = unknown_field(message) else {
        return anyhow!("{place}{}", without_value(message));
    };
    match nearest(unknown, &known) {
        Some(key) => anyhow!("{place}unknown key `{unknown}`; did you mean `{key}`?"),
        None => anyhow!(
            "{place}unknown key `{unknown}`; known keys: `{}`",
            known.join("`, `")
        ),
    }
}

fn place(text: &str, error: &toml::de::Error) -> String {
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return String::new();
    };
    format!("line {}: ", before.matches('\n').count() + 1)
}

/// Serde quotes what it found in a wrong place, which can be a URL with its
/// password, or a password of digits: `invalid type: string "…", expected …`,
/// `` invalid type: integer `…` ``.
fn without_value(message: &str) -> String {
    let message = without(message, '"');
    match message.starts_with("invalid ") {
        true => without(&message, '`'),
        false => message,
    }
}

/// Leaves out what stands between the first of such marks and the last.
fn without(message: &str, mark: char) -> String {
    match (message.split_once(mark), message.rsplit_once(mark)) {
        (Some((before, _)), Some((_, after))) => format!("{before}…{after}"),
        _ => message.to_owned(),
    }
}

/// Serde says: unknown field `x`, expected one of `a`, `b`.
fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field ")?;
    let mut quoted = rest.split('`').skip(1).step_by(2);
    Some((quoted.next()?, quoted.collect()))
}

fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let score = |key: &str| strsim::normalized_damerau_levenshtein(unknown, key);
    let best = known
        .iter()
        .copied()
        .max_by(|a, b| score(a).total_cmp(&score(b)))?;
    (score(best) >= SIMILARITY_MIN).then_some(best)
}
