//! Rows that belong to rows: loaded, asked about, tied and untied.

use plinth::prelude::*;
use plinth_tests::native_database;
use serde::Serialize;

#[derive(Model, Debug, Serialize)]
#[model(table = "groups")]
struct Group {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(reverse = group)]
    people: Many<Person>,
}

#[derive(Model, Debug, Serialize)]
#[model(table = "people")]
struct Person {
    #[model(key, auto)]
    id: i64,
    name: String,
    age: i32,
    #[model(on_delete = set_null)]
    group: Option<ForeignKey<Group>>,
    friends: ManyToMany<Person>,
    skills: ManyToMany<Skill>,
}

#[derive(Model, Debug, Serialize)]
#[model(table = "skills")]
struct Skill {
    #[model(key)]
    code: String,
    #[model(table = "people_skills")]
    people: ManyToMany<Person>,
}

/// Ann and Bob are red, Cem is blue, Dan is in no group, and nobody is green.
fn people() -> (Db, Vec<Group>, Vec<Person>) {
    let db = native_database(&[Group::META, Person::META, Skill::META]);
    let groups = ["red", "blue", "green"].map(|name| create!(Group { name }));
    let groups = Group::objects().bulk_create(groups, &db).expect("inserts");
    let people = [
        create!(Person {
            name: "Ann",
            age: 30,
            group: &groups[0]
        }),
        create!(Person {
            name: "Bob",
            age: 10,
            group: &groups[0]
        }),
        create!(Person {
            name: "Cem",
            age: 20,
            group: &groups[1]
        }),
        create!(Person {
            name: "Dan",
            age: 40
        }),
    ];
    let people = Person::objects().bulk_create(people, &db).expect("inserts");
    for code in ["go", "sql", "rust"] {
        create!(Skill { code }).insert(&db).expect("inserts");
    }
    people[0].skills.add(["rust", "sql"], &db).expect("adds");
    people[2].skills.add(["sql"], &db).expect("adds");
    (db, groups, people)
}

fn names(people: &[Person]) -> Vec<&str> {
    people.iter().map(|person| &*person.name).collect()
}

fn found(condition: Q<Person>, db: &Db) -> Vec<String> {
    let people = Person::objects().filter(condition);
    let people = people.order_by([Person::name.asc()]);
    people.values(Person::name).all(db).expect("a query")
}

#[test]
fn rows_are_loaded_for_all_at_once() {
    let (db, ..) = people();
    let by_age = Group::people().order_by([Person::age.asc()]);
    let groups = Group::objects()
        .order_by([Group::id.asc()])
        .prefetch_related(by_age)
        .all(&db)
        .expect("a query");
    let loaded = groups
        .iter()
        .map(|group| names(group.people.get().expect("loaded")));
    let expected: [&[&str]; 3] = [&["Bob", "Ann"], &["Cem"], &[]];
    assert_eq!(loaded.collect::<Vec<_>>(), expected);
}

#[test]
fn a_filtered_part_of_them_with_what_belongs_to_them_in_turn() {
    let (db, ..) = people();
    let grown = Group::people()
        .filter(Person::age.gte(18))
        .prefetch_related(
            Person::skills()
                .order_by([Skill::code.asc()])
                .prefetch_related(Skill::people()),
        );
    let red = Group::objects()
        .filter(Group::name.eq("red"))
        .prefetch_related(grown)
        .get(&db)
        .expect("a query");
    let people = red.people.get().expect("loaded");
    assert_eq!(names(people), ["Ann"]);
    let skills = people[0].skills.get().expect("loaded");
    assert_eq!(
        skills.iter().map(|skill| &*skill.code).collect::<Vec<_>>(),
        ["rust", "sql"]
    );
    // The same person belongs to both skills.
    let knowing = skills
        .iter()
        .map(|skill| names(skill.people.get().expect("loaded")));
    let mut knowing: Vec<_> = knowing.collect();
    knowing[1].sort_unstable();
    assert_eq!(knowing, [vec!["Ann"], vec!["Ann", "Cem"]]);
}

#[test]
fn with_rows_that_their_foreign_keys_point_to() {
    let (db, ..) = people();
    let skill = Skill::objects()
        .filter(Skill::code.eq("sql"))
        .prefetch_related(
            Skill::people()
                .select_related(Person::group())
                .order_by([Person::name.desc()]),
        )
        .get(&db)
        .expect("a query");
    let people = skill.people.get().expect("loaded");
    let group = |person: &Person| {
        let group = person.group.as_ref().expect("a group");
        group.get().expect("loaded").name.clone()
    };
    assert_eq!(
        people.iter().map(group).collect::<Vec<_>>(),
        ["blue", "red"]
    );
}

#[test]
fn a_question_about_them_gives_no_row_twice() {
    let (db, ..) = people();
    let skilled = Person::skills().any();
    assert_eq!(found(skilled.clone(), &db), ["Ann", "Cem"]);
    assert_eq!(found(!skilled, &db), ["Bob", "Dan"]);
    let colleagues = Person::group().people().filter(Person::age.gt(25));
    assert_eq!(found(colleagues.clone().any(), &db), ["Ann", "Bob"]);
    // Nobody's colleagues are no colleagues.
    assert_eq!(found(!colleagues.any(), &db), ["Cem", "Dan"]);
    assert_eq!(found(Person::skills().count().gt(1), &db), ["Ann"]);
    assert_eq!(found(Person::friends().any(), &db), [""; 0]);
}

