//! What a plugin's files need: `use plinth::prelude::*;`.

pub use crate::http::{
    Change, Created, Json, JsonRows, NoContent, Problem, Query, Reply, Validation,
};
pub use crate::loader::DataLoader;
pub use crate::orm::{ForeignKey, Many, ManyToMany, OneToOne, Q, QuerySet};
pub use crate::{
    Choices, Date, Decimal, Interval, JsonRow, Model, Partial, Timestamp, Uuid, create,
};
pub use crate::{Db, Error, Request, Result, config, log};
pub use crate::{delete, get, patch, post, put};
