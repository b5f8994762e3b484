//! What a request must be before anything else looks at it: for one authority,
//! and with an end that all who read it agree on.
//!
//! Where two servers differ in what they take for a request's end or its host,
//! one of them can be made to answer for the other.

use http::header::{HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::Authority;
use http::{Method, Version};

use crate::problem::Problem;

/// Checks a request and has its `host` header tell the one authority that it is
/// for, whichever way it came.
///
/// # Errors
///
/// What the client is told. Its connection is closed then, where it is HTTP/1.
pub(super) fn check(head: &mut Parts) -> Result<(), Problem> {
    check_end(head)?;
    if head.version == Version::HTTP_2 {
        check_values(&head.headers)?;
    }
    let asterisk = head.uri.path() == "*";
    if asterisk && head.method != Method::OPTIONS {
        return Err(Problem::malformed_request(
            "Only OPTIONS asks about all paths.",
        ));
    }
    match authority(head)? {
        Some(authority) => drop(head.headers.insert(HOST, authority)),
        // HTTP/1.0 has none.
        None => drop(head.headers.remove(HOST)),
    }
    Ok(())
}

/// RFC 9112, section 6.1: the last coding must be `chunked`, and it is the only
/// one that is undone here. A Content-Length beside it hyper has ignored and taken
/// away, as section 6.3 allows.
fn check_end(head: &Parts) -> Result<(), Problem> {
    let mut codings = head.headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return Ok(());
    };
    if head.version != Version::HTTP_11 {
        let detail = "Only HTTP/1.1 has Transfer-Encoding.";
        return Err(Problem::malformed_request(detail));
    }
    let is_chunked = |text: &str| text.trim().eq_ignore_ascii_case("chunked");
    let text = coding.to_str().unwrap_or_default();
    if is_chunked(text) && codings.next().is_none() {
        return Ok(());
    }
    let all = head.headers.get_all(TRANSFER_ENCODING).iter();
    let all = all.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    if all.filter(|coding| is_chunked(coding)).count() == 1 {
        return Err(Problem::unknown_coding());
    }
    let detail = "Transfer-Encoding must be chunked, once.";
    Err(Problem::malformed_request(detail))
}

/// RFC 9113, section 8.2.1: white space around a value makes a request malformed.
fn check_values(headers: &HeaderMap) -> Result<(), Problem> {
    let is_padded = |value: &HeaderValue| {
        let bytes = value.as_bytes();
        bytes.trim_ascii().len() != bytes.len()
    };
    if headers.values().any(is_padded) {
        let detail = "The value of a header begins or ends with white space.";
        return Err(Problem::malformed_request(detail));
    }
    Ok(())
}

/// RFC 9112, sections 3.2 and 3.3, and RFC 9113, section 8.3.1: the target's
/// authority stands above the `Host` header, of which there is exactly one.
fn authority(head: &Parts) -> Result<Option<HeaderValue>, Problem> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(Problem::malformed_request("There is more than one Host."));
    }
    if let Some(host) = host
        && !is_authority(host.as_bytes())
    {
        return Err(Problem::malformed_request("Host names no host."));
    }
    let target = head.uri.authority().map(Authority::as_str);
    if target.is_some_and(|target| !is_authority(target.as_bytes())) {
        return Err(Problem::malformed_request("The target names no host."));
    }
    match (head.version, target, host) {
        (Version::HTTP_2, Some(target), Some(host))
            if !host.as_bytes().eq_ignore_ascii_case(target.as_bytes()) =>
        {
            Err(Problem::malformed_request(":authority and Host differ."))
        }
        (Version::HTTP_11, _, None) => Err(Problem::malformed_request("There is no Host.")),
        (_, Some(target), _) => {
            let value = HeaderValue::from_str(target);
            value
                .map(Some)
                .map_err(|_| Problem::malformed_request("The target names no host."))
        }
        (_, None, Some(host)) => Ok(Some(host.clone())),
        (Version::HTTP_10 | Version::HTTP_09, None, None) => Ok(None),
        (_, None, None) => Err(Problem::malformed_request("There is no :authority.")),
    }
}

/// A host with a port or without, and nobody's name before it.
fn is_authority(text: &[u8]) -> bool {
    let Ok(authority) = Authority::try_from(text) else {
        return false;
    };
    let host = authority.host();
    let is_named = !host.is_empty() && !text.contains(&b'@');
    let rest = authority.as_str().strip_prefix(host).unwrap_or_default();
    let is_port = |port: &str| port.is_empty() || port.parse::<u16>().is_ok();
    is_named && rest.strip_prefix(':').map_or(rest.is_empty(), is_port)
}

