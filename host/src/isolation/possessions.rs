//! What a plugin's owner role may own: tables with what belongs to them, and what
//! Plinth itself writes.
//!
//! The statements that create a plugin's tables are the plugin's own text and run
//! as the owner. A function that they made SECURITY DEFINER would give the plugin
//! the owner's rights for ever, and so would a view or a rule; a trigger runs with
//! the rights of whoever changes a row, an administrator's too.

use anyhow::{Result, bail};
use tokio_postgres::Client;

use super::step::literal;

/// The source of the only function that models have made, by which Postgres refuses
/// changes to tables that rows are only added to. It is the SDK's, byte for byte.
const APPEND_ONLY: &str = "
BEGIN
  RAISE EXCEPTION 'rows of % are added only', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME;
END ";

/// What else a role owns, described as Postgres does. `{owner}` is the role and
/// `{source}` the function's, as literals.
const OTHERS: &str = "
WITH owned AS (
    SELECT d.classid, d.objid FROM pg_catalog.pg_shdepend d
    WHERE d.deptype = 'o' AND d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND d.refobjid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = {owner})
      AND d.dbid = (SELECT oid FROM pg_catalog.pg_database
                    WHERE datname = pg_catalog.current_database())
), relations AS (
    SELECT c.* FROM pg_catalog.pg_class c JOIN owned o ON o.objid = c.oid
    WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
), allowed AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS classid, oid FROM relations
    WHERE relkind IN ('r', 'p', 'i', 'I', 'S', 't')
  UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid FROM pg_catalog.pg_type t
    LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
    JOIN relations r ON r.oid IN (t.typrelid, e.typrelid) AND r.relkind IN ('r', 'p')
  UNION ALL
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid FROM pg_catalog.pg_proc
    WHERE NOT prosecdef AND prosrc = {source} AND prorettype = 'trigger'::pg_catalog.regtype
      AND proconfig IS NULL
      AND prolang = (SELECT oid FROM pg_catalog.pg_language WHERE lanname = 'plpgsql')
  UNION ALL
    SELECT 'pg_catalog.pg_default_acl'::pg_catalog.regclass, oid FROM pg_catalog.pg_default_acl
)
SELECT pg_catalog.pg_describe_object(o.classid, o.objid, 0) FROM owned o
WHERE NOT EXISTS (SELECT FROM allowed a WHERE a.classid = o.classid AND a.oid = o.objid)
UNION ALL
SELECT pg_catalog.pg_describe_object('pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, 0)
FROM pg_catalog.pg_trigger t JOIN relations r ON r.oid = t.tgrelid
WHERE NOT t.tgisinternal AND NOT EXISTS (SELECT FROM allowed a
    WHERE a.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND a.oid = t.tgfoid)
UNION ALL
SELECT pg_catalog.pg_describe_object('pg_catalog.pg_rewrite'::pg_catalog.regclass, w.oid, 0)
FROM pg_catalog.pg_rewrite w JOIN relations r ON r.oid = w.ev_class
WHERE r.relkind IN ('r', 'p')
UNION ALL
SELECT pg_catalog.pg_describe_object('pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, 0)
FROM pg_catalog.pg_policy p JOIN relations r ON r.oid = p.polrelid
ORDER BY 1 LIMIT 5";

/// Refuses what a role owns besides.
pub(super) async fn check(client: &Client, owner: &str) -> Result<()> {
    let sql = OTHERS
        .replace("{owner}", &literal(owner))
        .replace("{source}", &literal(APPEND_ONLY));
    let rows = client.query(&sql, &[]).await?;
    let others: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    if others.is_empty() {
        return Ok(());
    }
    bail!(
        "role {owner:?} would own {}: a plugin's statements may create tables, indexes, sequences \
         and constraints alone; have an administrator make what else it needs, as a role of his own",
        others.join(", ")
    )
}
