use super::*;
use crate::database::Xml;

fn read(oid: Oid, raw: &[u8]) -> Result<String, DecodeError> {
    let ty = type_of(oid);
    assert!(String::accepts(&ty), "{ty}");
    String::decode(&ty, Some(raw))
}

#[test]
fn every_type_of_text_is_read() {
    for oid in [18, 19, 25, 142, 705, 1042, 1043] {
        assert_eq!(read(oid, b"x").unwrap(), "x");
    }
    assert_eq!(read(18, &[0]).unwrap(), "");
    assert!(read(18, &[0xE9]).is_err());
    assert_eq!(read(25, "\u{1}é\t".as_bytes()).unwrap(), "\u{1}é\t");
    for oid in [16, 20, 1700, 3802, 2950, 869] {
        assert!(!String::accepts(&type_of(oid)));
    }
}

/// What a database numbers its own types from.
const OWN: Oid = 16_384;

#[test]
fn the_label_of_an_enum_is_text() {
    assert_eq!(read(OWN, b"out of print").unwrap(), "out of print");
    assert_eq!(
        read(OWN + 7, "trés\nheureux".as_bytes()).unwrap(),
        "trés\nheureux"
    );
    assert_eq!(read(OWN, b"").unwrap(), "");
    assert!(!String::accepts(&type_of(OWN - 1)));
}

#[test]
fn the_bytes_of_another_type_are_not_taken_for_text() {
    // `record_send(row('x', 3))`, `array_send` of an enum, the empty hstore, an
    // empty range, a vector.
    for raw in [
        &b"\x00\x00\x00\x02\x00\x00\x00\x19\x00\x00\x00\x01x\x00\x00\x00\x17\x00\x00\x00\x04\x00\x00\x00\x03"[..],
        b"\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00@\xee\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x05happy",
        b"\x00\x00\x00\x00",
        b"\x01",
        b"\x00\x02\x00\x00AAAABBBB",
    ] {
        let error = read(OWN, raw).unwrap_err();
        assert!(error.to_string().contains("cast it to `text`"), "{error}");
    }
    assert!(read(OWN, &[0xff, 0xfe]).is_err());
    assert!(read(25, &[0xff, 0xfe]).is_err());
}

#[test]
fn arrays_of_enums_are_read() {
    let happy = b"\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00@\xee\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x05happy";
    let ty = type_of(OWN + 1);
    assert!(<Vec<String>>::accepts(&ty));
    assert!(!<Vec<i32>>::accepts(&ty));
    assert_eq!(Vec::<String>::decode(&ty, Some(happy)).unwrap(), ["happy"]);
    for length in 0..happy.len() {
        assert!(Vec::<String>::decode(&ty, Some(&happy[..length])).is_err());
    }
    // One of integers, under a number that is not built in.
    let mut integers = happy.to_vec();
    integers[8..12].copy_from_slice(&23_u32.to_be_bytes());
    assert!(Vec::<String>::decode(&ty, Some(&integers)).is_err());
}

#[test]
fn xml_is_its_text() {
    round_trip_in_arrays(&[Xml("<a>é</a>".into()), Xml::default()]);
}
