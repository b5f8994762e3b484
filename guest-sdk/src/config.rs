//! Settings the operator gives this plugin, in `plinth.toml` under
//! `[plugins.<name>.config]`.
//!
//! In a unit test, away from a host, nothing is set.

use serde::de::{self, DeserializeOwned, IntoDeserializer, value};

use crate::Result;
use crate::http::{Problem, inexact_number};

/// The value under a key: text as it is, any other TOML value as JSON.
///
/// ```
/// use plinth::config;
///
/// let greeting = config::get("greeting").unwrap_or_else(|| "Hello".to_owned());
/// assert_eq!(greeting, "Hello");
/// ```
#[must_use]
pub fn get(key: &str) -> Option<String> {
    host::get(key)
}

/// The value under a key as a type that serde reads: a number, a list, a
/// struct.
///
/// ```
/// use plinth::config;
///
/// # fn main() -> plinth::Result<()> {
/// let page_size: u32 = config::parse("page_size")?.unwrap_or(20);
/// assert_eq!(page_size, 20);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// A value of another type; the log says which key and what is wrong with it,
/// the client only that there was an internal error.
pub fn parse<T: DeserializeOwned>(key: &str) -> Result<Option<T>> {
    let Some(value) = get(key) else {
        return Ok(None);
    };
    read(&value).map(Some).map_err(|error| {
        Problem::internal(format_args!("the setting `{key}` is not usable: {error}")).into()
    })
}

// Text comes without quotes, so what is not text gets its turn second.
fn read<T: DeserializeOwned>(value: &str) -> serde_json::Result<T> {
    let text: value::StrDeserializer<'_, value::Error> = value.into_deserializer();
    T::deserialize(text).or_else(|_| match inexact_number(value.as_bytes()) {
        None => serde_json::from_str(value),
        Some(number) => Err(de::Error::custom(format_args!(
            "{} is neither an `i64`, a `u64` nor an `f64`",
            number.text
        ))),
    })
}

#[cfg(target_family = "wasm")]
use crate::bindings::plinth::host::config as host;

#[cfg(not(target_family = "wasm"))]
mod host {
    pub(super) fn get(_key: &str) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_whatever_it_looks_like() {
        assert_eq!(read::<String>("20").unwrap(), "20");
        assert_eq!(read::<String>("\"20\"").unwrap(), "\"20\"");
    }

    #[test]
    fn other_values_are_json() {
        assert_eq!(read::<u32>("20").unwrap(), 20);
        assert!(read::<bool>("true").unwrap());
        assert_eq!(read::<Vec<String>>(r#"["a","b"]"#).unwrap(), ["a", "b"]);
        assert!(read::<u32>("twenty").is_err());
        assert_eq!(read::<f64>("0.1").unwrap(), 0.1);
        let error = read::<Vec<f64>>("[0.12345678901234567890]").unwrap_err();
        assert!(
            error.to_string().starts_with("0.12345678901234567890 is"),
            "{error}"
        );
    }
}