#[test]
fn sums_of_them_are_not_multiplied() {
    let (db, ..) = people();
    let rows = Group::objects()
        .annotate((
            Group::people().count(),
            Group::people().aggregate(plinth::orm::sum(Person::age)),
        ))
        .order_by([Group::id.asc()])
        .all(&db)
        .expect("a query");
    let rows: Vec<_> = rows
        .iter()
        .map(|(group, sums)| (&*group.name, *sums))
        .collect();
    assert_eq!(
        rows,
        [
            ("red", (2, Some(40))),
            ("blue", (1, Some(20))),
            ("green", (0, None))
        ]
    );
}

#[test]
fn ties_are_made_once_and_undone() {
    let (db, _, people) = people();
    let [ann, bob, cem, dan] = &people[..] else {
        panic!()
    };
    let friends = |person: &Person| {
        let friends = person.friends.objects().expect("from the database");
        let friends = friends.order_by([Person::name.asc()]);
        friends.values(Person::name).all(&db).expect("a query")
    };
    assert_eq!(ann.friends.add([bob, cem], &db).expect("adds"), 2);
    assert_eq!(
        ann.friends
            .add([bob.id, dan.id, dan.id], &db)
            .expect("adds"),
        1
    );
    assert_eq!(friends(ann), ["Bob", "Cem", "Dan"]);
    assert_eq!(friends(bob), [""; 0], "a tie has a direction");
    assert_eq!(ann.friends.remove([cem, cem], &db).expect("removes"), 1);
    ann.friends.set([cem, bob], &db).expect("sets");
    assert_eq!(friends(ann), ["Bob", "Cem"]);
    ann.friends.set([] as [i64; 0], &db).expect("sets");
    assert_eq!(friends(ann), [""; 0]);
    dan.friends.add([ann], &db).expect("adds");
    assert_eq!(dan.friends.clear(&db).expect("clears"), 1);
    assert_eq!(dan.friends.add([] as [i64; 0], &db).expect("adds"), 0);
}

#[test]
fn who_is_not_there_cannot_be_tied() {
    let (db, _, people) = people();
    let error = people[0]
        .friends
        .add([people[1].id, 99], &db)
        .expect_err("nobody");
    assert!(error.is_foreign_key_violation(), "{error:?}");
    assert_eq!(
        people[0]
            .friends
            .objects()
            .expect("a query")
            .count(&db)
            .expect("a count"),
        0
    );
}

#[test]
fn what_was_not_asked_for_is_not_there() {
    let (_db, groups, _) = people();
    let error = groups[0].people.get().expect_err("not loaded");
    assert!(error.is_not_loaded());
    assert_eq!(
        error.to_string(),
        "`Group.people` is not loaded; add `.prefetch_related(Group::people())` to the query"
    );
    let nobody = Many::<Person>::default();
    assert!(nobody.objects().expect_err("no owner").is_invalid_query());
}

#[test]
fn as_json_they_are_what_is_loaded() {
    let (db, groups, _) = people();
    let json = |group: &Group| serde_json::to_value(group).expect("JSON");
    assert_eq!(json(&groups[1])["people"], serde_json::Value::Null);
    let query = Group::objects().filter(Group::id.eq(groups[1].id));
    let blue = query
        .prefetch_related(Group::people())
        .get(&db)
        .expect("a query");
    assert_eq!(json(&blue)["people"][0]["name"], "Cem");
    assert_eq!(json(&blue)["people"][0]["group"], groups[1].id);
}

#[test]
fn no_rows_ask_nothing() {
    let (db, ..) = people();
    let none = Group::objects().filter(Group::name.eq("no such"));
    assert_eq!(
        none.prefetch_related(Group::people())
            .all(&db)
            .expect("a query")
            .len(),
        0
    );
}

#[test]
fn over_a_foreign_key_is_refused() {
    let (db, ..) = people();
    let query = Person::objects().prefetch_related(Person::group().people());
    let error = query.all(&db).expect_err("not its own");
    assert!(error.is_invalid_query(), "{error:?}");
}

#[derive(Model, Debug)]
#[model(table = "clubs")]
struct Club {
    #[model(key, auto)]
    id: i64,
    #[model(through = Membership(club, user))]
    members: ManyToMany<User>,
}

#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key)]
    name: String,
}

#[derive(Model, Debug)]
#[model(table = "memberships", unique(user, club))]
struct Membership {
    #[model(key, auto)]
    id: i64,
    club: ForeignKey<Club>,
    user: ForeignKey<User>,
    #[model(version)]
    version: i32,
    #[model(soft_delete)]
    left_at: Option<Timestamp>,
}

#[test]
fn a_tie_that_was_deleted_softly_comes_back() {
    let db = native_database(&[Club::META, User::META, Membership::META]);
    for name in ["ann", "bob", "cem"] {
        create!(User { name }).insert(&db).expect("a user");
    }
    let club = create!(Club {}).insert(&db).expect("a club");
    let members = || {
        let members = club.members.objects().expect("a query");
        let names = members.values(User::name).order_by([User::name.asc()]);
        names.all(&db).expect("names")
    };
    let add = |names: &[&str]| {
        let added = club.members.add(names.iter().copied(), &db);
        added.expect("they are tied")
    };
    assert_eq!(add(&["ann", "bob"]), 2);
    assert_eq!(club.members.remove(["ann"], &db).expect("it goes"), 1);
    assert_eq!(members(), ["bob"]);
    assert_eq!(add(&["bob", "ann", "ann"]), 1);
    assert_eq!(members(), ["ann", "bob"]);
    club.members.set(["cem"], &db).expect("they are set");
    club.members.set(["bob", "cem"], &db).expect("they are set");
    assert_eq!(members(), ["bob", "cem"]);
    let ties = Membership::objects().with_deleted().count(&db);
    assert_eq!(ties.expect("a count"), 3, "each has one, deleted or not");
    let bob = Membership::objects().filter(Membership::user_id.eq("bob"));
    // Tied, deleted and tied again.
    assert_eq!(bob.get(&db).expect("a tie").version, 3);
}
