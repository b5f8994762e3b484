//! The database a model is in.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::Model;
use super::attributes::Sharing;

impl Model {
    /// What the description of the table, and of those between it and others,
    /// says of its database.
    pub(super) fn expand_database(&self) -> Option<TokenStream> {
        if let Some(Sharing::Variant(parent, _)) = &self.sharing {
            return Some(quote!(database: <#parent as ::plinth::orm::Model>::META.database,));
        }
        let database = self.database.as_ref()?;
        Some(quote!(database: ::core::option::Option::Some(#database),))
    }

    /// Constants that do not compile when a foreign key leads to another
    /// database.
    pub(super) fn expand_database_checks(&self) -> impl Iterator<Item = TokenStream> {
        let targets = self.relations().filter_map(|(_, field)| {
            let target = field.relation.as_ref()?;
            Some(self.expand_database_check(&field.name.to_string(), target))
        });
        targets.chain(
            self.tied_models()
                .map(|(name, target)| self.expand_database_check(&name.to_string(), target)),
        )
    }

    fn expand_database_check(&self, field: &str, target: &Type) -> TokenStream {
        let name = &self.name;
        let message = format!(
            "`{name}.{field}` leads to a model of another database, where Postgres cannot follow: \
             keep its key in a plain column, and read the row with a query of its own"
        );
        quote_spanned! {target.span()=>
            const _: () = ::core::assert!(
                ::plinth::orm::is_one_database(
                    <#name as ::plinth::orm::Model>::META,
                    <#target as ::plinth::orm::Model>::META,
                ),
                #message
            );
        }
    }
}
