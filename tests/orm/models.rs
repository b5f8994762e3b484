//! What models say of their rows: versions, soft deletion, variants, tables of
//! all kinds.

use plinth::orm::{Edit, count, excluded};
use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model, Debug)]
#[model(table = "authors")]
struct Author {
    #[model(key, auto)]
    id: i64,
    name: String,
}

#[derive(Model, Debug)]
#[model(
    table = "posts",
    unique(slug, where = "deleted_at IS NULL"),
    index(author, created_at desc),
    index(expression = "lower(slug)"),
    check = "score >= 0"
)]
struct Post {
    #[model(key, default = db("gen_random_uuid()"))]
    id: Uuid,
    slug: String,
    #[model(default = 0)]
    score: i32,
    #[model(default = [], index = gin)]
    tags: Vec<String>,
    extra: Option<serde_json::Value>,
    author: Option<ForeignKey<Author>>,
    #[model(default = now)]
    created_at: Timestamp,
    #[model(auto_now)]
    updated_at: Timestamp,
    #[model(version)]
    version: i32,
    #[model(soft_delete)]
    deleted_at: Option<Timestamp>,
}

fn posts() -> Db {
    native_database(&[Post::META, Author::META])
}

fn post(slug: &str, db: &Db) -> Post {
    create!(Post { slug }).insert(db).expect("a post")
}

fn editing(slug: &str, db: &Db) -> Edit<Post> {
    let found = Post::objects().filter(Post::slug.eq(slug)).get(db);
    found.expect("a post").edit()
}

#[test]
fn a_save_writes_its_own_changes_and_no_others() {
    let db = posts();
    let (first, second) = (post("a", &db), post("b", &db));
    assert_ne!(first.id, second.id, "computed by Postgres");
    assert_eq!(first.version, 1);
    let mut edit = first.edit();
    edit.score = 5;
    edit.tags = vec!["x".into(), "y".into()];
    edit.extra = Some(serde_json::json!({ "a": [1, null] }));
    edit.save(&db).expect("it is saved");
    assert_eq!((edit.version, edit.score), (2, 5));
    assert!(edit.updated_at > edit.created_at);
    assert!(edit.changed().is_empty());
    edit.tags.clear();
    edit.extra = None;
    edit.save(&db).expect("it is saved again");
    let read = editing("a", &db);
    assert_eq!((read.version, read.score, read.tags.len()), (3, 5, 0));
    assert!(read.extra.is_none());
    assert_eq!(editing("b", &db).version, 1);
}

#[test]
fn of_two_who_change_a_row_the_second_is_told() {
    let db = posts();
    post("a", &db);
    let (mut mine, mut theirs) = (editing("a", &db), editing("a", &db));
    theirs.score = 1;
    theirs.save(&db).expect("it is the first");
    mine.slug = "mine".into();
    assert!(mine.save(&db).unwrap_err().is_stale());
    mine.refresh(&db).expect("it is there");
    assert_eq!((mine.score, &*mine.slug), (1, "a"));
    mine.slug = "mine".into();
    mine.save(&db).expect("it is up to date");
    let updated = Post::objects()
        .update([Post::score.set(Post::score + 1)])
        .execute(&db);
    assert_eq!(updated.expect("an update"), 1);
    mine.score = 9;
    assert!(mine.save(&db).unwrap_err().is_stale());
    assert!(mine.delete(&db).unwrap_err().is_stale());
    mine.refresh(&db).expect("it is there");
    assert!(mine.delete(&db).is_ok());
    assert!(mine.delete(&db).unwrap_err().is_stale(), "it is gone");
}

#[test]
fn a_refused_save_leaves_the_row_to_be_saved_again() {
    let db = posts();
    let mut edit = post("a", &db).edit();
    edit.score = -1;
    assert!(edit.save(&db).unwrap_err().is_check_violation());
    edit.score = 3;
    edit.save(&db).expect("it is in range");
    assert_eq!(edit.version, 2);
}

