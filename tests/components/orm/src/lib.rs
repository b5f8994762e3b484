//! Runs the ORM's constructs on a table, a route each, so that the tests see
//! what Postgres makes of them.

use plinth::orm::{avg, coalesce, count, excluded, exists, raw, sum, when};
use plinth::prelude::*;
use serde::Serialize;

#[derive(Model, Serialize)]
#[model(table = "people")]
struct Person {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    name: String,
    team: Option<String>,
    #[model(default = 0)]
    score: i32,
    #[model(on_delete = set_null)]
    boss: Option<ForeignKey<Person>>,
    #[model(reverse = boss)]
    staff: Many<Person>,
}

type Team = Option<String>;
type Staff = (String, Vec<String>);
type Group = (Team, i64, i64, Option<i64>);
type Totals = (i64, Option<i64>, Option<Decimal>);

#[get("/groups")]
fn groups(db: Db) -> Result<Json<Vec<Group>>> {
    let selection = (
        Person::team,
        count(),
        count().filter(Person::score.gt(0)),
        sum(Person::score),
    );
    let people = Person::objects().values(selection);
    let groups = people
        .order_by([Person::team.asc().nulls_last()])
        .all(&db)?;
    Ok(Json(groups))
}

#[get("/large-groups")]
fn large_groups(db: Db) -> Result<Json<Vec<(Team, i64)>>> {
    let people = Person::objects().values((Person::team, count()));
    Ok(Json(people.having(count().gt(1)).all(&db)?))
}

#[get("/totals/{least}")]
fn totals(least: i32, db: Db) -> Result<Json<Totals>> {
    let people = Person::objects().filter(Person::score.gte(least));
    let totals = people.aggregate((count(), sum(Person::score), avg(Person::score)), &db)?;
    Ok(Json(totals))
}

#[get("/bosses")]
fn bosses(db: Db) -> Result<Json<Vec<String>>> {
    let staff = Person::objects().correlate(Person::boss_id, Person::id);
    names(Person::objects().filter(exists(staff)), &db)
}

#[get("/no-bosses")]
fn no_bosses(db: Db) -> Result<Json<Vec<String>>> {
    let staff = Person::objects().correlate(Person::boss_id, Person::id);
    names(Person::objects().filter(!exists(staff)), &db)
}

#[get("/not-red")]
fn not_red(db: Db) -> Result<Json<Vec<String>>> {
    let red = Person::objects()
        .filter(Person::team.eq("red"))
        .values(Person::id);
    names(Person::objects().filter(!Person::id.is_in_query(red)), &db)
}

fn names(people: plinth::orm::QuerySet<Person>, db: &Db) -> Result<Json<Vec<String>>> {
    let names = people
        .order_by([Person::name.asc()])
        .values(Person::name)
        .all(db)?;
    Ok(Json(names))
}

#[get("/grades")]
fn grades(db: Db) -> Result<Json<Vec<(String, String, String)>>> {
    let grade = when(Person::score.gt(5), "high")
        .when(Person::score.gt(0), "low")
        .otherwise("none");
    let team = coalesce(Person::team, "nobody's");
    let people = Person::objects().values((Person::name.upper(), team, grade));
    Ok(Json(people.order_by([Person::name.asc()]).all(&db)?))
}

#[post("/upsert/{name}")]
fn upsert(name: String, db: Db) -> Result<Json<(i32, bool)>> {
    let (person, is_new) = create!(Person { name, score: 1 })
        .on_conflict(Person::name)
        .do_update([Person::score.set(Person::score + excluded(Person::score))])
        .insert(&db)?;
    Ok(Json((person.score, is_new)))
}

#[post("/get-or-create/{name}")]
fn get_or_create(name: String, db: Db) -> Result<Json<(i64, bool)>> {
    let same = Person::objects().filter(Person::name.eq(name.as_str()));
    let (person, is_new) = same.get_or_create(create!(Person { name }), &db)?;
    Ok(Json((person.id, is_new)))
}

