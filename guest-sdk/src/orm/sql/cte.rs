//! Queries with a name.

use super::select::Ask;
use super::writer::Writer;
use crate::orm::cte::{Body, Cte};
use crate::{Error, Result};

/// How long a name in Postgres can be.
const NAME_BYTES_MAX: usize = 63;

impl Writer {
    /// `WITH a AS (…), b AS (…) `; one that is recursive makes all of them so.
    pub(super) fn ctes(&mut self, ctes: &[Cte]) -> Result<()> {
        let is_recursive = ctes.iter().any(|cte| cte.is_recursive);
        for (index, cte) in ctes.iter().enumerate() {
            self.push(match (index, is_recursive) {
                (0, true) => "WITH RECURSIVE ",
                (0, false) => "WITH ",
                _ => ", ",
            });
            self.identifier(cte.name)?;
            self.hides_no_table(cte.name)?;
            for (index, column) in cte.columns.iter().enumerate() {
                self.push(if index == 0 { " (" } else { ", " });
                self.identifier(column)?;
            }
            self.push(if cte.columns.is_empty() {
                " AS "
            } else {
                ") AS "
            });
            match &cte.body {
                Body::Query(select) => self.query(select, Ask::All)?,
                Body::Raw(sql, values) => self.raw(sql, values)?,
            }
        }
        self.push(if ctes.is_empty() { "" } else { " " });
        Ok(())
    }

    /// A table of the query itself would be read from the named query instead.
    fn hides_no_table(&self, name: &str) -> Result<()> {
        let mut joined = self.scope.joins.iter().map(|join| join.model);
        let is_hidden = self.scope.root.table == name || joined.any(|model| model.table == name);
        if !is_hidden {
            return Ok(());
        }
        Err(Error::invalid_query(format!(
            "a query is named `{name}`, which is a table that the query around it reads; \
             give it another name"
        )))
    }

    /// A name that the author also writes in SQL, where it stands unquoted.
    fn identifier(&mut self, name: &str) -> Result<()> {
        let is_letter = |c: char| c == '_' || c.is_ascii_lowercase();
        let is_plain = name.starts_with(is_letter)
            && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
            && name.len() <= NAME_BYTES_MAX;
        if !is_plain {
            return Err(Error::invalid_query(format!(
                "`{name}` is no name for a query or a column: \
                 it is at most {NAME_BYTES_MAX} small letters, digits and `_`"
            )));
        }
        self.name(name);
        Ok(())
    }
}
