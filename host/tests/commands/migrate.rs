//! `plinth migrate`, and `plinth serve` after it, on a server that asks every
//! role but its superuser for a password.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use plinth_host::dev::postgres::{PrivatePostgres, Storage};
use plinth_host::progress::Progress;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{Running, folder, get, here, plinth};

/// Never to be seen in anything that is printed.
const PASSWORD: &str = "hunter2";

/// A server, and a folder with the bookstore's component in it.
struct Shop {
    runtime: Runtime,
    postgres: PrivatePostgres,
    folder: TempDir,
}

impl Shop {
    fn open() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let progress = Progress::hidden();
        let started = PrivatePostgres::start(Storage::Temporary, &progress);
        let postgres = runtime.block_on(started).expect("a private Postgres");
        let created = postgres.create_database_if_missing("shop");
        runtime.block_on(created).expect("a database");
        let hba = "local all postgres trust\nlocal all all scram-sha-256\n";
        fs::write(postgres.data_folder().join("pg_hba.conf"), hba).expect("writes");
        let folder = folder();
        let component = folder.path().join("bookstore.wasm");
        let output = component.to_str().expect("text");
        let built = plinth(&["build", "plugins/bookstore", "--output", output], &here());
        assert!(built.status.success(), "{built:?}");
        let shop = Self {
            runtime,
            postgres,
            folder,
        };
        shop.run("SELECT pg_reload_conf()");
        shop.configure(PASSWORD);
        shop
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the `plinth.toml`, whose URL names a role that does not exist.
    fn configure(&self, password: &str) {
        let url = self.admin_url().replace("'postgres'", "'nobody'");
        let config = format!(
            "[databases.default]\nurl = \"{url}\"\n[plugins.bookstore]\ncomponent = 'bookstore.wasm'\n\
             databases = ['default']\ndatabase_password = '{password}'\n"
        );
        fs::write(self.path().join("plinth.toml"), config).expect("writes");
    }

    fn admin_url(&self) -> String {
        self.postgres.url("shop")
    }

    /// Runs SQL as the superuser.
    fn run(&self, sql: &str) {
        let config = self.postgres.config("shop");
        self.runtime.block_on(async {
            let (client, connection) = config
                .connect(tokio_postgres::NoTls)
                .await
                .expect("connects");
            tokio::spawn(connection);
            client.batch_execute(sql).await.expect(sql);
        });
    }

    fn migrate(&self, arguments: &[&str], url: Option<&str>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plinth"));
        command
            .arg("migrate")
            .args(arguments)
            .current_dir(self.path());
        command.env_remove("PLINTH_ADMIN_URL");
        if let Some(url) = url {
            command.env("PLINTH_ADMIN_URL", url);
        }
        command.output().expect("runs")
    }

    /// What `migrate` says where all goes well.
    fn migrated(&self, arguments: &[&str], url: Option<&str>) -> String {
        let output = self.migrate(arguments, url);
        assert!(output.status.success(), "{output:?}");
        without_password(&output.stdout)
    }

    /// What it says where it must fail.
    fn refused(&self, arguments: &[&str], url: Option<&str>) -> String {
        let output = self.migrate(arguments, url);
        assert!(!output.status.success(), "{output:?}");
        without_password(&output.stderr)
    }

    /// What `serve` says where it must not start.
    fn not_served(&self) -> String {
        let output = plinth(&["serve", "--listen", "127.0.0.1:0"], self.path());
        assert!(!output.status.success(), "{output:?}");
        without_password(&output.stderr)
    }

    /// Serves, and gets the books, of which there are none.
    fn assert_served(&self) {
        let mut serve = Running::start(&["serve", "--listen", "127.0.0.1:0"], self.path());
        let answer = get(&serve.address(), "/api/v1/books");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(serve.end(Signal::TERM).success());
        for line in serve.lines.iter() {
            without_password(line.as_bytes());
        }
    }
}

fn without_password(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said).into_owned();
    assert!(!said.contains(PASSWORD), "{said}");
    said
}

