//! The types of values, in one list: what stands in a query as it is, and of
//! what Postgres finds the smallest and the greatest.

use super::aggregate::Ordered;
use super::expression::Expression;
use crate::database::TimeTz;
use crate::{Date, DateTime, Decimal, Interval, Time, Timestamp, Uuid};

macro_rules! values {
    ($($ty:ty)*) => {$(
        impl<M> Expression<M> for $ty {
            type Value = $ty;
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
}

values! { bool Uuid Vec<u8> serde_json::Value }

impl<M> Expression<M> for &str {
    type Value = String;
}
