use super::change::refuse_append_only;
use super::unnest::is_table;
use super::writer::Writer;
use crate::database::Statement;
use crate::orm::conflict::Conflict;
use crate::orm::draft::DraftValues;
use crate::orm::meta::{ColumnMeta, IndexMeta, IndexTerm, ModelMeta, VariantMeta};
use crate::orm::node::ColumnRef;
use crate::{Error, Result};

/// The statement that inserts rows, those that nothing is in the way of if there
/// is a conflict to expect, and returns them.
///
/// A column that no row has a value for is left out. Where only some have one,
/// the others say `DEFAULT`; where all have one, each column is one parameter.
pub(crate) fn insert(
    model: &'static ModelMeta,
    drafts: &[&dyn DraftValues],
    conflict: Option<&Conflict>,
) -> Result<Statement> {
    let mut writer = Writer::new(model);
    writer.insert(model, drafts)?;
    if let Some(conflict) = conflict {
        writer.on_conflict(conflict)?;
        writer.push(" DO NOTHING");
    }
    writer.push(" RETURNING ");
    writer.columns(0, model);
    Ok(writer.finish())
}

/// The statement that inserts rows or updates those that are there, and returns
/// them, each with whether it was inserted.
pub(crate) fn upsert(
    model: &'static ModelMeta,
    drafts: &[&dyn DraftValues],
    conflict: &Conflict,
) -> Result<Statement> {
    refuse_append_only(model)?;
    if conflict.target.is_empty() {
        return Err(no_target(model));
    }
    let mut writer = Writer::new(model);
    // Without its table a column could be that of EXCLUDED.
    writer.scope.is_qualified = true;
    writer.push(if model.managed {
        ""
    } else {
        "WITH upserted AS ("
    });
    writer.insert(model, drafts)?;
    writer.on_conflict(conflict)?;
    writer.push(" DO UPDATE");
    writer.assign(model, &conflict.assigns)?;
    if let Some(variant) = &model.variant {
        // A row of another variant is in the way, and not this model's to change.
        writer.push(" WHERE ");
        writer.variant(0, variant)?;
    }
    writer.push(" RETURNING ");
    writer.columns(0, model);
    match model.managed {
        // Only a row version that was there has been locked, or updated, by anyone.
        true => writer.push(", (t0.xmax = 0)"),
        false => writer.upserted(model),
    }
    Ok(writer.finish())
}

fn no_target(model: &ModelMeta) -> Error {
    Error::invalid_query(format!(
        "`on_conflict(()).do_update(…)` on `{}` does not say which row to update; \
         name the columns of a unique constraint",
        model.table
    ))
}

/// Whether the rows can be inserted with one parameter for each column.
pub(crate) fn is_uniform(model: &ModelMeta, drafts: &[&dyn DraftValues]) -> bool {
    let columns = given_columns(model, drafts);
    !columns.is_empty() && is_table(model, &columns, drafts)
}

fn given_columns(model: &ModelMeta, drafts: &[&dyn DraftValues]) -> Vec<usize> {
    (0..model.columns.len())
        .filter(|column| drafts.iter().any(|draft| draft.value(*column).is_some()))
        .collect()
}

/// The condition of the unique index of just these columns, if it is of some
/// rows only: Postgres finds the index by both.
fn condition_of(model: &ModelMeta, conflict: &Conflict) -> Option<&'static str> {
    if let [column] = *conflict.target {
        let column = usize::from(column.index);
        if column == model.key || model.columns[column].unique {
            return None;
        }
    }
    let mut indexes = indexes_of(model, conflict);
    // One of all rows serves as it is.
    let first = indexes.next()?.condition?;
    indexes
        .all(|index| index.condition.is_some())
        .then_some(first)
}

/// The unique indexes of just the columns that a conflict is expected in.
fn indexes_of<'a>(
    model: &'a ModelMeta,
    conflict: &'a Conflict,
) -> impl Iterator<Item = &'a IndexMeta> {
    let is_of_target = |term: &IndexTerm| match term {
        IndexTerm::Column(column) | IndexTerm::Descending(column) => {
            let mut target = conflict.target.iter();
            target.any(|at| usize::from(at.index) == *column)
        }
        IndexTerm::Expression(_) => false,
    };
    model.indexes.iter().filter(move |index| {
        let is_as_long = index.terms.len() == conflict.target.len();
        index.unique && is_as_long && index.terms.iter().all(is_of_target)
    })
}

/// Whether a NULL is in the way of another, in the index that a conflict is
/// expected in.
pub(crate) fn has_nulls_not_distinct(model: &ModelMeta, conflict: &Conflict) -> bool {
    indexes_of(model, conflict).any(|index| index.nulls_not_distinct)
}