#[test]
fn migrate_creates_what_serve_needs_and_nothing_twice() {
    let shop = Shop::open();
    let url = shop.admin_url();
    let said = shop.not_served();
    assert!(
        said.contains("plinth_bookstore") && said.contains("run `plinth migrate`"),
        "{said}"
    );

    let said = shop.migrated(&[], Some(&url));
    for part in [
        "create role \"plinth_bookstore\"\n",
        "limit role \"plinth_bookstore\" to 64 connections",
        "set the password of role \"plinth_bookstore\"",
        "create schema \"bookstore\"",
        "create table books\n",
        "create index books_author_id_idx\n",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    shop.assert_served();
    let again = shop.migrated(&[], Some(&url));
    assert_eq!(again, "set the password of role \"plinth_bookstore\"\n");
    let more = shop.migrated(&["--hosts", "6"], Some(&url));
    assert!(more.contains("to 96 connections"), "{more}");

    shop.configure("of somebody else");
    let said = shop.not_served();
    assert!(said.contains("run `plinth migrate`"), "{said}");
    shop.migrated(&[], Some(&url));
    shop.assert_served();
    shop.run("DROP TABLE bookstore.reviews");
    let said = shop.not_served();
    assert!(
        said.contains("\"bookstore\".\"reviews\" is missing"),
        "{said}"
    );
    let said = shop.migrated(&[], Some(&url));
    assert!(said.contains("create table reviews\n"), "{said}");
    shop.assert_served();
}

#[test]
fn an_index_of_another_name_is_told_in_one_sentence_that_says_what_to_run() {
    let shop = Shop::open();
    let url = shop.admin_url();
    shop.migrated(&[], Some(&url));
    // As it is called where another table would have an index of its name.
    let hashed = "books_author_id_28d49e43_idx";
    shop.run(&format!(
        "ALTER INDEX bookstore.books_author_id_idx RENAME TO {hashed}"
    ));
    let said = shop.refused(&[], Some(&url));
    let alter = format!("ALTER INDEX bookstore.{hashed} RENAME TO books_author_id_idx");
    assert!(said.contains(&format!("run {alter};")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    shop.run(&alter);
    shop.migrated(&[], Some(&url));
}

#[test]
fn a_role_that_may_do_too_much_is_refused_and_left_as_it_is() {
    let shop = Shop::open();
    let url = shop.admin_url();
    for (change, expected) in [
        (
            "CREATE ROLE plinth_bookstore LOGIN CREATEDB",
            "may create roles or databases",
        ),
        (
            "ALTER ROLE plinth_bookstore NOCREATEDB; GRANT pg_read_all_data TO plinth_bookstore",
            "member of another role",
        ),
        (
            "REVOKE pg_read_all_data FROM plinth_bookstore; CREATE SCHEMA owned AUTHORIZATION plinth_bookstore",
            "owns something",
        ),
        (
            "DROP SCHEMA owned; CREATE SCHEMA bookstore",
            "COMMENT ON SCHEMA \"bookstore\"",
        ),
    ] {
        shop.run(change);
        let said = shop.refused(&[], Some(&url));
        assert!(said.contains(expected), "{expected}: {said}");
    }
    shop.run("DROP SCHEMA bookstore");
    shop.migrated(&[], Some(&url));
    shop.run("ALTER ROLE plinth_bookstore SUPERUSER");
    let said = shop.not_served();
    assert!(said.contains("more than a plugin should"), "{said}");
}

#[test]
fn an_administrators_url_that_is_wrong_is_not_repeated() {
    let shop = Shop::open();
    let said = shop.refused(&[], None);
    assert!(
        said.contains("PLINTH_ADMIN_URL") && said.contains("--sql"),
        "{said}"
    );
    let said = shop.refused(&[], Some("http://admin:hunter2@db/shop"));
    assert!(said.contains("no Postgres URL"), "{said}");
    let said = shop.refused(
        &["--admin-url", "host=/nowhere user=admin password=hunter2"],
        None,
    );
    assert!(
        said.contains("cannot connect to Postgres as an administrator"),
        "{said}"
    );
    let said = shop.refused(&[], Some(&shop.postgres.url("postgres")));
    assert!(
        said.contains("\"postgres\"") && said.contains("\"shop\""),
        "{said}"
    );
    let said = shop.refused(&["--database", "archive"], Some(&shop.admin_url()));
    assert!(said.contains("--database: default"), "{said}");
}

#[test]
fn the_statements_are_printed_for_an_administrator_to_run() {
    let shop = Shop::open();
    let script = shop.migrated(&["--sql"], None);
    for part in [
        "CREATE ROLE \"plinth_bookstore\"",
        "REVOKE ALL ON SCHEMA public",
        "\\password",
    ] {
        assert!(script.contains(part), "{part}: {script}");
    }
    for _ in 0..2 {
        shop.run(&script);
    }
    shop.run(&format!(
        "ALTER ROLE plinth_bookstore PASSWORD '{PASSWORD}'"
    ));
    shop.assert_served();
    let said = shop.migrated(&[], Some(&shop.admin_url()));
    assert_eq!(
        said, "set the password of role \"plinth_bookstore\"\n",
        "the same was done"
    );
}

#[test]
fn dev_falls_back_to_the_urls_role_where_that_may_not_create_roles() {
    let shop = Shop::open();
    shop.run(&format!(
        "CREATE ROLE someone LOGIN PASSWORD '{PASSWORD}'; GRANT ALL ON DATABASE shop TO someone"
    ));
    let url = shop.admin_url().replace("'postgres'", "'someone'");
    let url = format!("{url} password={PASSWORD}");
    let arguments = ["dev", "plugins/hello", "--port", "0", "--database", &url];
    let mut dev = Running::start(&arguments, &here());
    let said = dev.wait_for("all plugins act as the role in its URL");
    without_password(said.as_bytes());
    assert!(said.contains("shared_role = true"), "{said}");
    assert!(get(&dev.address(), "/hello/Ada").contains("Ada"));
    assert!(dev.end(Signal::INT).success());
}
