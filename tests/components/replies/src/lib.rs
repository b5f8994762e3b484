//! Answers with queries: of models, beside what serde makes of the same rows, and
//! with whatever the test says, sense or not.

mod raw;

use std::net::IpAddr;

use plinth::database::{BitString, Cidr, Inet, MacAddr, Money, PgLsn, Range, TimeTz, Xml};
use plinth::orm::raw;
use plinth::prelude::*;
use plinth::{DateTime, Time};
use serde::Serialize;

/// A column of every type that is written. All can be NULL, and the arrays'
/// elements too.
#[derive(Model, Serialize, JsonRow)]
#[model(table = "everything")]
struct Everything {
    #[model(key)]
    id: i32,
    truth: Option<bool>,
    small: Option<i16>,
    large: Option<i64>,
    real: Option<f32>,
    double: Option<f64>,
    exact: Option<Decimal>,
    text: Option<String>,
    bytes: Option<Vec<u8>>,
    uuid: Option<Uuid>,
    instant: Option<Timestamp>,
    day: Option<Date>,
    local: Option<DateTime>,
    clock: Option<Time>,
    zoned_clock: Option<TimeTz>,
    span: Option<Interval>,
    document: Option<serde_json::Value>,
    host: Option<Inet>,
    network: Option<Cidr>,
    address: Option<IpAddr>,
    card: Option<MacAddr>,
    amount: Option<Money>,
    bits: Option<BitString>,
    position: Option<PgLsn>,
    markup: Option<Xml>,
    mood: Option<Mood>,
    numbers: Option<Range<i32>>,
    prices: Option<Range<Decimal>>,
    days: Option<Range<Date>>,
    instants: Option<Range<Timestamp>>,
    truths: Option<Vec<Option<bool>>>,
    smalls: Option<Vec<Option<i16>>>,
    larges: Option<Vec<Option<i64>>>,
    doubles: Option<Vec<Option<f64>>>,
    exacts: Option<Vec<Option<Decimal>>>,
    texts: Option<Vec<Option<String>>>,
    uuids: Option<Vec<Option<Uuid>>>,
    times: Option<Vec<Option<Timestamp>>>,
    spans: Option<Vec<Option<Interval>>>,
    #[serde(rename = "one")]
    next: Option<ForeignKey<Everything>>,
    #[serde(skip)]
    secret: Option<String>,
    #[model(reverse = next)]
    previous: Many<Everything>,
}

#[derive(Choices, Clone, Copy)]
enum Mood {
    Glad,
    Sad,
}

fn everything() -> QuerySet<Everything> {
    Everything::objects().order_by([Everything::id.asc()])
}

#[get("/everything/serde")]
fn everything_by_serde(db: Db) -> Result<Json<Vec<Everything>>> {
    everything().all(&db).map(Json)
}

#[get("/everything/host")]
fn everything_by_host(db: Db) -> Result<JsonRows> {
    everything().json(&db)
}

#[get("/everything/host/streamed")]
fn everything_streamed(db: Db) -> Result<JsonRows> {
    Ok(everything().json(&db)?.streamed())
}

#[get("/one/serde/{id}")]
fn one_by_serde(id: i32, db: Db) -> Result<Json<Everything>> {
    let one = Everything::objects().filter(Everything::id.eq(id));
    one.get_or_404(&db).map(Json)
}

#[get("/one/host/{id}")]
fn one_by_host(id: i32, db: Db) -> Result<JsonRows> {
    Everything::objects()
        .filter(Everything::id.eq(id))
        .json_or_404(&db)
}

#[derive(Partial, Serialize, JsonRow)]
#[partial(model = Everything)]
#[serde(rename_all = "camelCase")]
struct Card {
    id: i32,
    #[partial(value = Everything::next().text())]
    next_text: Option<String>,
}

#[derive(Serialize)]
struct Slice {
    limit: u32,
}

/// Objects of some columns, in an envelope.
#[get("/cards")]
fn cards(db: Db) -> Result<(u16, JsonRows)> {
    let cards = everything().only::<Card>().json(&db)?;
    Ok((203, cards.enveloped("items", &Slice { limit: 7 })?))
}

/// Pairs of a column and what is in no table.
#[get("/pairs")]
fn pairs(db: Db) -> Result<JsonRows> {
    let doubled = raw::<_, i32>("{} * 2", (Everything::id,));
    everything().values((Everything::id, doubled)).json(&db)
}

/// A long series, a line each.
#[get("/series/{rows}")]
fn series(rows: i32, db: Db) -> Result<Reply> {
    use plinth::http::IntoReply;
    let number = raw::<_, i32>("generate_series(1, {})", (rows,));
    let pairs = Everything::objects().values((Everything::id, number));
    let rows = pairs.json(&db)?.lines().streamed();
    Ok(rows
        .into_reply()
        .with_header("content-disposition", "attachment"))
}

/// In a transaction, where there is nothing to answer with later.
#[get("/inside")]
fn inside(mut db: Db) -> Result<JsonRows> {
    db.transaction(|tx| everything().json(tx))
}

/// With what another statement loads.
#[get("/prefetched")]
fn prefetched(db: Db) -> Result<JsonRows> {
    everything()
        .prefetch_related(Everything::previous())
        .json(&db)
}

const ROUTES: &[plinth::http::Endpoint] = &[
    <everything_by_serde as plinth::http::Route>::ENDPOINT,
    <everything_by_host as plinth::http::Route>::ENDPOINT,
    <everything_streamed as plinth::http::Route>::ENDPOINT,
    <one_by_serde as plinth::http::Route>::ENDPOINT,
    <one_by_host as plinth::http::Route>::ENDPOINT,
    <cards as plinth::http::Route>::ENDPOINT,
    <pairs as plinth::http::Route>::ENDPOINT,
    <series as plinth::http::Route>::ENDPOINT,
    <inside as plinth::http::Route>::ENDPOINT,
    <prefetched as plinth::http::Route>::ENDPOINT,
];

static PLUGIN: plinth::plugin::Plugin = plinth::plugin::Plugin {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    models: &[<Everything as plinth::Model>::META],
    routes: ROUTES,
    routers: &[],
    seeds: &[],
};
