//! Values from the path.

use uuid::Uuid;

use crate::bindings::exports::plinth::host::handler::ParameterKind;

/// A type that a path parameter can have.
///
/// The host answers 404 to a path whose parameter does not look like its
/// [`KIND`](FromParameter::KIND), without waking the plugin; a value that has
/// the look but does not fit the type (`300` for a `u8`) is a 404 too.
///
/// ```
/// use plinth::http::FromParameter;
///
/// assert_eq!(u8::from_parameter("200".to_owned()), Some(200));
/// assert_eq!(u8::from_parameter("300".to_owned()), None);
/// ```
///
/// Types of one's own are text to the host:
///
/// ```
/// use plinth::http::FromParameter;
///
/// enum Shelf {
///     New,
///     Used,
/// }
///
/// impl FromParameter for Shelf {
///     fn from_parameter(text: String) -> Option<Shelf> {
///         match text.as_str() {
///             "new" => Some(Shelf::New),
///             "used" => Some(Shelf::Used),
///             _ => None,
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a path parameter",
    label = "a path does not give one of these",
    note = "path parameters are `String`, integers, `bool`, `Uuid`, an enum with `#[derive(Choices)]`, or a type that implements `FromParameter`"
)]
pub trait FromParameter: Sized {
    /// What the host checks before it calls the plugin.
    const KIND: ParameterKind = ParameterKind::Text;

    /// Reads the percent-decoded text; `None` answers 404.
    fn from_parameter(text: String) -> Option<Self>;
}

impl FromParameter for String {
    fn from_parameter(text: String) -> Option<String> {
        Some(text)
    }
}

macro_rules! parsed {
    ($($type:ty: $kind:ident),*) => {$(
        impl FromParameter for $type {
            const KIND: ParameterKind = ParameterKind::$kind;

            fn from_parameter(text: String) -> Option<$type> {
                text.parse().ok()
            }
        }
    )*};
}

// A u64 can be beyond what the host takes for an integer.
parsed!(
    i8: Integer, i16: Integer, i32: Integer, i64: Integer,
    u8: Integer, u16: Integer, u32: Integer,
    u64: Text, bool: Text, Uuid: Uuid
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_does_not_fit_is_none() {
        assert_eq!(i32::from_parameter("2147483647".into()), Some(i32::MAX));
        assert_eq!(i32::from_parameter("2147483648".into()), None);
        assert_eq!(u32::from_parameter("-1".into()), None);
        assert_eq!(bool::from_parameter("yes".into()), None);
    }

    #[test]
    fn an_integer_may_have_a_sign() {
        assert_eq!(i64::from_parameter("+7".into()), Some(7));
        assert_eq!(i64::from_parameter("-7".into()), Some(-7));
    }

    #[test]
    fn a_uuid_is_read() {
        let text = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        assert_eq!(Uuid::from_parameter(text.into()).unwrap().to_string(), text);
    }
}
