use proc_macro2::Ident;
use syn::ext::IdentExt;

/// How long a name in Postgres can be.
const NAME_BYTES_MAX: usize = 63;

/// An identifier as it is in Postgres: `r#type` is `type`.
pub(crate) fn plain(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// `OnHold` as `on_hold`.
pub(crate) fn snake_case(ident: &Ident) -> String {
    let mut text = String::new();
    for character in plain(ident).chars() {
        if character.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(character.to_lowercase());
    }
    text
}

/// Whether a table or column can have this name. Postgres takes more, quoted;
/// names that need no thought in SQL by hand are worth the limit.
pub(crate) fn is_sql_name(name: &str) -> bool {
    let mut characters = name.chars();
    let starts_well = characters
        .next()
        .is_some_and(|c| c == '_' || c.is_ascii_lowercase());
    starts_well
        && characters.all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.len() <= NAME_BYTES_MAX
}
