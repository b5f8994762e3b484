//! Those that are measured.

/// One of those that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// A plugin on a host as it is by default.
    Guest,
    /// The same on a host without lanes.
    GuestWithoutLanes,
    /// tokio-postgres; with many callers, on a few connections that they share.
    Native,
    /// tokio-postgres behind deadpool-postgres.
    NativePool,
    /// psycopg 3.
    Psycopg,
}

impl Client {
    /// How tables call it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::GuestWithoutLanes => "guest, a connection for each query",
            Self::Native => "native",
            Self::NativePool => "native, a connection for each query",
            Self::Psycopg => "psycopg 3",
        }
    }
}
