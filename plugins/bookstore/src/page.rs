//! A part of a list.

use plinth::http::{IntoReply, Json, Reply};
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

/// Some of the rows, and which.
// There is no total: counting costs more than the page itself.
#[derive(Serialize)]
pub(crate) struct Page<T> {
    pub items: Vec<T>,
    pub limit: PageSize,
    pub offset: u64,
}

impl<T: Serialize> IntoReply for Page<T> {
    fn into_reply(self) -> Reply {
        Json(self).into_reply()
    }
}
