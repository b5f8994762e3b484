//! Loading drafts with COPY.

use bytes::{BufMut, BytesMut};
use postgres_types::{Oid, Type};

use super::draft::DraftValues;
use super::meta::{ColumnMeta, ModelMeta, VariantMeta};
use super::model::Model;
use super::query_set::QuerySet;
use super::sql;
use crate::database::{CHUNK_BYTES, CopyIn, Parameter, Rows, write_cell};
use crate::{Db, Error, Result};

impl<M: Model> QuerySet<M> {
    /// Inserts rows with Postgres' COPY, all or none, and returns how many there
    /// were: for a thousand rows and more, many times faster than
    /// [`bulk_create`](Self::bulk_create). The rows are taken as they are sent,
    /// so that however many there are, only a few are in memory.
    ///
    /// ```no_run
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "points")]
    /// # pub struct Point { #[model(key, auto)] pub id: i64, pub x: i32, pub y: i32 }
    /// # fn f(mut db: Db) -> Result<()> {
    /// let points = (0..1_000_000).map(|x| create!(Point { x, y: x / 2 }));
    /// let count = Point::objects().copy_in(points, &mut db)?;
    /// # Ok(()) }
    /// ```
    ///
    /// What `bulk_create` does and this does not: return the rows, expect
    /// conflicts, and let some rows give a column that others leave to the table.
    /// Which columns there are, the first row says; what is left out has its
    /// default. The table's columns must have the very types of the model, for
    /// COPY converts nothing, and the plugin must be allowed to read them.
    ///
    /// In a transaction it is part of that; otherwise it has one of its own.
    ///
    /// # Errors
    ///
    /// When Postgres refuses a row, of which
    /// [`copy_line`](Error::copy_line) tells which;
    /// [`is_skipped`](Error::is_skipped) when a trigger leaves rows out;
    /// [`is_invalid_query`](Error::is_invalid_query) when a row gives other
    /// columns than the first, or a column has another type. After an error the
    /// transaction has failed, back to its last savepoint.
    pub fn copy_in(self, rows: impl IntoIterator<Item = M::New>, db: &mut Db) -> Result<u64> {
        self.as_select().refuse_narrowing("copy_in")?;
        self.try_copy_in(rows.into_iter().map(Ok), db)
    }

    /// As [`copy_in`](Self::copy_in), of rows that may fail to come, such as
    /// those read from a file: the first error ends it, and no row is inserted.
    ///
    /// # Errors
    ///
    /// As [`copy_in`](Self::copy_in), and that of the rows.
    pub fn try_copy_in(
        self,
        rows: impl IntoIterator<Item = Result<M::New>>,
        db: &mut Db,
    ) -> Result<u64> {
        self.as_select().refuse_narrowing("try_copy_in")?;
        let mut rows = rows.into_iter();
        load(M::META, db, &mut |load| {
            rows.try_for_each(|row| load.push(&row?))
        })
    }
}

/// What of a chunk is filled before it is sent, so that a usual row behind it
/// does not begin another.
const FILLED_BYTES: usize = CHUNK_BYTES - CHUNK_BYTES / 16;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

const END: i16 = -1;

/// The part that is the same for all models.
fn load(
    model: &'static ModelMeta,
    db: &Db,
    push_all: &mut dyn FnMut(&mut Load<'_>) -> Result<()>,
) -> Result<u64> {
    db.join_or_begin(model, |db| {
        let mut load = Load {
            model,
            db,
            open: None,
            rows: 0,
        };
        push_all(&mut load)?;
        load.finish()
    })
}

/// Rows on their way into a table.
struct Load<'db> {
    model: &'static ModelMeta,
    db: &'db Db,
    /// What there is once the first row has said which columns it gives.
    open: Option<Open<'db>>,
    rows: u64,
}

struct Open<'db> {
    copy: CopyIn<'db>,
    /// For each column of the model, whether the rows give it.
    is_given: Vec<bool>,
    /// How many values a row has.
    values: i16,
    buffer: BytesMut,
}

impl Load<'_> {
    fn push(&mut self, draft: &dyn DraftValues) -> Result<()> {
        let model = self.model;
        self.rows += 1;
        let open = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(Open::begin(model, draft, self.db)?),
        };
        open.write(model, draft, self.rows)?;
        match open.buffer.len() {
            0..FILLED_BYTES => Ok(()),
            _ => open.send(),
        }
    }

    fn finish(self) -> Result<u64> {
        let Some(mut open) = self.open else {
            return Ok(0);
        };
        open.buffer.put_i16(END);
        open.send()?;
        let inserted = open.copy.finish()?;
        match self.rows.checked_sub(inserted) {
            None | Some(0) => Ok(inserted),
            Some(left_out) => Err(skipped(self.model, left_out, self.rows)),
        }
    }
}

