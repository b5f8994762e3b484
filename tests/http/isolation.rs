//! What a hostile plugin gets of the others' data, of the server and of its own
//! tables' making: what Postgres grants its role, and no more.

use http::Method;
use plinth_host::dev::database::Bookkeeping;
use plinth_host::isolation::{Administrator, PluginSchema};
use plinth_tests::TestHost;

/// Insufficient privilege.
const DENIED: &str = "42501";

/// Syntax error, which several statements are where there must be one.
const SEVERAL: &str = "42601";

/// The hostile plugin beside the bookstore, in one database. The bookstore has
/// connections of its own open.
async fn hostile_beside_the_bookstore() -> TestHost {
    let host = TestHost::with("hostile", |options| options.others = vec!["bookstore"]).await;
    host.seed_plugin("bookstore").await;
    assert_eq!(host.get("/bookstore/api/v1/books").await.status, 200);
    // Tables that somebody else created, and that the plugin may use.
    let tables = "CREATE TABLE held (n int NOT NULL); CREATE TABLE books (title text); \
                  INSERT INTO books VALUES ('mine'); ANALYZE";
    let postgres = host.postgres().await;
    postgres.batch_execute(tables).await.expect("creates");
    host
}

async fn refusal(host: &TestHost, sql: &str) -> String {
    let mut client = host.client().await;
    let answer = client
        .text(Method::POST, "/refusal", "text/plain", sql)
        .await;
    answer.text().to_owned()
}

/// All that a statement could have changed for others, as one text.
async fn state(host: &TestHost) -> String {
    let parts = [
        "concat_ws(' ', oid::regclass, relkind, relowner::regrole, relacl) FROM pg_class \
         WHERE oid >= 16384 AND relnamespace::regnamespace::text !~ '^pg_(toast_)?temp'",
        "concat_ws(' ', nspname, nspowner, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'",
        "concat_ws(' ', oid::regprocedure, proacl) FROM pg_proc WHERE oid >= 16384",
        "concat_ws(' ', typname) FROM pg_type WHERE oid >= 16384 AND typtype = 'e'",
        "concat_ws(' ', rolname, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication, rolconnlimit, \
         rolpassword) FROM pg_authid WHERE rolname ~ '^(postgres|evil|plinth_(hostile|bookstore)(_owner)?)$'",
        "concat_ws(' ', roleid, member) FROM pg_auth_members WHERE member::regrole::text ~ '^plinth'",
        "extname::text FROM pg_extension",
        "oid::text FROM pg_largeobject_metadata",
        "evtname::text FROM pg_event_trigger",
        "pubname::text FROM pg_publication",
        "datname::text FROM pg_database WHERE datname = 'evil'",
        "b::text FROM bookstore.books b",
        "count(*)::text FROM hostile.held",
    ];
    let parts = parts.map(|part| {
        format!("(SELECT string_agg(t.l, E'\\n' ORDER BY t.l) FROM (SELECT {part}) t(l))")
    });
    let sql = format!("SELECT concat_ws(E'\\n\\n', {})", parts.join(", "));
    let row = host.postgres().await.query_one(&sql, &[]).await;
    row.expect("a state").get(0)
}

/// Tries statements, each of which must be refused and change nothing.
async fn assert_denied(statements: &[&str]) {
    let host = hostile_beside_the_bookstore().await;
    let before = state(&host).await;
    let mut allowed = Vec::new();
    for sql in statements {
        let said = refusal(&host, sql).await;
        if said != DENIED {
            allowed.push(format!("{sql}: {said}"));
        }
        assert_eq!(state(&host).await, before, "{sql}");
    }
    assert_eq!(allowed, Vec::<String>::new());
    // The attempts have cost the others nothing.
    assert_eq!(host.get("/bookstore/api/v1/books").await.status, 200);
    assert_eq!(refusal(&host, "SELECT * FROM books").await, "1 rows");
}

