//! Rows that the host writes into the reply.

use serde::Serialize;

use crate::bindings::exports::plinth::host::handler::{
    Cardinality, Content, Delivery, Projection, QueryContent,
};
use crate::database::Statement;
use crate::http::{IntoReply, Reply};
use crate::orm::RowJson;
use crate::{Error, Result};

/// The rows of a query as a reply of JSON, which the host writes when the handler
/// has returned; made by [`QuerySet::json`](crate::orm::QuerySet::json) and its
/// siblings.
///
/// The rows go from Postgres into the response and never into the plugin, whose
/// instance serves the next request meanwhile. When the query fails, the client
/// is told as if the handler had returned the error.
///
/// It is a reply like any other: `(202, rows)` has another status, and
/// [`into_reply`](IntoReply::into_reply) takes headers.
#[derive(Clone, Debug)]
#[must_use = "it is a reply, which a handler returns"]
pub struct JsonRows {
    query: QueryContent,
    content_type: &'static str,
    /// The rows, where there is no host to write them.
    #[cfg(not(target_family = "wasm"))]
    rendered: Vec<String>,
}

/// See <https://github.com/ndjson/ndjson-spec>.
const LINES: &str = "application/x-ndjson";

impl JsonRows {
    /// All rows of a statement on a database.
    pub(crate) fn many(asked: (&str, Statement), row: RowJson) -> Self {
        Self::new(asked, row, Cardinality::Many, ["[", "]"])
    }

    /// Its only row.
    pub(crate) fn one(asked: (&str, Statement), row: RowJson) -> Self {
        Self::new(asked, row, Cardinality::One, ["", ""])
    }

    fn new(
        (database, statement): (&str, Statement),
        row: RowJson,
        rows: Cardinality,
        [before, after]: [&str; 2],
    ) -> Self {
        let projection = Projection {
            rows,
            before: before.to_owned(),
            separator: ",".to_owned(),
            after: after.to_owned(),
            template: row.template,
            columns: row.columns,
        };
        Self {
            query: QueryContent {
                database: database.to_owned(),
                statement: statement.into_host(),
                projection,
                delivery: Delivery::Whole,
            },
            content_type: "application/json",
            #[cfg(not(target_family = "wasm"))]
            rendered: Vec::new(),
        }
    }

    /// The same rows as serde writes them.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn rendered<R: Serialize>(mut self, rows: &[R]) -> Result<Self> {
        let rows = rows.iter().map(serde_json::to_string);
        let rendered: std::result::Result<_, _> = rows.collect();
        self.rendered = rendered.map_err(|error| Error::other(error.to_string()))?;
        Ok(self)
    }

    /// Puts the rows into an object, as its first member; the others are those of
    /// `rest`.
    ///
    /// ```
    /// # use plinth::http::JsonRows;
    /// # use plinth::prelude::*;
    /// #[derive(serde::Serialize)]
    /// struct Slice {
    ///     limit: u64,
    ///     offset: u64,
    /// }
    ///
    /// /// `{"items":[…],"limit":20,"offset":40}`
    /// fn page(rows: JsonRows) -> Result<JsonRows> {
    ///     rows.enveloped("items", &Slice { limit: 20, offset: 40 })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// When serde makes no object of `rest`, and for [`lines`](Self::lines).
    pub fn enveloped(mut self, member: &str, rest: &impl Serialize) -> Result<Self> {
        if self.content_type == LINES {
            return Err(Error::other("rows on lines of their own have no envelope"));
        }
        let json = |value: serde_json::Result<String>| {
            value.map_err(|error| Error::other(error.to_string()))
        };
        let member = json(serde_json::to_string(member))?;
        let rest = json(serde_json::to_string(rest))?;
        let rest = rest.strip_prefix('{').ok_or_else(|| {
            Error::other("what stands beside the rows in an envelope is no object")
        })?;
        let projection = &mut self.query.projection;
        projection.before = ["{", &member, ":", &projection.before].concat();
        let comma = if rest == "}" { "" } else { "," };
        projection.after.push_str(comma);
        projection.after.push_str(rest);
        Ok(self)
    }

    /// Writes each row on a line of its own instead of an array,
    /// `application/x-ndjson`: what programs read that take one row at a time.
    ///
    /// An envelope that was given is dropped.
    pub fn lines(mut self) -> Self {
        let projection = &mut self.query.projection;
        projection.before.clear();
        projection.after.clear();
        projection.separator.clear();
        projection.template.push('\n');
        self.content_type = LINES;
        self
    }

    /// Sends the body while the rows come, however many they are: for exports.
    ///
    /// Neither the host nor the plugin holds more of it than a few kilobytes, and
    /// a client that reads slowly makes Postgres wait. There is a price: the
    /// query has a connection for itself as long as the client reads, an error
    /// after the first rows can only break the body off, and there is no
    /// `content-length`. The operator limits how many of these there are at once,
    /// and how long and large they get.
    pub fn streamed(mut self) -> Self {
        self.query.delivery = Delivery::Streamed;
        self
    }
}

