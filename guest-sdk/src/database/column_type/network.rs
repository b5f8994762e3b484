//! Addresses of hosts and of networks.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use bytes::{BufMut, BytesMut};
use postgres_types::Type;

use super::{ColumnType, DecodeError, EncodeError, SqlType};
use crate::{Error, Result};

/// The address of a host and how many of its bits name its network: Postgres'
/// `inet`.
///
/// For hosts alone, a column can be a [`std::net::IpAddr`] too.
///
/// ```
/// use plinth::database::Inet;
///
/// let host: Inet = "10.1.2.3/8".parse()?;
/// assert_eq!(host.address().to_string(), "10.1.2.3");
/// assert_eq!(host.prefix(), 8);
/// # Ok::<(), plinth::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inet {
    address: IpAddr,
    prefix: u8,
}

impl Inet {
    /// A host in a network of `prefix` bits.
    ///
    /// # Errors
    ///
    /// When the address has fewer bits.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self> {
        if prefix > bits(address) {
            return Err(Error::other("the prefix has more bits than the address"));
        }
        Ok(Self { address, prefix })
    }

    /// The address.
    #[must_use]
    pub fn address(self) -> IpAddr {
        self.address
    }

    /// How many of its first bits name the network.
    #[must_use]
    pub fn prefix(self) -> u8 {
        self.prefix
    }
}

/// A host without a network.
impl From<IpAddr> for Inet {
    fn from(address: IpAddr) -> Self {
        let prefix = bits(address);
        Self { address, prefix }
    }
}

/// The address of a network, which has no bits behind its prefix: Postgres'
/// `cidr`.
///
/// ```
/// use plinth::database::Cidr;
///
/// let network: Cidr = "10.0.0.0/8".parse()?;
/// assert!(network.contains("10.1.2.3".parse().unwrap()));
/// assert!("10.1.2.3/8".parse::<Cidr>().is_err());
/// # Ok::<(), plinth::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr(Inet);

impl Cidr {
    /// The network of the first `prefix` bits of an address.
    ///
    /// # Errors
    ///
    /// When the address has fewer bits, or is not zero behind them.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self> {
        let network = Self(Inet::new(address, prefix)?);
        if masked(address, prefix) != number(address) {
            return Err(Error::other(
                "the address of a network has no bits behind its prefix",
            ));
        }
        Ok(network)
    }

    /// The first address in it.
    #[must_use]
    pub fn address(self) -> IpAddr {
        self.0.address
    }

    /// How many of its first bits name the network.
    #[must_use]
    pub fn prefix(self) -> u8 {
        self.0.prefix
    }

    /// Whether an address is in it.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let own = self.address();
        own.is_ipv4() == address.is_ipv4() && masked(address, self.prefix()) == number(own)
    }
}

impl From<Cidr> for Inet {
    fn from(network: Cidr) -> Self {
        network.0
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address without the bits behind the prefix.
fn masked(address: IpAddr, prefix: u8) -> u128 {
    let behind = u32::from(bits(address).saturating_sub(prefix));
    let number = number(address);
    let network = number.checked_shr(behind).unwrap_or(0);
    network.checked_shl(behind).unwrap_or(0)
}

/// Postgres' own number for IPv4; the next is IPv6.
const IPV4: u8 = 2;

fn write(address: Inet, is_network: bool, out: &mut BytesMut) {
    let family = IPV4 + u8::from(address.address.is_ipv6());
    let bytes = bits(address.address) / 8;
    out.put_slice(&[family, address.prefix, is_network.into(), bytes]);
    match address.address {
        IpAddr::V4(address) => out.put_slice(&address.octets()),
        IpAddr::V6(address) => out.put_slice(&address.octets()),
    }
}

fn read(raw: Option<&[u8]>) -> Result<Inet, DecodeError> {
    let raw = raw.ok_or_else(DecodeError::null)?;
    let address = match raw.split_first_chunk() {
        Some(([2, prefix, _, 4], octets)) => {
            let octets = <[u8; 4]>::try_from(octets).ok();
            octets.map(|octets| (octets.into(), *prefix))
        }
        Some(([3, prefix, _, 16], octets)) => {
            let octets = <[u8; 16]>::try_from(octets).ok();
            octets.map(|octets| (octets.into(), *prefix))
        }
        _ => None,
    };
    address
        .and_then(|(address, prefix)| Inet::new(address, prefix).ok())
        .ok_or_else(|| DecodeError::from("its bytes are no address"))
}

const INET: SqlType = SqlType::new("inet", 869, 1041);
const CIDR: SqlType = SqlType::new("cidr", 650, 651);

fn is_address(ty: &Type) -> bool {
    ty.oid() == INET.oid || ty.oid() == CIDR.oid
}

impl ColumnType for Inet {
    const SQL: SqlType = INET;

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        write(*self, false, out);
        Ok(true)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        read(raw)
    }

    fn accepts(ty: &Type) -> bool {
        is_address(ty)
    }
}

impl ColumnType for Cidr {
    const SQL: SqlType = CIDR;

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        write(self.0, true, out);
        Ok(true)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let address = read(raw)?;
        Self::new(address.address, address.prefix).map_err(|e| DecodeError::from(e.to_string()))
    }
}

/// The address of a host alone: an `inet` that names a network besides is an
/// error, so that its prefix is not lost.
impl ColumnType for IpAddr {
    const SQL: SqlType = INET;

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        Inet::from(*self).encode(out)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let host = read(raw)?;
        if host.prefix != bits(host.address) {
            return Err(DecodeError::from(
                "it has a prefix, which an `IpAddr` cannot hold; read it as an `Inet`",
            ));
        }
        Ok(host.address)
    }

    fn accepts(ty: &Type) -> bool {
        is_address(ty)
    }
}

/// As in Postgres, without the prefix of a host alone.
impl fmt::Display for Inet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        if self.prefix == bits(self.address) {
            return Ok(());
        }
        write!(f, "/{}", self.prefix)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.address, self.0.prefix)
    }
}

impl FromStr for Inet {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| Error::other("an address is as `10.1.2.3/8` or `2001:db8::1`"))?;
        let Some(prefix) = prefix else {
            return Ok(Self::from(address));
        };
        let is_number = prefix.bytes().all(|digit| digit.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|_| is_number);
        Self::new(address, prefix.unwrap_or(u8::MAX))
    }
}

impl FromStr for Cidr {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let address: Inet = text.parse()?;
        Self::new(address.address, address.prefix)
    }
}

text_serde! { Inet Cidr }
