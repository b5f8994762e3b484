//! Single-table inheritance: models that share a table.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{LitStr, Path};

use super::Model;
use super::attributes::Sharing;

impl Model {
    /// What the description of the table says of it.
    pub(super) fn expand_sharing(&self) -> Option<TokenStream> {
        Some(match self.sharing.as_ref()? {
            Sharing::Parent(column, _) => {
                quote!(discriminator: ::core::option::Option::Some(#column),)
            }
            Sharing::Variant(parent, value) => quote! {
                variant: ::core::option::Option::Some(::plinth::orm::VariantMeta {
                    parent: <#parent as ::plinth::orm::Model>::META,
                    value: #value,
                }),
            },
        })
    }

    /// Constants that do not compile when the models do not fit together.
    pub(super) fn expand_sharing_checks(&self) -> Option<TokenStream> {
        Some(match self.sharing.as_ref()? {
            Sharing::Parent(column, span) => {
                let ty = &self.fields[*column].ty;
                quote_spanned! {*span=>
                    const _: () = ::core::assert!(
                        <#ty as ::plinth::database::ColumnType>::SQL.oid
                            == <::std::string::String as ::plinth::database::ColumnType>::SQL.oid,
                        "the discriminator is a column of text or of choices"
                    );
                }
            }
            Sharing::Variant(parent, value) => self.expand_variant_checks(parent, value),
        })
    }

    fn expand_variant_checks(&self, parent: &Path, value: &LitStr) -> TokenStream {
        let name = &self.name;
        let columns = self.fields.iter().enumerate().map(|(index, field)| {
            let message = format!(
                "`{}.{}` has another type or range than the column `{}` of the parent, \
                 or only one of them is `generated`",
                self.name, field.name, field.column
            );
            quote_spanned! {field.ty.span()=>
                const _: () = ::core::assert!(
                    ::plinth::orm::variant_column_fits(
                        <#parent as ::plinth::orm::Model>::META,
                        &<#name as ::plinth::orm::Model>::META.columns[#index],
                    ),
                    #message
                );
            }
        });
        quote_spanned! {value.span()=>
            const _: () = match ::plinth::orm::variant_mistake(
                <#name as ::plinth::orm::Model>::META,
            ) {
                ::core::option::Option::Some(message) => ::core::panic!("{}", message),
                ::core::option::Option::None => (),
            };
            #(#columns)*
        }
    }
}
