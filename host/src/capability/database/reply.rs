//! Queries that plugins answer with: run when the guest has returned, and
//! written into the response.

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::failure::Failure;
use super::meter::{Meter, metered};
use super::row_stream::{RowSource, RowStream, StreamLimits};
use super::want::{Text, Want};
use super::{Database, Outcome, error};
use crate::bindings::exports::plinth::host::handler::{Cardinality, QueryContent};
use crate::state::Granted;
use crate::tally::Tally;

/// The body that a query becomes.
pub(crate) enum QueryBody {
    Whole(Bytes),
    Streamed(RowStream),
    /// There had to be a row and there is none.
    NoRow,
}

impl Granted {
    /// A database that the plugin may use.
    ///
    /// # Errors
    ///
    /// When it may not use one of this name.
    pub(crate) fn database(&self, name: &str) -> Outcome<Arc<Database>> {
        let database = self.databases.get(name).cloned();
        database.ok_or_else(|| error::denied(&self.plugin, name))
    }

    /// Runs the query of a request's answer and writes all of its rows.
    ///
    /// # Errors
    ///
    /// When the query fails, its rows are more than `bytes_max`, or the request
    /// has sent all the statements that it may.
    pub(crate) async fn write(
        &self,
        query: QueryContent,
        tally: &Tally,
        bytes_max: usize,
    ) -> Outcome<QueryBody> {
        let meter = self.meter(tally, &query);
        let database = self.database(&query.database)?;
        metered(meter, database.write(query, bytes_max)).await
    }

    /// Runs the query of a request's answer, and writes its rows while they come
    /// unless they are few.
    ///
    /// # Errors
    ///
    /// When the query fails before there is much to send, or the request has
    /// sent all the statements that it may.
    pub(crate) async fn stream(
        &self,
        query: QueryContent,
        tally: &Tally,
        limits: StreamLimits,
        place: OwnedSemaphorePermit,
    ) -> Outcome<QueryBody> {
        let meter = self.meter(tally, &query);
        let database = self.database(&query.database)?;
        metered(meter, database.stream(query, limits, place)).await
    }

    fn meter(&self, tally: &Tally, query: &QueryContent) -> Outcome<Meter> {
        Meter::begin(self, Some(tally), slice::from_ref(&query.statement))
    }
}

impl Database {
    async fn write(self: &Arc<Self>, query: QueryContent, bytes_max: usize) -> Outcome<QueryBody> {
        let text = Arc::new(Text {
            projection: query.projection,
            bytes_max,
        });
        let rows = self
            .run(query.statement, Want::Text(Arc::clone(&text)))
            .await?;
        if rows.count == 0 && text.projection.rows == Cardinality::One {
            return Ok(QueryBody::NoRow);
        }
        Ok(QueryBody::Whole(rows.data.into()))
    }

    async fn stream(
        &self,
        query: QueryContent,
        limits: StreamLimits,
        place: OwnedSemaphorePermit,
    ) -> Outcome<QueryBody> {
        let places = [place, self.stream_place()?];
        let mut source = match self.source(&query, limits).await {
            // It is prepared anew, in another transaction: Postgres has given this one up.
            Err(Failure::Stale(_)) => self.source(&query, limits).await?,
            source => source?,
        };
        Ok(match source.first_piece().await? {
            None => QueryBody::NoRow,
            Some(whole) if source.is_over => QueryBody::Whole(whole),
            Some(first) => QueryBody::Streamed(RowStream::start(source, first, limits, places)),
        })
    }

    async fn source(
        &self,
        query: &QueryContent,
        limits: StreamLimits,
    ) -> Result<RowSource, Failure> {
        let known = self.known(&query.statement);
        let mut lease = self.lease().await?;
        let begin = begin(limits.time_max, query.statement.timeout_ms);
        lease.begin(&begin).await?;
        let rows = lease
            .rows(&query.statement, &known, &query.projection)
            .await?;
        Ok(RowSource::new(
            lease,
            rows,
            query.projection.clone(),
            self.limits().result_bytes_max,
            limits.bytes_max,
        ))
    }
}

/// The time is the client's too, who may be slow, and not the statement's alone.
/// What would be changed could not be undone once it was sent.
fn begin(time_max: Duration, timeout_ms: u32) -> String {
    let time_max = time_max.as_millis();
    let timeout = match u128::from(timeout_ms) {
        0 => time_max,
        timeout => timeout.min(time_max),
    };
    format!("BEGIN READ ONLY; SET LOCAL statement_timeout = {timeout}")
}
