//! The native peer: tokio-postgres with prepared statements, and a pool where
//! many callers have one.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use deadpool_postgres::{Manager, Pool};
use futures_util::future::{try_join, try_join_all, try_join3};
use plinth_host::config::DatabaseLimits;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

use super::operation::{COPY_ROWS, Operation};
use super::protocol::Request;
use super::rows::{self, Book, event, key};
use super::serving::{self, Caller, Peer};

/// How callers come to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Sharing {
    /// Each statement borrows one of a pool, as large as the host's.
    Pool,
    /// Up to four connections that all callers send on at once. A single caller
    /// has one of its own.
    Lanes,
}

impl Sharing {
    /// What the command line calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Lanes => "lanes",
        }
    }
}

/// Connections that callers share where they share any.
const LANES: u16 = 4;

const EVENT_TYPES: [Type; 4] = [Type::INT8, Type::TEXT, Type::INT4, Type::BOOL];

/// Answers the benchmark until it is told to stop.
pub(super) async fn serve(url: &str, sharing: Sharing) -> Result<()> {
    let config: Config = url.parse().context("the database's URL")?;
    let about = match sharing {
        Sharing::Pool => "tokio-postgres, deadpool-postgres",
        Sharing::Lanes => "tokio-postgres",
    };
    let mut lanes = Vec::new();
    for _ in 0..LANES {
        lanes.push(Arc::new(Session::open(&config).await?));
    }
    let connections_max = DatabaseLimits::default().connections_max;
    let pool = Pool::builder(Manager::new(config, NoTls))
        .max_size(connections_max)
        .build()?;
    let native = Native {
        sharing,
        lanes,
        pool,
    };
    serving::serve(&native, about).await
}

struct Native {
    sharing: Sharing,
    lanes: Vec<Arc<Session>>,
    pool: Pool,
}

impl Peer for Native {
    type Caller = NativeCaller;

    async fn caller(&self, request: &Request, number: u16, turn: i64) -> Result<NativeCaller> {
        let operation = request.operation;
        let access = match self.sharing {
            Sharing::Lanes => Access::Session(Arc::clone(&self.lanes[usize::from(number % LANES)])),
            Sharing::Pool if operation == Operation::PrimaryKey => Access::Pool(self.pool.clone()),
            Sharing::Pool => bail!("with a pool only rows by primary key are measured"),
        };
        Ok(NativeCaller {
            access,
            operation,
            turn,
        })
    }
}

struct NativeCaller {
    access: Access,
    operation: Operation,
    turn: i64,
}

enum Access {
    Session(Arc<Session>),
    Pool(Pool),
}

impl Caller for NativeCaller {
    async fn step(&mut self) -> Result<u32> {
        match &self.access {
            Access::Session(session) => session.run(self.operation, self.turn).await?,
            Access::Pool(pool) => {
                let client = pool.get().await?;
                let statement = client.prepare_cached(rows::PRIMARY_KEY).await?;
                let found = client.query(&statement, &[&key(self.turn)]).await?;
                read(&found, 1)?;
            }
        }
        self.turn += 1;
        Ok(self.operation.counts())
    }
}

/// A connection with its statements.
struct Session {
    client: Client,
    list: Statement,
    primary_key: Statement,
    range: Statement,
    update: Statement,
    insert: Statement,
}

impl Session {
    async fn open(config: &Config) -> Result<Self> {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(Self {
            list: client.prepare(rows::LIST).await?,
            primary_key: client.prepare(rows::PRIMARY_KEY).await?,
            range: client.prepare(rows::RANGE).await?,
            update: client.prepare(rows::UPDATE).await?,
            insert: client.prepare(rows::INSERT).await?,
            client,
        })
    }

