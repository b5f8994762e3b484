//! Fields of rows that belong to a row: `Many<Book>` and `ManyToMany<Tag>`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprCall, LitStr, Path, Type, Visibility};

use super::Model;
use super::field::argument_of;
use crate::names;

/// A field that is no column.
pub(super) struct ToMany {
    name: Ident,
    visibility: Visibility,
    documentation: Vec<Attribute>,
    ty: Type,
    target: Type,
    via: Via,
}

/// By what the rows belong to the row.
enum Via {
    /// The field of their model that is the foreign key.
    ForeignKey(Ident),
    /// A table made for it, of this name if not the usual one.
    Table(Option<LitStr>),
    /// A model, and its fields that are the foreign keys to both.
    Through {
        model: Path,
        owner: Ident,
        target: Ident,
    },
}

/// What stands in `#[model(…)]` above the field.
#[derive(Default)]
struct Attributes {
    reverse: Option<Ident>,
    table: Option<LitStr>,
    through: Option<(Path, Ident, Ident)>,
}

impl ToMany {
    /// The field, unless it is a column.
    pub(super) fn parse(field: &syn::Field) -> Option<syn::Result<Self>> {
        let many = argument_of(&field.ty, "Many");
        let tied = argument_of(&field.ty, "ManyToMany");
        let target = many.or(tied)?.clone();
        let via = Attributes::parse(&field.attrs).and_then(|attributes| match many {
            Some(_) => attributes.foreign_key(field),
            None => attributes.junction(field),
        });
        Some(via.map(|via| Self::new(field, target, via)))
    }

    fn new(field: &syn::Field, target: Type, via: Via) -> Self {
        let documented = field.attrs.iter().filter(|a| a.path().is_ident("doc"));
        Self {
            // A model's fields have names, which the columns are refused without.
            name: field.ident.clone().unwrap_or_else(|| format_ident!("_")),
            visibility: field.vis.clone(),
            documentation: documented.cloned().collect(),
            ty: field.ty.clone(),
            target,
            via,
        }
    }
}

impl Attributes {
    fn parse(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut parsed = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("model")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("reverse") {
                    parsed.reverse = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("table") {
                    parsed.table = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("through") {
                    parsed.through = Some(through(&meta.value()?.parse()?)?);
                } else {
                    return Err(meta.error(KNOWN));
                }
                Ok(())
            })?;
        }
        Ok(parsed)
    }

    fn foreign_key(self, field: &syn::Field) -> syn::Result<Via> {
        match (self.reverse, self.table.is_none() && self.through.is_none()) {
            (Some(reverse), true) => Ok(Via::ForeignKey(reverse)),
            _ => Err(Error::new_spanned(
                &field.ty,
                "rows that belong to this one say by which of their foreign keys: \
                 add `#[model(reverse = field)]` with that field's name",
            )),
        }
    }

    fn junction(self, field: &syn::Field) -> syn::Result<Via> {
        match (self.reverse, self.table, self.through) {
            (None, Some(name), None) if !names::is_sql_name(&name.value()) => {
                Err(Error::new_spanned(name, NAME))
            }
            (None, table, None) => Ok(Via::Table(table)),
            (None, None, Some((model, owner, target))) => Ok(Via::Through {
                model,
                owner,
                target,
            }),
            _ => Err(Error::new_spanned(
                &field.ty,
                "rows are tied by a table of its own, `table = \"…\"`, or by a model, \
                 `through = BookTag(book, tag)`, and by one of the two only",
            )),
        }
    }
}

const NAME: &str = "a table's name is at most 63 small letters, digits and `_`, \
                    and begins with no digit";

const KNOWN: &str = "the attributes of rows that belong to a row are `reverse = field` for \
                     `Many`, and `table = \"…\"` or `through = BookTag(book, tag)` for `ManyToMany`";

fn through(written: &Expr) -> syn::Result<(Path, Ident, Ident)> {
    let parsed = match written {
        Expr::Call(ExprCall { func, args, .. }) => match (&**func, args.first(), args.last()) {
            (Expr::Path(model), Some(Expr::Path(owner)), Some(Expr::Path(target)))
                if args.len() == 2 =>
            {
                let owner = owner.path.get_ident().cloned();
                let target = target.path.get_ident().cloned();
                owner
                    .zip(target)
                    .map(|(owner, target)| (model.path.clone(), owner, target))
            }
            _ => None,
        },
        _ => None,
    };
    parsed.ok_or_else(|| {
        Error::new_spanned(
            written,
            "write the model between and its foreign keys, to this model and to the other: \
             `BookTag(book, tag)`",
        )
    })
}