impl Writer {
    fn insert(&mut self, model: &ModelMeta, drafts: &[&dyn DraftValues]) -> Result<()> {
        let columns = given_columns(model, drafts);
        self.push("INSERT INTO ");
        self.table(model.table, 0);
        if columns.is_empty() && model.variant.is_none() {
            self.defaults(model, drafts.len());
            return Ok(());
        }
        self.names(model, &columns);
        match !columns.is_empty() && is_table(model, &columns, drafts) {
            true => self.draft_table(model, &columns, drafts),
            false => self.draft_values(model, &columns, drafts),
        }
    }

    fn on_conflict(&mut self, conflict: &Conflict) -> Result<()> {
        self.push(" ON CONFLICT");
        for (index, column) in conflict.target.iter().enumerate() {
            let column = self.own_column(*column)?;
            self.push(if index == 0 { " (" } else { ", " });
            self.name(column.name);
        }
        if conflict.target.is_empty() {
            return Ok(());
        }
        self.push(")");
        if let Some(condition) = condition_of(self.scope.root, conflict) {
            self.push(" WHERE ");
            self.push(condition);
        }
        Ok(())
    }

    /// Whether each row is new, of a table that may have no system columns: the
    /// query around a change sees the rows that were there before it.
    fn upserted(&mut self, model: &ModelMeta) {
        self.push(") SELECT ");
        for column in model.columns {
            self.upserted_column(column);
            self.push(", ");
        }
        self.push("NOT EXISTS (SELECT FROM ");
        self.table(model.table, 0);
        self.push(" WHERE ");
        self.column(0, model.key_column());
        self.push(" = ");
        self.upserted_column(model.key_column());
        self.push(") FROM upserted");
    }

    fn upserted_column(&mut self, column: &ColumnMeta) {
        self.push("upserted.");
        self.name(column.name);
    }

    /// What an insert had for a column.
    pub(super) fn excluded(&mut self, column: ColumnRef) -> Result<()> {
        let column = self.own_column(column)?;
        self.push("EXCLUDED.");
        self.name(column.name);
        Ok(())
    }

    pub(super) fn names(&mut self, model: &ModelMeta, columns: &[usize]) {
        let columns = columns.iter().map(|column| &model.columns[*column]);
        let discriminator = model.variant.and_then(VariantMeta::column);
        for (index, column) in columns.chain(discriminator).enumerate() {
            self.push(if index == 0 { " (" } else { ", " });
            self.name(column.name);
        }
        self.push(")");
    }

    fn draft_values(
        &mut self,
        model: &ModelMeta,
        columns: &[usize],
        drafts: &[&dyn DraftValues],
    ) -> Result<()> {
        for (index, draft) in drafts.iter().enumerate() {
            self.push(if index == 0 { " VALUES (" } else { ", (" });
            self.row(columns, *draft)?;
            if let Some(variant) = model.variant {
                self.push(if columns.is_empty() { "" } else { ", " });
                let number = self.parameters.push(&variant.value)?;
                self.parameter(number);
            }
            self.push(")");
        }
        Ok(())
    }

