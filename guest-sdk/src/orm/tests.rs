//! Queries against a scripted database: what is asked, and how answers are
//! read.

mod copy;
mod edit;
mod keys;
mod loader;
mod read;
mod routing;
mod soft_delete;
mod variant;
mod write;

use bytes::{BufMut, BytesMut};

use crate::bindings::plinth::host::database as host;
use crate::database::{Explain, Parameter, Script};
use crate::orm::{ForeignKey, Model, count, excluded, max};
use crate::{Db, create};

#[derive(crate::Model, Debug)]
#[model(table = "authors")]
struct Author {
    #[model(key, auto)]
    id: i64,
    name: String,
    mentor: Option<ForeignKey<Author>>,
}

#[derive(crate::Model, Debug)]
#[model(table = "books")]
struct Book {
    #[model(key, auto)]
    id: i64,
    title: String,
    author: ForeignKey<Author>,
}

const INT8: u32 = 20;
const TEXT: u32 = 25;
const JSON: u32 = 114;
const AUTHOR: [u32; 3] = [INT8, TEXT, INT8];
const BOOK: [u32; 3] = [INT8, TEXT, INT8];

/// A result as the host sends it.
fn rows(types: &[u32], rows: &[&[&dyn Parameter]]) -> host::Rows {
    let mut data = BytesMut::new();
    for value in rows.iter().copied().flatten() {
        let start = data.len();
        data.put_i32(-1);
        if value.write(&mut data).unwrap() {
            let length = i32::try_from(data.len() - start - 4).unwrap();
            data[start..start + 4].copy_from_slice(&length.to_be_bytes());
        }
    }
    host::Rows {
        column_types: types.to_vec(),
        column_names: String::new(),
        affected: rows.len() as u64,
        count: u32::try_from(rows.len()).unwrap(),
        data: data.into(),
    }
}

const NULL: Option<i64> = None;

fn db() -> Db {
    Db::named("default")
}
