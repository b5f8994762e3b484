//! A statement that need not run where its work is done already.

/// One thing to bring about in a database.
pub(super) struct Step {
    /// What it is, for the person who has it done: `create role "plinth_shop"`.
    pub(super) what: String,
    /// A condition, in SQL, that holds where nothing is left to do.
    pub(super) done: String,
    /// What does it.
    pub(super) sql: String,
    /// Whether nothing may go on without it. What isn't necessary is what other
    /// roles should not be able to do, and what only a superuser can take away.
    pub(super) necessary: bool,
}

impl Step {
    pub(super) fn new(what: String, done: String, sql: String) -> Self {
        Self {
            what,
            done,
            sql,
            necessary: true,
        }
    }

    pub(super) fn if_possible(self) -> Self {
        Self {
            necessary: false,
            ..self
        }
    }

    /// A condition without which there is nothing to do but to say so.
    pub(super) fn require(condition: String, otherwise: &str) -> Self {
        let sql = format!(
            "DO $plinth$ BEGIN RAISE EXCEPTION USING MESSAGE = {}; END $plinth$",
            literal(otherwise)
        );
        Self::new("go on".into(), condition, sql)
    }

    /// The statement for a script, which may run again.
    pub(super) fn repeatable(&self) -> String {
        if !self.sql.starts_with("CREATE") && !self.sql.starts_with("DO") {
            return self.sql.clone();
        }
        let tag = unused_tag(&format!("{}{}", self.done, self.sql));
        format!(
            "DO {tag} BEGIN\n  IF NOT ({}) THEN\n    EXECUTE {};\n  END IF;\nEND {tag}",
            self.done,
            literal(&self.sql)
        )
    }
}

/// A text as SQL has it, whatever is in it.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', r"\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// A dollar quote that does not end in the middle of a text.
pub(super) fn unused_tag(text: &str) -> String {
    let tags = (0..).map(|number| match number {
        0 => "$migrate$".to_owned(),
        number => format!("$migrate{number}$"),
    });
    let mut tags = tags.filter(|tag| !text.contains(tag.as_str()));
    tags.next().expect("a text holds only so many")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_holds_any_text() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"\'; DROP"), r"E'\\''; DROP'");
    }

    #[test]
    fn a_dollar_quote_is_not_in_its_text() {
        assert_eq!(unused_tag("x"), "$migrate$");
        assert_eq!(unused_tag("$migrate$ $migrate1$"), "$migrate2$");
    }
}
