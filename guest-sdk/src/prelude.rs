//! What a handler's file needs: `use plinth::prelude::*;`.

pub use crate::http::{Change, Created, Json, NoContent, Problem, Query, Reply, Validation};
pub use crate::{Db, Error, Request, Result, config, log};
pub use crate::{delete, get, patch, post, put};
