//! The type of `Book::author()`: the columns of a model over a relation to it.

use proc_macro2::TokenStream;
use quote::quote;

use super::Model;
use super::expand::number;
use super::field::Field;

impl Model {
    pub(super) fn expand_path(&self) -> TokenStream {
        let (name, visibility) = (self.path_name(), &self.visibility);
        let columns = self
            .fields
            .iter()
            .enumerate()
            .map(|(index, field)| column(index, field));
        let relations = self
            .relations()
            .enumerate()
            .map(|(i, (_, field))| relation(i, field));
        let to_many = self.to_many_over_path();
        let summary = format!(
            "The columns of [`{}`] over a relation of `Root` to it.",
            self.name
        );
        quote! {
            #[doc = #summary]
            #[derive(Debug)]
            #visibility struct #name<Root>(::plinth::orm::Hop<Root>);

            impl<Root: 'static> #name<Root> {
                #(#columns)*
                #(#relations)*
                #(#to_many)*
            }

            impl<Root: 'static> ::plinth::orm::Relation<Root> for #name<Root> {
                fn at(path: ::plinth::orm::RelationPath) -> Self {
                    Self(::plinth::orm::Hop::new(path))
                }

                fn path(self) -> ::plinth::orm::RelationPath {
                    self.0.path()
                }
            }

            impl<Root> ::core::clone::Clone for #name<Root> {
                fn clone(&self) -> Self {
                    *self
                }
            }

            impl<Root> ::core::marker::Copy for #name<Root> {}
        }
    }
}

fn column(index: usize, field: &Field) -> TokenStream {
    let (name, visibility, ty) = (field.constant(), &field.visibility, field.column_type());
    let documentation = &field.documentation;
    let summary = format!("The column `{}`.", field.column);
    let index = number(index);
    quote! {
        #[doc = #summary]
        #[doc = ""]
        #(#documentation)*
        #[must_use]
        #visibility fn #name(self) -> ::plinth::orm::Column<Root, #ty> {
            self.0.column(#index)
        }
    }
}

fn relation(index: usize, field: &Field) -> TokenStream {
    let (name, visibility, target) = (&field.name, &field.visibility, &field.relation);
    let summary = format!("The row that `{name}` points to, for its columns and relations.");
    let index = number(index);
    quote! {
        #[doc = #summary]
        #[must_use]
        #visibility fn #name(self) -> <#target as ::plinth::orm::Model>::Path<Root> {
            self.0.relation::<#target>(#index)
        }
    }
}
