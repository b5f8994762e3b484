//! The values of one parameter.

use std::borrow::Cow;
use std::str::FromStr;

use serde::de::value::{CowStrDeserializer, SeqDeserializer};
use serde::de::{Deserializer, EnumAccess, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::error::Error;
use crate::http::inexact_number;

/// One value, or several where the parameter is repeated.
pub(super) struct Value<'q>(pub(super) Vec<Cow<'q, str>>);

impl<'q> Value<'q> {
    fn one(mut self) -> Result<Cow<'q, str>, Error> {
        match (self.0.pop(), self.0.is_empty()) {
            (Some(value), true) => Ok(value),
            _ => Err(Error::new("is given more than once")),
        }
    }

    fn parse<T: FromStr>(self, expected: impl Fn() -> String) -> Result<T, Error> {
        let text = self.one()?;
        text.parse()
            .map_err(|_| Error::new(format!("must be {}", expected())))
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty => $visit:ident),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let expected = || integer(<$type>::MIN.into(), <$type>::MAX.into());
            visitor.$visit(self.parse(expected)?)
        }
    )*};
}

/// What an integer must be. The bounds of 64 bits tell a person nothing.
fn integer(min: i128, max: i128) -> String {
    match (min, max > i128::from(u32::MAX)) {
        (0, true) => "an integer of 0 or more".to_owned(),
        (_, true) => "an integer".to_owned(),
        (_, false) => format!("an integer from {min} to {max}"),
    }
}

impl<'de> Deserializer<'de> for Value<'_> {
    type Error = Error;

    integers! {
        deserialize_i8: i8 => visit_i8,
        deserialize_i16: i16 => visit_i16,
        deserialize_i32: i32 => visit_i32,
        deserialize_i64: i64 => visit_i64,
        deserialize_u8: u8 => visit_u8,
        deserialize_u16: u16 => visit_u16,
        deserialize_u32: u32 => visit_u32,
        deserialize_u64: u64 => visit_u64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(&self.one()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.one()?.into_owned())
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.parse(|| "true or false".to_owned())?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f32(self.parse(|| "a number".to_owned())?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self
            .0
            .iter()
            .any(|text| inexact_number(text.as_bytes()).is_some())
        {
            return Err(Error::new("has more digits than a number is kept with"));
        }
        visitor.visit_f64(self.parse(|| "a number".to_owned())?)
    }

    // An HTML form sends an empty value for what was left blank.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.as_slice() {
            [value] if value.is_empty() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(SeqDeserializer::new(self.0.into_iter().map(One)))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(Variant(self.one()?))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i128 u128 char str bytes byte_buf unit unit_struct tuple tuple_struct
        map struct identifier
    }
}

/// One of a repeated parameter's values.
struct One<'q>(Cow<'q, str>);

impl<'de, 'q> IntoDeserializer<'de, Error> for One<'q> {
    type Deserializer = Value<'q>;

    fn into_deserializer(self) -> Value<'q> {
        Value(vec![self.0])
    }
}

/// The name of an enum's variant without data.
struct Variant<'q>(Cow<'q, str>);

impl<'de, 'q> EnumAccess<'de> for Variant<'q> {
    type Error = Error;
    type Variant = <CowStrDeserializer<'q, Error> as EnumAccess<'de>>::Variant;

    fn variant_seed<V: serde::de::DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), Error> {
        CowStrDeserializer::new(self.0).variant_seed(seed)
    }
}
