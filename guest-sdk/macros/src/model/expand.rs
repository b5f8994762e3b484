use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::LitInt;
use syn::spanned::Spanned;

use super::attributes::{Check, Sharing};
use super::field::Field;
use super::index::Index;
use super::{Model, check};

impl Model {
    pub(super) fn expand(&self) -> TokenStream {
        let columns = self.expand_columns();
        let model = self.expand_model();
        let path = self.expand_path();
        let draft = self.expand_draft();
        let checks = self.fields.iter().filter_map(|field| {
            field
                .attributes
                .default
                .as_ref()
                .and_then(|default| default.expand_check(field))
        });
        let to_many_checks = self.to_many_checks();
        let methods = self.expand_methods();
        let sharing_checks = self.expand_sharing_checks();
        let database_checks = self.expand_database_checks();
        quote! { #columns #methods #model #path #draft #(#checks)* #(#to_many_checks)* #sharing_checks #(#database_checks)* }
    }

    pub(super) fn path_name(&self) -> Ident {
        format_ident!("{}Path", self.name)
    }

    pub(super) fn draft_name(&self) -> Ident {
        format_ident!("{}Draft", self.name)
    }

    /// The columns as constants, the relations as functions.
    fn expand_columns(&self) -> TokenStream {
        let name = &self.name;
        let columns = self
            .fields
            .iter()
            .enumerate()
            .map(|(index, field)| constant(index, field));
        let relations = self
            .relations()
            .enumerate()
            .map(|(index, (_, field))| relation_function(index, field));
        let to_many = self.to_many_functions();
        quote! {
            #[allow(non_upper_case_globals, reason = "columns are named like their fields")]
            impl #name {
                #(#columns)*
                #(#relations)*
                #(#to_many)*
            }
        }
    }