#[tokio::test]
async fn rows_of_another_plugin_are_out_of_reach() {
    assert_denied(&[
        "SELECT * FROM bookstore.books",
        "SELECT count(*) FROM bookstore.authors",
        "INSERT INTO bookstore.books (title) VALUES ('evil')",
        "UPDATE bookstore.books SET title = 'evil'",
        "DELETE FROM bookstore.books",
        "TRUNCATE bookstore.books",
        "DO $$ BEGIN LOCK TABLE bookstore.books; END $$",
        "SELECT nextval('bookstore.books_id_seq')",
        "SELECT query_to_xml('SELECT * FROM bookstore.books', true, false, '')",
        "CREATE TEMP TABLE copied AS SELECT * FROM bookstore.books",
        "DROP TABLE bookstore.books",
        "ALTER TABLE bookstore.books ADD COLUMN evil text",
        "GRANT SELECT ON bookstore.books TO plinth_hostile",
        "CREATE TABLE bookstore.evil (n int)",
        "DROP SCHEMA bookstore CASCADE",
    ])
    .await;
}

#[tokio::test]
async fn what_the_server_knows_is_out_of_reach() {
    assert_denied(&[
        "SELECT * FROM pg_authid",
        "SELECT * FROM pg_shadow",
        "SELECT * FROM pg_largeobject",
        "SELECT * FROM pg_statistic",
        "SELECT * FROM pg_hba_file_rules",
        "SELECT * FROM pg_file_settings",
        "SELECT current_setting('data_directory')",
        "SELECT * FROM pg_stat_get_wal_receiver() WHERE pg_read_file('PG_VERSION') = ''",
    ])
    .await;
}

#[tokio::test]
async fn files_and_programs_are_out_of_reach() {
    // COPY in a block, since the host itself refuses it as a statement.
    assert_denied(&[
        "DO $$ BEGIN COPY (SELECT 1) TO PROGRAM 'id > /tmp/evil'; END $$",
        "DO $$ BEGIN COPY held FROM PROGRAM 'echo 1'; END $$",
        "DO $$ BEGIN COPY held FROM '/etc/passwd'; END $$",
        "DO $$ BEGIN COPY (SELECT 1) TO '/tmp/evil'; END $$",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_read_binary_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "SELECT pg_ls_waldir()",
        "SELECT pg_stat_file('PG_VERSION')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_export(1, '/tmp/evil')",
        "LOAD '/tmp/evil.so'",
        "CREATE FUNCTION evil() RETURNS int LANGUAGE c AS '/tmp/evil.so', 'evil'",
        "CREATE FUNCTION pg_temp.evil() RETURNS int LANGUAGE c AS '/tmp/evil.so', 'evil'",
        "CREATE FUNCTION pg_temp.evil() RETURNS int LANGUAGE internal AS 'pg_backend_pid'",
        "CREATE TABLESPACE evil LOCATION '/tmp'",
    ])
    .await;
}

#[tokio::test]
async fn other_roles_are_out_of_reach() {
    assert_denied(&[
        "SET ROLE postgres",
        "SET ROLE plinth_bookstore",
        "SET ROLE plinth_hostile_owner",
        "SELECT set_config('role', 'postgres', false)",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER ROLE plinth_hostile SUPERUSER",
        "ALTER ROLE plinth_hostile CREATEROLE",
        "ALTER ROLE plinth_hostile BYPASSRLS",
        "ALTER ROLE plinth_hostile CONNECTION LIMIT 1000",
        "ALTER ROLE plinth_bookstore PASSWORD 'evil'",
        "ALTER ROLE plinth_bookstore SET search_path = 'hostile'",
        "CREATE ROLE evil SUPERUSER",
        "DROP ROLE plinth_bookstore",
        "GRANT plinth_bookstore TO plinth_hostile",
        "GRANT pg_read_server_files TO plinth_hostile",
        "REASSIGN OWNED BY plinth_bookstore_owner TO plinth_hostile",
        "DROP OWNED BY plinth_bookstore",
        "ALTER DEFAULT PRIVILEGES FOR ROLE plinth_bookstore_owner GRANT SELECT ON TABLES TO PUBLIC",
    ])
    .await;
}

