//! What a database and each plugin in it need: roles, schemas, rights.
//!
//! Rights go to the plugin's role on its own schema and nowhere else. Row-level
//! security for tenants will have its place here too: policies that the owner
//! makes and the plugin's role can't leave, since it is neither the owner nor
//! BYPASSRLS.

use super::PluginSchema;
use super::step::{Step, literal};
use crate::capability::database::{EXTENSIONS_SCHEMA, quote_identifier};

/// What no plugin's role may be. `{role}` stands for its name as a literal.
const POWERS: &str = "SELECT FROM pg_roles r WHERE r.rolname = {role} AND (r.rolsuper OR r.rolcreaterole \
    OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls \
    OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid))";

/// What a plugin's role would own, which it could then drop or give away.
/// Temporary tables are its session's.
const POSSESSIONS: &str = "SELECT FROM pg_roles r WHERE r.rolname = {role} AND ( \
    EXISTS (SELECT FROM pg_database d WHERE d.datdba = r.oid) \
    OR EXISTS (SELECT FROM pg_namespace n WHERE n.nspowner = r.oid) \
    OR EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relowner = r.oid AND n.nspname !~ '^pg_(toast_)?temp_') \
    OR EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
        WHERE p.proowner = r.oid AND n.nspname !~ '^pg_temp_'))";

/// Functions that anybody may call and that leave something in the database.
const LARGE_OBJECTS: [&str; 3] = [
    "lo_creat(integer)",
    "lo_create(oid)",
    "lo_from_bytea(oid, bytea)",
];

/// Holds where a role has no more power than a plugin's may have.
pub(super) fn is_powerless(role: &str) -> String {
    format!("NOT EXISTS ({})", POWERS.replace("{role}", &literal(role)))
}

/// Holds where a role owns nothing in this database.
pub(super) fn owns_nothing(role: &str) -> String {
    format!(
        "NOT EXISTS ({})",
        POSSESSIONS.replace("{role}", &literal(role))
    )
}

/// What a database needs before any plugin.
pub(super) fn of_database(name: &str) -> Vec<Step> {
    let database = quote_identifier(name);
    let functions = LARGE_OBJECTS.map(|function| format!("pg_catalog.{function}"));
    let callable = LARGE_OBJECTS.map(|function| {
        format!("has_function_privilege('public', 'pg_catalog.{function}', 'EXECUTE')")
    });
    vec![
        Step::new(
            format!("take PUBLIC's rights on database {database}"),
            "NOT EXISTS (SELECT FROM pg_database d, \
             aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a \
             WHERE d.datname = current_database() AND a.grantee = 0)"
                .into(),
            format!("REVOKE ALL ON DATABASE {database} FROM PUBLIC"),
        )
        .if_possible(),
        Step::new(
            "take PUBLIC's rights on schema public".into(),
            "NOT EXISTS (SELECT FROM pg_namespace n, \
             aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a \
             WHERE n.nspname = 'public' AND a.grantee = 0)"
                .into(),
            "REVOKE ALL ON SCHEMA public FROM PUBLIC".into(),
        )
        .if_possible(),
        Step::new(
            "take PUBLIC's right to make large objects".into(),
            format!("NOT ({})", callable.join(" OR ")),
            format!(
                "REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC",
                functions.join(", ")
            ),
        )
        .if_possible(),
        // Without it a plugin sends no blocks, which can catch a cancellation, and makes no
        // functions.
        Step::new(
            "take PUBLIC's use of language plpgsql".into(),
            "NOT has_language_privilege('public', 'plpgsql', 'USAGE')".into(),
            "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC".into(),
        )
        .if_possible(),
        Step::new(
            format!("create schema {EXTENSIONS_SCHEMA}"),
            schema_exists(EXTENSIONS_SCHEMA),
            format!("CREATE SCHEMA {EXTENSIONS_SCHEMA}"),
        ),
        Step::require(
            extensions_are_safe(),
            &format!(
                "schema {EXTENSIONS_SCHEMA} is in each plugin's search_path, so it must be owned by a superuser \
                 or by the role that runs this, and nobody else may create in it"
            ),
        ),
    ]
}

/// Holds where nobody can put something into the schema of extensions that plugins
/// would take for theirs.
fn extensions_are_safe() -> String {
    let schema = literal(EXTENSIONS_SCHEMA);
    format!(
        "NOT EXISTS (SELECT FROM pg_namespace n JOIN pg_roles o ON o.oid = n.nspowner, \
         aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a \
         WHERE n.nspname = {schema} AND (NOT (o.rolsuper OR o.rolname = current_user \
           OR pg_has_role(current_user, o.oid, 'MEMBER') \
           OR o.oid = (SELECT datdba FROM pg_database WHERE datname = current_database())) \
         OR a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner \
         AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = a.grantee AND r.rolsuper)))"
    )
}

/// What a plugin needs, but for its tables.
pub(super) fn of_plugin(database: &str, plugin: &PluginSchema) -> Vec<Step> {
    let (role, owner) = (&plugin.role, &plugin.owner);
    let mut steps = of_role(role);
    steps.extend(of_role(owner));
    steps.push(Step::require(
        owns_nothing(role),
        &format!(
            "role {role:?} owns something in this database, so plugin {:?} must not be it",
            plugin.plugin
        ),
    ));
    steps.extend(plugin.connections_max.map(|limit| limit_of(role, limit)));
    steps.extend(of_schema(plugin));
    steps.extend([
        grant_on_database(database, role, "CONNECT"),
        grant_on_database(database, role, "TEMPORARY"),
        grant_on_database(database, owner, "CONNECT"),
        grant_on_schema(&plugin.schema, role, "USAGE"),
        grant_on_schema(EXTENSIONS_SCHEMA, role, "USAGE"),
        grant_on_schema(&plugin.schema, owner, "USAGE"),
        grant_on_schema(&plugin.schema, owner, "CREATE"),
        grant_on_schema(EXTENSIONS_SCHEMA, owner, "USAGE"),
        grant_plpgsql(owner),
    ]);
    steps.extend(of_tables_to_come(plugin));
    steps
}

