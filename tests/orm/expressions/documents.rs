//! Arrays and JSON.

use serde_json::json;

use super::{Item, check, items, one};

#[test]
fn arrays_are_asked_about_and_changed() {
    let db = items();
    check(&Item::tags.has("classic"), &[1, 3], &db);
    check(&Item::tags.has("it's"), &[3], &db);
    check(&Item::tags.contains_all(["sf", "classic"]), &[1], &db);
    check(
        &Item::tags.contains_all([] as [&str; 0]),
        &[1, 2, 3, 4],
        &db,
    );
    check(&Item::tags.overlaps(Vec::<String>::new()), &[], &db);
    check(&Item::tags.overlaps(["sf", "it's"]), &[1, 3, 4], &db);
    check(&Item::tags.contained_by(["sf"]), &[2, 4], &db);
    check(&Item::tags.len().eq(2), &[1, 3], &db);
    check(&Item::tags.get(0).eq("sf"), &[1, 4], &db);
    check(&Item::tags.get(-1).is_null(), &[1, 2, 3, 4], &db);
    let change = Item::tags
        .append("new")
        .prepend("first")
        .remove("classic")
        .extend(["a", "b"]);
    Item::objects()
        .update([Item::tags.set(change)])
        .execute(&db)
        .expect("an update");
    assert_eq!(one(Item::tags, 3, &db), ["first", "it's", "new", "a", "b"]);
    assert_eq!(one(Item::tags.get(1), 2, &db), Some("new".into()));
}

#[test]
fn json_is_asked_about_and_changed() {
    let db = items();
    check(&Item::extra.text("lang").eq("en"), &[1], &db);
    check(&Item::extra.item(0).text("lang").eq("fr"), &[3], &db);
    check(&Item::extra.key("n").eq(json!(3)), &[1], &db);
    check(&Item::extra.key("none").is_null(), &[2, 3, 4], &db);
    check(&Item::extra.text("none").is_null(), &[1, 2, 3, 4], &db);
    check(&Item::extra.as_text().eq("text"), &[4], &db);
    check(
        &Item::extra.contains_json(json!({ "list": [1] })),
        &[1],
        &db,
    );
    check(
        &Item::extra.contained_by_json(json!([{ "lang": "fr" }, "x", 1])),
        &[3],
        &db,
    );
    check(&Item::extra.has_key("lang"), &[1], &db);
    check(&Item::extra.has_any_keys(["x", "n"]), &[1, 3], &db);
    check(&Item::extra.has_keys(["n", "lang"]), &[1], &db);
    assert_eq!(
        one(Item::extra.key("list").item(-2), 1, &db),
        Some(json!([2]))
    );
    let change = Item::extra
        .merge(json!({ "n": 4, "m": { "k": 1 } }))
        .without_key("lang")
        .with_path(["m", "k"], json!("it's"));
    let first = Item::objects().filter(Item::id.eq(1));
    first
        .update([Item::extra.set(change)])
        .execute(&db)
        .expect("an update");
    assert_eq!(
        one(Item::extra, 1, &db),
        Some(json!({ "n": 4, "m": { "k": "it's" }, "list": [1, [2], null], "none": null }))
    );
}
