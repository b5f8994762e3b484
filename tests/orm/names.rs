//! Names that Postgres would give to two things, or cut.

use plinth::orm::{ModelMeta, schema};
use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model, Debug)]
#[model(table = "book")]
struct Book {
    #[model(key, auto)]
    id: i64,
    #[model(index)]
    review_author: String,
}

#[derive(Model, Debug)]
#[model(table = "book_review")]
struct BookReview {
    #[model(key, auto)]
    id: i64,
    #[model(index)]
    author: String,
}

#[derive(Model, Debug)]
#[model(table = "shop")]
struct Shop {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    item_code: String,
}

#[derive(Model, Debug)]
#[model(table = "shop_item")]
struct ShopItem {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    code: String,
}

#[derive(Model, Debug)]
#[model(table = "people", index(first, name))]
struct Person {
    #[model(key, auto)]
    id: i64,
    first: String,
    name: String,
    #[model(index)]
    first_name: String,
}

/// The name of its table would be that of an index of `Book`.
#[derive(Model, Debug)]
#[model(table = "book_review_author_idx")]
struct Odd {
    #[model(key, auto)]
    id: i64,
}

#[derive(Model, Debug)]
#[model(table = "vehicles", discriminator = kind)]
struct Vehicle {
    #[model(key, auto)]
    id: i64,
    kind: String,
    #[model(range = 0..)]
    car_doors: Option<i32>,
}

#[derive(Model, Debug)]
#[model(table = "vehicles", parent = Vehicle, variant = "car")]
struct Car {
    #[model(key, auto)]
    id: i64,
    doors: i32,
}

#[derive(Model, Debug)]
#[model(table = "a_mailing_whose_table_has_a_name_of_44_bytes")]
struct Mailing {
    #[model(key, auto)]
    id: i64,
    people_who_asked_for_it: ManyToMany<Recipient>,
    people_who_asked_for_no_more: ManyToMany<Recipient>,
}

#[derive(Model, Debug)]
#[model(table = "recipients")]
struct Recipient {
    #[model(key, auto)]
    id: i64,
}

