//! Where a database is, as the operator writes it.

use std::net::IpAddr;

use anyhow::{Result, anyhow, bail};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, SslNegotiation};

/// Reads a URL or a key-value text, and refuses what could never connect.
///
/// Nothing of the text is in the error: a password may be.
pub(super) fn parse(url: &str) -> Result<Config> {
    let config: Config = url.parse().map_err(|cause| explain(&cause))?;
    let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
    if hosts.is_empty() && addresses.is_empty() {
        bail!("it names no host (postgres://user@host/name, host=…)");
    }
    // What follows an @ in a password would be looked up as a name.
    let is_cut = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
    if hosts.iter().any(is_cut) {
        return Err(not_a_url());
    }
    let is_direct = config.get_ssl_negotiation() == SslNegotiation::Direct;
    if is_direct && config.get_ssl_mode() != SslMode::Require {
        bail!("sslnegotiation=direct needs sslmode=require; without it there would be no TLS");
    }
    Ok(config)
}

/// Whether each server is reached by a Unix socket.
pub(super) fn is_on_socket(config: &Config) -> bool {
    let is_socket = |host: &Host| matches!(host, Host::Unix(_));
    config.get_hostaddrs().is_empty() && config.get_hosts().iter().all(is_socket)
}

/// Whether what is sent to each server stays on this machine.
pub(super) fn is_local(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    // Where there is an address, the name is not looked up.
    let mut names = config.get_hosts().iter().skip(addresses.len());
    addresses.iter().all(is_loopback) && names.all(is_host_local)
}

fn is_host_local(host: &Host) -> bool {
    let Host::Tcp(name) = host else {
        return true;
    };
    let address: Result<IpAddr, _> = name.parse();
    address.map_or(name == "localhost", |address| is_loopback(&address))
}

fn is_loopback(address: &IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn explain(cause: &tokio_postgres::Error) -> anyhow::Error {
    let cause = std::error::Error::source(cause).map(ToString::to_string);
    // Of the driver's causes this one is known to quote nothing.
    if cause.as_deref() == Some("invalid value for option `sslmode`") {
        return anyhow!(
            "sslmode is disable, prefer or require; require verifies the server's certificate and \
             name, as verify-full does elsewhere"
        );
    }
    not_a_url()
}

fn not_a_url() -> anyhow::Error {
    anyhow!(
        "it is no Postgres URL (postgres://user@host/name) and no key-value text (host=… dbname=…); \
         a password in a URL must be percent-encoded"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Config {
        parse(url).expect("a URL")
    }

    fn refusal(url: &str) -> String {
        format!("{:#}", parse(url).expect_err("must be refused"))
    }

    #[test]
    fn a_url_may_leave_out_all_but_the_host() {
        let config = parsed("postgres://db");
        assert_eq!(config.get_hosts(), [Host::Tcp("db".into())]);
        assert_eq!(config.get_ports(), [5432]);
        assert_eq!(config.get_user(), None);
        assert_eq!(config.get_password(), None);
        assert_eq!(config.get_dbname(), None);
        assert_eq!(config.get_options(), None);
        assert_eq!(config.get_ssl_mode(), SslMode::Prefer);
    }

    #[test]
    fn what_is_percent_encoded_is_decoded() {
        let config = parsed("postgresql://a%40b:p%2F%3A%40%25%20%C3%BC@db:7/my%20shop");
        assert_eq!(config.get_user(), Some("a@b"));
        assert_eq!(config.get_password(), Some("p/:@% ü".as_bytes()));
        assert_eq!(config.get_dbname(), Some("my shop"));
        assert_eq!(config.get_ports(), [7]);
    }

    #[test]
    fn a_key_value_text_is_quoted_and_not_percent_encoded() {
        let config = parsed(r"host=db user=shop password='p%20\' \\' dbname='my shop'");
        assert_eq!(config.get_password(), Some(&br"p%20' \"[..]));
        assert_eq!(config.get_dbname(), Some("my shop"));
    }

    #[test]
    fn options_go_to_the_session() {
        let config = parsed("postgres://db/shop?options=-c%20geqo%3Doff&application_name=till");
        assert_eq!(config.get_options(), Some("-c geqo=off"));
        assert_eq!(config.get_application_name(), Some("till"));
    }

    #[test]
    fn a_unix_socket_is_a_folder() {
        for url in [
            "postgres://%2Frun%2Fpostgresql/shop",
            "postgres:///shop?host=/run/postgresql",
            "host=/run/postgresql dbname=shop",
        ] {
            let config = parsed(url);
            assert_eq!(config.get_hosts(), [Host::Unix("/run/postgresql".into())]);
            assert_eq!(config.get_dbname(), Some("shop"), "{url}");
            assert!(is_on_socket(&config) && is_local(&config), "{url}");
        }
    }

    #[test]
    fn several_servers_have_ports_of_their_own() {
        let config = parsed("postgres://a,b:7,[::1]:8/shop");
        let hosts = ["a", "b", "::1"].map(|name| Host::Tcp(name.into()));
        assert_eq!(config.get_hosts(), hosts);
        assert_eq!(config.get_ports(), [5432, 7, 8]);
        assert!(!is_local(&config));
    }

    #[test]
    fn what_could_never_connect_is_refused() {
        for url in ["postgres:///shop", "dbname=shop", ""] {
            assert!(refusal(url).contains("no host"), "{url}");
        }
        for url in ["http://db", "postgres://db/shop?colour=red", "host"] {
            assert!(refusal(url).contains("no Postgres URL"), "{url}");
        }
        let text = refusal("postgres://db/shop?sslnegotiation=direct");
        assert!(text.contains("sslmode=require"), "{text}");
    }

    #[test]
    fn a_stronger_sslmode_is_refused_with_the_one_that_is_as_strong() {
        for mode in ["allow", "verify-ca", "verify-full", "Require"] {
            let text = refusal(&format!("postgres://db/shop?sslmode={mode}"));
            assert!(text.contains("disable, prefer or require"), "{text}");
        }
    }

    #[test]
    fn a_refusal_tells_no_password() {
        for url in [
            "postgres://shop:hunter2@hunter2@db/shop",
            "postgres://shop:hunter2@db:hunter2/shop",
            "postgres://shop:hunter2@db/shop?hunter2=1",
            "postgres://shop:hunter2@db/shop?sslmode=hunter2",
            "host=db password=hunter2 port=hunter2",
            "host=db hunter2=x",
            "postgres://shop:hunter2@/shop",
        ] {
            let text = refusal(url);
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn loopback_is_local_and_the_address_decides() {
        for url in [
            "host=localhost",
            "host=127.0.0.9",
            "postgres://[::1]/shop",
            "host=db.example hostaddr=127.0.0.1",
            "host=/run/postgresql,localhost",
        ] {
            assert!(is_local(&parsed(url)), "{url}");
        }
        for url in [
            "host=db",
            "host=10.0.0.1",
            "host=localhost hostaddr=10.0.0.1",
            "host=localhost,db",
            "host=localhost.example",
            "host=/run/postgresql hostaddr=10.0.0.1",
        ] {
            assert!(!is_local(&parsed(url)), "{url}");
        }
    }
}
