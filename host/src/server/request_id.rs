//! The identifier that ties a request's answer to its lines in the log.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};

/// The header that carries it, in and out.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// A longer one is a client's attempt at something else.
const LENGTH_MAX: usize = 128;

/// The client's identifier if it is harmless in a log, or a new one.
pub(crate) fn request_id(headers: &HeaderMap) -> Arc<str> {
    let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
    match given.filter(|id| is_harmless(id)) {
        Some(id) => id.into(),
        None => Arc::from(&*uuid::Uuid::now_v7().hyphenated().encode_lower(&mut [0; 36])),
    }
}

fn is_harmless(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    !id.is_empty() && id.len() <= LENGTH_MAX && id.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Arc<str> {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, value.parse().expect("a header value"));
        request_id(&headers)
    }

    #[test]
    fn a_plain_identifier_is_kept() {
        assert_eq!(&*of("trace-1.2:3_x"), "trace-1.2:3_x");
    }

    #[test]
    fn anything_else_is_replaced() {
        for id in ["", "a b", "<script>", &"x".repeat(129)] {
            assert_eq!(of(id).len(), 36, "{id}");
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
