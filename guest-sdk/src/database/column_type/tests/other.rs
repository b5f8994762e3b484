//! Money, bits and places in the log.

use super::*;
use crate::database::{BitString, Money, PgLsn};

#[test]
fn money_is_whole_units() {
    round_trip_in_arrays(&[Money(0), Money(1234), Money(i64::MIN), Money(i64::MAX)]);
    refuses_other_sizes::<Money>(8);
    assert_eq!(hex(&Money(1234)), "00000000000004d2");
    assert_eq!(Money(-1).to_decimal(2).to_string(), "-0.01");
    assert_eq!(
        Money(i64::MIN).to_decimal(0).to_string(),
        "-9223372036854775808"
    );
}

#[test]
fn bits_keep_their_number() {
    let bits = |text: &str| text.parse::<BitString>().unwrap();
    round_trip_in_arrays(&[
        bits(""),
        bits("0"),
        bits("1011"),
        bits("00000000"),
        bits("111111111"),
    ]);
    assert_eq!(hex(&bits("1011")), "00000004b0");
    assert_eq!(bits("1011").to_string(), "1011");
    assert_eq!(bits("10").get(2), None);
    assert_ne!(bits("10"), bits("100"));
    assert!(BitString::accepts(&Type::BIT));
    assert!("102".parse::<BitString>().is_err());
    // What stands behind the last bit does not count.
    assert_eq!(
        decoded::<BitString>(Some(&[0, 0, 0, 4, 0xbf])).unwrap(),
        bits("1011")
    );
    for broken in [
        &[][..],
        &[0, 0, 0],
        &[0, 0, 0, 1],
        &[0, 0, 0, 8, 1, 2],
        &[0, 0, 0, 9, 1],
        &[255, 255, 255, 255],
        &[127, 255, 255, 255, 1],
    ] {
        assert!(decoded::<BitString>(Some(broken)).is_err(), "{broken:?}");
    }
}

#[test]
fn places_in_the_log() {
    round_trip_in_arrays(&[PgLsn(0), PgLsn(u64::MAX), PgLsn(0x16_B374_D848)]);
    refuses_other_sizes::<PgLsn>(8);
    assert_eq!(hex(&PgLsn(0x16_B374_D848)), "00000016b374d848");
    for text in [
        "",
        "/",
        "1/",
        "/1",
        "1/2/3",
        "+1/2",
        "123456789/0",
        "x/0",
        "12",
    ] {
        assert!(text.parse::<PgLsn>().is_err(), "{text}");
    }
}
