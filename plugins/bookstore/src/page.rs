//! A part of a list.

use plinth::prelude::*;
use serde::{Deserialize, Serialize};

/// How many rows a page has, from 1 to 100.
// A type of its own, so that no handler can forget to check it.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(try_from = "i64")]
pub(crate) struct PageSize(u64);

impl PageSize {
    pub(crate) fn get(self) -> u64 {
        self.0
    }
}

impl Default for PageSize {
    fn default() -> PageSize {
        PageSize(20)
    }
}

impl TryFrom<i64> for PageSize {
    type Error = &'static str;

    fn try_from(size: i64) -> Result<PageSize, &'static str> {
        match u64::try_from(size) {
            Ok(size @ 1..=100) => Ok(PageSize(size)),
            _ => Err("must be from 1 to 100"),
        }
    }
}

/// Which of the rows a page has.
// There is no total: counting costs more than the page itself.
#[derive(Serialize)]
pub(crate) struct Page {
    pub limit: PageSize,
    pub offset: u64,
}

impl Page {
    /// The page, which the host reads and writes: `{"items":[…],"limit":20,"offset":0}`.
    pub(crate) fn of<M: Model + JsonRow>(self, rows: QuerySet<M>, db: &Db) -> Result<JsonRows> {
        let rows = rows.offset(self.offset).limit(self.limit.get());
        rows.json(db)?.enveloped("items", &self)
    }
}