#[tokio::test]
async fn the_server_is_not_a_plugins_to_run() {
    assert_denied(&[
        "ALTER SYSTEM SET max_connections = 1",
        "SELECT pg_reload_conf()",
        "SELECT pg_rotate_logfile()",
        "SELECT pg_switch_wal()",
        "SELECT pg_create_restore_point('evil')",
        "SELECT pg_stat_reset()",
        "SELECT pg_create_physical_replication_slot('evil')",
        "CHECKPOINT",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'plinth_bookstore'",
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = 'plinth_bookstore'",
        "SET session_replication_role = replica",
        "SET log_statement = 'none'",
        "CREATE DATABASE evil",
        "DROP DATABASE postgres",
        "ALTER DATABASE postgres SET search_path = 'hostile'",
        "CREATE EXTENSION dblink",
        "CREATE EXTENSION pg_trgm",
        "CREATE EVENT TRIGGER evil ON ddl_command_start EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE PUBLICATION evil",
        "CREATE SUBSCRIPTION evil CONNECTION 'host=/tmp' PUBLICATION evil WITH (connect = false)",
        "CREATE FOREIGN DATA WRAPPER evil",
    ])
    .await;
}

#[tokio::test]
async fn a_plugin_owns_not_even_its_own_tables() {
    assert_denied(&[
        "CREATE TABLE evil (n int)",
        "CREATE TABLE public.evil (n int)",
        "CREATE TABLE extensions.evil (n int)",
        "CREATE SCHEMA evil",
        "CREATE VIEW evil AS SELECT 1",
        "CREATE FUNCTION evil() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE evil AS ENUM ('a')",
        "DROP TABLE held",
        "DROP SCHEMA hostile CASCADE",
        "TRUNCATE held",
        "ALTER TABLE held ADD COLUMN evil text",
        "ALTER TABLE held OWNER TO plinth_hostile",
        "ALTER TABLE held DISABLE TRIGGER ALL",
        "CREATE INDEX ON held (n)",
        "CREATE RULE evil AS ON INSERT TO held DO NOTHING",
        "CREATE TRIGGER evil BEFORE UPDATE ON held EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "COMMENT ON TABLE held IS 'evil'",
        "SELECT lo_create(0)",
        "SELECT lo_creat(-1)",
        "SELECT lo_from_bytea(0, 'evil')",
    ])
    .await;
}

#[tokio::test]
async fn the_hosts_notes_are_out_of_reach() {
    let host = TestHost::start("hostile").await;
    let database = &host.host().config().databases["default"];
    let site = host.host().site();
    let bookkeeping = Bookkeeping::new("default", database).expect("a URL");
    let plugin = site.plugin("hostile").expect("served");
    bookkeeping.tables_changed(plugin).await.expect("notes");
    for sql in [
        "SELECT * FROM plinth.plugin",
        "UPDATE plinth.plugin SET seeded = false",
        "DROP TABLE plinth.plugin",
    ] {
        assert_eq!(refusal(&host, sql).await, DENIED, "{sql}");
    }
}

#[tokio::test]
async fn two_plugins_may_have_tables_of_the_same_name() {
    let host = hostile_beside_the_bookstore().await;
    let theirs = host.get("/bookstore/api/v1/books").await.json();
    assert_eq!(refusal(&host, "SELECT * FROM books").await, "1 rows");
    assert_eq!(refusal(&host, "DELETE FROM books").await, "0 rows");
    assert_eq!(refusal(&host, "SELECT * FROM books").await, "0 rows");
    assert_eq!(host.get("/bookstore/api/v1/books").await.json(), theirs);
}

#[tokio::test]
async fn what_others_do_and_have_is_hidden() {
    let host = hostile_beside_the_bookstore().await;
    for sql in [
        // The superuser's and the bookstore's statements are in there without their text.
        "SELECT 1 FROM pg_stat_activity WHERE usename <> current_user AND query NOT IN ('', '<insufficient privilege>')",
        "SELECT 1 FROM pg_stat_activity WHERE usename <> current_user AND client_addr IS NOT NULL",
        "SELECT 1 FROM information_schema.tables WHERE table_schema = 'bookstore'",
        "SELECT 1 FROM information_schema.columns WHERE table_schema = 'bookstore'",
        "SELECT 1 FROM pg_stats WHERE schemaname = 'bookstore'",
        "SELECT 1 FROM pg_tables WHERE schemaname = 'bookstore' AND has_table_privilege(schemaname || '.' || tablename, 'SELECT')",
        "SELECT 1 FROM pg_user_mappings WHERE umoptions IS NOT NULL",
    ] {
        let said = refusal(&host, sql).await;
        assert!(said == "0 rows" || said == DENIED, "{sql}: {said}");
    }
    let others = "SELECT 1 FROM pg_stat_activity WHERE usename = 'plinth_bookstore'";
    assert_ne!(refusal(&host, others).await, "0 rows", "there are some");
}

