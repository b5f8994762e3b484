//! Making a connection to one of the servers that a URL names.
//!
//! As `tokio_postgres::Config::connect` does it, which gives nobody a place
//! between the socket and the messages: see `protocol.rs`.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::config::{Host, LoadBalanceHosts, SslMode, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};
use tokio_util::either::Either;

use super::protocol::{AboveTls, Backend, MessageStream};
use super::tls::Tls;

/// Where Postgres listens if nobody says otherwise.
const PORT: u16 = 5432;

/// Reads and writes a connection's socket, until it ends.
pub(crate) type Driver = BoxFuture<'static, Result<(), tokio_postgres::Error>>;

type Socket = Either<TcpStream, UnixStream>;

/// A connection, which does nothing unless its driver is polled.
pub(crate) struct Dialed {
    pub(crate) client: Client,
    pub(crate) driver: Driver,
    /// The server that took it, and the process that serves it there.
    pub(super) server: Server,
    pub(super) backend: Backend,
}

/// One place where a server listens, of those that a URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    place: Place,
    /// The name that its certificate is for.
    name: Option<String>,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Folder(PathBuf),
    Name(String),
    Address(IpAddr),
}

/// Why no connection was made. Nothing of where the server is: plugins are told.
#[derive(Debug)]
pub(crate) enum DialError {
    /// The URL makes no sense.
    Url(&'static str),
    /// Nobody listens there, or nothing can be sent there.
    Socket(io::Error),
    /// The server is not who it should be.
    Tls(Box<dyn StdError + Send + Sync>),
    /// The server is not of the kind that `target_session_attrs` asks for.
    NotTheKind(&'static str),
    /// The server or the driver refused.
    Postgres(tokio_postgres::Error),
}

impl DialError {
    /// What the server said, if it said something.
    pub(crate) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Postgres(cause) => cause.code(),
            _ => None,
        }
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(why) | Self::NotTheKind(why) => out.write_str(why),
            Self::Socket(_) => out.write_str("error connecting to server"),
            Self::Tls(_) => out.write_str("error performing TLS handshake"),
            Self::Postgres(_) => out.write_str("the server took no connection"),
        }
    }
}

impl StdError for DialError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Url(_) | Self::NotTheKind(_) => None,
            Self::Socket(cause) => Some(cause),
            Self::Tls(cause) => Some(&**cause),
            Self::Postgres(cause) => Some(cause),
        }
    }
}

impl From<tokio_postgres::Error> for DialError {
    fn from(cause: tokio_postgres::Error) -> Self {
        Self::Postgres(cause)
    }
}

