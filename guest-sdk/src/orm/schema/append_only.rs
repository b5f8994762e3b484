//! The triggers of tables whose rows are neither changed nor deleted.

use super::names::{plain, quoted};
use crate::orm::meta::ModelMeta;

/// The statements that make Postgres refuse what the ORM does not do.
///
/// Changes are refused for each row, because a foreign key that cascades tries
/// a deletion even where nothing refers to what is deleted.
pub(super) fn triggers(model: &ModelMeta) -> [String; 3] {
    let table = quoted(model.table);
    let function = quoted(&plain(&[model.table, "append_only"]));
    let rows = quoted(&plain(&[model.table, "rows", "append_only"]));
    let truncate = quoted(&plain(&[model.table, "truncate", "append_only"]));
    [
        format!(
            "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $plinth$\n\
             BEGIN\n  \
             RAISE EXCEPTION 'rows of % are added only', TG_TABLE_NAME\n    \
             USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME;\n\
             END $plinth$"
        ),
        format!(
            "CREATE OR REPLACE TRIGGER {rows} BEFORE UPDATE OR DELETE ON {table} \
             FOR EACH ROW EXECUTE FUNCTION {function}()"
        ),
        format!(
            "CREATE OR REPLACE TRIGGER {truncate} BEFORE TRUNCATE ON {table} \
             FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        ),
    ]
}
