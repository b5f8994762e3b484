//! Models of some rows of a table.

use super::*;

#[derive(crate::Model, Debug)]
#[model(table = "vehicles", discriminator = kind)]
struct Vehicle {
    #[model(key, auto)]
    id: i64,
    kind: String,
}

#[derive(crate::Model, Debug)]
#[model(table = "vehicles", parent = Vehicle, variant = "car")]
struct Car {
    #[model(key, auto)]
    id: i64,
    #[model(default = 4)]
    doors: i32,
}

const CAR: [u32; 2] = [INT8, 23];

fn car() -> Car {
    Car { id: 7, doors: 4 }
}

#[test]
fn an_insert_says_the_variant() {
    let script = Script::install();
    script.answer(rows(&CAR, &[&[&7_i64, &2]]), 1);
    assert_eq!(create!(Car { doors: 2 }).insert(&db()).unwrap().doors, 2);
    script.answer(rows(&CAR, &[&[&8_i64, &4], &[&9_i64, &4]]), 2);
    Car::objects()
        .bulk_create([create!(Car {}), create!(Car {})], &db())
        .unwrap();
    script.answer(rows(&CAR, &[&[&8_i64, &4], &[&9_i64, &5]]), 2);
    Car::objects()
        .bulk_create([create!(Car {}), create!(Car { doors: 5 })], &db())
        .unwrap();
    script.answer(rows(&CAR, &[&[&8_i64, &4], &[&9_i64, &5]]), 2);
    Car::objects()
        .bulk_create(
            [create!(Car { doors: 4 }), create!(Car { doors: 5 })],
            &db(),
        )
        .unwrap();
    let returning = r#" RETURNING "id", "doors""#;
    assert_eq!(
        script.log(),
        [
            format!(r#"INSERT INTO "vehicles" ("doors", "kind") VALUES ($1, $2){returning}"#),
            format!(r#"INSERT INTO "vehicles" ("kind") VALUES ($1), ($2){returning}"#),
            format!(
                "INSERT INTO \"vehicles\" (\"doors\", \"kind\") VALUES (DEFAULT, $1), \
                 ($2, $3){returning}"
            ),
            format!(
                "INSERT INTO \"vehicles\" (\"doors\", \"kind\") SELECT *, $1 FROM unnest($2){returning}"
            ),
        ]
    );
}

#[test]
fn a_row_is_changed_as_the_variant_it_is() {
    let script = Script::install();
    let mut car = car().edit();
    car.doors = 5;
    script.answer(rows(&CAR, &[&[&7_i64, &5]]), 1);
    car.save(&db()).unwrap();
    script.answer(rows(&CAR, &[&[&7_i64, &5]]), 1);
    car.refresh(&db()).unwrap();
    script.answer(rows(&[], &[]), 1);
    car.delete(&db()).unwrap();
    Car::objects().delete(&db()).unwrap();
    assert_eq!(
        script.log(),
        [
            "UPDATE \"vehicles\" SET \"doors\" = $1 WHERE \"id\" = $2 AND \"kind\" = $3 \
             RETURNING \"id\", \"doors\"",
            r#"SELECT "id", "doors" FROM "vehicles" WHERE "id" = $1 AND "kind" = $2"#,
            r#"DELETE FROM "vehicles" WHERE "id" = $1 AND "kind" = $2"#,
            r#"DELETE FROM "vehicles" WHERE "kind" = $1"#,
        ]
    );
}
