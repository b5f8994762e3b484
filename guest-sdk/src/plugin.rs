//! What makes a crate a plugin.

use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use crate::bindings::exports::plinth::host::handler;
use crate::database::Db;
use crate::http::{Endpoint, IntoReply, Parameters};
use crate::orm::{self, DatabaseRouter, ModelMeta};
use crate::request::Request;

/// Makes the crate a plugin: says which models, routes and demonstration data
/// it has. Every part can be left out.
///
/// ```no_run
/// use plinth::prelude::*;
///
/// #[derive(Model)]
/// #[model(table = "notes")]
/// pub struct Note {
///     #[model(key, auto)]
///     pub id: i64,
///     pub text: String,
/// }
///
/// /// Count the notes.
/// #[get("/notes/count")]
/// fn count_notes(db: Db) -> Result<Json<i64>> {
///     Ok(Json(Note::objects().count(&db)?))
/// }
///
/// fn two_notes(db: &Db) -> Result<()> {
///     for text in ["milk", "bread"] {
///         create!(Note { text: text.to_owned() }).insert(db)?;
///     }
///     Ok(())
/// }
///
/// plinth::plugin! {
///     models: [Note],
///     routes: [count_notes],
///     seed: two_notes,
/// }
/// # fn main() {}
/// ```
///
/// The name and version are those of the crate's `Cargo.toml`. A seed is a
/// `fn(&Db) -> plinth::Result<()>`; the host calls it where the tables are empty
/// and demonstration data is wanted, and it runs in one transaction on `default`;
/// rows of models that are in another database it inserts with
/// [`using`](Db::using).
///
/// A plugin of several databases may have a `router:`, which chooses one for
/// models that name none; see [`DatabaseRouter`](crate::orm::DatabaseRouter).
#[macro_export]
macro_rules! plugin {
    ($($declaration:tt)*) => {
        $crate::__plugin! { [] [] [] [] $($declaration)* }
    };
}

/// Sorts the parts of a declaration, which come in any order, into four
/// brackets: models, routes, seed, router.
#[doc(hidden)]
#[macro_export]
macro_rules! __plugin {
    ([$($m:tt)*] $r:tt $s:tt $d:tt models: [$($model:ty),* $(,)?] $(, $($rest:tt)*)?) => {
        $crate::__plugin! { [$($m)* $($model,)*] $r $s $d $($($rest)*)? }
    };
    ($m:tt [$($r:tt)*] $s:tt $d:tt routes: [$($route:ty),* $(,)?] $(, $($rest:tt)*)?) => {
        $crate::__plugin! { $m [$($r)* $($route,)*] $s $d $($($rest)*)? }
    };
    ($m:tt $r:tt [] $d:tt seed: $seed:path $(, $($rest:tt)*)?) => {
        $crate::__plugin! { $m $r [$seed] $d $($($rest)*)? }
    };
    ($m:tt $r:tt $s:tt [] router: $router:expr $(, $($rest:tt)*)?) => {
        $crate::__plugin! { $m $r $s [$router] $($($rest)*)? }
    };
    ([$($model:ty,)*] [$($route:ty,)*] [$($seed:path)?] [$($router:expr)?]) => {
        const _: () = {
            const MODELS: &[&$crate::orm::ModelMeta] =
                &[$(<$model as $crate::orm::Model>::META,)*];
            const _: () = ::core::assert!(
                $crate::orm::variants_agree(MODELS),
                "two variants of one table have a column of the same name and of different types or ranges"
            );
            const _: () = ::core::assert!(
                $crate::orm::tables_differ(MODELS),
                "two models are of one table and no variants; a struct of some of a model's columns is a `Partial`"
            );
            const _: () = ::core::assert!(
                $crate::orm::index_names_differ(MODELS),
                "two tables have indexes of the same name, or an index that of a table, of which Postgres would make one; leave out `name = …` or choose another"
            );
            const _: () = ::core::assert!(
                $crate::orm::junctions_differ(MODELS),
                "the table of a `ManyToMany` has the name of another's, or of a model's, of which Postgres would make one; give it another with `#[model(table = \"…\")]`, or say `through = …` if it is the model's"
            );
            static PLUGIN: $crate::plugin::Plugin = $crate::plugin::Plugin {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
                models: MODELS,
                routes: &[$(<$route as $crate::http::Route>::ENDPOINT,)*],
                seeds: &[$($seed)?],
                routers: &[$(&$router)?],
            };
            $crate::__export!(PLUGIN);
        };
    };
    ($models:tt $routes:tt $seed:tt $router:tt $key:ident: $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "`", ::core::stringify!($key),
            "` is not a part of a plugin, or is there twice, or is not written like this: ",
            "plugin! { models: [Book], routes: [list_books], seed: demo::load }"
        ));
    };
}

/// Exports a plugin to the host, where there can be one.
#[cfg(target_family = "wasm")]
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($plugin:ident) => {
        struct Exported;

        impl $crate::bindings::exports::plinth::host::handler::Guest for Exported {
            fn describe() -> $crate::bindings::exports::plinth::host::handler::Description {
                $plugin.describe()
            }

            fn handle(
                route: u32,
                parameters: ::std::vec::Vec<::std::string::String>,
                query: ::std::string::String,
            ) -> $crate::bindings::exports::plinth::host::handler::Reply {
                $plugin.handle(route, parameters, query)
            }

            fn seed() -> ::std::result::Result<(), ::std::string::String> {
                $plugin.seed()
            }
        }

        $crate::bindings::export!(Exported with_types_in $crate::bindings);
    };
}