    async fn run(&self, operation: Operation, turn: i64) -> Result<()> {
        match operation {
            Operation::List => self.query(&self.list, &[], rows::LIST_ROWS).await,
            Operation::PrimaryKey => self.primary_key(turn).await,
            Operation::Parsed => self.parsed(turn).await,
            Operation::Range => self.range(turn).await,
            Operation::Update => self.execute(&self.update, &[&key(turn)]).await,
            Operation::Sequential => self.sequential(turn * rows::PIPELINE).await,
            Operation::Pipeline => self.pipeline(turn * rows::PIPELINE).await,
            Operation::Apart => self.apart(turn * 2).await,
            Operation::Together => self.together(turn * 2).await,
            Operation::Insert => self.insert(turn).await,
            Operation::Copy => self.copy(turn * i64::from(COPY_ROWS)).await,
        }
    }

    async fn primary_key(&self, turn: i64) -> Result<()> {
        self.query(&self.primary_key, &[&key(turn)], 1).await
    }

    /// As the host does with a text it has not seen: prepares it, and closes it.
    async fn parsed(&self, turn: i64) -> Result<()> {
        let text = format!("{} /* {turn} */", rows::PRIMARY_KEY);
        let statement = self.client.prepare(&text).await?;
        self.query(&statement, &[&key(turn)], 1).await
    }

    async fn range(&self, turn: i64) -> Result<()> {
        let (first, last) = rows::range(turn);
        let count = usize::try_from(rows::RANGE_ROWS)?;
        self.query(&self.range, &[&first, &last], count).await
    }

    async fn sequential(&self, first: i64) -> Result<()> {
        for turn in first..first + rows::PIPELINE {
            self.primary_key(turn).await?;
        }
        Ok(())
    }

    /// A transaction of its own, as the host's pipeline: everything is sent
    /// before anything is waited for.
    async fn pipeline(&self, first: i64) -> Result<()> {
        let queries = (first..first + rows::PIPELINE).map(|turn| self.primary_key(turn));
        let begin = async { Ok(self.client.batch_execute("BEGIN").await?) };
        let commit = async { Ok(self.client.batch_execute("COMMIT").await?) };
        try_join3(begin, try_join_all(queries), commit).await?;
        Ok(())
    }

    async fn apart(&self, first: i64) -> Result<()> {
        self.primary_key(first).await?;
        self.primary_key(first + 1).await
    }

    async fn together(&self, first: i64) -> Result<()> {
        try_join(self.primary_key(first), self.primary_key(first + 1)).await?;
        Ok(())
    }

    async fn insert(&self, turn: i64) -> Result<()> {
        let (id, title, pages, published) = event(turn);
        let values: [&(dyn ToSql + Sync); 4] = [&id, &title, &pages, &published];
        self.execute(&self.insert, &values).await
    }

    async fn copy(&self, first: i64) -> Result<()> {
        let sink = self.client.copy_in(rows::COPY).await?;
        let mut writer = Box::pin(BinaryCopyInWriter::new(sink, &EVENT_TYPES));
        for number in first..first + i64::from(COPY_ROWS) {
            let (id, title, pages, published) = event(number);
            let values: [&(dyn ToSql + Sync); 4] = [&id, &title, &pages, &published];
            writer.as_mut().write(&values).await?;
        }
        let copied = writer.as_mut().finish().await?;
        ensure!(copied == u64::from(COPY_ROWS), "{copied} rows were copied");
        Ok(())
    }

    async fn query(
        &self,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
        count: usize,
    ) -> Result<()> {
        read(&self.client.query(statement, parameters).await?, count)
    }

    async fn execute(
        &self,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<()> {
        let affected = self.client.execute(statement, parameters).await?;
        ensure!(affected == 1, "{affected} rows were changed");
        Ok(())
    }
}

/// Reads all of the rows, which must be so many.
fn read(rows: &[Row], count: usize) -> Result<()> {
    let books: Vec<Book> = rows.iter().map(Book::try_from).collect::<Result<_, _>>()?;
    let found = black_box(&books).len();
    ensure!(found == count, "{found} rows instead of {count}");
    Ok(())
}
