//! Names as Postgres takes them, and those that are generated.

/// How many bytes of a name Postgres keeps.
const NAME_BYTES_MAX: usize = 63;

/// The name of a constraint or index, of the table's, the columns' and a last
/// word: `books_isbn_key`.
///
/// One that Postgres would cut off ends in a hash instead, so that two long
/// names which begin alike stay two.
pub(crate) fn plain(words: &[&str]) -> String {
    let name = words.join("_");
    if name.len() <= NAME_BYTES_MAX {
        return name;
    }
    let hash = hash(&name);
    with_hash(words, hash)
}

/// The name where the plain one is another's too. Each round has another, for
/// two that are still the same.
pub(crate) fn hashed(words: &[&str], round: usize) -> String {
    // No name in Postgres has a NUL, so that `a_b` and `c` are not `a` and `b_c`.
    let key = words.join("\0") + &"\0".repeat(round);
    with_hash(words, hash(&key))
}

/// Whether a constraint's name is one that is generated for a column.
pub(crate) fn is_of_column(name: &str, table: &str, column: &str, suffix: &str) -> bool {
    let words = [table, column, suffix];
    plain(&words) == name || (0..ROUNDS).any(|round| hashed(&words, round) == name)
}

/// More than two names ever need.
const ROUNDS: usize = 3;

fn with_hash(words: &[&str], hash: u32) -> String {
    let (suffix, words) = words.split_last().unwrap_or((&"", &[]));
    let ending = format!("_{hash:08x}_{suffix}");
    let stem = words.join("_");
    format!("{}{ending}", cut(&stem, NAME_BYTES_MAX - ending.len()))
}

fn cut(text: &str, mut bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    while !text.is_char_boundary(bytes) {
        bytes -= 1;
    }
    &text[..bytes]
}

/// A name as Postgres cuts it.
pub(super) fn cut_by_postgres(name: &str) -> &str {
    cut(name, NAME_BYTES_MAX)
}

/// FNV-1a: the same on every machine and in every version.
pub(super) fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// An identifier between double quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Identifiers, each quoted.
pub(super) fn list(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    names.join(", ")
}

/// A text between single quotes.
pub(super) fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_what_postgres_would_choose() {
        assert_eq!(plain(&["books", "a", "b", "key"]), "books_a_b_key");
    }

    #[test]
    fn long_names_stay_different_and_fit() {
        let table = "t".repeat(60);
        let (one, two) = (plain(&[&table, "a", "key"]), plain(&[&table, "b", "key"]));
        assert_ne!(one, two);
        assert_eq!(one.len(), NAME_BYTES_MAX);
        assert!(one.ends_with("_key"));
    }

    #[test]
    fn a_long_name_has_the_hash_that_it_always_had() {
        let table = "t".repeat(60);
        let name = plain(&[&table, "a", "key"]);
        assert_eq!(
            name,
            format!(
                "{}_{:08x}_key",
                "t".repeat(50),
                hash(&format!("{table}_a_key"))
            )
        );
    }

    #[test]
    fn words_that_join_alike_have_different_hashes() {
        let one = hashed(&["book", "review_author", "idx"], 0);
        assert_ne!(one, hashed(&["book_review", "author", "idx"], 0));
        assert_ne!(one, hashed(&["book", "review_author", "idx"], 1));
        assert!(
            one.starts_with("book_review_author_") && one.ends_with("_idx"),
            "{one}"
        );
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quoted(r#"a"b"#), r#""a""b""#);
        assert_eq!(quoted_text("it's"), "'it''s'");
    }
}
