//! What a plugin says of itself is shown to operators, in the log, on terminals
//! and in metrics: it is checked before.

use anyhow::{Context, Result, bail};

use crate::bindings::exports::plinth::host::handler::Description;
use crate::capability::log::is_plain;

/// More routes than any plugin has, and few enough to hold.
const ROUTES_MAX: usize = 10_000;

/// As many tables.
const TABLES_MAX: usize = 10_000;

/// Longer names are nobody's.
const NAME_BYTES_MAX: usize = 128;

/// Paths and summaries are one line each.
const TEXT_BYTES_MAX: usize = 1_024;

/// Refuses names that are none, and texts that could pass for something else.
pub(super) fn check(description: &Description) -> Result<()> {
    let Description { routes, tables, .. } = description;
    if routes.len() > ROUTES_MAX || tables.len() > TABLES_MAX {
        bail!("it has more than {ROUTES_MAX} routes or {TABLES_MAX} tables");
    }
    for text in [&description.name, &description.version, &description.sdk] {
        check_text(text).context("its name, its version or its SDK's")?;
    }
    for route in routes {
        check_name(&route.name).context("the name of a route")?;
        let of_route = || format!("the path or the summary of route {}", route.name);
        check_text(&route.path).with_context(of_route)?;
        check_text(&route.summary).with_context(of_route)?;
    }
    for table in tables {
        check_text(&table.name).context("the name of a table")?;
        check_text(&table.database).context("the name of a table's database")?;
    }
    Ok(())
}

fn check_name(name: &str) -> Result<()> {
    let is_of_name = |character: char| character.is_alphanumeric() || "_-.:#".contains(character);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(is_of_name) {
        bail!(
            "{name:.200?} is not of letters, digits and _-.: alone, or longer than {NAME_BYTES_MAX} bytes"
        );
    }
    Ok(())
}

fn check_text(text: &str) -> Result<()> {
    if text.len() > TEXT_BYTES_MAX {
        bail!("{text:.200?}… is longer than {TEXT_BYTES_MAX} bytes");
    }
    if !is_plain(text) {
        bail!("{text:?} has characters that end a line or change how it is shown");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::plinth::host::handler::Route;
    use crate::bindings::plinth::host::types::Method;

    fn checked(name: &str, path: &str, summary: &str) -> Result<(), String> {
        let description = Description {
            name: "shop".into(),
            version: "1.0.0".into(),
            sdk: "plinth-sdk".into(),
            routes: vec![Route {
                method: Method::Get,
                path: path.into(),
                parameters: Vec::new(),
                name: name.into(),
                summary: summary.into(),
            }],
            tables: Vec::new(),
            has_seed: false,
        };
        check(&description).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn names_are_names() {
        assert_eq!(
            checked(
                "list_books",
                "/b\u{fc}cher/{id}",
                "L\u{ed}st \u{2014} \"all\"."
            ),
            Ok(())
        );
        assert_eq!(checked("gr\u{f6}\u{df}e", "/", ""), Ok(()));
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        for name in [
            "",
            "a b",
            "a\nINFO plinth::access: GET /",
            "\u{202e}a",
            "a=b",
            &long,
        ] {
            assert!(checked(name, "/", "").is_err(), "{name:?}");
        }
        for text in [
            "a\nb",
            "\u{1b}[31m",
            "a\u{2028}b",
            "\u{202e}",
            &"x".repeat(2_000),
        ] {
            let said = [checked("a", text, ""), checked("a", "/", text)];
            for said in said {
                let message = said.expect_err("refused");
                assert!(is_plain(&message), "{message:?}");
            }
        }
    }
}
