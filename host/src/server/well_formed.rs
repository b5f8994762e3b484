//! What a request must be before anything else looks at it: for one authority,
//! and with an end that all who read it agree on.
//!
//! Where two servers differ in what they take for a request's end or its host,
//! one of them can be made to answer for the other.

use http::header::{HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use http::uri::Authority;
use http::{Method, Request, Version};
use http_body::Body;

use crate::problem::Problem;

/// Checks a request and has its `host` header tell the one authority that it is
/// for, whichever way it came.
///
/// # Errors
///
/// What the client is told. Its connection is closed then, where it is HTTP/1.
pub(super) fn check<B: Body>(request: &mut Request<B>) -> Result<(), Problem> {
    // Without a body there is no coding that matters.
    if !request.body().is_end_stream() {
        check_end(request)?;
    }
    if request.version() == Version::HTTP_2 {
        check_values(request.headers())?;
    }
    let asterisk = request.uri().path() == "*";
    if asterisk && request.method() != Method::OPTIONS {
        let detail = "Only OPTIONS asks about all paths.";
        return Err(Problem::malformed_request(detail));
    }
    if let Some(authority) = authority(request)? {
        request.headers_mut().insert(HOST, authority);
    }
    Ok(())
}

/// RFC 9112, section 6.1: the last coding must be `chunked`, and it is the only
/// one that is undone here. A Content-Length beside it hyper has ignored and taken
/// away, as section 6.3 allows.
fn check_end<B>(request: &Request<B>) -> Result<(), Problem> {
    let mut codings = request.headers().get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return Ok(());
    };
    if request.version() != Version::HTTP_11 {
        let detail = "Only HTTP/1.1 has Transfer-Encoding.";
        return Err(Problem::malformed_request(detail));
    }
    let is_chunked = |text: &str| text.trim().eq_ignore_ascii_case("chunked");
    let text = coding.to_str().unwrap_or_default();
    if is_chunked(text) && codings.next().is_none() {
        return Ok(());
    }
    let all = request.headers().get_all(TRANSFER_ENCODING).iter();
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
/// authority stands above the `Host` header, of which there is exactly one. Gives
/// what the header is to say instead.
fn authority<B>(request: &Request<B>) -> Result<Option<HeaderValue>, Problem> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(Problem::malformed_request("There is more than one Host."));
    }
    if host.is_some_and(|host| !is_authority(host.as_bytes())) {
        return Err(Problem::malformed_request("Host names no host."));
    }
    let target = request.uri().authority().map(Authority::as_str);
    if target.is_some_and(|target| !is_authority(target.as_bytes())) {
        let detail = "The target names no host.";
        return Err(Problem::malformed_request(detail));
    }
    match (request.version(), target, host) {
        (Version::HTTP_2, Some(target), Some(host))
            if !host.as_bytes().eq_ignore_ascii_case(target.as_bytes()) =>
        {
            Err(Problem::malformed_request(":authority and Host differ."))
        }
        (Version::HTTP_11, _, None) => Err(Problem::malformed_request("There is no Host.")),
        (_, Some(target), _) => {
            let value = HeaderValue::from_str(target).expect("a name, and a port at most");
            Ok(Some(value))
        }
        // HTTP/1.0 may have none.
        (_, None, Some(_)) | (Version::HTTP_10 | Version::HTTP_09, None, None) => Ok(None),
        (_, None, None) => Err(Problem::malformed_request("There is no :authority.")),
    }
}

/// A host with a port or without, and nobody's name before it.
fn is_authority(text: &[u8]) -> bool {
    // As nearly all are, which need not be taken apart.
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.".contains(byte);
    if !text.is_empty() && text.iter().all(is_plain) {
        return true;
    }
    let Ok(authority) = Authority::try_from(text) else {
        return false;
    };
    let host = authority.host();
    let is_named = !host.is_empty() && !text.contains(&b'@');
    let rest = authority.as_str().strip_prefix(host).unwrap_or_default();
    let is_port = |port: &str| port.is_empty() || port.parse::<u16>().is_ok();
    is_named && rest.strip_prefix(':').map_or(rest.is_empty(), is_port)
}

/// Stands for a body.
const WITH_BODY: &str = "a body";

/// Reads any bytes as the values of the headers that are looked at here: see
/// [`crate::parsers`].
pub(crate) fn check_bytes(bytes: &[u8]) {
    let (host, coding) = bytes.split_at(bytes.len() / 2);
    for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
        let mut request = Request::new(WITH_BODY.to_owned());
        *request.version_mut() = version;
        for (name, value) in [(HOST, host), (TRANSFER_ENCODING, coding)] {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                request.headers_mut().append(name, value);
            }
        }
        if check(&mut request).is_ok() {
            let hosts = request.headers().get_all(HOST).iter().count();
            assert!(hosts == 1 || version == Version::HTTP_10 && hosts == 0);
        }
    }
}

#[cfg(test)]
mod tests {
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
        let mut request = request.body(WITH_BODY.to_owned()).expect("a request");
        check(&mut request).map_err(|problem| problem.status().as_u16())?;
        let host = request.headers().get(HOST);
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
