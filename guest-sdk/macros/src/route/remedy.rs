//! What a wrong handler should look like.

use quote::ToTokens;
use syn::{FnArg, LitStr, Pat, Signature, Type, parse_quote};

use super::Method;
use super::argument::{is_plain, name};
use super::template::Template;

/// Adds to the last of the errors how the attribute and the signature should
/// read.
pub(crate) fn with_right_signature(
    errors: syn::Error,
    method: Method,
    path: &LitStr,
    signature: &Signature,
) -> syn::Error {
    let right = Right::of(&path.value(), signature).to_string(method, signature);
    let mut errors: Vec<_> = errors.into_iter().collect();
    let last = errors.pop().expect("an error holds at least one message");
    errors.push(syn::Error::new(
        last.span(),
        format!("{last}; it should read\n\n{right}"),
    ));
    let mut errors = errors.into_iter();
    let first = errors.next().expect("there is the last one at least");
    errors.fold(first, |mut all, error| {
        all.combine(error);
        all
    })
}

/// The names of the arguments that have one.
pub(crate) fn argument_names(signature: &Signature) -> Vec<String> {
    arguments(signature)
        .filter_map(|(pat, _)| name(pat))
        .collect()
}

/// A path and arguments that fit each other.
struct Right {
    path: String,
    arguments: Vec<String>,
}

impl Right {
    fn of(path: &str, signature: &Signature) -> Right {
        let template = Template::parse(path).expect("the template has been parsed before");
        let names = argument_names(signature);
        let mut lonely = template.parameters;
        lonely.retain(|parameter| !names.contains(parameter));
        let mut right = Right {
            path: path.to_owned(),
            arguments: Vec::new(),
        };
        for (pat, ty) in arguments(signature) {
            right.push(pat, &owned(ty), &mut lonely);
        }
        let added = lonely
            .iter()
            .map(|parameter| format!("{parameter}: String"));
        right.arguments.splice(0..0, added);
        right
    }

    /// Keeps an argument. One that only a path can give, and that the path does
    /// not, takes the name of a lonely parameter or gets a segment of its own.
    fn push(&mut self, pat: &Pat, ty: &Type, lonely: &mut Vec<String>) {
        let mut argument = text(pat);
        if let Some(name) = name(pat).filter(|name| is_plain(ty) && !self.has(name)) {
            if lonely.is_empty() {
                self.path = format!("{}/{{{name}}}", self.path.trim_end_matches('/'));
            } else {
                argument = lonely.remove(0);
            }
        }
        self.arguments.push(format!("{argument}: {}", text(ty)));
    }

    fn has(&self, name: &str) -> bool {
        let parameter = [format!("{{{name}}}"), format!("{{*{name}}}")];
        self.path
            .split('/')
            .any(|segment| parameter.iter().any(|p| p == segment))
    }

    fn to_string(&self, method: Method, signature: &Signature) -> String {
        let mut output = text(&signature.output);
        if !output.is_empty() {
            output.insert(0, ' ');
        }
        format!(
            "    #[{}(\"{}\")]\n    fn {}({}){output}",
            method.attribute(),
            self.path,
            signature.ident,
            self.arguments.join(", "),
        )
    }
}

fn arguments(signature: &Signature) -> impl Iterator<Item = (&Pat, &Type)> {
    signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(argument) => Some((&*argument.pat, &*argument.ty)),
        FnArg::Receiver(_) => None,
    })
}

/// The type without its reference; `&str` owned is `String`.
fn owned(ty: &Type) -> Type {
    let Type::Reference(reference) = ty else {
        return ty.clone();
    };
    match &*reference.elem {
        Type::Path(path) if path.path.is_ident("str") => parse_quote!(String),
        inner => inner.clone(),
    }
}

/// Tokens as a person would write them.
fn text(tokens: &impl ToTokens) -> String {
    const TIGHTER: [(&str, &str); 11] = [
        (" :: ", "::"),
        (" < ", "<"),
        (" >", ">"),
        (" ,", ","),
        (" ;", ";"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        ("& ", "&"),
        ("->", "-> "),
        ("->  ", "-> "),
    ];
    let text = tokens.to_token_stream().to_string();
    TIGHTER
        .iter()
        .fold(text, |text, (spaced, tight)| text.replace(spaced, tight))
}
