//! What Postgres is asked before it creates, so that nothing is made a second
//! time under another name, and nothing passed over for another's sake.

use super::names::{cut_by_postgres, quoted, quoted_text};
use super::part::Part;
use super::shared::SharedTable;
use crate::orm::meta::ModelMeta;

/// The statement that refuses to go on where the table, an index or a constraint
/// is in the database under the name that it would have without the others, or
/// where a name is that of something else. `IF NOT EXISTS` sees neither.
pub(super) fn check(shared: &SharedTable, parts: &[Part]) -> Option<String> {
    let rows: Vec<String> = parts.iter().filter_map(row).collect();
    let table = shared.base.table;
    let former = cut_name(shared.base);
    if rows.is_empty() && former.is_none() && !looks_generated(table) {
        return None;
    }
    let columns = match former {
        Some(_) => shared.base.columns,
        None => &[],
    };
    let columns: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let rows = [vec![values("TABLE", table, former, &columns)], rows].concat();
    Some(format!(
        "DO $plinth$ DECLARE\n  \
         place text := quote_ident(current_schema());\n  \
         own oid := to_regclass(place || {});\n  \
         fault text;\n\
         BEGIN\n  \
         WITH wanted (kind, name, former, columns) AS (VALUES\n    {}\n  ), {SEARCH}",
        quoted_text(&format!(".{}", quoted(table))),
        rows.join(",\n    ")
    ))
}

/// What Postgres made of the name of a table between two models, where it was
/// too long.
fn cut_name(model: &ModelMeta) -> Option<&'static str> {
    let cut = cut_by_postgres(model.junction?.full_name);
    (cut != model.table).then_some(cut)
}

/// An index, which is made where its name is not there, and a constraint whose
/// name is not what it would have alone.
fn row(part: &Part) -> Option<String> {
    let plain = part.is_generated().then(|| part.plain_name());
    let is_plain = plain.as_ref().is_none_or(|plain| *plain == part.name);
    let kind = match part.is_index() {
        true => "INDEX",
        false if is_plain => return None,
        false => "CONSTRAINT",
    };
    // What it was called before it had a hash, or while it had one.
    let former = match is_plain {
        true => part.is_generated().then(|| part.hashed_name(0)),
        false => plain,
    };
    Some(values(kind, &part.name, former.as_deref(), &part.columns))
}

fn values(kind: &str, name: &str, former: Option<&str>, columns: &[&str]) -> String {
    let former = former.map_or_else(|| "NULL".to_owned(), quoted_text);
    let columns = quoted_text(&columns.join(","));
    format!("('{kind}', {}, {former}, {columns})", quoted_text(name))
}

/// Whether Postgres or we could have given a table's name to a sequence or an
/// index.
fn looks_generated(table: &str) -> bool {
    ["_seq", "_idx", "_key", "_pkey"]
        .iter()
        .any(|suffix| table.ends_with(suffix))
}

/// What is searched for, and what is said of it. Columns are compared, because
/// two of one table may have wanted one name.
const SEARCH: &str = r#"own_table AS (
    SELECT place || '.' || quote_ident(name) AS name FROM wanted WHERE kind = 'TABLE'
  ), known AS (
    SELECT 'INDEX' AS kind, relname::text AS name, indkey::int2[] AS keys
    FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = own
    UNION ALL
    SELECT 'CONSTRAINT', conname, conkey FROM pg_constraint WHERE conrelid = own
  ), renamed AS (
    SELECT w.* FROM wanted w JOIN known k ON (k.kind, k.name) = (w.kind, w.former)
    WHERE (w.kind, w.name) NOT IN (SELECT kind, name FROM known)
      AND w.former NOT IN (SELECT name FROM wanted)
      AND (w.columns = '' OR w.columns = (
        SELECT string_agg(attname, ',' ORDER BY n)
        FROM unnest(keys) WITH ORDINALITY AS key (attnum, n) JOIN pg_attribute USING (attnum)
        WHERE attrelid = own))
    UNION ALL
    SELECT w.* FROM wanted w
    WHERE w.kind = 'TABLE' AND own IS NULL AND string_to_array(w.columns, ',') <@ (
      SELECT array_agg(attname::text) FROM pg_attribute
      WHERE attrelid = to_regclass(place || '.' || quote_ident(w.former)))
  ), faults (text) AS (
    SELECT format('%I is called %I now: run ALTER %s TO %I; and then this again%s', r.former, r.name,
      CASE r.kind
        WHEN 'INDEX' THEN format('INDEX %s.%I RENAME', place, r.former)
        WHEN 'TABLE' THEN format('TABLE %s.%I RENAME', place, r.former)
        ELSE format('TABLE %s RENAME CONSTRAINT %I', o.name, r.former)
      END, r.name,
      CASE r.kind WHEN 'TABLE' THEN ' (other tables between models whose names were cut to the same are in it too)' END)
    FROM renamed r, own_table o
    UNION ALL
    SELECT format('%I is to be the name of %s, and is that of %s: rename or drop that, or give this another with #[model(%s)]',
      w.name,
      CASE w.kind WHEN 'TABLE' THEN 'a table' ELSE 'an index of ' || o.name END,
      pg_describe_object('pg_class'::regclass, c.oid, 0) || coalesce(' of ' || indrelid::regclass, ''),
      CASE w.kind WHEN 'TABLE' THEN 'table = "…"' ELSE 'index(…, name = "…")' END)
    FROM own_table o, wanted w
    JOIN pg_class c ON c.oid = to_regclass(place || '.' || quote_ident(w.name))
    LEFT JOIN pg_index ON indexrelid = c.oid
    WHERE w.kind = 'INDEX' AND (indrelid = own) IS NOT TRUE
      OR w.kind = 'TABLE' AND relkind NOT IN ('r', 'p', 'f', 'v', 'm')
  )
  SELECT string_agg(text, E'\n') INTO fault FROM faults;
  IF fault IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = fault, ERRCODE = 'duplicate_object';
  END IF;
END $plinth$"#;
