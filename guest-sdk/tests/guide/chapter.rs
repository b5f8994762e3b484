//! A page of the guide, and the Rust module that it becomes.

use std::path::Path;

use crate::snippet::{Kind, Snippet};

/// A page of Markdown with its blocks of code.
pub(crate) struct Chapter {
    /// Its path in the repository.
    pub(crate) path: &'static str,
    /// The name of the module.
    pub(crate) module: String,
    lines: usize,
    snippets: Vec<Snippet>,
}

/// The languages of blocks that are not tested.
const OTHER_LANGUAGES: &[&str] = &["json", "toml", "text"];

impl Chapter {
    /// Reads a page.
    ///
    /// # Errors
    ///
    /// When a block of it cannot be tested, with its path and line.
    pub(crate) fn parse(path: &'static str, text: &str) -> Result<Self, String> {
        let stem = Path::new(path).file_stem().unwrap_or_default();
        let module = stem.to_string_lossy().to_lowercase().replace('-', "_");
        let mut snippets: Vec<Snippet> = Vec::new();
        let mut lines = text.lines().zip(1..);
        // Whether only empty lines came since the last block of Rust.
        let mut follows_snippet = false;
        while let Some((line, number)) = lines.next() {
            let Some(language) = line.strip_prefix("```") else {
                follows_snippet &= line.is_empty();
                continue;
            };
            let block: String = lines
                .by_ref()
                .map(|(line, _)| line)
                .take_while(|line| *line != "```")
                .flat_map(|line| [line, "\n"])
                .collect();
            match language {
                "rust" => snippets.push(Snippet::new(number, block)),
                "sql" => match snippets.last_mut().filter(|_| follows_snippet) {
                    Some(snippet) => snippet.sql = Some((number, block)),
                    None => return Err(format!("{path}:{number}: SQL that no snippet runs")),
                },
                other if OTHER_LANGUAGES.contains(&other) => {}
                other => return Err(format!("{path}:{number}: `{other}` is not tested")),
            }
            follows_snippet = language == "rust";
        }
        let lines = text.lines().count();
        Ok(Self {
            path,
            module,
            lines,
            snippets,
        })
    }

    /// The snippet at the top.
    pub(crate) fn first_snippet(&self) -> Option<&Snippet> {
        self.snippets.first()
    }

    /// The module: each line of a snippet where it is on the page, and below
    /// them the fixture and the function that checks the SQL and runs the tests.
    pub(crate) fn to_rust(&self, fixture: &str) -> String {
        let mut lines = vec![String::new(); self.lines];
        lines[0] = "use crate::scope::*;".to_owned();
        for snippet in &self.snippets {
            snippet.write(&mut lines);
        }
        let mut text = lines.join("\n");
        text += "\n";
        text += fixture;
        text += "pub(crate) fn check(check: &mut crate::Check) {\n";
        for snippet in &self.snippets {
            text += &self.check(snippet);
            if let Kind::Items { tests, .. } = &snippet.kind {
                text.extend(tests.iter().map(|test| format!("    {test}();\n")));
            }
        }
        text += "}\n";
        text
    }

    /// The line that checks the SQL behind a snippet, if there is some.
    fn check(&self, snippet: &Snippet) -> String {
        let Some((line, sql)) = &snippet.sql else {
            return String::new();
        };
        let place = format!("{}:{line}", self.path);
        match &snippet.kind {
            Kind::Body => format!("    check.runs({place:?}, {}, {sql:?});\n", snippet.name()),
            Kind::Items { models, .. } => {
                let models: String = models
                    .iter()
                    .map(|name| format!("{name}::META, "))
                    .collect();
                format!("    check.creates({place:?}, &[{models}], {sql:?});\n")
            }
        }
    }
}

#[test]
fn sql_without_a_snippet_is_a_mistake() {
    let page = "# Page\n\n```rust\nlet a = 1;\n```\n\nProse.\n\n```sql\nSELECT 1\n```\n";
    let mistake = Chapter::parse("page.md", page).err();
    assert_eq!(
        mistake.as_deref(),
        Some("page.md:9: SQL that no snippet runs")
    );
}

#[test]
fn a_block_that_is_not_tested_is_a_mistake() {
    let mistake = Chapter::parse("page.md", "# Page\n\n```rust,ignore\nfn f() {\n```\n").err();
    assert_eq!(
        mistake.as_deref(),
        Some("page.md:3: `rust,ignore` is not tested")
    );
}

#[test]
fn code_stays_on_its_line() {
    let page = "# Page\n\n```rust\nlet a = 1;\n```\n\n```sql\nSELECT 1\n```\n";
    let chapter = Chapter::parse("page.md", page).ok().unwrap();
    let module = chapter.to_rust("");
    let lines: Vec<_> = module.lines().collect();
    assert_eq!(lines[2], "fn line_3(mut db: Db) -> Result<()> {");
    assert_eq!(lines[3..5], ["let a = 1;", "Ok(()) }"]);
    assert!(module.contains("check.runs(\"page.md:7\", line_3, \"SELECT 1\\n\");"));
}