    fn row(&mut self, columns: &[usize], draft: &dyn DraftValues) -> Result<()> {
        for (index, column) in columns.iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            match draft.value(*column) {
                None => self.push("DEFAULT"),
                Some(value) => {
                    let number = self.parameters.push(value)?;
                    self.parameter(number);
                }
            }
        }
        Ok(())
    }

    /// Rows of defaults alone: SQL has words for one only, so that many name
    /// the key.
    fn defaults(&mut self, model: &ModelMeta, rows: usize) {
        if rows == 1 {
            return self.push(" DEFAULT VALUES");
        }
        self.names(model, &[model.key]);
        for row in 0..rows {
            self.push(if row == 0 {
                " VALUES (DEFAULT)"
            } else {
                ", (DEFAULT)"
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::create;
    use crate::orm::{ForeignKey, Model};

    #[derive(crate::Model)]
    #[model(table = "books")]
    struct Book {
        #[model(key, auto)]
        id: i64,
        title: String,
        #[model(default = 0)]
        stock: i32,
        sequel_of: Option<ForeignKey<Book>>,
    }

    #[expect(clippy::needless_pass_by_value, reason = "it is written in its place")]
    fn check(drafts: &[<Book as Model>::New], expected: Expect) {
        let drafts: Vec<&dyn DraftValues> = drafts.iter().map(|draft| draft as _).collect();
        expected.assert_eq(&insert(Book::META, &drafts, None).unwrap().to_string());
    }

    #[test]
    fn what_is_not_given_is_left_out() {
        check(
            &[create!(Book { title: "Dune" })],
            expect![[r#"
            -- INSERT (1 parameter)
            INSERT INTO "books" ("title") VALUES ($1) RETURNING "id", "title", "stock", "sequel_of_id"
            --   $1 = 'Dune'"#]],
        );
        check(
            &[create!(Book {
                title: "Dune",
                sequel_of: None::<i64>,
                stock: 3,
                id: 7
            })],
            expect![[r#"
                -- INSERT (4 parameters)
                INSERT INTO "books" ("id", "title", "stock", "sequel_of_id") VALUES ($1, $2, $3, $4) RETURNING "id", "title", "stock", "sequel_of_id"
                --   $1 = 7
                --   $2 = 'Dune'
                --   $3 = 3
                --   $4 = NULL"#]],
        );
    }

    #[test]
    fn where_some_rows_give_it_the_others_say_default() {
        check(
            &[
                create!(Book {
                    title: "a",
                    sequel_of: 7
                }),
                create!(Book {
                    title: "b",
                    stock: 1
                }),
            ],
            expect![[r#"
                -- INSERT (4 parameters)
                INSERT INTO "books" ("title", "stock", "sequel_of_id") VALUES ($1, DEFAULT, $2), ($3, $4, DEFAULT) RETURNING "id", "title", "stock", "sequel_of_id"
                --   $1 = 'a'
                --   $2 = 7
                --   $3 = 'b'
                --   $4 = 1"#]],
        );
    }

    #[expect(
        clippy::duplicated_attributes,
        reason = "a column can be in several unique constraints"
    )]
    #[derive(crate::Model)]
    #[model(
        table = "pages",
        unique(site, path, where = "is_live"),
        unique(site, title),
        unique(title, site, where = "is_live"),
        unique(token, where = "is_live")
    )]
    struct Page {
        #[model(key, auto)]
        id: i64,
        site: String,
        path: String,
        title: String,
        #[model(unique)]
        token: String,
    }

    #[test]
    fn a_conflict_with_an_index_of_some_rows_says_which() {
        let target = |columns: &[ColumnRef]| {
            let conflict = Conflict {
                target: columns.to_vec(),
                assigns: Vec::new(),
            };
            let draft = create!(Page {
                site: "a",
                path: "b",
                title: "c",
                token: "d"
            });
            let statement = insert(Page::META, &[&draft], Some(&conflict)).unwrap();
            let (_, rest) = statement.sql().split_once(" ON CONFLICT ").unwrap();
            rest.split_once(" DO NOTHING").unwrap().0.to_owned()
        };
        let [id, site, path, title, token] = [0, 1, 2, 3, 4].map(ColumnRef::own);
        let of_some = r#"("path", "site") WHERE is_live"#;
        assert_eq!(target(&[path, site]), of_some);
        assert_eq!(target(&[site, title]), r#"("site", "title")"#);
        assert_eq!(target(&[title, site]), r#"("title", "site")"#);
        assert_eq!(target(&[token]), r#"("token")"#);
        assert_eq!(target(&[id]), r#"("id")"#);
    }

    #[test]
    fn where_all_give_a_column_it_is_one_parameter() {
        let draft = |title: &str, stock, sequel_of| {
            create!(Book {
                title,
                stock,
                sequel_of
            })
        };
        check(
            &[draft("a", 1, None), draft("b'", 2, Some(7))],
            expect![[r#"
                -- INSERT (3 parameters)
                INSERT INTO "books" ("title", "stock", "sequel_of_id") SELECT * FROM unnest($1, $2, $3) RETURNING "id", "title", "stock", "sequel_of_id"
                --   $1 = '{a,"b''"}'::text[]
                --   $2 = '{1,2}'::int4[]
                --   $3 = '{NULL,7}'::int8[]"#]],
        );
    }

    #[derive(crate::Model)]
    #[model(table = "measures", managed = false)]
    struct Measure {
        #[model(key)]
        id: i64,
        value: i64,
    }

    #[test]
    fn a_table_without_system_columns_is_asked_which_rows_it_had() {
        let conflict = Conflict {
            target: vec![ColumnRef::own(0)],
            assigns: vec![Measure::value.set(1).term],
        };
        let draft = create!(Measure { id: 7, value: 1 });
        let statement = upsert(Measure::META, &[&draft], &conflict).unwrap();
        expect![[r#"
            WITH upserted AS (INSERT INTO "measures" AS t0 ("id", "value") VALUES ($1, $2) ON CONFLICT ("id") DO UPDATE SET "value" = $3 RETURNING t0."id", t0."value") SELECT upserted."id", upserted."value", NOT EXISTS (SELECT FROM "measures" AS t0 WHERE t0."id" = upserted."id") FROM upserted"#]]
        .assert_eq(statement.sql());
    }

    #[test]
    fn rows_of_defaults_alone() {
        let draft = || <Book as Model>::New::default();
        check(
            &[draft()],
            expect![[r#"
            -- INSERT (0 parameters)
            INSERT INTO "books" DEFAULT VALUES RETURNING "id", "title", "stock", "sequel_of_id""#]],
        );
        check(
            &[draft(), draft()],
            expect![[r#"
            -- INSERT (0 parameters)
            INSERT INTO "books" ("id") VALUES (DEFAULT), (DEFAULT) RETURNING "id", "title", "stock", "sequel_of_id""#]],
        );
    }
}