#[tokio::test]
async fn a_plugin_connects_as_its_own_role_with_no_powers() {
    let host = hostile_beside_the_bookstore().await;
    for sql in [
        "SELECT 1 WHERE current_user = 'plinth_hostile' AND session_user = current_user",
        "SELECT 1 WHERE current_schemas(false) = '{hostile, extensions}'",
        "SELECT 1 FROM pg_roles WHERE rolname = current_user AND NOT (rolsuper OR rolinherit OR rolcreaterole \
         OR rolcreatedb OR rolreplication OR rolbypassrls)",
        "SELECT 1 WHERE NOT has_schema_privilege('public', 'USAGE') AND NOT has_schema_privilege('extensions', 'CREATE')",
        "SELECT 1 WHERE NOT has_database_privilege(current_database(), 'CREATE')",
    ] {
        assert_eq!(refusal(&host, sql).await, "1 rows", "{sql}");
    }
}

#[tokio::test]
async fn extensions_are_where_every_plugin_finds_them() {
    let host = TestHost::start("hostile").await;
    let postgres = host.postgres().await;
    let created = "CREATE EXTENSION pg_trgm SCHEMA extensions";
    postgres.batch_execute(created).await.expect("creates");
    let sql = "SELECT 1 WHERE similarity('plinth', 'plinths') > 0.5";
    assert_eq!(refusal(&host, sql).await, "1 rows");
}

/// The statements that create tables are a plugin's own text.
#[tokio::test]
async fn statements_that_create_tables_have_no_more_rights_than_those() {
    let host = hostile_beside_the_bookstore().await;
    let database = &host.host().config().databases["default"];
    let administrator = Administrator::connect(database, None)
        .await
        .expect("connects");
    let settings = &host.host().config().plugins["hostile"];
    let schema = PluginSchema::new("hostile", settings);
    let before = state(&host).await;
    for ddl in [
        &["COPY (SELECT 1) TO PROGRAM 'id > /tmp/evil'"][..],
        &["DROP TABLE bookstore.books"],
        &["CREATE TABLE bookstore.evil ()"],
        &["RESET ROLE; ALTER ROLE plinth_hostile SUPERUSER"],
        &["RESET SESSION AUTHORIZATION; ALTER ROLE plinth_hostile SUPERUSER"],
        &["SET ROLE postgres"],
        &["COMMIT; ALTER ROLE plinth_hostile SUPERUSER"],
        &["GRANT plinth_bookstore TO plinth_hostile"],
        &["CREATE ROLE evil"],
        // What runs at COMMIT, when whoever wrote it may be forgotten.
        &[
            "CREATE TABLE trap (n int)",
            "CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN EXECUTE 'RESET ROLE'; ALTER ROLE plinth_hostile SUPERUSER; RETURN NULL; END $$",
            "CREATE CONSTRAINT TRIGGER trap AFTER INSERT ON trap DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION spring()",
            "INSERT INTO trap VALUES (1)",
        ],
    ] {
        let ddl: Vec<String> = ddl.iter().map(ToString::to_string).collect();
        let refused = administrator.create_tables(&schema, &ddl).await;
        let refused = refused.expect_err("must be refused");
        let cause = refused.chain().find_map(|cause| {
            let cause = cause.downcast_ref::<tokio_postgres::Error>()?;
            Some(cause.code()?.code().to_owned())
        });
        // Of several in one text none is run, and what is left behind is looked at.
        let told = format!("{refused:#}");
        let is_refused = [Some(DENIED), Some(SEVERAL)].contains(&cause.as_deref());
        let is_told = told.contains("would own") || told.contains("would end");
        assert!(is_refused || is_told, "{ddl:?}: {told}");
        assert_eq!(state(&host).await, before, "{ddl:?}");
    }
}