/// Takes the first person that nobody else holds, and holds it for a while.
#[post("/take")]
fn take(mut db: Db) -> Result<Json<Option<i64>>> {
    let id = db.transaction(|tx| {
        let people = Person::objects().order_by([Person::id.asc()]);
        let free = people.for_update().skip_locked().first(tx)?;
        tx.query("SELECT pg_sleep(0.5)", &[])?;
        Ok(free.map(|person| person.id))
    })?;
    Ok(Json(id))
}

/// Takes a person unless somebody else holds them.
#[post("/take-now/{id}")]
fn take_now(id: i64, mut db: Db) -> Result<Json<i64>> {
    let person = Person::objects().filter(Person::id.eq(id));
    let person = db.transaction(|tx| person.for_update().nowait().get_or_404(tx))?;
    Ok(Json(person.id))
}

/// Every row of a long series, by a cursor: their number and their sum.
#[get("/series/{rows}")]
fn series(rows: i32, db: Db) -> Result<Json<(i64, i64)>> {
    let number = raw::<_, i32>("generate_series(1, {})", (rows,));
    let one = Person::objects().filter(Person::name.eq("Ann"));
    let (mut count, mut sum) = (0, 0);
    for number in one.values(number).iterator(1_000, &db)? {
        count += 1;
        sum += i64::from(number?);
    }
    Ok(Json((count, sum)))
}

/// The same, given up after a few rows; what the connection does afterwards.
#[get("/series-given-up")]
fn series_given_up(db: Db) -> Result<Json<i64>> {
    let people = Person::objects().order_by([Person::id.asc()]);
    let first = people.iterator(2, &db)?.next().transpose()?;
    let rows = db.query(
        "SELECT count(*) FROM pg_cursors WHERE name LIKE 'rows%'",
        &[],
    )?;
    let open: i64 = rows.first().map_or(Ok(-1), |row| row.get(0))?;
    Ok(Json(open * 1_000 + first.map_or(0, |person| person.id)))
}

/// A person renamed through its row, whose team is left alone.
#[post("/rename/{id}/{name}")]
fn rename(id: i64, name: String, db: Db) -> Result<Json<Vec<&'static str>>> {
    let mut person = Person::objects()
        .filter(Person::id.eq(id))
        .get_or_404(&db)?
        .edit();
    person.name = name;
    let changed = person.changed();
    person.save(&db)?;
    Ok(Json(changed))
}

/// Everybody's staff, loaded with one statement more.
#[get("/staff")]
fn staff(db: Db) -> Result<Json<Vec<Staff>>> {
    let by_name = Person::staff().order_by([Person::name.asc()]);
    let people = Person::objects()
        .order_by([Person::name.asc()])
        .prefetch_related(by_name);
    let mut staff = Vec::new();
    for person in people.all(&db)? {
        let names = person.staff.get()?.iter().map(|one| one.name.clone());
        let names = names.collect();
        staff.push((person.name, names));
    }
    Ok(Json(staff))
}

/// A value of a type that Postgres learnt of after the plugin was compiled.
#[get("/mood/{mood}")]
fn mood(mood: Mood, db: Db) -> Result<Json<(Mood, bool)>> {
    let one = Person::objects().filter(Person::name.eq("Ann"));
    let is_sad = raw::<_, bool>("{} = 'sad'::mood", (mood,));
    Ok(Json(one.values((raw("{}", (mood,)), is_sad)).get(&db)?))
}

#[derive(Choices, Clone, Copy)]
#[choices(sql_type = "mood")]
enum Mood {
    Glad,
    Sad,
}

plinth::plugin! {
    models: [Person],
    routes: [
        groups, large_groups, totals, bosses, no_bosses, not_red, grades, upsert, get_or_create, take, take_now,
        series, series_given_up, rename, staff, mood,
    ],
}
