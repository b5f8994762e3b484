//! What `plugins/hello` does.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::Failure;

#[derive(Serialize)]
pub(super) struct Greeting {
    text: String,
}

pub(super) fn hello(
    settings: &HashMap<String, String>,
    name: Option<&str>,
) -> Result<Greeting, Failure> {
    let name = percent_decode_str(name.unwrap_or_default()).decode_utf8();
    let name = name.map_err(Failure::bad_request)?;
    let greeting = settings.get("greeting").map_or("Hello", String::as_str);
    tracing::info!("greeting {name}");
    Ok(Greeting {
        text: format!("{greeting}, {name}!"),
    })
}
