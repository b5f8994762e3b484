//! Conditions that a model has of itself: which rows of its table are its own.
//!
//! The one place for them. Every statement on a model's rows goes through it,
//! those inside other statements too. Of a table that is joined over a foreign
//! key to a variant, the rows of others are left out, which have no such columns;
//! those that are deleted are not, for a key points to what it points to.

use super::shape::address;
use super::writer::Writer;
use crate::database::ColumnType;
use crate::orm::meta::{CITEXT, ModelMeta, TextEquality, VariantMeta};
use crate::orm::select::{Deleted, OwnRows, Select};
use crate::{Error, Result};

impl OwnRows {
    /// Whether they are not all rows of the table.
    fn is_some(self) -> bool {
        self.deletion().is_some() || self.model.variant.is_some() || self.deleted == Deleted::NoTies
    }

    /// The column of the deletion, and what is asked of it.
    fn deletion(self) -> Option<(usize, &'static str)> {
        let test = match self.deleted {
            Deleted::Hidden => " IS NULL",
            Deleted::Only => " IS NOT NULL",
            Deleted::Included | Deleted::NoTies => return None,
        };
        Some((self.model.soft_delete?, test))
    }
}

/// Those of a query, and those that it was moved from, as far as they are not
/// all rows of their tables.
fn implied(select: &Select) -> impl Iterator<Item = OwnRows> {
    let own = [Some(select.own_rows()), select.moved];
    own.into_iter().flatten().filter(|rows| rows.is_some())
}

impl Writer {
    /// The rows that a query is about.
    pub(super) fn filter(&mut self, select: &Select) -> Result<()> {
        select.check()?;
        let conditions = &select.conditions;
        let is_implied = implied(select).next().is_some();
        if conditions.is_empty() && !is_implied {
            return Ok(());
        }
        self.push(" WHERE ");
        if !is_implied {
            return self.conditions(conditions);
        }
        for (index, condition) in conditions.iter().enumerate() {
            self.push(if index == 0 { "" } else { " AND " });
            self.member(condition)?;
        }
        for (index, rows) in implied(select).enumerate() {
            let is_first = index == 0 && conditions.is_empty();
            self.push(if is_first { "" } else { " AND " });
            self.own_rows(rows)?;
        }
        Ok(())
    }

    /// The rows that a query is about, after other conditions.
    pub(super) fn and_filter(&mut self, select: &Select) -> Result<()> {
        select.check()?;
        for condition in &select.conditions {
            self.push(" AND ");
            self.member(condition)?;
        }
        for rows in implied(select) {
            self.push(" AND ");
            self.own_rows(rows)?;
        }
        Ok(())
    }

    /// Joins the tables of the rows that a query is about.
    pub(super) fn join_implied(&mut self, select: &Select) -> Result<()> {
        let mut rows = implied(select);
        rows.try_for_each(|rows| self.scope.add_path(rows.path).map(drop))
    }

    fn own_rows(&mut self, rows: OwnRows) -> Result<()> {
        if rows.deleted == Deleted::NoTies {
            return Err(no_ties(rows.model));
        }
        let table = self.scope.add_path(rows.path)?;
        let variant = rows.model.variant.as_ref();
        if let Some(variant) = variant {
            self.variant(table, variant)?;
        }
        if let Some((column, test)) = rows.deletion() {
            self.push(if variant.is_some() { " AND " } else { "" });
            self.column(table, &rows.model.columns[column]);
            self.push(test);
        }
        Ok(())
    }

    /// That rows joined over a foreign key are of the variant it is to.
    pub(super) fn and_variant(
        &mut self,
        table: usize,
        variant: Option<&'static VariantMeta>,
    ) -> Result<()> {
        let Some(variant) = variant else {
            return Ok(());
        };
        self.push(" AND ");
        self.variant(table, variant)
    }

    /// That rows are of a variant.
    pub(super) fn variant(&mut self, table: usize, variant: &'static VariantMeta) -> Result<()> {
        let column = variant.column().ok_or_else(|| no_discriminator(variant))?;
        self.column(table, column);
        self.push(" = ");
        let value = Some(variant.value.as_bytes());
        self.push_parameter(String::SQL.oid, value, address(variant))?;
        let is_citext = column.text_equality == Some(TextEquality::Citext);
        self.as_type(is_citext.then_some(CITEXT));
        Ok(())
    }
}

fn no_ties(model: &ModelMeta) -> Error {
    Error::invalid_query(format!(
        "`with_removed_ties` and `only_removed_ties` are for the rows of a model between two, \
         `#[model(through = …)]`, that has `soft_delete`; `{}` keeps no ties that are removed",
        model.table
    ))
}

/// The compiler says it of derived models.
fn no_discriminator(variant: &VariantMeta) -> Error {
    Error::invalid_query(format!(
        "`{}` has variants and no discriminator",
        variant.parent.model
    ))
}
