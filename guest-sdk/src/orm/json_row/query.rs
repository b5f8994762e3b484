//! Queries whose rows the host writes into the reply.

use super::{JsonRow, RowJson};
use crate::database::Statement;
use crate::http::JsonRows;
use crate::orm::model::Model;
use crate::orm::query_set::QuerySet;
use crate::orm::routing::Intent;
use crate::orm::select::Select;
use crate::orm::selection::Selection;
use crate::orm::sql::{self, Ask};
use crate::orm::values::Values;
use crate::{Db, Error, Result};

impl<M: Model> QuerySet<M> {
    /// The rows as the reply of a handler, an array: the host reads them and
    /// writes their JSON when the handler has returned, and they never come into
    /// the plugin.
    ///
    /// ```
    /// use plinth::JsonRow;
    /// use plinth::http::JsonRows;
    /// use plinth::prelude::*;
    /// use serde::Serialize;
    ///
    /// #[derive(Model, Serialize, JsonRow)]
    /// #[model(table = "books")]
    /// pub struct Book {
    ///     #[model(key, auto)]
    ///     pub id: i64,
    ///     pub title: String,
    /// }
    ///
    /// /// List the books by title.
    /// #[get("/books")]
    /// fn list_books(db: Db) -> Result<JsonRows> {
    ///     Book::objects().order_by([Book::title.asc()]).limit(50).json(&db)
    /// }
    /// ```
    ///
    /// The body is byte for byte that of `Json(query.all(&db)?)`. Where there is
    /// no host, in tests on the development machine, it is made so.
    ///
    /// # Errors
    ///
    /// [`is_invalid_query`](Error::is_invalid_query) in a transaction, which is over when
    /// the host reads, and for a query that locks its rows or prefetches others. What
    /// Postgres says of the query goes to the client as a handler's error would.
    pub fn json(&self, db: &Db) -> Result<JsonRows>
    where
        M: JsonRow,
    {
        self.as_select().refuse_prefetches("json")?;
        let asked = asked(self.as_select(), Ask::All, db)?;
        let rows = JsonRows::many(asked, RowJson::of::<M>());
        #[cfg(not(target_family = "wasm"))]
        let rows = rows.rendered(&self.all(db)?)?;
        Ok(rows)
    }

    /// The only row as the reply of a handler, an object, as [`json`](Self::json);
    /// its absence is the client's 404.
    ///
    /// # Errors
    ///
    /// As [`json`](Self::json). That there are several rows is an internal error.
    pub fn json_or_404(&self, db: &Db) -> Result<JsonRows>
    where
        M: JsonRow,
    {
        self.as_select().refuse_prefetches("json_or_404")?;
        let asked = asked(self.as_select(), Ask::Two, db)?;
        let rows = JsonRows::one(asked, RowJson::of::<M>());
        #[cfg(not(target_family = "wasm"))]
        let rows = rows.rendered(&[self.get(db)?])?;
        Ok(rows)
    }
}

impl<M: Model, S: Selection<M>> Values<M, S> {
    /// The rows as the reply of a handler, as [`QuerySet::json`]: each is a
    /// value, an array of values, or of [`only`](QuerySet::only) an object.
    ///
    /// # Errors
    ///
    /// As [`QuerySet::json`].
    pub fn json(&self, db: &Db) -> Result<JsonRows>
    where
        S::Row: JsonRow,
    {
        let asked = asked(self.as_select(), Ask::All, db)?;
        let rows = JsonRows::many(asked, RowJson::of::<S::Row>());
        #[cfg(not(target_family = "wasm"))]
        let rows = rows.rendered(&self.all(db)?)?;
        Ok(rows)
    }

    /// The only row as the reply of a handler, as [`QuerySet::json_or_404`].
    ///
    /// # Errors
    ///
    /// As [`QuerySet::json`].
    pub fn json_or_404(&self, db: &Db) -> Result<JsonRows>
    where
        S::Row: JsonRow,
    {
        let asked = asked(self.as_select(), Ask::Two, db)?;
        let rows = JsonRows::one(asked, RowJson::of::<S::Row>());
        #[cfg(not(target_family = "wasm"))]
        let rows = rows.rendered(&[self.get(db)?])?;
        Ok(rows)
    }
}

/// The database, and the statement for it.
fn asked<'db>(select: &Select, ask: Ask, db: &'db Db) -> Result<(&'db str, Statement)> {
    select.refuse_lock(
        "json",
        "the host reads outside of any transaction; read with `all` and return `Json(rows)`",
    )?;
    if db.is_in_transaction() {
        return Err(Error::invalid_query(
            "`json` has the host read the rows when the handler has returned, and no transaction \
             is open then; read them with `all` and return `Json(rows)`",
        ));
    }
    let database = db.database_for(select.model, Intent::Read)?;
    Ok((database, sql::select(select, ask)?))
}
