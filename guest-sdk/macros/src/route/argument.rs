//! One argument of a handler.

use syn::ext::IdentExt;
use syn::{FnArg, Pat, PatType, Type};

use super::template::Template;

/// Where an argument's value comes from.
#[derive(Debug)]
pub(crate) enum Argument {
    /// The path parameter of this number in the template.
    Parameter { index: usize, ty: Type },
    /// Whatever the type reads from the request.
    Extracted { ty: Type },
}

impl Argument {
    /// Sorts an argument by its name and type.
    pub(crate) fn parse(argument: &FnArg, template: &Template) -> syn::Result<Argument> {
        let FnArg::Typed(PatType { pat, ty, .. }) = argument else {
            return Err(error(argument, "a handler is a function, not a method"));
        };
        let ty = (**ty).clone();
        let name = name(pat);
        check_type(&ty)?;
        let index = |name| template.parameters.iter().position(|p| p == name);
        match name.as_deref().and_then(index) {
            Some(index) => Ok(Argument::Parameter { index, ty }),
            None if is_plain(&ty) => Err(error(argument, &not_in_path(name.as_deref()))),
            None => Ok(Argument::Extracted { ty }),
        }
    }
}

/// The name of an argument, if it is not taken apart by a pattern.
pub(crate) fn name(pattern: &Pat) -> Option<String> {
    match pattern {
        Pat::Ident(pattern) => Some(pattern.ident.unraw().to_string()),
        _ => None,
    }
}

/// Whether the type is one that only a path gives.
pub(crate) fn is_plain(ty: &Type) -> bool {
    const PLAIN: [&str; 13] = [
        "String", "bool", "Uuid", "i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64",
        "usize",
    ];
    let Type::Path(path) = ty else {
        return false;
    };
    let last = path.path.segments.last();
    last.is_some_and(|last| PLAIN.iter().any(|plain| last.ident == plain))
}

fn check_type(ty: &Type) -> syn::Result<()> {
    match ty {
        Type::Reference(_) => Err(error(ty, "a handler owns its arguments")),
        Type::ImplTrait(_) => Err(error(ty, "an argument needs a type of its own")),
        _ => Ok(()),
    }
}

fn not_in_path(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("the path has no `{{{name}}}`"),
        None => "this is a path parameter without a name".to_owned(),
    }
}

fn error(tokens: &impl quote::ToTokens, message: &str) -> syn::Error {
    syn::Error::new_spanned(tokens, message)
}
