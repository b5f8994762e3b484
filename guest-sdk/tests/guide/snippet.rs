//! A block of Rust in a chapter.

/// A block of Rust, and the SQL behind it.
pub(crate) struct Snippet {
    /// The line of its fence.
    line: usize,
    pub(crate) text: String,
    pub(crate) kind: Kind,
    /// The line of the SQL's fence, and the SQL.
    pub(crate) sql: Option<(usize, String)>,
}

/// What a snippet is.
pub(crate) enum Kind {
    /// Statements, which become the body of a function.
    Body,
    /// Items, which the snippets after it can use.
    Items {
        /// The names of its models.
        models: Vec<String>,
        /// The names of its tests.
        tests: Vec<String>,
    },
}

/// How a line begins that declares an item.
const ITEMS: &[&str] = &[
    "#[",
    "///",
    "pub ",
    "fn ",
    "struct ",
    "enum ",
    "impl ",
    "mod ",
    "plinth::plugin!",
];

impl Snippet {
    pub(crate) fn new(line: usize, text: String) -> Self {
        let mut lines = text.lines();
        let first = lines.find(|line| !(line.is_empty() || line.starts_with("use ")));
        let is_item = |line: &str| ITEMS.iter().any(|start| line.starts_with(start));
        let kind = match first.is_some_and(is_item) {
            true => Kind::Items {
                models: names_behind("#[derive(Model", "struct ", &text),
                tests: names_behind("#[test]", "fn ", &text),
            },
            false => Kind::Body,
        };
        Self {
            line,
            text,
            kind,
            sql: None,
        }
    }

    /// The name of the function that it becomes.
    pub(crate) fn name(&self) -> String {
        format!("line_{}", self.line)
    }

    /// Puts it where it is in its chapter.
    pub(crate) fn write(&self, lines: &mut [String]) {
        let start = self.line;
        let mut end = start;
        for line in self.text.lines() {
            // The program is no test, and would leave its tests out.
            if line != "#[test]" {
                line.clone_into(&mut lines[end]);
            }
            end += 1;
        }
        if let Kind::Body = self.kind {
            lines[start - 1] = format!("fn {}(mut db: Db) -> Result<()> {{", self.name());
            lines[end] = "Ok(()) }".to_owned();
        }
    }
}

/// The names of the items that have an attribute.
fn names_behind(attribute: &str, item: &str, text: &str) -> Vec<String> {
    let mut has_attribute = false;
    let mut names = Vec::new();
    for line in text.lines() {
        has_attribute |= line.starts_with(attribute);
        let line = line.strip_prefix("pub ").unwrap_or(line);
        if let Some(name) = line.strip_prefix(item)
            && has_attribute
        {
            names.extend(name.split([' ', '{', '(']).next().map(str::to_owned));
            has_attribute = false;
        }
    }
    names
}
