use std::net::IpAddr;

use super::choices::Choices;
use super::foreign_key::ForeignKey;
use super::model::Model;
use crate::database::{BitString, Cidr, Inet, MacAddr, Money, PgLsn, TimeTz};
use crate::{Date, DateTime, Decimal, Interval, Time, Timestamp, Uuid};

/// What [`create!`](crate::create!) takes for a field of type `T`: a `T`, and
/// what becomes one without loss.
///
/// Text may be a `&str`, a foreign key the key alone or a reference to the row
/// it points to, and a field that can be NULL the value without its `Some`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not go into a field of type `{T}`",
    label = "expected a `{T}`",
    note = "a foreign key takes a row or its key; a key of a type of your own is written \
            `ForeignKey::new(key)`"
)]
pub trait IntoField<T> {
    /// The field's value.
    fn into_field(self) -> T;
}

/// [`IntoField::into_field`] as a function, for `create!`.
#[doc(hidden)]
pub fn into_field<T, V: IntoField<T>>(value: V) -> T {
    value.into_field()
}

impl<T> IntoField<T> for T {
    fn into_field(self) -> T {
        self
    }
}

impl<T> IntoField<Option<T>> for T {
    fn into_field(self) -> Option<T> {
        Some(self)
    }
}

impl IntoField<String> for &str {
    fn into_field(self) -> String {
        self.to_owned()
    }
}

impl IntoField<Option<String>> for &str {
    fn into_field(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl IntoField<Option<String>> for Option<&str> {
    fn into_field(self) -> Option<String> {
        self.map(str::to_owned)
    }
}

impl<const N: usize> IntoField<Vec<String>> for [&str; N] {
    fn into_field(self) -> Vec<String> {
        self.map(str::to_owned).into()
    }
}

impl IntoField<Decimal> for i64 {
    fn into_field(self) -> Decimal {
        self.into()
    }
}

impl<T: Model> IntoField<ForeignKey<T>> for &T {
    fn into_field(self) -> ForeignKey<T> {
        ForeignKey::new(self.key().clone())
    }
}

impl<T: Model> IntoField<Option<ForeignKey<T>>> for &T {
    fn into_field(self) -> Option<ForeignKey<T>> {
        Some(self.into_field())
    }
}

macro_rules! keys {
    ($($key:ty)*) => {$(
        impl<T: Model<Key = $key>> IntoField<ForeignKey<T>> for $key {
            fn into_field(self) -> ForeignKey<T> {
                ForeignKey::new(self)
            }
        }

        impl<T: Model<Key = $key>> IntoField<Option<ForeignKey<T>>> for $key {
            fn into_field(self) -> Option<ForeignKey<T>> {
                Some(ForeignKey::new(self))
            }
        }

        impl<T: Model<Key = $key>> IntoField<Option<ForeignKey<T>>> for Option<$key> {
            fn into_field(self) -> Option<ForeignKey<T>> {
                self.map(ForeignKey::new)
            }
        }
    )*};
}

// One of a type of the plugin's own goes in by `ForeignKey::new`: only where it
// is declared can it be listed, as `#[derive(Choices)]` does.
keys! {
    bool i16 i32 i64 f32 f64 Decimal String Vec<u8> Uuid
    Timestamp Date DateTime Time TimeTz Interval
    IpAddr Inet Cidr MacAddr BitString Money PgLsn
}

impl<K: Choices, T: Model<Key = K>> IntoField<Option<ForeignKey<T>>> for Option<K> {
    fn into_field(self) -> Option<ForeignKey<T>> {
        self.map(ForeignKey::new)
    }
}

impl<T: Model<Key = String>> IntoField<ForeignKey<T>> for &str {
    fn into_field(self) -> ForeignKey<T> {
        ForeignKey::new(self.to_owned())
    }
}

impl<T: Model<Key = String>> IntoField<Option<ForeignKey<T>>> for &str {
    fn into_field(self) -> Option<ForeignKey<T>> {
        Some(self.into_field())
    }
}