#[test]
fn a_loaded_author_stays_loaded_over_a_save() {
    let db = posts();
    let author = create!(Author { name: "Ursula" }).insert(&db).expect("one");
    let other = create!(Author { name: "Octavia" })
        .insert(&db)
        .expect("one");
    let draft = create!(Post {
        slug: "a",
        author: &author
    });
    draft.insert(&db).expect("a post");
    let query = Post::objects().select_related(Post::author());
    let mut edit = query.get(&db).expect("a post").edit();
    edit.slug = "b".into();
    edit.save(&db).expect("it is saved");
    let loaded = edit.author.as_ref().expect("an author");
    assert_eq!(loaded.get().expect("it is loaded").name, "Ursula");
    edit.author = Some((&other).into());
    edit.save(&db).expect("it is saved");
    let found = Post::objects().filter(Post::author().name().eq("Octavia"));
    assert_eq!(found.count(&db).expect("a count"), 1);
}

#[test]
fn deleted_rows_are_out_of_sight_and_come_back() {
    let db = posts();
    let count = |query: QuerySet<Post>| query.count(&db).expect("a count");
    let all = || Post::objects().with_deleted();
    let first = post("a", &db);
    post("b", &db);
    first.delete(&db).expect("it is there");
    assert!(first.delete(&db).unwrap_err().is_stale());
    assert_eq!((count(Post::objects()), count(all())), (1, 2));
    // Its slug is free, because the index is of living rows only.
    post("a", &db);
    let draft = || create!(Post { slug: "a" });
    let (_, is_new) = Post::objects()
        .filter(Post::slug.eq("a"))
        .get_or_create(draft(), &db)
        .expect("a post");
    assert!(!is_new);
    let upsert = draft()
        .on_conflict(Post::slug)
        .do_update([Post::score.set(7)]);
    let (upserted, is_new) = upsert.insert(&db).expect("a post");
    assert_eq!((upserted.score, upserted.version, is_new), (7, 2, false));

    let mut back = Post::objects().only_deleted().get(&db).expect("one").edit();
    back.deleted_at = None;
    assert!(back.save(&db).unwrap_err().is_unique_violation());
    back.slug = "c".into();
    back.save(&db).expect("the slug is free");
    assert_eq!(count(Post::objects()), 3);
    assert_eq!(Post::objects().delete(&db).expect("they go"), 3);
    assert_eq!(all().delete(&db).expect("they are gone"), 0);
    assert_eq!((count(Post::objects()), count(all())), (0, 3));
    let purged = Post::objects().only_deleted().filter(Post::slug.eq("b"));
    assert_eq!(purged.hard_delete(&db).expect("it goes"), 1);
    back.refresh(&db).expect("it is in the table");
    back.hard_delete(&db).expect("it goes");
    assert_eq!(count(all()), 1);
}

#[test]
fn a_row_deleted_meanwhile_is_not_changed() {
    let db = posts();
    let mut edit = post("a", &db).edit();
    Post::objects().delete(&db).expect("it goes");
    edit.score = 1;
    assert!(edit.save(&db).unwrap_err().is_stale());
    edit.refresh(&db).expect("it is in the table");
    assert!(edit.deleted_at.is_some());
}

#[derive(Model, Debug)]
#[model(table = "topics")]
struct Topic {
    #[model(key)]
    id: i64,
    parent: Option<ForeignKey<Topic>>,
    labels: ManyToMany<Label>,
    #[model(reverse = parent)]
    children: Many<Topic>,
    #[model(soft_delete)]
    deleted_at: Option<Timestamp>,
}

#[derive(Model, Debug)]
#[model(table = "labels")]
struct Label {
    #[model(key)]
    id: i64,
    #[model(soft_delete)]
    deleted_at: Option<Timestamp>,
}

/// Topics 1 to 4, each the child of the one before, and labels 1 and 2 on
/// topic 1; 3 and label 2 are deleted.
fn topics() -> Db {
    let db = native_database(&[Topic::META, Label::META]);
    for id in 1..=4 {
        let parent = (id > 1).then_some(id - 1);
        create!(Topic { id, parent }).insert(&db).expect("a topic");
    }
    let labels = [1, 2].map(|id| create!(Label { id }));
    let labels = Label::objects().bulk_create(labels, &db).expect("labels");
    let first = Topic::objects().filter(Topic::id.eq(1));
    let first = first.get(&db).expect("a topic");
    first.labels.add(&labels, &db).expect("they are tied");
    labels[1].delete(&db).expect("it is there");
    let third = Topic::objects().filter(Topic::id.eq(3));
    assert_eq!(third.delete(&db).expect("it is there"), 1);
    db
}

