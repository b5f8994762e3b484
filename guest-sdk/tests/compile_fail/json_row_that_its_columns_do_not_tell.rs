use plinth::prelude::*;
use serde::Serialize;

#[derive(Serialize)]
struct Terms {
    days: u32,
}

#[derive(Serialize, JsonRow)]
#[serde(tag = "kind")]
struct Tagged {
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(flatten)]
    rest: serde_json::Value,
    #[serde(rename = "a\"b")]
    quoted: i32,
}

#[derive(Serialize, JsonRow)]
struct Contract {
    id: i64,
    terms: Json<Terms>,
}

#[derive(Serialize, JsonRow)]
struct Pair(i32, i32);

fn main() {}
