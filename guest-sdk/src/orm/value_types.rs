//! The types of values, in one list: what stands in a query as it is, and of
//! what Postgres finds the smallest and the greatest.

use std::net::IpAddr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::aggregate::Ordered;
use super::expression::Expression;
use super::null::MaybeNull;
use crate::database::{
    BitString, Cidr, ColumnType, Composite, Hstore, Inet, MacAddr, Money, PgLsn, Range,
    RangeElement, TimeTz, Xml,
};
use crate::http::Json;
use crate::{Date, DateTime, Decimal, Interval, Time, Timestamp, Uuid};

macro_rules! values {
    ($($ty:ty)*) => {$(
        impl<M> Expression<M> for $ty {
            type Value = $ty;
        }

        impl MaybeNull for $ty {
            type Some = Self;
            type Optional = Option<Self>;
            type Like<U> = U;
        }
    )*};
}

macro_rules! ordered_values {
    ($($ty:ty)*) => {$(
        values! { $ty }

        impl Ordered for $ty {
            type Extreme = Option<$ty>;
        }

        impl Ordered for Option<$ty> {
            type Extreme = Option<$ty>;
        }
    )*};
}

ordered_values! {
    i16 i32 i64 f32 f64 Decimal String
    Timestamp Date DateTime Time TimeTz Interval
    Inet IpAddr Money PgLsn
}

values! { bool Uuid serde_json::Value }

impl<M> Expression<M> for Vec<u8> {
    type Value = Self;
}

values! { BitString Cidr Composite Hstore MacAddr Xml }

impl<M, T: RangeElement> Expression<M> for Range<T> {
    type Value = Self;
}

impl<T: RangeElement> MaybeNull for Range<T> {
    type Some = Self;
    type Optional = Option<Self>;
    type Like<U> = U;
}

impl<M, T: Serialize + DeserializeOwned + 'static> Expression<M> for Json<T> {
    type Value = Self;
}

impl<T> MaybeNull for Json<T> {
    type Some = Self;
    type Optional = Option<Self>;
    type Like<U> = U;
}

impl<M, T: ColumnType> Expression<M> for Vec<T> {
    type Value = Self;
}

impl<T: ColumnType> Ordered for Vec<T> {
    type Extreme = Option<Self>;
}

impl<T: ColumnType> Ordered for Option<Vec<T>> {
    type Extreme = Self;
}

impl<M> Expression<M> for &str {
    type Value = String;
}

impl<M, T: ColumnType> Expression<M> for Option<T> {
    type Value = Self;
}

impl<M> Expression<M> for Option<&str> {
    type Value = Option<String>;
}