/// Uses a plugin's items, so that tests on the development machine compile
/// them as they are.
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($plugin:ident) => {
        const _: &$crate::plugin::Plugin = &$plugin;
    };
}

/// What [`plugin!`](crate::plugin!) declares.
#[derive(Debug)]
pub struct Plugin {
    /// The name of the plugin's package.
    pub name: &'static str,
    /// The version of the plugin's package.
    pub version: &'static str,
    /// The models, in any order.
    pub models: &'static [&'static ModelMeta],
    /// The routes; the index of one is its number.
    pub routes: &'static [Endpoint],
    /// The function that loads demonstration data, if there is one.
    pub seeds: &'static [fn(&Db) -> crate::Result<()>],
    /// What chooses a database for models that name none, if there is one.
    pub routers: &'static [&'static dyn DatabaseRouter],
}

impl Plugin {
    /// Tells the host what the plugin is.
    #[must_use]
    pub fn describe(&self) -> handler::Description {
        report_panics();
        handler::Description {
            name: self.name.to_owned(),
            version: self.version.to_owned(),
            sdk: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
            routes: self.routes.iter().map(Endpoint::describe).collect(),
            tables: orm::schema::tables(self.models),
            has_seed: !self.seeds.is_empty(),
        }
    }

    /// Answers a request.
    #[must_use]
    pub fn handle(&self, route: u32, parameters: Vec<String>, query: String) -> handler::Reply {
        report_panics();
        orm::begin_request(self.routers.first().copied());
        let endpoint = &self.routes[route as usize];
        let request = Request::new(query);
        (endpoint.call)(&mut Parameters::new(parameters), &request)
            .into_reply()
            .into_host()
    }

    /// Loads demonstration data.
    ///
    /// # Errors
    ///
    /// The seed's error as a sentence for the person who started the host.
    pub fn seed(&self) -> Result<(), String> {
        report_panics();
        orm::begin_request(self.routers.first().copied());
        // All or nothing: tables that are half full count as used.
        Db::default()
            .transaction(|tx| self.seeds.iter().try_for_each(|seed| seed(tx)))
            .map_err(|error| error.to_string())
    }
}

/// A panic becomes one line on the standard error, which the host logs with the
/// request it belongs to, before it traps the instance.
///
/// The standard library would write several, the last of which is advice for
/// another environment than this.
fn report_panics() {
    static ONCE: Once = Once::new();
    // A unit test on the development machine has its own way to show one.
    if cfg!(target_family = "wasm") {
        ONCE.call_once(|| panic::set_hook(Box::new(report)));
    }
}

fn report(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("a value that is not text");
    let message = message.replace('\n', " ");
    match panic.location() {
        Some(place) => eprintln!("panicked at {place}: {message}"),
        None => eprintln!("panicked: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::http::{Json, ParameterKind, Problem, Query, Route};

    #[derive(Deserialize)]
    struct Window {
        first: u8,
    }

    /// Show a page,
    /// with its number first.
    ///
    /// And more of that.
    #[crate::get("/books/{slug}/pages/{number}")]
    fn show_page(number: u16, Query(window): Query<Window>, slug: String) -> Json<String> {
        Json(format!("{number} of {slug} from {}", window.first))
    }

    #[crate::delete("/books/{*rest}")]
    fn refuse(rest: String) -> Result<(), Problem> {
        Err(Problem::forbidden(rest))
    }

    static PLUGIN: Plugin = Plugin {
        name: "shelf",
        version: "1.2.3",
        models: &[],
        routes: &[<show_page as Route>::ENDPOINT, <refuse as Route>::ENDPOINT],
        seeds: &[],
        routers: &[],
    };

    fn handle(route: u32, parameters: &[&str], query: &str) -> (u16, String) {
        let parameters = parameters.iter().map(|&text| text.to_owned()).collect();
        let reply = PLUGIN.handle(route, parameters, query.to_owned());
        let handler::Content::Bytes(body) = reply.content else {
            panic!("the body is not there yet");
        };
        (reply.status, String::from_utf8(body).unwrap())
    }

    #[test]
    fn a_description_follows_the_paths() {
        let description = PLUGIN.describe();
        let route = &description.routes[0];
        assert_eq!(route.path, "/books/{slug}/pages/{number}");
        assert_eq!(
            route.parameters,
            [ParameterKind::Text, ParameterKind::Integer]
        );
        assert_eq!(route.name, "show_page");
        assert_eq!(route.summary, "Show a page, with its number first.");
        assert_eq!(description.name, "shelf");
        assert!(!description.has_seed);
    }

    #[test]
    fn arguments_come_from_where_they_are_named() {
        let (status, body) = handle(0, &["emma", "7"], "first=3");
        assert_eq!((status, body.as_str()), (200, r#""7 of emma from 3""#));
    }

    #[test]
    fn a_parameter_that_does_not_fit_its_type_is_a_404() {
        assert_eq!(handle(0, &["emma", "70000"], "first=3").0, 404);
    }

    #[test]
    fn an_argument_that_cannot_be_read_is_the_answer() {
        let (status, body) = handle(0, &["emma", "7"], "");
        assert_eq!(status, 400);
        assert!(body.contains("first is missing"), "{body}");
    }

    #[test]
    fn a_handlers_problem_is_the_answer() {
        let (status, body) = handle(1, &["a/b"], "");
        assert_eq!(status, 403);
        assert!(body.contains(r#""detail":"a/b""#), "{body}");
    }
}