/// Makes the tables of some models in a database that has some.
fn make(models: &[&'static ModelMeta], db: &Db) -> Result<()> {
    let tables = schema::tables(models);
    let mut statements = tables.iter().flat_map(|table| &table.ddl);
    statements.try_for_each(|statement| db.execute(&**statement, &[]).map(drop))
}

fn run(sql: &str, db: &Db) {
    db.execute(sql, &[]).expect(sql);
}

/// What is in the catalog, sorted.
fn texts(sql: &str, db: &Db) -> Vec<String> {
    let rows = db.query(sql, &[]).expect("a query of the catalog");
    let rows = rows.iter();
    rows.map(|row| row.get(0).expect("a text")).collect()
}

/// The indexes of a table that are no keys, as their columns.
fn indexes(table: &str, db: &Db) -> Vec<String> {
    let sql = format!(
        "SELECT substring(pg_get_indexdef(indexrelid) FROM '[(].*') FROM pg_index \
         WHERE indrelid = '{table}'::regclass AND NOT indisprimary ORDER BY 1"
    );
    texts(&sql, db)
}

#[test]
fn two_tables_whose_indexes_would_have_one_name_have_both() {
    let db = native_database(&[Book::META, BookReview::META]);
    assert_eq!(indexes("book", &db), ["(review_author)"]);
    assert_eq!(indexes("book_review", &db), ["(author)"]);
}

#[test]
fn two_tables_whose_constraints_would_have_one_name_have_both() {
    let db = native_database(&[Shop::META, ShopItem::META]);
    assert_eq!(indexes("shop", &db), ["(item_code)"]);
    assert_eq!(indexes("shop_item", &db), ["(code)"]);
}

#[test]
fn two_indexes_of_one_table_whose_columns_would_join_alike_are_both_made() {
    let db = native_database(&[Person::META]);
    assert_eq!(indexes("people", &db), ["(first, name)", "(first_name)"]);
}

#[test]
fn an_index_whose_name_is_a_tables_is_made() {
    for models in [[Book::META, Odd::META], [Odd::META, Book::META]] {
        let db = native_database(&models);
        assert_eq!(indexes("book", &db), ["(review_author)"]);
        create!(Odd {}).insert(&db).expect("a table");
    }
}

#[test]
fn checks_of_columns_and_variants_that_would_have_one_name_are_both_made() {
    let db = native_database(&[Vehicle::META, Car::META]);
    let sql = "INSERT INTO vehicles (kind, car_doors, doors) VALUES ";
    let refused = |values: &str| {
        let error = db.execute(&*format!("{sql}{values}"), &[]).unwrap_err();
        assert!(error.is_check_violation(), "{error}");
    };
    refused("('car', -1, 4)");
    refused("('car', 1, NULL)");
    run(&format!("{sql}('car', 1, 4)"), &db);
}

#[test]
fn each_of_two_junctions_with_long_names_has_ties_of_its_own() {
    let db = native_database(&[Mailing::META, Recipient::META]);
    create!(Mailing {}).insert(&db).expect("a mailing");
    let recipient = create!(Recipient {}).insert(&db).expect("a recipient");
    let mailing = Mailing::objects().get(&db).expect("a mailing");
    let added = mailing.people_who_asked_for_it.add([&recipient], &db);
    assert_eq!(added.expect("a tie"), 1);
    let wanting = Mailing::objects().filter(Mailing::people_who_asked_for_it().any());
    assert!(wanting.exists(&db).expect("an answer"));
    let leaving = Mailing::objects().filter(Mailing::people_who_asked_for_no_more().any());
    assert!(!leaving.exists(&db).expect("an answer"));
}

/// Why the tables cannot be made.
fn refusal(models: &[&'static ModelMeta], db: &Db) -> String {
    let error = make(models, db).expect_err("they are refused");
    assert_eq!(error.sqlstate(), Some("42710"), "{error}");
    error.to_string()
}

/// The statements that a refusal says to run.
fn remedies(refusal: &str) -> Vec<String> {
    let lines = refusal.lines();
    let told = lines.filter_map(|line| line.split_once("run ")?.1.split_once(';'));
    told.map(|(statement, _)| statement.to_owned()).collect()
}

/// Does what each refusal says until there is none; tells what that was.
fn rename(models: &[&'static ModelMeta], db: &Db) -> Vec<String> {
    let mut done = Vec::new();
    while let Err(error) = make(models, db) {
        let remedies = remedies(&error.to_string());
        assert!(!remedies.is_empty(), "{error}");
        for remedy in remedies {
            run(&remedy, db);
            done.push(remedy);
        }
    }
    make(models, db).expect("they are there");
    done
}

#[test]
fn an_index_that_is_there_under_the_shared_name_is_renamed_and_not_made_again() {
    let db = native_database(&[Book::META]);
    // Beside another table, of which it is not.
    assert_eq!(
        texts(
            "SELECT indexname::text FROM pg_indexes WHERE indexname LIKE '%idx'",
            &db
        ),
        ["book_review_author_idx"]
    );
    let models = [BookReview::META, Book::META];
    let refusal = refusal(&models, &db);
    let renamed = schema::tables(&models)[1].ddl[2]
        .split('"')
        .nth(1)
        .map(str::to_owned);
    let renamed = renamed.expect("a name");
    assert!(
        refusal.contains(&format!(
            "book_review_author_idx is called {renamed} now: \
             run ALTER INDEX public.book_review_author_idx RENAME TO {renamed}; and then this again"
        )),
        "{refusal}"
    );
    assert_eq!(rename(&models, &db).len(), 1);
    assert_eq!(indexes("book", &db), ["(review_author)"]);
    assert_eq!(indexes("book_review", &db), ["(author)"]);
    // And back, when the other is no more.
    assert_eq!(rename(&[Book::META], &db).len(), 1);
    assert_eq!(indexes("book", &db), ["(review_author)"]);
}

#[test]
fn of_two_indexes_that_wanted_a_name_the_one_with_its_columns_is_renamed() {
    for (column, other) in [("first, name", "first_name"), ("first_name", "first, name")] {
        let db = native_database(&[]);
        run(
            "CREATE TABLE people (id bigint GENERATED BY DEFAULT AS IDENTITY, \
             first text NOT NULL, name text NOT NULL, first_name text NOT NULL)",
            &db,
        );
        run(
            &format!("CREATE INDEX people_first_name_idx ON people ({column})"),
            &db,
        );
        assert_eq!(rename(&[Person::META], &db).len(), 1);
        let expected = ["(first, name)", "(first_name)"];
        assert_eq!(
            indexes("people", &db),
            expected,
            "{column} and then {other}"
        );
    }
}

#[test]
fn a_constraint_that_is_there_under_the_shared_name_is_renamed() {
    let db = native_database(&[Shop::META]);
    let models = [Shop::META, ShopItem::META];
    assert!(refusal(&models, &db).contains(
        "run ALTER TABLE public.shop RENAME CONSTRAINT shop_item_code_key TO shop_item_code_"
    ));
    assert_eq!(rename(&models, &db).len(), 1);
    assert_eq!(indexes("shop", &db), ["(item_code)"]);
    assert_eq!(indexes("shop_item", &db), ["(code)"]);
}

#[test]
fn a_junction_whose_name_was_cut_is_renamed_and_keeps_its_ties() {
    let models = [Mailing::META, Recipient::META];
    let db = native_database(&[]);
    // As they were made when Postgres cut the names.
    for table in schema::tables(&models) {
        let junction = table.ddl.iter().any(|sql| sql.contains("'TABLE'"));
        for sql in table.ddl.iter().filter(|sql| !sql.starts_with("DO")) {
            let cut = "a_mailing_whose_table_has_a_name_of_44_bytes_people_who_asked_for_";
            let sql = match junction && table.name.contains("people") {
                true => sql.replace(&format!("\"{}\"", table.name), &format!("\"{cut}\"")),
                false => sql.clone(),
            };
            run(&sql, &db);
        }
    }
    create!(Mailing {}).insert(&db).expect("a mailing");
    create!(Recipient {}).insert(&db).expect("a recipient");
    run(
        "INSERT INTO a_mailing_whose_table_has_a_name_of_44_bytes_people_who_asked_f (mailing_id, recipient_id) VALUES (1, 1)",
        &db,
    );
    let refusal = refusal(&models, &db);
    assert!(
        refusal.contains(
            "TABLE public.a_mailing_whose_table_has_a_name_of_44_bytes_people_who_asked_f RENAME TO"
        ),
        "{refusal}"
    );
    run(&remedies(&refusal)[0], &db);
    // Both had the table, and so the indexes of both are on it.
    let refusal = self::refusal(&models, &db);
    assert!(refusal.contains("is that of index a_mailing"), "{refusal}");
    assert!(refusal.contains(" of a_mailing"), "{refusal}");
    let index = refusal.split_once("is that of index ").expect("an index").1;
    let index = index.split(' ').next().expect("a name");
    run(&format!("DROP INDEX {index}"), &db);
    make(&models, &db).expect("all is well");
    let wanting = Mailing::objects().filter(Mailing::people_who_asked_for_it().any());
    assert!(wanting.exists(&db).expect("an answer"));
    let leaving = Mailing::objects().filter(Mailing::people_who_asked_for_no_more().any());
    assert!(!leaving.exists(&db).expect("an answer"));
}

#[test]
fn a_name_that_is_anothers_is_refused_with_whose_it_is() {
    let db = native_database(&[]);
    run("CREATE TABLE others (id bigint)", &db);
    run("CREATE INDEX book_review_author_idx ON others (id)", &db);
    let told = refusal(&[Book::META], &db);
    assert!(told.contains("book_review_author_idx is to be the name of an index of public.book, and is that of index book_review_author_idx of others"), "{told}");
    let told = refusal(&[Odd::META], &db);
    assert!(told.contains("book_review_author_idx is to be the name of a table, and is that of index book_review_author_idx of others"), "{told}");
    run("DROP TABLE others", &db);
    run("CREATE SEQUENCE book_review_author_idx", &db);
    for model in [Book::META, Odd::META] {
        assert!(refusal(&[model], &db).contains("that of sequence book_review_author_idx"));
    }
}

#[test]
fn only_the_schema_of_the_tables_is_looked_at() {
    let db = native_database(&[Book::META, Shop::META]);
    run(r#"CREATE SCHEMA "Other One""#, &db);
    run(r#"SET search_path = "Other One", public"#, &db);
    let models = [Book::META, BookReview::META, Shop::META, ShopItem::META];
    make(&models, &db).expect("nothing is there");
    make(&models, &db).expect("all is there");
    assert_eq!(indexes(r#""Other One".book_review"#, &db), ["(author)"]);
}

#[test]
fn the_statements_run_within_a_block_as_an_administrators_script_has_them() {
    let models = [Book::META, BookReview::META, Mailing::META, Recipient::META];
    let db = native_database(&models);
    for table in schema::tables(&models) {
        for sql in table.ddl {
            run(&format!("DO $migrate$ BEGIN\n{sql};\nEND $migrate$"), &db);
        }
    }
}
