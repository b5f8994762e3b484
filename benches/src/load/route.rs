//! The routes that are measured, and what is asked of each.

use bytes::Bytes;

use crate::connection::request;

/// A route that plugins and the native server both answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Route {
    /// A greeting: no database.
    Hello,
    /// One book by its primary key.
    PrimaryKey,
    /// The first fifty books.
    List,
}

/// Keys that are asked for in turn, so that no cache of one row flatters.
const KEYS: std::ops::RangeInclusive<u32> = 1..=100;

impl Route {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Hello, Self::PrimaryKey, Self::List];

    /// How tables call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::PrimaryKey => "primary key",
            Self::List => "list of 50",
        }
    }

    /// Path and query of every request that is sent.
    pub(crate) fn targets(self) -> Vec<String> {
        match self {
            Self::Hello => vec!["/hello/Ada".into()],
            Self::PrimaryKey => KEYS.map(|key| format!("/api/v1/books/{key}")).collect(),
            Self::List => vec!["/api/v1/books?limit=50".into()],
        }
    }

    /// The requests as they go over the wire.
    pub(crate) fn requests(self) -> Vec<Bytes> {
        self.targets()
            .iter()
            .map(|target| request(target))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_ends_with_an_empty_line() {
        for route in Route::ALL {
            assert!(!route.requests().is_empty());
            assert!(
                route
                    .requests()
                    .iter()
                    .all(|request| request.ends_with(b"\r\n\r\n"))
            );
        }
    }
}