/// The plugin's rights on tables that whoever runs this creates later.
pub(super) fn of_tables_to_come(plugin: &PluginSchema) -> [Step; 2] {
    let (schema, role) = (
        quote_identifier(&plugin.schema),
        quote_identifier(&plugin.role),
    );
    let rights = [
        ("TABLES", "r", "SELECT, INSERT, UPDATE, DELETE"),
        ("SEQUENCES", "S", "USAGE"),
    ];
    rights.map(|(kind, letter, rights)| {
        Step::new(
            format!(
                "let role {role} use {} to come in schema {schema}",
                kind.to_lowercase()
            ),
            format!(
                "EXISTS (SELECT FROM pg_default_acl d, aclexplode(d.defaclacl) a \
                 WHERE d.defaclrole = (SELECT oid FROM pg_roles WHERE rolname = current_user) \
                 AND d.defaclnamespace = (SELECT oid FROM pg_namespace WHERE nspname = {}) \
                 AND d.defaclobjtype = '{letter}' \
                 AND a.grantee = (SELECT oid FROM pg_roles WHERE rolname = {}))",
                literal(&plugin.schema),
                literal(&plugin.role)
            ),
            format!(
                "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {rights} ON {kind} TO {role}"
            ),
        )
    })
}

fn of_role(role: &str) -> Vec<Step> {
    let (quoted, name) = (quote_identifier(role), literal(role));
    vec![
        Step::new(
            format!("create role {quoted}"),
            format!("EXISTS (SELECT FROM pg_roles WHERE rolname = {name})"),
            format!(
                "CREATE ROLE {quoted} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT"
            ),
        ),
        // Never taken from it: it may be the role of somebody who needs it.
        Step::require(
            is_powerless(role),
            &format!(
                "role {role:?} is a superuser, may create roles or databases, replicate or bypass row security, \
                 or is a member of another role, so no plugin may be it"
            ),
        ),
        Step::new(
            format!("let role {quoted} log in"),
            format!("EXISTS (SELECT FROM pg_roles WHERE rolname = {name} AND rolcanlogin)"),
            format!("ALTER ROLE {quoted} LOGIN"),
        ),
    ]
}

fn limit_of(role: &str, limit: usize) -> Step {
    // Postgres counts in 32 bits, and -1 is no limit.
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    Step::new(
        format!(
            "limit role {} to {limit} connections",
            quote_identifier(role)
        ),
        format!(
            "EXISTS (SELECT FROM pg_roles WHERE rolname = {} AND rolconnlimit = {limit})",
            literal(role)
        ),
        format!(
            "ALTER ROLE {} CONNECTION LIMIT {limit}",
            quote_identifier(role)
        ),
    )
}

/// A schema that was there before is taken only with its mark: the tables in it
/// may be somebody else's.
fn of_schema(plugin: &PluginSchema) -> [Step; 2] {
    let schema = quote_identifier(&plugin.schema);
    let mark = literal(&format!("Tables of the Plinth plugin {}", plugin.plugin));
    let marked = format!(
        "NOT {} OR EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = {} \
         AND obj_description(n.oid, 'pg_namespace') = {mark})",
        schema_exists(&plugin.schema),
        literal(&plugin.schema)
    );
    let adopt = format!("COMMENT ON SCHEMA {schema} IS {mark}");
    [
        Step::require(
            marked,
            &format!(
                "schema {schema} is there already and may be somebody else's; \
                 if it is for plugin {:?}, run: {adopt}",
                plugin.plugin
            ),
        ),
        Step::new(
            format!("create schema {schema}"),
            schema_exists(&plugin.schema),
            format!("CREATE SCHEMA {schema}; {adopt}"),
        ),
    ]
}

fn schema_exists(schema: &str) -> String {
    format!(
        "EXISTS (SELECT FROM pg_namespace WHERE nspname = {})",
        literal(schema)
    )
}

fn grant_on_database(database: &str, role: &str, right: &str) -> Step {
    let (quoted, to) = (quote_identifier(database), quote_identifier(role));
    Step::new(
        format!("grant {right} on database {quoted} to {to}"),
        format!(
            "has_database_privilege({}, current_database(), '{right}')",
            literal(role)
        ),
        format!("GRANT {right} ON DATABASE {quoted} TO {to}"),
    )
}

/// The owner makes what refuses changes to tables that rows are only added to.
fn grant_plpgsql(role: &str) -> Step {
    let to = quote_identifier(role);
    Step::new(
        format!("grant USAGE on language plpgsql to {to}"),
        format!(
            "has_language_privilege({}, 'plpgsql', 'USAGE')",
            literal(role)
        ),
        format!("GRANT USAGE ON LANGUAGE plpgsql TO {to}"),
    )
}

fn grant_on_schema(schema: &str, role: &str, right: &str) -> Step {
    let (quoted, to) = (quote_identifier(schema), quote_identifier(role));
    Step::new(
        format!("grant {right} on schema {quoted} to {to}"),
        format!(
            "has_schema_privilege({}, {}, '{right}')",
            literal(role),
            literal(schema)
        ),
        format!("GRANT {right} ON SCHEMA {quoted} TO {to}"),
    )
}