fn skipped(model: &ModelMeta, left_out: u64, given: u64) -> Error {
    let [left_out, given] =
        [left_out, given].map(|rows| usize::try_from(rows).unwrap_or(usize::MAX));
    Error::skipped(model.table, left_out, given)
}

impl<'db> Open<'db> {
    fn begin(model: &'static ModelMeta, first: &dyn DraftValues, db: &'db Db) -> Result<Self> {
        let is_given = (0..model.columns.len()).map(|column| first.value(column).is_some());
        let is_given: Vec<bool> = is_given.collect();
        let columns = (0..is_given.len()).filter(|column| is_given[*column]);
        let columns: Vec<usize> = columns.collect();
        let values = columns.len() + usize::from(model.variant.is_some());
        if values == 0 {
            return Err(no_columns(model));
        }
        let load = sql::copy_in(model, &columns);
        check_types(model, &columns, &db.query_on(db.name(), &load.types)?)?;
        let mut buffer = BytesMut::with_capacity(CHUNK_BYTES);
        buffer.put_slice(SIGNATURE);
        // No flags, and no extension of the header.
        buffer.put_u64(0);
        Ok(Self {
            copy: CopyIn::begin(db, &load.sql)?,
            is_given,
            values: i16::try_from(values).map_err(|_| no_columns(model))?,
            buffer,
        })
    }

    fn write(&mut self, model: &ModelMeta, draft: &dyn DraftValues, row: u64) -> Result<()> {
        self.buffer.put_i16(self.values);
        for (column, is_given) in self.is_given.iter().enumerate() {
            match (draft.value(column), is_given) {
                (Some(value), true) => cell(value, &mut self.buffer, row)?,
                (None, false) => {}
                (value, _) => return Err(uneven(model, column, row, value.is_some())),
            }
        }
        match model.variant {
            Some(variant) => cell(&variant.value, &mut self.buffer, row),
            None => Ok(()),
        }
    }

    fn send(&mut self) -> Result<()> {
        self.copy.write(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

fn cell(value: &dyn Parameter, buffer: &mut BytesMut, row: u64) -> Result<()> {
    write_cell(value, buffer).map_err(|e| Error::encode(format!("{e} (row {row} of a COPY)")))
}

/// Refuses a table whose columns have other types than the model: what is sent
/// are bytes, and those of a `bigint` are a `double precision` too.
fn check_types(model: &ModelMeta, columns: &[usize], types: &Rows) -> Result<()> {
    let discriminator = model.variant.and_then(VariantMeta::column);
    let columns = columns.iter().map(|column| &model.columns[*column]);
    let columns: Vec<&ColumnMeta> = columns.chain(discriminator).collect();
    let mut named = types.types().iter().skip(columns.len());
    for (index, column) in columns.iter().enumerate() {
        let Some(ty) = types.types().get(index) else {
            return Err(Error::decode(
                Some(model.table),
                column.name,
                "its type was not told",
            ));
        };
        let is_same = match column.sql.oid {
            0 => named.next().is_some_and(|named| named.oid() == ty.oid()),
            oid => has_format_of(ty, oid),
        };
        if !is_same {
            return Err(other_type(model, column, ty));
        }
    }
    Ok(())
}

/// Whether a column of a type takes the bytes of values of another.
fn has_format_of(ty: &Type, oid: Oid) -> bool {
    ty.oid() == oid
        || (oid == Type::TEXT.oid() && matches!(*ty, Type::VARCHAR | Type::BPCHAR))
        || (oid == Type::VARBIT.oid() && *ty == Type::BIT)
}

fn other_type(model: &ModelMeta, column: &ColumnMeta, ty: &Type) -> Error {
    Error::invalid_query(format!(
        "`{}.{}` is `{}` in the model and `{ty}` in the table, and COPY converts nothing; \
         `bulk_create` does",
        model.table, column.name, column.sql
    ))
}

fn uneven(model: &ModelMeta, column: usize, row: u64, is_given: bool) -> Error {
    let (table, column) = (model.table, model.columns[column].name);
    let gives = if is_given { "gives" } else { "leaves out" };
    Error::invalid_query(format!(
        "row {row} of a COPY into `{table}` {gives} `{column}`, which the first row does not; \
         give the same columns in each row, or use `bulk_create`"
    ))
}

fn no_columns(model: &ModelMeta) -> Error {
    Error::invalid_query(format!(
        "the first row of a COPY into `{}` gives no column; use `bulk_create`",
        model.table
    ))
}
