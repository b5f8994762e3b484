//! A handler's signature, checked against its path in both directions.

use syn::{ItemFn, LitStr, Signature};

use super::Method;
use super::argument::Argument;
use super::remedy;
use super::template::Template;

/// A function that can serve a route.
#[derive(Debug)]
pub(crate) struct Handler {
    pub(crate) method: Method,
    pub(crate) path: LitStr,
    pub(crate) arguments: Vec<Argument>,
}

impl Handler {
    /// Checks everything, and reports all that is wrong at once.
    pub(crate) fn parse(method: Method, path: &LitStr, item: &ItemFn) -> syn::Result<Handler> {
        let template = Template::parse(&path.value())
            .map_err(|message| syn::Error::new(path.span(), message))?;
        let mut errors = Errors(None);
        errors.take(check_signature(&item.sig));
        let mut arguments = Vec::new();
        for input in &item.sig.inputs {
            arguments.extend(errors.take(Argument::parse(input, &template)));
        }
        errors.take(check_parameters(&template, &item.sig, path));
        match errors.0 {
            None => Ok(Handler {
                method,
                path: path.clone(),
                arguments,
            }),
            Some(error) => Err(remedy::with_right_signature(error, method, path, &item.sig)),
        }
    }
}

fn check_signature(signature: &Signature) -> syn::Result<()> {
    let mut errors = Errors(None);
    if let Some(token) = &signature.asyncness {
        let why = "a handler is not async: the host serves other requests while it waits";
        errors.push(syn::Error::new_spanned(token, why));
    }
    if let Some(token) = &signature.unsafety {
        errors.push(syn::Error::new_spanned(token, "a handler is not unsafe"));
    }
    if let Some(token) = &signature.abi {
        errors.push(syn::Error::new_spanned(
            token,
            "a handler is a Rust function",
        ));
    }
    if !signature.generics.params.is_empty() {
        let why = "a handler is not generic: the host calls it with one set of types";
        errors.push(syn::Error::new_spanned(&signature.generics, why));
    }
    errors.0.map_or(Ok(()), Err)
}

/// Every parameter of the path needs an argument; one without a name for it
/// would be lost silently.
fn check_parameters(template: &Template, signature: &Signature, path: &LitStr) -> syn::Result<()> {
    let names = remedy::argument_names(signature);
    let mut errors = Errors(None);
    for parameter in template.parameters.iter().filter(|p| !names.contains(p)) {
        let message = format!("the handler has no argument for `{{{parameter}}}`");
        errors.push(syn::Error::new(path.span(), message));
    }
    errors.0.map_or(Ok(()), Err)
}

/// Errors so far.
struct Errors(Option<syn::Error>);

impl Errors {
    fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }
}
