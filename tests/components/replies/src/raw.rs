//! A route past the SDK: what the contract allows, and what it does not.

use plinth::bindings::exports::plinth::host::handler::{
    Cardinality, Content, Delivery, Description, Guest, ParameterKind, Projection, QueryContent,
    Reply, Route,
};
use plinth::bindings::plinth::host::database::{self, Statement};
use plinth::bindings::plinth::host::{request, types};
use serde::Deserialize;

use super::PLUGIN;

/// An answer as the test wants it.
#[derive(Deserialize)]
#[serde(default)]
struct Wanted {
    database: String,
    sql: String,
    before: String,
    separator: String,
    after: String,
    template: String,
    columns: Vec<u16>,
    is_one: bool,
    is_streamed: bool,
    status: u16,
    timeout_ms: u32,
    /// What is run before, by the guest itself.
    first: Option<String>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            database: "default".into(),
            sql: "SELECT 1".into(),
            before: "[".into(),
            separator: ",".into(),
            after: "]".into(),
            template: "\0".into(),
            columns: vec![0],
            is_one: false,
            is_streamed: false,
            status: 200,
            timeout_ms: 0,
            first: None,
        }
    }
}

struct Exported;

impl Guest for Exported {
    fn describe() -> Description {
        let mut description = PLUGIN.describe();
        for method in [types::Method::Get, types::Method::Post] {
            description.routes.push(Route {
                method,
                path: "/raw/{wanted}".into(),
                parameters: vec![ParameterKind::Text],
                name: "raw".into(),
                summary: String::new(),
            });
        }
        description
    }

    fn handle(route: u32, parameters: Vec<String>, query: String) -> Reply {
        if (route as usize) < PLUGIN.routes.len() {
            return PLUGIN.handle(route, parameters, query);
        }
        let body = request::body();
        let wanted = if body.is_empty() {
            parameters[0].as_bytes()
        } else {
            &body
        };
        raw(serde_json::from_slice(wanted).expect("what is wanted"))
    }

    fn seed() -> Result<(), String> {
        Ok(())
    }
}

fn raw(wanted: Wanted) -> Reply {
    if let Some(sql) = wanted.first {
        database::query("default", &statement(sql, 0)).expect("runs");
    }
    Reply {
        status: wanted.status,
        headers: vec![types::Header {
            name: "content-type".into(),
            value: b"application/json".into(),
        }],
        content: Content::Query(QueryContent {
            database: wanted.database,
            statement: statement(wanted.sql, wanted.timeout_ms),
            projection: Projection {
                rows: if wanted.is_one {
                    Cardinality::One
                } else {
                    Cardinality::Many
                },
                before: wanted.before,
                separator: wanted.separator,
                after: wanted.after,
                template: wanted.template,
                columns: wanted.columns,
            },
            delivery: if wanted.is_streamed {
                Delivery::Streamed
            } else {
                Delivery::Whole
            },
        }),
    }
}

fn statement(sql: String, timeout_ms: u32) -> Statement {
    Statement {
        sql,
        parameter_types: Vec::new(),
        parameters: Vec::new(),
        timeout_ms,
    }
}

#[cfg(target_family = "wasm")]
plinth::bindings::export!(Exported with_types_in plinth::bindings);

#[cfg(not(target_family = "wasm"))]
const _: fn() -> Description = <Exported as Guest>::describe;