fn ids(query: &QuerySet<Topic>, db: &Db) -> Vec<i64> {
    let query = query.clone().order_by([Topic::id.asc()]);
    query.values(Topic::id).all(db).expect("a query")
}

#[test]
fn every_kind_of_query_leaves_out_what_is_deleted() {
    let db = topics();
    let all = Topic::objects;
    assert_eq!(ids(&all(), &db), [1, 2, 4]);
    assert_eq!(ids(&all().with_deleted(), &db), [1, 2, 3, 4]);
    assert_eq!(all().count(&db).expect("a count"), 3);
    assert_eq!(all().limit(9).count(&db).expect("a count"), 3);
    assert_eq!(all().aggregate(count(), &db).expect("a count"), 3);
    assert!(
        !all()
            .filter(Topic::id.eq(3))
            .exists(&db)
            .expect("an answer")
    );
    assert_eq!(all().in_bulk([2, 3, 4], &db).expect("rows").len(), 2);
    let last = all().last(&db).expect("a query").expect("a row");
    assert_eq!(last.id, 4);
    let union = all()
        .filter(Topic::id.eq(3))
        .union(all().filter(Topic::id.eq(4)));
    assert_eq!(union.count(&db).expect("a count"), 1);
    let first = || all().filter(Topic::id.eq(1));
    let tree = first().with_descendants(Topic::parent());
    assert_eq!(ids(&tree, &db), [1, 2, 4]);
    let children = all().filter(Topic::children().any());
    assert_eq!(
        ids(&children, &db),
        [1],
        "3 is deleted, and its child has no parent to see"
    );
    let parents = all().filter(Topic::id.is_in_query(all().values(Topic::id)));
    assert_eq!(ids(&parents, &db), [1, 2, 4]);
    let fourth = all()
        .filter(Topic::id.eq(4))
        .select_related(Topic::parent());
    let fourth = fourth.get(&db).expect("a row");
    let parent = fourth.parent.expect("a parent");
    assert!(parent.get().expect("it is loaded").deleted_at.is_some());
}

#[test]
fn rows_that_belong_to_a_row_leave_out_what_is_deleted() {
    let db = topics();
    let query = Topic::objects()
        .filter(Topic::id.eq(1))
        .prefetch_related(Topic::labels())
        .prefetch_related(Topic::children());
    let mut topic = query.get(&db).expect("a topic");
    assert_eq!(topic.labels.get().expect("they are loaded").len(), 1);
    assert_eq!(
        topic
            .labels
            .objects()
            .expect("ties")
            .count(&db)
            .expect("a count"),
        1
    );
    topic.refresh(&db).expect("it is there");
    assert_eq!(topic.labels.get().expect("they are loaded still").len(), 1);
    assert_eq!(
        topic.children.get().expect("they are loaded still").len(),
        1
    );
    let counts = Topic::objects()
        .filter(Topic::id.eq(1))
        .annotate((Topic::labels().count(), Topic::children().count()));
    let (_, counts) = counts.get(&db).expect("a row");
    assert_eq!(counts, (1, 1));
}

#[derive(Choices, Debug, PartialEq)]
enum Kind {
    Car,
    Truck,
}

#[derive(Model, Debug)]
#[model(table = "vehicles", discriminator = kind)]
struct Vehicle {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(column = "type")]
    kind: Kind,
}

#[derive(Model, Debug)]
#[model(table = "vehicles", parent = Vehicle, variant = "car")]
struct Car {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(range = 1..10)]
    doors: i32,
}

#[derive(Model, Debug)]
#[model(table = "vehicles", parent = Vehicle, variant = "truck")]
struct Truck {
    #[model(key, auto)]
    id: i64,
    name: String,
    load: i32,
}

