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
    pub(super) table: String,
    has_table: bool,
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
            let result = attribute.parse_nested_meta(|meta| attributes.parse_one(&meta));
            attributes.has_table |= result.is_err();
            errors.take(result);
        }
        if !attributes.has_table {
            let message = "a model says which table it is: add `#[model(table = \"…\")]`";
            errors.add(&input.ident, message);
        }
        attributes
    }

    fn parse_one(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        if meta.path.is_ident("table") {
            self.has_table = true;
            self.table = table_name(&meta.value()?.parse()?)?;
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

fn table_name(literal: &LitStr) -> syn::Result<String> {
    let name = literal.value();
    if names::is_sql_name(&name) {
        return Ok(name);
    }
    let message = "a table's name is at most 63 small letters, digits and `_`, \
                   and begins with no digit";
    Err(syn::Error::new_spanned(literal, message))
}
