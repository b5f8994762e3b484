use std::net::IpAddr;

use super::*;
use crate::database::{Cidr, Inet, MacAddr};

fn parse<T: std::str::FromStr<Err = crate::Error>>(text: &str) -> T {
    text.parse().unwrap()
}

#[test]
fn addresses_survive() {
    let hosts = [
        "0.0.0.0/0",
        "10.1.2.3/8",
        "255.255.255.255",
        "::",
        "::/0",
        "2001:db8::1/32",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ];
    round_trip_in_arrays(&hosts.map(parse::<Inet>));
    for text in hosts {
        assert_eq!(parse::<Inet>(text).to_string(), text);
    }
    let networks = [
        "0.0.0.0/0",
        "10.0.0.0/8",
        "10.1.2.3/32",
        "::/0",
        "2001:db8::/32",
    ];
    round_trip_in_arrays(&networks.map(parse::<Cidr>));
    for text in networks {
        assert_eq!(parse::<Cidr>(text).to_string(), text);
    }
    let addresses: [IpAddr; 2] = ["10.1.2.3".parse().unwrap(), "::1".parse().unwrap()];
    round_trip_in_arrays(&addresses);
}

#[test]
fn addresses_are_as_postgres_sends_them() {
    assert_eq!(hex(&parse::<Inet>("10.1.2.3/8")), "020800040a010203");
    assert_eq!(
        hex(&parse::<Cidr>("2001:db8::/32")),
        "0320011020010db8000000000000000000000000"
    );
    assert_eq!(hex(&MacAddr([8, 0, 0x2b, 1, 2, 3])), "08002b010203");
}

#[test]
fn what_is_no_address_is_refused() {
    for text in [
        "",
        "10.1.2",
        "10.1.2.3/33",
        "10.1.2.3/",
        "10.1.2.3/+8",
        "::/129",
        "::1/x",
        "a",
    ] {
        assert!(text.parse::<Inet>().is_err(), "{text}");
    }
    for text in ["10.1.2.3/8", "2001:db8::1/32", "::1/0"] {
        assert!(text.parse::<Cidr>().is_err(), "{text}");
    }
    let v4: IpAddr = [10, 1, 2, 3].into();
    assert!(Inet::new(v4, 33).is_err());
    for broken in [
        &[][..],
        &[2, 8, 0],
        &[2, 8, 0, 4],
        &[2, 8, 0, 4, 1, 2, 3],
        &[2, 8, 0, 4, 1, 2, 3, 4, 5],
        &[2, 33, 0, 4, 1, 2, 3, 4],
        &[3, 8, 0, 4, 1, 2, 3, 4],
        &[2, 8, 0, 16, 1, 2, 3, 4],
        &[4, 8, 0, 4, 1, 2, 3, 4],
    ] {
        assert!(decoded::<Inet>(Some(broken)).is_err(), "{broken:?}");
        assert!(decoded::<IpAddr>(Some(broken)).is_err(), "{broken:?}");
    }
    assert!(decoded::<Cidr>(Some(&[2, 8, 1, 4, 10, 0, 0, 1])).is_err());
}

#[test]
fn the_prefix_of_a_host_is_not_lost() {
    let raw = encoded(&parse::<Inet>("10.1.2.3/8")).unwrap();
    let error = decoded::<IpAddr>(Some(&raw)).unwrap_err();
    assert!(error.to_string().contains("`Inet`"), "{error}");
}

#[test]
fn a_network_knows_its_addresses() {
    let network = parse::<Cidr>("10.0.0.0/8");
    assert!(network.contains([10, 255, 0, 1].into()));
    assert!(!network.contains([11, 0, 0, 0].into()));
    assert!(!network.contains("::a00:1".parse().unwrap()));
    assert!(parse::<Cidr>("0.0.0.0/0").contains([255, 0, 0, 1].into()));
    assert!(parse::<Cidr>("::/0").contains("ffff::".parse().unwrap()));
    assert_eq!(Inet::from(network).to_string(), "10.0.0.0/8");
}

#[test]
fn network_cards() {
    round_trip_in_arrays(&[MacAddr::default(), MacAddr([255; 6])]);
    refuses_other_sizes::<MacAddr>(6);
    assert_eq!(
        parse::<MacAddr>("08-00-2B-01-02-03").to_string(),
        "08:00:2b:01:02:03"
    );
    for text in [
        "",
        "08:00:2b:01:02",
        "08:00:2b:01:02:03:04",
        "8:0:2b:1:2:3",
        "08:00:2b:01:02:+3",
    ] {
        assert!(text.parse::<MacAddr>().is_err(), "{text}");
    }
}
