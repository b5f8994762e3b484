//! TLS to Postgres: whether there is any, and whom it trusts.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::dial::{DialError, Driver, dial};
use super::url;
use crate::config::DatabaseConfig;

/// What Postgres calls its protocol; it insists where TLS begins at once
/// (`sslnegotiation=direct`).
const PROTOCOL: &[u8] = b"postgresql";

/// The longest row of what the host itself asks: what it asks of catalogs.
const OWN_ROW_BYTES_MAX: usize = 16 << 20;

/// How connections to a database are protected on their way.
#[derive(Clone)]
pub(crate) enum Tls {
    /// Not at all.
    Off,
    /// Encrypted, to a server whose certificate and name were verified.
    Verified(MakeRustlsConnect),
}

impl Tls {
    /// What a database's URL asks for. On a Unix socket there is no TLS, whatever
    /// the URL says, as with libpq.
    pub(super) fn new(postgres: &mut Config, ca_file: Option<&Path>) -> Result<Self> {
        if url::is_on_socket(postgres) {
            postgres.ssl_mode(SslMode::Disable);
            return Ok(Self::Off);
        }
        if postgres.get_ssl_mode() != SslMode::Require {
            postgres.ssl_mode(SslMode::Disable);
            return Ok(Self::Off);
        }
        if postgres.get_hosts().is_empty() {
            bail!("sslmode=require needs host= beside hostaddr=: the name the certificate is for");
        }
        let roots = match ca_file {
            Some(path) => {
                read_roots(path).with_context(|| format!("tls_ca_file: {}", path.display()))
            }
            None => system_roots(),
        };
        Ok(Self::Verified(MakeRustlsConnect::new(settings(roots?)?)))
    }

    /// Makes a connection for the host's own use, which does nothing unless its
    /// driver is polled.
    pub(crate) async fn connect(&self, config: &Config) -> Result<(Client, Driver), DialError> {
        let dialed = dial(config, self, OWN_ROW_BYTES_MAX).await?;
        Ok((dialed.client, dialed.driver))
    }
}

/// How to reach a database, and how that is protected.
pub(crate) fn server(config: &DatabaseConfig) -> Result<(Config, Tls)> {
    let mut postgres = url::parse(&config.url)?;
    let tls = Tls::new(&mut postgres, config.tls_ca_file.as_deref())?;
    Ok((postgres, tls))
}

/// Checks where a database is said to be, and warns where it is on another
/// machine to which passwords and rows go in the clear.
pub(crate) fn check(name: &str, config: &DatabaseConfig) -> Result<()> {
    url::parse(&config.url).with_context(|| format!("databases.{name}.url"))?;
    let (postgres, tls) = server(config).with_context(|| format!("databases.{name}"))?;
    let is_off = matches!(tls, Tls::Off);
    // Better than to let an operator believe in it.
    if is_off && config.tls_ca_file.is_some() && !url::is_on_socket(&postgres) {
        bail!(
            "databases.{name}.tls_ca_file needs sslmode=require in url; without it there is no TLS"
        );
    }
    if is_in_the_clear(&postgres, &tls) {
        tracing::warn!(
            target: "plinth::database",
            database = name,
            "the connections to another machine are not encrypted; sslmode=require in the URL encrypts them"
        );
    }
    Ok(())
}

fn is_in_the_clear(postgres: &Config, tls: &Tls) -> bool {
    matches!(tls, Tls::Off) && !url::is_local(postgres)
}

fn settings(roots: RootCertStore) -> Result<ClientConfig> {
    // Named, because a process may have another default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut settings = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    settings.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(settings)
}

/// Those of the operator's file, and no others.
fn read_roots(path: &Path) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    if roots.is_empty() {
        bail!("holds no certificate in PEM (-----BEGIN CERTIFICATE-----)");
    }
    Ok(roots)
}

/// Those that the machine's administrator trusts.
fn system_roots() -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    // Systems carry old ones that no TLS library takes any more.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let cause = found.errors.first().map(|cause| format!(" ({cause})"));
        bail!(
            "this system has no root certificates{}: install them (ca-certificates), or name a file of your own",
            cause.unwrap_or_default()
        );
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(url: &str, ca_file: Option<&Path>) -> Result<(Config, Tls)> {
        let mut config = DatabaseConfig::new(url);
        config.tls_ca_file = ca_file.map(Path::to_owned);
        check("main", &config)?;
        server(&config)
    }

    fn refusal(url: &str, ca_file: Option<&Path>) -> String {
        let error = made(url, ca_file).map(|(config, _)| config);
        format!("{:#}", error.expect_err("must be refused"))
    }

    #[test]
    fn there_is_no_tls_unless_the_url_requires_it() {
        for mode in ["", "?sslmode=prefer", "?sslmode=disable"] {
            let made = made(&format!("postgres://db/shop{mode}"), None);
            let (config, tls) = made.expect("taken");
            assert!(matches!(tls, Tls::Off), "{mode}");
            assert_eq!(config.get_ssl_mode(), SslMode::Disable);
        }
    }

    #[test]
    fn a_unix_socket_needs_none() {
        let made = made("host=/run/postgresql dbname=shop sslmode=require", None);
        let (config, tls) = made.expect("taken");
        assert!(matches!(tls, Tls::Off));
        assert_eq!(config.get_ssl_mode(), SslMode::Disable);
    }

    #[test]
    fn only_another_machine_without_tls_is_in_the_clear() {
        let is_in_the_clear = |url| {
            let (postgres, tls) = made(url, None).expect("taken");
            is_in_the_clear(&postgres, &tls)
        };
        assert!(is_in_the_clear("postgres://db/shop"));
        assert!(is_in_the_clear("postgres://db/shop?sslmode=disable"));
        assert!(!is_in_the_clear("postgres://db/shop?sslmode=require"));
        assert!(!is_in_the_clear("postgres://localhost/shop"));
        assert!(!is_in_the_clear("host=/run/postgresql"));
    }

    #[test]
    fn a_certificate_file_without_tls_is_refused() {
        let text = refusal("postgres://db/shop", Some(Path::new("ca.pem")));
        assert!(text.contains("sslmode=require"), "{text}");
    }

    #[test]
    fn a_server_without_a_name_to_verify_is_refused() {
        let text = refusal("hostaddr=10.0.0.1 sslmode=require", None);
        assert!(text.contains("needs host="), "{text}");
    }

    #[test]
    fn a_file_that_holds_no_certificate_is_refused_with_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        let url = "postgres://shop:hunter2@db/shop?sslmode=require";
        let contents = [
            None,
            Some(""),
            Some("hunter2"),
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            Some("-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n"),
            Some("-----BEGIN CERTIFICATE-----\nAAAA"),
        ];
        for content in contents {
            if let Some(content) = content {
                std::fs::write(&path, content).expect("written");
            }
            let text = refusal(url, Some(&path));
            assert!(text.contains("databases.main: tls_ca_file: "), "{text}");
            assert!(
                text.contains("ca.pem") && !text.contains("hunter2"),
                "{text}"
            );
        }
    }
}
