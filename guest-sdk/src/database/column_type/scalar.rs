//! The types whose reading and writing postgres-types knows.

use bytes::BytesMut;
use postgres_types::{FromSql, IsNull, ToSql, Type};

use super::{ColumnType, DecodeError, EncodeError, SqlType};

macro_rules! scalar {
    ($($rust:ty => $name:literal $ty:ident $oid:literal $array_oid:literal;)*) => {$(
        impl ColumnType for $rust {
            const SQL: SqlType = SqlType::new($name, $oid, $array_oid);

            fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
                is_written(self.to_sql(&Type::$ty, out))
            }

            fn decode(ty: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
                let raw = raw.ok_or_else(DecodeError::null)?;
                Self::from_sql(ty, raw).map_err(|e| DecodeError::from(e.to_string()))
            }

            fn accepts(ty: &Type) -> bool {
                <Self as FromSql<'_>>::accepts(ty)
            }
        }
    )*};
}

scalar! {
    bool => "boolean" BOOL 16 1000;
    i16 => "smallint" INT2 21 1005;
    i32 => "integer" INT4 23 1007;
    i64 => "bigint" INT8 20 1016;
    f32 => "real" FLOAT4 700 1021;
    f64 => "double precision" FLOAT8 701 1022;
    Vec<u8> => "bytea" BYTEA 17 1001;
    uuid::Uuid => "uuid" UUID 2950 2951;
}

type Written = Result<IsNull, Box<dyn std::error::Error + Sync + Send>>;

fn is_written(written: Written) -> Result<bool, EncodeError> {
    match written {
        Ok(IsNull::No) => Ok(true),
        Ok(IsNull::Yes) => Ok(false),
        Err(error) => Err(EncodeError::from(error.to_string())),
    }
}