    fn expand_model(&self) -> TokenStream {
        let (name, table, key) = (&self.name, &self.table, self.key);
        let (path, draft) = (self.path_name(), self.draft_name());
        let key_name = &self.fields[key].name;
        let key_type = &self.fields[key].ty;
        let model_name = name.to_string();
        let columns = self.fields.iter().map(column_meta);
        let relations = self
            .relations()
            .map(|(index, field)| self.relation_meta(index, field));
        let indexes = self.indexes.iter().map(Index::expand);
        let to_many = self.to_many_metas();
        let (decode, values) = (self.expand_decode(), self.expand_values());
        let version = self
            .version
            .map(|version| quote!(version: ::core::option::Option::Some(#version),));
        let soft_delete = self
            .soft_delete
            .map(|column| quote!(soft_delete: ::core::option::Option::Some(#column),));
        let kind = self.expand_kind();
        let soft_deletes = self
            .soft_delete
            .map(|_| quote!(impl ::plinth::orm::SoftDelete for #name {}));
        quote! {
            impl ::plinth::orm::Model for #name {
                type Key = #key_type;
                type New = #draft;
                type Path<Root: 'static> = #path<Root>;

                const META: &'static ::plinth::orm::ModelMeta = &::plinth::orm::ModelMeta {
                    key: #key,
                    relations: &[#(#relations),*],
                    indexes: &[#(#indexes),*],
                    to_many: &[#(#to_many),*],
                    #version
                    #soft_delete
                    #kind
                    model: #model_name,
                    ..::plinth::orm::ModelMeta::new(#table, &[#(#columns),*])
                };

                fn key(&self) -> &Self::Key {
                    &self.#key_name
                }

                #decode
                #values
            }

            #soft_deletes
        }
    }

    /// What is said of the table besides its columns and indexes.
    fn expand_kind(&self) -> TokenStream {
        let checks: Vec<_> = self.attributes.checks.iter().map(Check::expand).collect();
        let checks = (!checks.is_empty()).then(|| quote!(checks: &[#(#checks),*],));
        let append_only = &self.attributes.append_only;
        let append_only = append_only.as_ref().map(|_| quote!(append_only: true,));
        let unlogged = self.attributes.unlogged.then(|| quote!(unlogged: true,));
        let managed = self.expand_managed();
        let sharing = self.expand_sharing();
        let database = self.expand_database();
        quote!(#checks #append_only #unlogged #managed #sharing #database)
    }

    /// A variant's table is made if its parent's is.
    fn expand_managed(&self) -> Option<TokenStream> {
        if let Some(Sharing::Variant(parent, _)) = &self.sharing {
            return Some(quote!(managed: <#parent as ::plinth::orm::Model>::META.managed,));
        }
        let managed = self.attributes.managed.as_ref()?;
        Some(quote!(managed: #managed,))
    }

    /// What saving needs: the values, and what to keep when they are read back.
    fn expand_values(&self) -> TokenStream {
        let values = self.fields.iter().map(|field| {
            let name = &field.name;
            // Cast as in the draft, so that the compiler says once what is wrong.
            quote_spanned!(field.ty.span()=> {
                let value = &self.#name;
                value as &dyn ::plinth::database::Parameter
            })
        });
        let keeps = self.relations().map(|(_, field)| {
            let name = &field.name;
            quote!(::plinth::orm::RelatedField::keep(&mut self.#name, &mut before.#name);)
        });
        let owned = self.to_many_keeps();
        let has_related = self.relations().next().is_some() || !self.to_many.is_empty();
        let keep_related = has_related.then(|| {
            quote! {
                fn keep_related(&mut self, before: &mut Self) {
                    #(#keeps)*
                    #(#owned)*
                }
            }
        });
        quote! {
            fn values(&self) -> ::std::vec::Vec<&dyn ::plinth::database::Parameter> {
                ::std::vec![#(#values),*]
            }

            #keep_related
        }
    }

    fn expand_decode(&self) -> TokenStream {
        let fields = self.fields.iter().map(|field| {
            let name = &field.name;
            quote_spanned!(field.ty.span()=> #name: row.next()?,)
        });
        let loads = self.relations().enumerate().map(|(index, (_, field))| {
            let name = &field.name;
            quote! {
                ::plinth::orm::RelatedField::load(
                    &mut decoded.#name,
                    <Self as ::plinth::orm::Model>::META,
                    #index,
                    related,
                    row,
                )?;
            }
        });
        let has_relations = self.relations().next().is_some();
        let mutable = (has_relations || !self.to_many.is_empty()).then(|| quote!(mut));
        let related = match has_relations {
            true => quote!(related),
            false => quote!(_related),
        };
        let (unowned, owned) = (self.to_many_defaults(), self.to_many_values());
        quote! {
            fn decode(
                row: &mut ::plinth::orm::RowReader<'_>,
                #related: &::plinth::orm::Related,
            ) -> ::plinth::Result<Self> {
                let #mutable decoded = Self {
                    #(#fields)*
                    #(#unowned)*
                };
                #(#loads)*
                #(#owned)*
                ::core::result::Result::Ok(decoded)
            }
        }
    }

    fn relation_meta(&self, index: usize, field: &Field) -> TokenStream {
        let name = format!("{}.{}", self.name, field.name);
        let target = &field.relation;
        let on_delete = match field
            .attributes
            .on_delete
            .as_ref()
            .map(Ident::to_string)
            .as_deref()
        {
            Some("cascade") => quote!(Cascade),
            Some("restrict") => quote!(Restrict),
            Some("set_null") => quote!(SetNull),
            _ => quote!(NoAction),
        };
        let checked = match &field.attributes.deferrable {
            None => quote!(AtOnce),
            Some(deferrable) if deferrable.is_immediate => quote!(Deferrable),
            Some(_) => quote!(Deferred),
        };
        quote! {
            ::plinth::orm::RelationMeta {
                field: #name,
                column: #index,
                target: || <#target as ::plinth::orm::Model>::META,
                on_delete: ::plinth::orm::OnDelete::#on_delete,
                checked: ::plinth::orm::Checked::#checked,
            }
        }
    }
}

fn constant(index: usize, field: &Field) -> TokenStream {
    let (constant, visibility, ty) = (field.constant(), &field.visibility, field.column_type());
    let documentation = &field.documentation;
    let summary = format!("The column `{}`.", field.column);
    let index = number(index);
    quote! {
        #[doc = #summary]
        #[doc = ""]
        #(#documentation)*
        #visibility const #constant: ::plinth::orm::Column<Self, #ty> =
            ::plinth::orm::Column::new(#index);
    }
}

fn relation_function(index: usize, field: &Field) -> TokenStream {
    let (name, visibility, target) = (&field.name, &field.visibility, &field.relation);
    let summary = format!("The row that `{name}` points to, for its columns and relations.");
    let index = number(index);
    quote! {
        #[doc = #summary]
        #[must_use]
        #visibility fn #name() -> <#target as ::plinth::orm::Model>::Path<Self> {
            ::plinth::orm::Hop::<Self>::new(::plinth::orm::RelationPath::ROOT)
                .relation::<#target>(#index)
        }
    }
}

fn column_meta(field: &Field) -> TokenStream {
    let (ty, column) = (&field.ty, &field.column);
    let attributes = &field.attributes;
    let mut settings = Vec::new();
    if attributes.auto.is_some() {
        settings.push(quote!(auto: true));
    }
    if attributes.auto_now.is_some() {
        let now = quote!(::core::option::Option::Some(
            ::plinth::orm::DefaultMeta::Now
        ));
        settings.push(quote!(auto_now: true, default: #now));
    }
    if attributes.version.is_some() && attributes.default.is_none() {
        let one = quote!(::plinth::orm::DefaultMeta::Literal("1"));
        settings.push(quote!(default: ::core::option::Option::Some(#one)));
    }
    if attributes.unique {
        settings.push(quote!(unique: true));
    }
    if let Some(equality) = &attributes.text_equality {
        let equality = equality.expand();
        settings.push(quote!(text_equality: ::core::option::Option::Some(#equality)));
    }
    let is_indexed = attributes.unique
        || attributes.nulls_not_distinct.is_some()
        || attributes.index_method.is_some();
    if attributes.index || (field.relation.is_some() && !is_indexed) {
        settings.push(quote!(index: true));
    }
    // Both were found to be right when they were checked.
    if let Some(default) = attributes
        .default
        .as_ref()
        .and_then(|d| d.expand(field).ok())
    {
        settings.push(quote!(default: ::core::option::Option::Some(#default)));
    }
    if let Some(generated) = &attributes.generated {
        settings.push(quote!(generated: ::core::option::Option::Some(#generated)));
    }
    let range = attributes.range.as_ref();
    if let Some(sql) = range.and_then(|range| check::range_sql(column, range).ok()) {
        settings.push(quote!(check: ::core::option::Option::Some(#sql)));
    }
    let of = quote!(::plinth::orm::ColumnMeta::of::<#ty>(#column));
    if settings.is_empty() {
        return of;
    }
    quote!(::plinth::orm::ColumnMeta { #(#settings,)* ..#of })
}

/// A number without its type's suffix.
pub(super) fn number(number: usize) -> LitInt {
    LitInt::new(&number.to_string(), proc_macro2::Span::call_site())
}
