//! What stands in `#[model(…)]` above the struct.

use proc_macro2::Ident;
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{DeriveInput, LitStr, Token};

use super::field::Field;
use crate::errors::Errors;
use crate::names;

/// The table and its composite indexes, as they are written.
#[derive(Default)]
pub(super) struct TableAttributes {
    table: Option<LitStr>,
    indexes: Vec<WrittenIndex>,
}

struct WrittenIndex {
    fields: Vec<Ident>,
    is_unique: bool,
}

/// An index over columns by their positions.
pub(super) struct Index {
    pub(super) columns: Vec<usize>,
    pub(super) is_unique: bool,
}

impl TableAttributes {
    pub(super) fn parse(input: &DeriveInput, errors: &mut Errors) -> Self {
        let mut attributes = Self::default();
        for attribute in input.attrs.iter().filter(|a| a.path().is_ident("model")) {
            errors.take(attribute.parse_nested_meta(|meta| attributes.parse_one(&meta)));
        }
        attributes
    }

    fn parse_one(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        if meta.path.is_ident("table") {
            self.table = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("index") {
            self.indexes.push(WrittenIndex::parse(meta, false)?);
        } else if meta.path.is_ident("unique") {
            self.indexes.push(WrittenIndex::parse(meta, true)?);
        } else {
            return Err(meta.error(
                "a model's attributes are `table = \"…\"`, `index(field, …)` and `unique(field, …)`",
            ));
        }
        Ok(())
    }

    /// The name of the table; empty where it is wrong, which is an error.
    pub(super) fn table_name(&self, model: &Ident, errors: &mut Errors) -> String {
        let Some(literal) = &self.table else {
            let message = "a model says which table it is: add `#[model(table = \"…\")]`";
            errors.add(model, message);
            return String::new();
        };
        let name = literal.value();
        if !names::is_sql_name(&name) {
            let message = "a table's name is at most 63 small letters, digits and `_`, \
                           and begins with no digit";
            errors.add(literal, message);
        }
        name
    }

    pub(super) fn resolve_indexes(&self, fields: &[Field], errors: &mut Errors) -> Vec<Index> {
        let resolve = |index: &WrittenIndex| index.resolve(fields, errors);
        self.indexes.iter().map(resolve).collect()
    }
}

impl WrittenIndex {
    fn parse(meta: &ParseNestedMeta<'_>, is_unique: bool) -> syn::Result<Self> {
        let content;
        syn::parenthesized!(content in meta.input);
        let fields = Punctuated::<Ident, Token![,]>::parse_terminated(&content)?;
        if fields.is_empty() {
            return Err(meta.error("name the fields, as in `index(author, created_at)`"));
        }
        let fields = fields.into_iter().collect();
        Ok(Self { fields, is_unique })
    }

    fn resolve(&self, fields: &[Field], errors: &mut Errors) -> Index {
        let mut columns = Vec::new();
        for name in &self.fields {
            match fields.iter().position(|field| field.name == *name) {
                Some(column) => columns.push(column),
                None => errors.add(name, &format!("there is no field `{name}`")),
            }
        }
        let is_unique = self.is_unique;
        Index { columns, is_unique }
    }
}