impl IntoReply for JsonRows {
    #[cfg(target_family = "wasm")]
    fn into_reply(self) -> Reply {
        Reply::of_content(Content::Query(self.query), self.content_type)
    }

    #[cfg(not(target_family = "wasm"))]
    fn into_reply(self) -> Reply {
        let Projection {
            before,
            separator,
            after,
            template,
            ..
        } = self.query.projection;
        let end = if template.ends_with('\n') { "\n" } else { "" };
        let rows: Vec<_> = self
            .rendered
            .iter()
            .map(|row| row.to_owned() + end)
            .collect();
        let body = [before, rows.join(&separator), after].concat();
        Reply::of_content(Content::Bytes(body.into_bytes()), self.content_type)
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::bindings::plinth::host::database as host;
    use crate::database::Script;
    use crate::orm::Q;
    use crate::{Db, JsonRow, Model};

    #[derive(Model, Serialize, JsonRow)]
    #[model(table = "shelves")]
    struct Shelf {
        #[model(key)]
        id: i32,
        name: Option<String>,
    }

    #[derive(Serialize)]
    struct Slice {
        limit: u8,
    }

    fn answering(count: u32, data: Vec<u8>) -> Db {
        let rows = host::Rows {
            column_types: vec![23, 25],
            column_names: "id\0name".into(),
            affected: count.into(),
            count,
            data,
        };
        Script::install().answer(rows, count.into());
        Db::named("default")
    }

    /// Two shelves, of which one has a name.
    fn db() -> Db {
        let first = [0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, b'A'];
        let second = [0, 0, 0, 4, 0, 0, 0, 2, 255, 255, 255, 255];
        answering(2, [&first[..], &second].concat())
    }

    fn body(rows: JsonRows) -> (String, String) {
        let reply = rows.into_reply();
        let body = String::from_utf8(reply.body().to_vec()).expect("UTF-8");
        let content_type = reply.header("content-type").expect("there");
        (content_type.to_owned(), body)
    }

    #[test]
    fn without_a_host_serde_writes_the_rows() {
        let rows = Shelf::objects().json(&db()).expect("rows");
        let expected = r#"[{"id":1,"name":"A"},{"id":2,"name":null}]"#;
        assert_eq!(body(rows), ("application/json".into(), expected.into()));
    }

    #[test]
    fn the_host_is_told_the_same() {
        let rows = Shelf::objects().json(&db()).expect("rows");
        let Projection {
            before,
            after,
            template,
            columns,
            ..
        } = rows
            .enveloped("a\"b", &Slice { limit: 2 })
            .expect("an envelope")
            .query
            .projection;
        assert_eq!(before, r#"{"a\"b":["#);
        assert_eq!(after, r#"],"limit":2}"#);
        assert_eq!(template, "{\"id\":\0,\"name\":\0}");
        assert_eq!(columns, [0, 1]);
    }

    #[test]
    fn an_envelope_is_an_object() {
        let rows = || Shelf::objects().json(&db()).expect("rows");
        let enveloped = rows().enveloped("items", &Slice { limit: 2 }).expect("one");
        let expected = r#"{"items":[{"id":1,"name":"A"},{"id":2,"name":null}],"limit":2}"#;
        assert_eq!(body(enveloped).1, expected);
        let empty: [(String, i32); 0] = [];
        let rest: std::collections::BTreeMap<_, _> = empty.into();
        let alone = rows().enveloped("items", &rest).expect("one");
        assert!(body(alone).1.ends_with("}]}"));
        assert!(rows().enveloped("items", &3).is_err());
        assert!(
            rows()
                .lines()
                .enveloped("items", &Slice { limit: 2 })
                .is_err()
        );
    }

    #[test]
    fn lines_are_rows() {
        let rows = Shelf::objects().json(&db()).expect("rows");
        let expected = "{\"id\":1,\"name\":\"A\"}\n{\"id\":2,\"name\":null}\n";
        assert_eq!(body(rows.lines()), (LINES.into(), expected.into()));
    }

    #[test]
    fn one_row_is_an_object_and_none_is_a_404() {
        let none = Shelf::objects().json_or_404(&answering(0, Vec::new()));
        assert!(none.expect_err("none").is_not_found());
        let name = vec![0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, b'A'];
        let one = Shelf::objects().json_or_404(&answering(1, name));
        assert_eq!(body(one.expect("one")).1, r#"{"id":1,"name":"A"}"#);
    }

    #[test]
    fn what_needs_a_transaction_is_refused() {
        let mut db = db();
        let locked = Shelf::objects().for_update().json(&db);
        assert!(locked.expect_err("refused").is_invalid_query());
        let inside = db.transaction(|tx| Shelf::objects().filter(Q::all([])).json(tx));
        assert!(inside.expect_err("refused").is_invalid_query());
    }
}
