//! What stands in `#[model(…)]` above the struct.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::{DeriveInput, Error, LitBool, LitStr, Path, Token};

use super::field::Field;
use super::index::{Index, WrittenIndex, position, sql, sql_name};
use crate::errors::Errors;
use crate::names;

/// The table, its indexes and its kind, as they are written.
#[derive(Default)]
pub(super) struct TableAttributes {
    table: Option<LitStr>,
    database: Option<LitStr>,
    indexes: Vec<(Ident, WrittenIndex)>,
    pub(super) checks: Vec<Check>,
    pub(super) append_only: Option<Ident>,
    pub(super) unlogged: bool,
    pub(super) managed: Option<LitBool>,
    discriminator: Option<Ident>,
    parent: Option<Path>,
    variant: Option<LitStr>,
}

/// How a model shares its table with others.
pub(super) enum Sharing {
    /// With variants, told apart by a column.
    Parent(usize, Span),
    /// With its parent, as one of its variants.
    Variant(Path, LitStr),
}

/// `check = "…"` or `check(name = "…", condition = "…")`.
pub(super) struct Check {
    name: Option<LitStr>,
    condition: LitStr,
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
        let name = meta.path.require_ident()?.clone();
        match name.to_string().as_str() {
            "table" => self.table = Some(meta.value()?.parse()?),
            "database" => self.database = Some(meta.value()?.parse()?),
            "index" => self.indexes.push((name, WrittenIndex::parse(meta, false)?)),
            "unique" => self.indexes.push((name, WrittenIndex::parse(meta, true)?)),
            "check" => self.checks.push(Check::parse(meta)?),
            "append_only" => self.append_only = Some(name),
            "unlogged" => self.unlogged = true,
            "managed" => self.managed = Some(meta.value()?.parse()?),
            "discriminator" => self.discriminator = Some(meta.value()?.parse()?),
            "parent" => self.parent = Some(meta.value()?.parse()?),
            "variant" => self.variant = Some(meta.value()?.parse()?),
            _ => return Err(meta.error(KNOWN)),
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

    /// The database the model names, if it does.
    pub(super) fn database_name(&self, errors: &mut Errors) -> Option<String> {
        let literal = self.database.as_ref()?;
        if self.parent.is_some() {
            let message = "a variant is in the table of its parent, and so in its database: \
                           leave `database` out";
            errors.add(literal, message);
        }
        let name = literal.value();
        if name.is_empty() {
            let message = "name a database as the operator's `plinth.toml` does: \
                           `database = \"archive\"`";
            errors.add(literal, message);
        }
        Some(name)
    }

    /// Whether the table is made with the others.
    pub(super) fn check_managed(&self, errors: &mut Errors) {
        let Some(managed) = &self.managed else {
            return;
        };
        if self.parent.is_some() {
            let message = "a variant is in the table of its parent, which says whether it is \
                           made: leave `managed` out";
            errors.add(managed, message);
        } else if self.unlogged && !managed.value {
            errors.add(
                managed,
                "a table that is not made here is not made `unlogged`",
            );
        }
    }

    /// How the model shares its table, if it does.
    pub(super) fn resolve_sharing(&self, fields: &[Field], errors: &mut Errors) -> Option<Sharing> {
        match (&self.discriminator, &self.parent, &self.variant) {
            (None, None, None) => None,
            (Some(field), None, None) => {
                let column = errors.take(position(field, fields))?;
                let attributes = &fields[column].attributes;
                let is_set = attributes.key.is_none() && attributes.generated.is_none();
                if fields[column].relation.is_some() || !is_set {
                    errors.add(field, "the discriminator is a column of text or of choices");
                }
                Some(Sharing::Parent(column, field.span()))
            }
            (None, Some(parent), Some(value)) => {
                Some(Sharing::Variant(parent.clone(), value.clone()))
            }
            (Some(field), ..) => {
                errors.add(field, "a variant has no variants of its own");
                None
            }
            (None, Some(parent), None) => {
                let message = "say which of its rows are this model's: `variant = \"…\"`";
                errors.add(parent, message);
                None
            }
            (None, None, Some(value)) => {
                let message = "say what it is a variant of: `parent = Model`";
                errors.add(value, message);
                None
            }
        }
    }

    /// The indexes of the struct, then those of fields that say how they are
    /// kept.
    pub(super) fn resolve_indexes(&self, fields: &[Field], errors: &mut Errors) -> Vec<Index> {
        let mut indexes: Vec<Index> = Vec::new();
        for (name, written) in &self.indexes {
            let index = written.resolve(fields, errors);
            if indexes.iter().any(|other| other.is_same(&index)) {
                errors.add(name, "the model has this index already");
            }
            indexes.push(index);
        }
        for (position, field) in fields.iter().enumerate() {
            if let Some(method) = &field.attributes.index_method {
                indexes.push(Index::of_field(position, method.clone()));
            }
            if field.attributes.nulls_not_distinct.is_some() {
                indexes.push(Index::with_one_null(position));
            }
        }
        indexes
    }
}

const KNOWN: &str = "a model's attributes are `table = \"…\"`, `database = \"…\"`, `index(field, …)`, \
                     `unique(field, …)`, `check = \"…\"`, `append_only`, `unlogged`, `managed = false`, \
                     `discriminator = field`, and for a variant `parent = Model` and \
                     `variant = \"…\"`";

impl Check {
    fn parse(meta: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        if !meta.input.peek(syn::token::Paren) {
            let condition = sql(meta.value()?)?;
            return Ok(Self {
                name: None,
                condition,
            });
        }
        let content;
        syn::parenthesized!(content in meta.input);
        let (mut name, mut condition) = (None, None);
        while !content.is_empty() {
            let key = content.call(Ident::parse_any)?;
            content.parse::<Token![=]>()?;
            match key.to_string().as_str() {
                "name" => name = Some(sql_name(&content)?),
                "condition" => condition = Some(sql(&content)?),
                _ => return Err(Error::new_spanned(key, CHECK)),
            }
            if !content.is_empty() {
                content.parse::<Token![,]>()?;
            }
        }
        let condition = condition.ok_or_else(|| meta.error(CHECK))?;
        Ok(Self { name, condition })
    }

    pub(super) fn expand(&self) -> TokenStream {
        let condition = &self.condition;
        let name = match &self.name {
            Some(name) => quote!(::core::option::Option::Some(#name)),
            None => quote!(::core::option::Option::None),
        };
        quote!(::plinth::orm::CheckMeta { name: #name, condition: #condition })
    }
}

const CHECK: &str =
    "a check is `check = \"low <= high\"` or `check(name = \"…\", condition = \"low <= high\")`";
