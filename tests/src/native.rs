use std::error::Error;
use std::rc::Rc;
use std::sync::LazyLock;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{SinkExt, TryStreamExt};
use plinth::Db;
use plinth::database::Statement;
use plinth::orm::{ModelMeta, schema};
use plinth::testing::{Answer, Database, Refusal, use_database};
use tokio::runtime::Runtime;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type};
use tokio_postgres::{Client, Config, NoTls};

use crate::database;

/// A new database with the tables of some models, for queries that run
/// natively, on this thread, with no host between them and Postgres.
///
/// # Panics
///
/// When Postgres does not start, or refuses the tables.
pub fn native_database(models: &[&'static ModelMeta]) -> Db {
    NativeDatabase::create(models).connect()
}

/// A new database that several threads use, each with a connection of its own.
#[derive(Clone, Debug)]
pub struct NativeDatabase(Config);

impl NativeDatabase {
    /// A database with the tables of some models.
    ///
    /// # Panics
    ///
    /// When Postgres does not start, or refuses the tables.
    pub fn create(models: &[&'static ModelMeta]) -> Self {
        let (_, config) = RUNTIME.block_on(database::create());
        let database = Self(config);
        let db = database.connect();
        // Twice, because a plugin's tables may be there already.
        for table in [schema::tables(models), schema::tables(models)].concat() {
            for statement in table.ddl {
                db.execute(&*statement, &[]).expect(&statement);
            }
        }
        database
    }

    /// Connects to it, for all that runs on this thread from now on.
    ///
    /// # Panics
    ///
    /// When Postgres refuses the connection.
    pub fn connect(&self) -> Db {
        let client = RUNTIME.block_on(connect(&self.0));
        use_database(Rc::new(Connection(client)));
        Db::named("default")
    }
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

struct Connection(Client);

impl Database for Connection {
    fn run(&self, statement: &Statement) -> Result<Answer, Box<Refusal>> {
        RUNTIME
            .block_on(run(&self.0, statement))
            .map_err(|error| Box::new(refusal(&error)))
    }

    // A load that is refused before its first row breaks the driver's connection:
    // https://github.com/rust-postgres/rust-postgres/issues/789
    fn copy_in(&self, _: &str, sql: &str, data: &[u8]) -> Result<u64, Box<Refusal>> {
        let data = Bytes::copy_from_slice(data);
        let copied = RUNTIME.block_on(async {
            let mut sink = Box::pin(self.0.copy_in(sql).await?);
            sink.send(data).await?;
            sink.as_mut().finish().await
        });
        copied.map_err(|error| Box::new(refusal(&error)))
    }

    fn copy_out(&self, _: &str, sql: &str) -> Result<Vec<u8>, Box<Refusal>> {
        let copied = RUNTIME.block_on(async {
            let rows = self.0.copy_out(sql).await?;
            rows.try_collect::<Vec<Bytes>>().await
        });
        let copied = copied.map_err(|error| Box::new(refusal(&error)))?;
        Ok(copied.concat())
    }
}

async fn run(client: &Client, statement: &Statement) -> Result<Answer, tokio_postgres::Error> {
    let types: Vec<Type> = statement
        .parameter_types()
        .iter()
        .map(|oid| type_of(*oid))
        .collect();
    let prepared = client.prepare_typed(statement.sql(), &types).await?;
    let columns = prepared.columns().iter();
    let columns = columns
        .map(|column| (column.name().to_owned(), column.type_().oid()))
        .collect();
    let parameters = cells(statement.parameters());
    let stream = client.query_raw(&prepared, parameters).await?;
    let mut stream = std::pin::pin!(stream);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push(
            (0..row.len())
                .map(|index| row.get::<_, Cell>(index).0)
                .collect(),
        );
    }
    let affected = stream.rows_affected().unwrap_or(0);
    Ok(Answer {
        columns,
        rows,
        affected,
    })
}

fn type_of(oid: u32) -> Type {
    Type::from_oid(oid)
        .unwrap_or_else(|| Type::new(String::new(), oid, Kind::Simple, String::new()))
}

fn refusal(error: &tokio_postgres::Error) -> Refusal {
    let Some(server) = error.as_db_error() else {
        return Refusal {
            message: format!("{error:?}"),
            ..Refusal::default()
        };
    };
    Refusal {
        message: server.message().to_owned(),
        sqlstate: Some(server.code().code().to_owned()),
        detail: server.detail().map(str::to_owned),
        constraint: server.constraint().map(str::to_owned),
        table: server.table().map(str::to_owned),
        column: server.column().map(str::to_owned),
        context: server.where_().map(str::to_owned),
    }
}

/// A value in Postgres' own format.
#[derive(Debug)]
struct Cell(Option<Vec<u8>>);

fn cells(mut buffer: &[u8]) -> Vec<Cell> {
    let mut cells = Vec::new();
    while let Some((length, rest)) = buffer.split_first_chunk() {
        let length = usize::try_from(i32::from_be_bytes(*length)).ok();
        let (value, rest) = rest.split_at(length.unwrap_or(0));
        cells.push(Cell(length.map(|_| value.to_vec())));
        buffer = rest;
    }
    cells
}

impl<'a> FromSql<'a> for Cell {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw.to_vec())))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl ToSql for Cell {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(value) = &self.0 else {
            return Ok(IsNull::Yes);
        };
        out.put_slice(value);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }

    tokio_postgres::types::to_sql_checked!();
}