impl Model {
    /// `Author::books()`.
    pub(super) fn to_many_functions(&self) -> impl Iterator<Item = TokenStream> {
        self.to_many.iter().enumerate().map(|(index, many)| {
            let ToMany {
                name,
                visibility,
                target,
                documentation,
                ..
            } = many;
            let summary = many.summary();
            quote! {
                #[doc = #summary]
                #[doc = ""]
                #(#documentation)*
                #visibility fn #name() -> ::plinth::orm::ToMany<Self, #target> {
                    ::plinth::orm::ToMany::new::<Self>(#index, |row| row.#name.rows_mut())
                }
            }
        })
    }

    /// The same over a relation to this model.
    pub(super) fn to_many_over_path(&self) -> impl Iterator<Item = TokenStream> {
        let model = &self.name;
        self.to_many.iter().enumerate().map(move |(index, many)| {
            let ToMany {
                name,
                visibility,
                target,
                ..
            } = many;
            let summary = many.summary();
            quote! {
                #[doc = #summary]
                #visibility fn #name(self) -> ::plinth::orm::ToMany<Root, #target> {
                    self.0.to_many::<#model, #target>(#index)
                }
            }
        })
    }

    /// What the fields hold until the row's key is read.
    pub(super) fn to_many_defaults(&self) -> impl Iterator<Item = TokenStream> {
        self.to_many
            .iter()
            .map(|ToMany { name, .. }| quote!(#name: ::core::default::Default::default(),))
    }

    /// Keeps the rows that were loaded when the row is read again.
    pub(super) fn to_many_keeps(&self) -> impl Iterator<Item = TokenStream> {
        self.to_many.iter().map(|many| {
            let name = &many.name;
            quote!(self.#name.rows_mut().keep(before.#name.rows_mut());)
        })
    }

    /// Tells the fields whose they are.
    pub(super) fn to_many_values(&self) -> impl Iterator<Item = TokenStream> {
        let key = &self.fields[self.key].name;
        self.to_many.iter().enumerate().map(move |(index, many)| {
            let ToMany { name, ty, .. } = many;
            quote_spanned! {ty.span()=>
                decoded.#name = <#ty>::of(
                    &decoded.#key,
                    &<Self as ::plinth::orm::Model>::META.to_many[#index],
                );
            }
        })
    }

    pub(super) fn to_many_metas(&self) -> impl Iterator<Item = TokenStream> {
        self.to_many.iter().map(|many| {
            let field = format!("{}.{}", self.name, many.name);
            let via = self.via_meta(many);
            quote!(::plinth::orm::ToManyMeta { field: #field, via: #via })
        })
    }

    fn via_meta(&self, many: &ToMany) -> TokenStream {
        let target = &many.target;
        match &many.via {
            Via::ForeignKey(field) => {
                let column = names::key_constant(field);
                quote!(::plinth::orm::Via::ForeignKey { column: <#target>::#column.index() })
            }
            Via::Through {
                model,
                owner,
                target,
            } => {
                let (owner, target) = (names::key_constant(owner), names::key_constant(target));
                quote! {
                    ::plinth::orm::Via::Junction {
                        table: <#model as ::plinth::orm::Model>::META,
                        owner: #model::#owner.index(),
                        target: #model::#target.index(),
                    }
                }
            }
            Via::Table(_) => {
                let table = self.junction_meta(many);
                quote!(::plinth::orm::Via::Junction { table: #table, owner: 1, target: 2 })
            }
        }
    }

    /// The table between the two: an own key as the ORM wants it, both foreign
    /// keys, and each pair once.
    fn junction_meta(&self, many: &ToMany) -> TokenStream {
        let (name, target) = (&self.name, &many.target);
        let full_name = self.junction_name(many);
        let table = names::fitting(full_name.clone());
        let (field, owner) = (format!("{}.{}", self.name, many.name), &self.table);
        let (owner_column, target_column) = self.junction_columns(many);
        let relation = |column: usize, model: &TokenStream| {
            let field = many.name.to_string();
            quote! {
                ::plinth::orm::RelationMeta {
                    field: #field,
                    column: #column,
                    target: || <#model as ::plinth::orm::Model>::META,
                    on_delete: ::plinth::orm::OnDelete::Cascade,
                    checked: ::plinth::orm::Checked::AtOnce,
                }
            }
        };
        let relations = [relation(1, &quote!(#name)), relation(2, &quote!(#target))];
        let database = self.expand_database();
        quote! {
            &::plinth::orm::ModelMeta {
                #database
                junction: ::core::option::Option::Some(::plinth::orm::JunctionMeta {
                    field: #field,
                    owner: #owner,
                    full_name: #full_name,
                }),
                relations: &[#(#relations),*],
                indexes: &[::plinth::orm::IndexMeta {
                    unique: true,
                    ..::plinth::orm::IndexMeta::of(&[
                        ::plinth::orm::IndexTerm::Column(1),
                        ::plinth::orm::IndexTerm::Column(2),
                    ])
                }],
                ..::plinth::orm::ModelMeta::new(#table, &[
                    ::plinth::orm::ColumnMeta {
                        auto: true,
                        ..::plinth::orm::ColumnMeta::of::<i64>("id")
                    },
                    ::plinth::orm::ColumnMeta::of::<<#name as ::plinth::orm::Model>::Key>(
                        #owner_column,
                    ),
                    ::plinth::orm::ColumnMeta {
                        index: true,
                        ..::plinth::orm::ColumnMeta::of::<<#target as ::plinth::orm::Model>::Key>(
                            #target_column,
                        )
                    },
                ])
            }
        }
    }

    /// What the table is called where names can be of any length.
    fn junction_name(&self, many: &ToMany) -> String {
        match &many.via {
            Via::Table(Some(name)) => name.value(),
            _ => format!("{}_{}", self.table, names::plain(&many.name)),
        }
    }

    /// `book_id` and `tag_id`; from a model to itself `from_book_id` and
    /// `to_book_id`.
    fn junction_columns(&self, many: &ToMany) -> (String, String) {
        let owner = names::snake_case(&self.name);
        let target = match &many.target {
            Type::Path(path) => path.path.segments.last(),
            _ => None,
        };
        let target = target.map_or_else(|| "other".to_owned(), |s| names::snake_case(&s.ident));
        if target == owner || target == "self" {
            return two_columns(&format!("from_{owner}_id"), &format!("to_{owner}_id"));
        }
        two_columns(&format!("{owner}_id"), &format!("{target}_id"))
    }

    /// The fields whose table between is made for them, and the models they lead to.
    pub(super) fn tied_models(&self) -> impl Iterator<Item = (&Ident, &Type)> {
        let tied = self.to_many.iter();
        tied.filter(|many| matches!(many.via, Via::Table(_)))
            .map(|many| (&many.name, &many.target))
    }

    /// Items that compile only if the foreign keys point to the right models.
    pub(super) fn to_many_checks(&self) -> impl Iterator<Item = TokenStream> {
        let name = &self.name;
        self.to_many.iter().map(move |many| {
            let target = &many.target;
            let points = |model: &TokenStream, field: &Ident, to: &TokenStream| {
                quote_spanned! {field.span()=>
                    const _: fn() -> <#to as ::plinth::orm::Model>::Path<#model> = <#model>::#field;
                }
            };
            match &many.via {
                Via::ForeignKey(field) => points(&quote!(#target), field, &quote!(#name)),
                Via::Through {
                    model,
                    owner,
                    target: other,
                } => {
                    let model = quote!(#model);
                    let owner = points(&model, owner, &quote!(#name));
                    let other = points(&model, other, &quote!(#target));
                    quote!(#owner #other)
                }
                Via::Table(_) => TokenStream::new(),
            }
        })
    }
}

impl ToMany {
    fn summary(&self) -> String {
        format!("The rows of `{}`, as a query asks about them.", self.name)
    }
}

/// Names that Postgres keeps apart: as it cuts them, which is what tables have
/// that are there, and with hashes where that makes them one.
fn two_columns(owner: &str, target: &str) -> (String, String) {
    match (names::kept(owner), names::kept(target)) {
        (one, other) if one == other => (
            names::fitting(owner.to_owned()),
            names::fitting(target.to_owned()),
        ),
        (one, other) => (one.to_owned(), other.to_owned()),
    }
}
