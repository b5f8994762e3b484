//! Types of several values: composites, `hstore` and JSON of one shape.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::*;
use crate::database::{Composite, Hstore};
use crate::http::Json;

#[test]
fn composites_survive_field_by_field() {
    let value = Composite::new(&[&1_i32, &"a", &None::<i32>, &vec![1.5]]).unwrap();
    round_trip(&[Composite::default(), value.clone()]);
    assert_eq!(value.get::<i32>(0).unwrap(), 1);
    assert_eq!(value.get::<String>(1).unwrap(), "a");
    assert_eq!(value.get::<Option<i32>>(2).unwrap(), None);
    assert_eq!(value.get::<Vec<f64>>(3).unwrap(), [1.5]);
    for error in [
        value.get::<i32>(4).unwrap_err(),
        value.get::<i32>(1).unwrap_err(),
        value.get::<i32>(2).unwrap_err(),
    ] {
        assert!(error.to_string().starts_with("field "), "{error}");
    }
    assert!(Composite::new(&[&Hstore::default()]).is_err());
}

#[test]
fn a_composite_is_as_postgres_sends_it() {
    let value = Composite::new(&[&1_i32, &"a", &None::<i32>]).unwrap();
    assert_eq!(
        hex(&value),
        "0000000300000017000000040000000100000019000000016100000017ffffffff"
    );
    assert!(Composite::accepts(&Type::RECORD));
    assert!(<Vec<Composite>>::accepts(&Type::RECORD_ARRAY));
}

#[test]
fn a_hstore_is_as_postgres_sends_it() {
    let value: Hstore = [("a", Some("1")), ("b", None)].into_iter().collect();
    assert_eq!(
        hex(&value),
        "00000002000000016100000001310000000162ffffffff"
    );
    round_trip(&[Hstore::default(), value.clone()]);
    assert_eq!(
        serde_json::to_string(&value).unwrap(),
        r#"{"a":"1","b":null}"#
    );
}

#[test]
fn broken_composites_and_hstores_are_errors() {
    let composite = encoded(&Composite::new(&[&1_i32, &"a"]).unwrap()).unwrap();
    let hstore: Hstore = [("a", Some("1")), ("b", None)].into_iter().collect();
    let hstore = encoded(&hstore).unwrap();
    for length in 0..composite.len() {
        assert!(decoded::<Composite>(Some(&composite[..length])).is_err());
    }
    for length in 0..hstore.len() {
        assert!(decoded::<Hstore>(Some(&hstore[..length])).is_err());
    }
    // Counts that would allocate gigabytes, or none at all.
    for count in [i32::MAX, -1, i32::MIN] {
        let mut broken = composite.clone();
        broken[..4].copy_from_slice(&count.to_be_bytes());
        assert!(decoded::<Composite>(Some(&broken)).is_err());
        let mut broken = hstore.clone();
        broken[..4].copy_from_slice(&count.to_be_bytes());
        assert!(decoded::<Hstore>(Some(&broken)).is_err());
    }
    // NULL as a key.
    let null_key = [&1_i32.to_be_bytes()[..], &[255; 4], &[255; 4]].concat();
    assert!(decoded::<Hstore>(Some(&null_key)).is_err());
    for whole in [composite, hstore] {
        let mut longer = whole.clone();
        longer.push(0);
        assert!(decoded::<Composite>(Some(&longer)).is_err());
        assert!(decoded::<Hstore>(Some(&longer)).is_err());
    }
}

#[test]
fn arrays_of_types_that_are_not_built_in_are_not_sent() {
    let error = vec![Hstore::default()]
        .encode(&mut BytesMut::new())
        .unwrap_err();
    assert!(error.to_string().contains("`text[]`"), "{error}");
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Settings {
    theme: String,
    limits: BTreeMap<String, Option<u32>>,
}

#[test]
fn json_of_one_shape() {
    let settings = Settings {
        theme: "dark's \"\\é".into(),
        limits: [("a".into(), Some(u32::MAX)), ("b".into(), None)].into(),
    };
    round_trip_in_arrays(&[Json(settings.clone())]);
    round_trip_in_arrays(&[Json(None), Json(Some(1.5))]);
    let text = serde_json::to_string(&Json(settings.clone())).unwrap();
    assert_eq!(text, serde_json::to_string(&settings).unwrap());
    // A `json` has no version before its text.
    assert!(Json::<Settings>::accepts(&Type::JSON));
    let read = Json::<Settings>::decode(&Type::JSON, Some(text.as_bytes())).unwrap();
    assert_eq!(read.0, settings);
    for broken in [
        &b""[..],
        b"\x01",
        b"\x02{}",
        b"\x01{}",
        b"{}",
        b"\x01{\"theme\":7}",
    ] {
        assert!(
            decoded::<Json<Settings>>(Some(broken)).is_err(),
            "{broken:?}"
        );
    }
    // A key of JSON is a text.
    let unfit = Json(BTreeMap::from([(Some((1, 2)), 3)]));
    assert!(unfit.encode(&mut BytesMut::new()).is_err());
}

/// It reads none of the fields.
#[derive(Debug, Serialize, Deserialize)]
struct Nothing {}

#[test]
fn a_number_of_json_that_no_rust_number_holds_is_an_error() {
    for (json, is_read) in [
        (r#"{"n": 1.10, "m": [18446744073709551615, 1e23]}"#, true),
        (r#"{"n": 12345678901234567890123}"#, false),
        (r#"{"n": [0.12345678901234567890]}"#, false),
        (r#"{"n": -1e-400}"#, false),
    ] {
        let jsonb = [b"\x01", json.as_bytes()].concat();
        let value = decoded::<serde_json::Value>(Some(&jsonb));
        assert_eq!(value.is_ok(), is_read, "{json}");
        let nothing = decoded::<Json<Nothing>>(Some(&jsonb));
        assert_eq!(nothing.is_ok(), is_read, "{json}");
        let json = serde_json::Value::decode(&Type::JSON, Some(json.as_bytes()));
        assert_eq!(json.is_ok(), is_read);
    }
    let error = decoded::<serde_json::Value>(Some(b"\x01[1e400]")).unwrap_err();
    assert!(
        error.to_string().starts_with("the number 1e400 in it"),
        "{error}"
    );
}