#[test]
fn variants_see_their_own_rows_and_the_parent_all() {
    let db = native_database(&[Car::META, Truck::META]);
    let names = ["Beetle", "Mini"];
    let cars = names.map(|name| create!(Car { name, doors: 3 }));
    let cars = Car::objects().bulk_create(cars, &db).expect("cars");
    let truck = create!(Truck {
        name: "Unimog",
        load: 5
    });
    let truck = truck.insert(&db).expect("a truck");
    let kinds = Vehicle::objects().values((Vehicle::kind, count()));
    let kinds = kinds.order_by([count().desc()]).all(&db).expect("groups");
    assert_eq!(kinds, [(Kind::Car, 2), (Kind::Truck, 1)]);
    assert_eq!(Car::objects().count(&db).expect("a count"), 2);
    let not_a_car = Car::objects().filter(Car::id.eq(truck.id)).get(&db);
    assert!(not_a_car.unwrap_err().is_not_found());

    let mut car = cars.into_iter().next().expect("a car").edit();
    car.doors = 5;
    car.save(&db).expect("it is saved");
    let updated = Car::objects().update([Car::name.set("x")]).execute(&db);
    assert_eq!(updated.expect("an update"), 2);
    let doorless = Vehicle::objects()
        .filter(Vehicle::id.eq(truck.id))
        .update([Vehicle::kind.set(Kind::Car)])
        .execute(&db);
    assert!(doorless.unwrap_err().is_check_violation());
    assert_eq!(Truck::objects().delete(&db).expect("they go"), 1);
    assert_eq!(Vehicle::objects().count(&db).expect("a count"), 2);
}

#[test]
fn a_row_of_another_variant_is_not_updated_instead() {
    let db = native_database(&[Car::META, Truck::META]);
    let truck = create!(Truck {
        name: "Unimog",
        load: 5
    });
    let truck = truck.insert(&db).expect("a truck");
    let car = |id: i64| {
        create!(Car {
            id,
            name: "Mini",
            doors: 3
        })
    };
    let upsert = |id| {
        let upsert = car(id).on_conflict(Car::id);
        upsert.do_update([Car::name.set(excluded(Car::name)), Car::doors.set(4)])
    };
    let error = upsert(truck.id).insert(&db).unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
    let many = Car::objects().on_conflict(Car::id);
    let many = many.do_update([Car::doors.set(4)]);
    let error = many.bulk_create([car(70), car(truck.id)], &db).unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
    let left = Vehicle::objects().get(&db).expect("the truck alone");
    assert_eq!((left.id, &*left.name), (truck.id, "Unimog"));

    assert!(upsert(71).insert(&db).expect("it is inserted").1);
    let (updated, is_new) = upsert(71).insert(&db).expect("it is updated");
    assert_eq!((updated.doors, is_new), (4, false));
}

#[derive(Model, Debug)]
#[model(table = "users", unlogged)]
struct User {
    #[model(key, auto)]
    id: i64,
}

#[derive(Model, Debug)]
#[model(table = "entries", append_only)]
struct Entry {
    #[model(key, auto)]
    id: i64,
    text: String,
}

#[derive(Model, Debug)]
#[model(table = "profiles", unlogged)]
struct Profile {
    #[model(key, auto)]
    id: i64,
    user: OneToOne<User>,
}

#[test]
fn what_is_only_added_stays_even_from_sql_of_ones_own() {
    let db = native_database(&[Entry::META]);
    let entry = create!(Entry { text: "a" }).insert(&db).expect("one");
    for sql in [
        "UPDATE entries SET text = 'b'",
        "DELETE FROM entries",
        "TRUNCATE entries",
    ] {
        let error = db.execute(sql, &[]).unwrap_err();
        assert_eq!(error.sqlstate(), Some("23000"), "{error}");
        assert_eq!(error.table(), Some("entries"));
    }
    let found = Entry::objects().get(&db).expect("it is there");
    assert_eq!((found.id, &*found.text), (entry.id, "a"));
}

#[test]
fn one_to_one_is_one() {
    let db = native_database(&[Profile::META, User::META]);
    let user = create!(User {}).insert(&db).expect("a user");
    let profile = || create!(Profile { user: &user }).insert(&db);
    let first = profile().expect("a profile");
    assert!(profile().unwrap_err().is_unique_violation());
    assert_eq!((first.id, *first.user.key()), (1, user.id));
}
