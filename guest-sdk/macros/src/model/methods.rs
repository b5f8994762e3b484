//! The functions and methods of a model.

use proc_macro2::TokenStream;
use quote::quote;

use super::Model;

impl Model {
    pub(super) fn expand_methods(&self) -> TokenStream {
        let (name, visibility) = (&self.name, &self.visibility);
        let summary = format!("All rows of `{}`, to be filtered and ordered.", self.table);
        let changes = match self.attributes.append_only {
            Some(_) => None,
            None => Some(self.expand_changes()),
        };
        let hard_delete = self.soft_delete.map(|_| self.expand_hard_delete());
        quote! {
            impl #name {
                #[doc = #summary]
                #visibility fn objects() -> ::plinth::orm::QuerySet<Self> {
                    ::plinth::orm::QuerySet::new()
                }

                /// Reads this row again.
                ///
                /// # Errors
                ///
                /// `is_not_found` when it is gone, and when the statement fails.
                #visibility fn refresh(&mut self, db: &::plinth::Db) -> ::plinth::Result<()> {
                    ::plinth::orm::refresh(self, db)
                }

                #changes
                #hard_delete
            }
        }
    }

    fn expand_changes(&self) -> TokenStream {
        let visibility = &self.visibility;
        quote! {
            /// Deletes this row.
            ///
            /// # Errors
            ///
            /// `is_not_found` when it is gone already, and when the
            /// statement fails, such as because others refer to it.
            #visibility fn delete(&self, db: &::plinth::Db) -> ::plinth::Result<()> {
                ::plinth::orm::delete(self, db)
            }

            /// Begins to change this row; `save` writes what was changed.
            #visibility fn edit(self) -> ::plinth::orm::Edit<Self> {
                ::plinth::orm::Edit::new(self)
            }
        }
    }

    fn expand_hard_delete(&self) -> TokenStream {
        let visibility = &self.visibility;
        quote! {
            /// Removes this row from the table, deleted or not.
            ///
            /// # Errors
            ///
            /// As `delete`.
            #visibility fn hard_delete(&self, db: &::plinth::Db) -> ::plinth::Result<()> {
                ::plinth::orm::hard_delete(self, db)
            }
        }
    }
}
