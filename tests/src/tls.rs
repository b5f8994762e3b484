use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use plinth_host::dev::postgres::{Account, Programs};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::TestDatabase;
use crate::server::Server;

/// What the server's certificate says its name is.
const NAME: &str = "db.example";

/// A server that listens on a port of the loopback interface, with and without
/// TLS, as `db.example`. It ends when this is dropped.
pub struct TlsPostgres {
    server: Server,
}

impl TlsPostgres {
    /// Starts it.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start() -> Self {
        Self::with(true).await
    }

    /// Starts one that does not speak TLS at all.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn without_tls() -> Self {
        Self::with(false).await
    }

    async fn with(tls: bool) -> Self {
        let account = Account::choose().expect("an account");
        let programs = Programs::find(&account).await.expect("installed");
        let folder = tempfile::Builder::new().prefix("plinth-tls-").tempdir();
        let folder = folder.expect("a folder").keep();
        account.give(&folder).expect("given to the server's user");
        let mut initdb = account.command(&programs.initdb);
        initdb
            .args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .args(["--username", "postgres", "--pgdata"])
            .arg(Server::data_of(&folder));
        let made = initdb.output().await.expect("initdb runs");
        assert!(made.status.success(), "{made:?}");
        write_certificates(&folder, &account);
        ask_for_passwords(&Server::data_of(&folder), &account);
        let file = |key: &str, name: &str| format!("{key}={}", folder.join(name).display());
        let (certificate, key) = (
            file("ssl_cert_file", "server.pem"),
            file("ssl_key_file", "server.key"),
        );
        let ssl = if tls { "ssl=on" } else { "ssl=off" };
        let settings = ["listen_addresses=127.0.0.1", ssl, &certificate, &key];
        let shell = account.command(Path::new("/bin/sh"));
        let server = Server::start(shell, &programs, folder.clone(), free_port(), &settings);
        Self {
            server: server.await,
        }
    }

    /// Its database, over TLS, for hosts that trust whom it is certified by.
    pub fn database(&self) -> TestDatabase {
        self.database_with(NAME, "require", Some(self.ca_file()))
    }

    /// Its database under some name, with an `sslmode`, for hosts that trust the
    /// certificates of a file.
    pub fn database_with(
        &self,
        host: &str,
        sslmode: &str,
        tls_ca_file: Option<PathBuf>,
    ) -> TestDatabase {
        let port = self.server.port();
        let url = format!(
            "postgres://postgres:hunter2@{host}:{port}/postgres?hostaddr=127.0.0.1&sslmode={sslmode}"
        );
        TestDatabase {
            url,
            tls_ca_file,
            ..self.server.database("postgres")
        }
    }

    /// Its port on the loopback interface.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// By whom its certificate is signed.
    pub fn ca_file(&self) -> PathBuf {
        self.server.folder().join("ca.pem")
    }

    /// Somebody else, of the same name.
    pub fn foreign_ca_file(&self) -> PathBuf {
        self.server.folder().join("foreign.pem")
    }
}

/// Has the server ask a role named `scram` for its password, and nobody else.
fn ask_for_passwords(data: &Path, account: &Account) {
    let file = data.join("pg_hba.conf");
    let trusting = fs::read_to_string(&file).expect("read");
    let asking = "host all scram 127.0.0.1/32 scram-sha-256\n";
    fs::write(&file, asking.to_owned() + &trusting).expect("written");
    account.give(&file).expect("given");
}

fn write_certificates(folder: &Path, account: &Account) {
    let ca = authority();
    fs::write(folder.join("ca.pem"), ca.pem()).expect("written");
    fs::write(folder.join("foreign.pem"), authority().pem()).expect("written");
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new([NAME.to_owned()]).expect("a name");
    let server = server.signed_by(&key, &ca).expect("signed");
    fs::write(folder.join("server.pem"), server.pem()).expect("written");
    let key_file = folder.join("server.key");
    fs::write(&key_file, key.serialize_pem()).expect("written");
    // Postgres takes no key that others can read.
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(&key_file, private).expect("made private");
    account.give(&key_file).expect("given");
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("signed")
}

/// A port that nobody listens on. The kernel gives it to nobody else soon.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