/// Connects to the first server that takes it and is of the kind that is wanted.
///
/// # Errors
///
/// The last server's, when none does.
pub(super) async fn dial(
    config: &Config,
    tls: &Tls,
    row_bytes_max: usize,
) -> Result<Dialed, DialError> {
    let mut last = DialError::Url("it names no host");
    for server in servers(config)? {
        match server.sockets(config).await {
            Ok(sockets) => {
                for socket in sockets {
                    match connect(config, tls, &server, socket, row_bytes_max).await {
                        Ok(dialed) => return Ok(dialed),
                        Err(error) => last = error,
                    }
                }
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Asks the server of a connection to stop what that one is doing, as protected
/// as that one is.
pub(super) async fn cancel(
    config: &Config,
    tls: &Tls,
    server: &Server,
    client: &Client,
) -> Result<(), DialError> {
    let token = client.cancel_token();
    let mut last = DialError::Url("it names no host");
    for address in server.sockets(config).await? {
        let canceled = async {
            let socket = open(config, &address).await?;
            match server.tls(tls)? {
                None => token.cancel_query_raw(socket, NoTls).await?,
                Some(tls) => token.cancel_query_raw(socket, tls).await?,
            }
            Ok(())
        };
        match canceled.await {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The servers that a URL names, in the order in which they are tried.
fn servers(config: &Config) -> Result<Vec<Server>, DialError> {
    let (hosts, addresses, ports) = (
        config.get_hosts(),
        config.get_hostaddrs(),
        config.get_ports(),
    );
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err(DialError::Url(
            "it has another number of hosts than of hostaddrs",
        ));
    }
    let count = hosts.len().max(addresses.len());
    if ports.len() > 1 && ports.len() != count {
        return Err(DialError::Url(
            "it has another number of ports than of hosts",
        ));
    }
    let server = |index: usize| Server {
        place: match (addresses.get(index), hosts.get(index)) {
            (Some(address), _) => Place::Address(*address),
            (None, Some(Host::Tcp(name))) => Place::Name(name.clone()),
            (None, Some(Host::Unix(folder))) => Place::Folder(folder.clone()),
            (None, None) => unreachable!("there are as many of one of them"),
        },
        name: match hosts.get(index) {
            Some(Host::Tcp(name)) => Some(name.clone()),
            _ => None,
        },
        port: *ports.get(index).or(ports.first()).unwrap_or(&PORT),
    };
    let mut servers: Vec<_> = (0..count).map(server).collect();
    if config.get_load_balance_hosts() == LoadBalanceHosts::Random {
        shuffle(&mut servers);
    }
    Ok(servers)
}

fn shuffle<T>(items: &mut [T]) {
    for last in (1..items.len()).rev() {
        // Without chance the order is as good as another.
        let chance = getrandom::u32().unwrap_or_default() as usize;
        items.swap(last, chance % (last + 1));
    }
}

/// Where to open a socket.
enum SocketPlace {
    Path(PathBuf),
    Address(SocketAddr),
}

impl Server {
    async fn sockets(&self, config: &Config) -> Result<Vec<SocketPlace>, DialError> {
        Ok(match &self.place {
            Place::Folder(folder) => {
                let path = folder.join(format!(".s.PGSQL.{}", self.port));
                vec![SocketPlace::Path(path)]
            }
            Place::Address(address) => {
                vec![SocketPlace::Address((*address, self.port).into())]
            }
            Place::Name(name) => {
                let found = tokio::net::lookup_host((&**name, self.port)).await;
                let mut found: Vec<_> = found.map_err(DialError::Socket)?.collect();
                if config.get_load_balance_hosts() == LoadBalanceHosts::Random {
                    shuffle(&mut found);
                }
                found.into_iter().map(SocketPlace::Address).collect()
            }
        })
    }

    /// How to encrypt what is said to it. On a Unix socket there is no TLS.
    fn tls(&self, tls: &Tls) -> Result<Option<Encryption>, DialError> {
        match (tls, &self.place) {
            (Tls::Off, _) | (_, Place::Folder(_)) => Ok(None),
            (Tls::Verified(tls), _) => {
                let name = self.name.as_deref().ok_or(DialError::Url(
                    "TLS needs the name that the server's certificate is for",
                ))?;
                let made = MakeTlsConnect::<Socket>::make_tls_connect(&mut tls.clone(), name);
                made.map(Some).map_err(|cause| DialError::Tls(cause.into()))
            }
        }
    }
}

type Encryption = <tokio_postgres_rustls::MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect;

async fn connect(
    config: &Config,
    tls: &Tls,
    server: &Server,
    place: SocketPlace,
    row_bytes_max: usize,
) -> Result<Dialed, DialError> {
    let socket = open(config, &place).await?;
    let backend = Backend::default();
    let (client, mut driver) = match server.tls(tls)? {
        None => {
            let stream = MessageStream::new(socket, row_bytes_max, backend.clone());
            let mut config = config.clone();
            config.ssl_mode(SslMode::Disable);
            let (client, connection) = config.connect_raw(stream, NoTls).await?;
            (client, connection.boxed())
        }
        Some(tls) => {
            let tls = AboveTls {
                tls,
                row_bytes_max,
                backend: backend.clone(),
            };
            let (client, connection) = config.connect_raw(socket, tls).await?;
            (client, connection.boxed())
        }
    };
    check_kind(config.get_target_session_attrs(), &client, &mut driver).await?;
    Ok(Dialed {
        client,
        driver,
        server: server.clone(),
        backend,
    })
}

async fn open(config: &Config, place: &SocketPlace) -> Result<Socket, DialError> {
    let opening = async {
        match place {
            SocketPlace::Path(path) => Ok(Either::Right(UnixStream::connect(path).await?)),
            SocketPlace::Address(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                keep_alive(config, &SockRef::from(&stream))?;
                Ok(Either::Left(stream))
            }
        }
    };
    let limit = config.get_connect_timeout().copied();
    let opened = tokio::time::timeout(limit.unwrap_or(Duration::MAX), opening).await;
    let opened = opened.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    opened.map_err(DialError::Socket)
}

fn keep_alive(config: &Config, socket: &SockRef<'_>) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if let Some(silence) = config.get_tcp_user_timeout() {
        socket.set_tcp_user_timeout(Some(*silence))?;
    }
    if !config.get_keepalives() {
        return Ok(());
    }
    let mut keepalive = TcpKeepalive::new().with_time(config.get_keepalives_idle());
    if let Some(interval) = config.get_keepalives_interval() {
        keepalive = keepalive.with_interval(interval);
    }
    if let Some(retries) = config.get_keepalives_retries() {
        keepalive = keepalive.with_retries(retries);
    }
    socket.set_tcp_keepalive(&keepalive)
}

/// Refuses a server that is a copy where one that can be written to is wanted,
/// or the other way round.
async fn check_kind(
    wanted: TargetSessionAttrs,
    client: &Client,
    driver: &mut Driver,
) -> Result<(), DialError> {
    if wanted == TargetSessionAttrs::Any {
        return Ok(());
    }
    let asking = client.simple_query("SHOW transaction_read_only");
    let answer = tokio::select! {
        answer = asking => answer?,
        ended = driver => {
            ended?;
            return Err(DialError::NotTheKind("the server closed the connection"));
        }
    };
    let is_copy = answer
        .iter()
        .any(|message| matches!(message, SimpleQueryMessage::Row(row) if row.get(0) == Some("on")));
    match wanted {
        TargetSessionAttrs::ReadWrite if is_copy => {
            Err(DialError::NotTheKind("the server takes no writes"))
        }
        TargetSessionAttrs::ReadOnly if !is_copy => {
            Err(DialError::NotTheKind("the server is not read-only"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str) -> Result<Vec<Server>, String> {
        let config: Config = url.parse().expect("a URL");
        servers(&config).map_err(|error| error.to_string())
    }

    fn server(place: Place, name: Option<&str>, port: u16) -> Server {
        Server {
            place,
            name: name.map(str::to_owned),
            port,
        }
    }

    #[test]
    fn a_url_names_servers_in_order() {
        let name = |name: &str, port| server(Place::Name(name.into()), Some(name), port);
        assert_eq!(
            named("host=a,b port=1,2"),
            Ok(vec![name("a", 1), name("b", 2)])
        );
        assert_eq!(
            named("host=a,b"),
            Ok(vec![name("a", 5432), name("b", 5432)])
        );
        let address = Place::Address([10, 0, 0, 1].into());
        assert_eq!(
            named("host=a hostaddr=10.0.0.1 port=7"),
            Ok(vec![server(address.clone(), Some("a"), 7)])
        );
        assert_eq!(
            named("hostaddr=10.0.0.1"),
            Ok(vec![server(address, None, 5432)])
        );
        assert_eq!(
            named("host=/run/postgresql,b"),
            Ok(vec![
                server(Place::Folder("/run/postgresql".into()), None, 5432),
                name("b", 5432)
            ])
        );
    }

    #[test]
    fn servers_that_do_not_pair_up_are_refused() {
        for url in ["host=a,b hostaddr=10.0.0.1", "host=a,b,c port=1,2"] {
            assert!(named(url).is_err(), "{url}");
        }
    }

    #[test]
    fn any_order_has_all_servers() {
        let mut found = named("host=a,b,c load_balance_hosts=random").expect("servers");
        found.sort_by(|one, other| one.name.cmp(&other.name));
        assert_eq!(Ok(found), named("host=a,b,c"));
    }

    #[tokio::test]
    async fn a_socket_is_kept_alive_as_the_url_says() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        let opened = async |url: &str| {
            let config: Config = url.parse().expect("a URL");
            let socket = open(&config, &SocketPlace::Address(address)).await;
            match socket.expect("opens") {
                Either::Left(stream) => stream,
                Either::Right(_) => panic!("it is no file"),
            }
        };
        let url = "host=a keepalives_idle=7 keepalives_interval=3 keepalives_retries=2 tcp_user_timeout=9";
        let stream = opened(url).await;
        let socket = SockRef::from(&stream);
        let seconds = Duration::from_secs;
        assert!(stream.nodelay().expect("told"));
        assert!(socket.keepalive().expect("told"));
        assert_eq!(socket.tcp_keepalive_time().expect("told"), seconds(7));
        assert_eq!(socket.tcp_keepalive_interval().expect("told"), seconds(3));
        assert_eq!(socket.tcp_keepalive_retries().expect("told"), 2);
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().expect("told"), Some(seconds(9)));
        let stream = opened("host=a keepalives=0").await;
        assert!(!SockRef::from(&stream).keepalive().expect("told"));
    }
}
