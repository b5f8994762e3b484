//! The smallest plugin that shows everything a handler meets.
//! Try it: `plinth dev plugins/hello`, then open `http://127.0.0.1:8000/hello/Ada`.

use plinth::prelude::*;
use serde::Serialize;

/// What we answer. Anything that serde can serialize becomes JSON.
#[derive(Serialize)]
struct Greeting {
    text: String,
}

/// Greet the world.
// The attribute says when the host calls the function, and the line above it
// is what `plinth routes` shows.
#[get("/")]
fn index() -> Json<Greeting> {
    hello("world".to_owned())
}

/// Greet somebody by name.
// An argument named like a part of the path in braces is that part. Any other
// is found by its type: `Query<T>`, `Json<T>` for the body, `Db` for Postgres.
#[get("/hello/{name}")]
fn hello(name: String) -> Json<Greeting> {
    // From plinth.toml, where the operator may say under [plugins.hello.config]
    // greeting = "Bonjour".
    let greeting = config::get("greeting").unwrap_or_else(|| "Hello".to_owned());
    // The host adds the plugin, the route and the request to the line.
    log::info!("greeting {name}");
    Json(Greeting {
        text: format!("{greeting}, {name}!"),
    })
}

// Makes the crate a plugin. A route that is not listed here is not served.
plinth::plugin! { routes: [index, hello] }