/// Reads any bytes as the values of the headers that are looked at here: see
/// [`crate::parsers`].
pub(crate) fn check_bytes(bytes: &[u8]) {
    let (host, coding) = bytes.split_at(bytes.len() / 2);
    for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
        let (mut head, ()) = http::Request::new(()).into_parts();
        head.version = version;
        for (name, value) in [(HOST, host), (TRANSFER_ENCODING, coding)] {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                head.headers.append(name, value);
            }
        }
        if check(&mut head).is_ok() {
            let hosts = head.headers.get_all(HOST).iter().count();
            assert!(hosts == 1 || version == Version::HTTP_10 && hosts == 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn checked(
        version: Version,
        uri: &str,
        headers: &[(&str, &str)],
    ) -> Result<Option<String>, u16> {
        let mut request = Request::get(uri).version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut head, ()) = request.body(()).expect("a request").into_parts();
        check(&mut head).map_err(|problem| problem.status().as_u16())?;
        let host = head.headers.get(HOST);
        Ok(host.map(|host| host.to_str().expect("text").to_owned()))
    }

    const H1: Version = Version::HTTP_11;
    const H2: Version = Version::HTTP_2;

    #[test]
    fn there_is_one_authority() {
        let shop = || Ok(Some("shop.example".to_owned()));
        for (version, uri, headers, expected) in [
            (H1, "/", &[("host", "shop.example")][..], shop()),
            (
                H1,
                "http://shop.example/",
                &[("host", "shop.example")],
                shop(),
            ),
            // The target rules.
            (
                H1,
                "http://shop.example/",
                &[("host", "other.example")],
                shop(),
            ),
            (H1, "http://shop.example/", &[], Err(400)),
            (H1, "/", &[], Err(400)),
            (H1, "/", &[("host", "a"), ("host", "a")], Err(400)),
            (H1, "/", &[("host", "")], Err(400)),
            (H1, "/", &[("host", "a b")], Err(400)),
            (H1, "/", &[("host", "a/b")], Err(400)),
            (H1, "/", &[("host", "user@a")], Err(400)),
            (H1, "/", &[("host", "a:port")], Err(400)),
            (H1, "/", &[("host", "a:99999")], Err(400)),
            (H1, "/", &[("host", "a, b")], Err(400)),
            (
                H1,
                "/",
                &[("host", "[::1]:80")],
                Ok(Some("[::1]:80".into())),
            ),
            (H2, "http://shop.example/", &[], shop()),
            (
                H2,
                "http://shop.example/",
                &[("host", "SHOP.example")],
                shop(),
            ),
            (
                H2,
                "http://shop.example/",
                &[("host", "other.example")],
                Err(400),
            ),
            (H2, "/", &[("host", "shop.example")], shop()),
            (H2, "/", &[], Err(400)),
            (H2, "http://user@shop.example/", &[], Err(400)),
            (Version::HTTP_10, "/", &[], Ok(None)),
            (Version::HTTP_10, "/", &[("host", "shop.example")], shop()),
        ] {
            assert_eq!(
                checked(version, uri, headers),
                expected,
                "{version:?} {uri} {headers:?}"
            );
        }
    }

    #[test]
    fn a_body_has_one_end() {
        let with = |version, headers: &[(&str, &str)]| {
            let all = [&[("host", "a")], headers].concat();
            checked(version, "/", &all).map(drop)
        };
        assert_eq!(with(H1, &[("transfer-encoding", "chunked")]), Ok(()));
        assert_eq!(with(H1, &[("transfer-encoding", "Chunked ")]), Ok(()));
        for coding in ["gzip", "chunked, chunked", "", "chunked,", "xchunked"] {
            let refused = with(H1, &[("transfer-encoding", coding)]);
            assert!(matches!(refused, Err(400 | 501)), "{coding}");
        }
        assert_eq!(
            with(H1, &[("transfer-encoding", "gzip, chunked")]),
            Err(501)
        );
        let twice = [
            ("transfer-encoding", "chunked"),
            ("transfer-encoding", "chunked"),
        ];
        assert_eq!(with(H1, &twice), Err(400));
        for version in [Version::HTTP_10, H2] {
            assert_eq!(with(version, &[("transfer-encoding", "chunked")]), Err(400));
        }
    }

    #[test]
    fn values_have_no_padding_on_http_2() {
        for value in [" a", "a ", "\ta", "a\t"] {
            let headers = [("host", "a"), ("x-a", value)];
            assert_eq!(checked(H2, "/", &headers), Err(400), "{value:?}");
        }
        let inside = [("host", "a"), ("x-a", "a b")];
        assert_eq!(checked(H2, "/", &inside), Ok(Some("a".into())));
    }

    #[test]
    fn only_options_asks_about_everything() {
        assert_eq!(checked(H1, "*", &[("host", "a")]), Err(400));
    }
}
