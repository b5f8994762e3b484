//! `#[derive(Model)]`.

mod attributes;
mod check;
mod database;
mod default;
mod draft;
mod expand;
mod field;
mod index;
mod methods;
mod path;
mod sharing;
mod to_many;

use proc_macro2::TokenStream;
use syn::{Data, DeriveInput, Error, Fields, Ident, Visibility};

use crate::errors::Errors;
use attributes::{Sharing, TableAttributes};
use field::Field;
pub(crate) use field::argument_of;
use index::Index;
use to_many::ToMany;

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    match syn::parse2(input).and_then(|input| Model::parse(&input)) {
        Ok(model) => model.expand(),
        Err(error) => error.into_compile_error(),
    }
}

/// What is derived from: a table and its columns.
struct Model {
    name: Ident,
    visibility: Visibility,
    table: String,
    /// The database that is named for it.
    database: Option<String>,
    fields: Vec<Field>,
    /// The fields that are no columns.
    to_many: Vec<ToMany>,
    /// The position of the primary key.
    key: usize,
    indexes: Vec<Index>,
    /// The position of the column that counts updates.
    version: Option<usize>,
    /// The position of the column that says when a row was deleted.
    soft_delete: Option<usize>,
    /// How it shares its table, if it does.
    sharing: Option<Sharing>,
    /// The rest of what is said of the table.
    attributes: TableAttributes,
}

impl Model {
    fn parse(input: &DeriveInput) -> syn::Result<Self> {
        let mut errors = Errors::default();
        if !input.generics.params.is_empty() {
            errors.add(
                &input.generics,
                "a model has no parameters: it is one table",
            );
        }
        let attributes = TableAttributes::parse(input, &mut errors);
        let table = attributes.table_name(&input.ident, &mut errors);
        let database = attributes.database_name(&mut errors);
        let (mut fields, mut to_many) = (Vec::new(), Vec::new());
        for field in &named_fields(input)?.named {
            match ToMany::parse(field) {
                Some(many) => to_many.extend(errors.take(many)),
                None => fields.extend(errors.take(Field::parse(field))),
            }
        }
        check::fields(&fields, &mut errors);
        let indexes = attributes.resolve_indexes(&fields, &mut errors);
        let key = check::key(&input.ident, &fields, &mut errors);
        let version = check::version(&fields, &mut errors);
        let soft_delete = check::soft_delete(&fields, &mut errors);
        check::append_only(&attributes, &fields, &mut errors);
        attributes.check_managed(&mut errors);
        let sharing = attributes.resolve_sharing(&fields, &mut errors);
        errors.finish(Self {
            name: input.ident.clone(),
            visibility: input.vis.clone(),
            table,
            database,
            fields,
            to_many,
            key,
            indexes,
            version,
            soft_delete,
            sharing,
            attributes,
        })
    }

    /// The fields that are foreign keys, with their positions among the columns.
    fn relations(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.relation.is_some())
    }
}

fn named_fields(input: &DeriveInput) -> syn::Result<&syn::FieldsNamed> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields),
            _ => Err(no_struct(input)),
        },
        _ => Err(no_struct(input)),
    }
}

fn no_struct(input: &DeriveInput) -> Error {
    let message = "a model is a struct with named fields, one for each column";
    Error::new_spanned(&input.ident, message)
}
