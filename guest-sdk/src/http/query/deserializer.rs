//! A query string as serde sees it: a map from names to values.

use std::borrow::Cow;
use std::collections::{BTreeMap, btree_map};

use serde::de::value::CowStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::error::Error;
use super::value::Value;

/// The pairs of a query string, those of one name together.
pub(super) struct Pairs<'q> {
    names: btree_map::IntoIter<Cow<'q, str>, Vec<Cow<'q, str>>>,
    current: Option<(Cow<'q, str>, Vec<Cow<'q, str>>)>,
}

impl<'q> Pairs<'q> {
    pub(super) fn parse(query: &'q str) -> Pairs<'q> {
        let mut names: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            names.entry(name).or_default().push(value);
        }
        Pairs {
            names: names.into_iter(),
            current: None,
        }
    }
}

impl<'de> Deserializer<'de> for Pairs<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for Pairs<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.current = self.names.next();
        let Some((name, _)) = &self.current else {
            return Ok(None);
        };
        let key = CowStrDeserializer::new(Cow::Borrowed(&**name));
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (name, values) = self.current.take().expect("serde asks for the key first");
        seed.deserialize(Value(values))
            .map_err(|error| error.named(&name))
    }
}
