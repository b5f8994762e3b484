//! Foreign keys to a variant, some of which point to rows of another.

use plinth::orm::{count, sum};
use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model, Debug)]
#[model(table = "vehicles", discriminator = kind)]
struct Vehicle {
    #[model(key)]
    id: i64,
    kind: String,
    maker: Option<ForeignKey<Maker>>,
    #[model(soft_delete)]
    deleted_at: Option<Timestamp>,
}

#[derive(Model, Debug)]
#[model(table = "vehicles", parent = Vehicle, variant = "car")]
struct Car {
    #[model(key)]
    id: i64,
    doors: i32,
    maker: Option<ForeignKey<Maker>>,
    #[model(soft_delete)]
    deleted_at: Option<Timestamp>,
}

#[derive(Model, Debug)]
#[model(table = "makers")]
struct Maker {
    #[model(key)]
    id: i64,
    name: String,
    favourite: Option<ForeignKey<Car>>,
}

#[derive(Model, Debug)]
#[model(table = "trips")]
struct Trip {
    #[model(key)]
    id: i64,
    car: ForeignKey<Car>,
    spare: Option<ForeignKey<Car>>,
    others: ManyToMany<Car>,
}

/// Trip 1 and its maker's favourite are with cars, trip 2 is with a truck, and
/// trip 3 with a car that was deleted.
fn trips() -> Db {
    let db = native_database(&[Vehicle::META, Car::META, Maker::META, Trip::META]);
    for sql in [
        "INSERT INTO makers VALUES (1, 'Ada', NULL), (2, 'Bo', NULL)",
        "INSERT INTO vehicles (id, kind, doors, maker_id, deleted_at) VALUES \
         (1, 'car', 4, 1, NULL), (2, 'truck', NULL, 2, NULL), (3, 'car', 2, NULL, now())",
        "UPDATE makers SET favourite_id = id",
        "INSERT INTO trips VALUES (1, 1, 2), (2, 2, 1), (3, 3, NULL)",
        "INSERT INTO trips_others (trip_id, car_id) VALUES (1, 1), (1, 2), (2, 2), (3, 1)",
    ] {
        db.execute(sql, &[]).expect(sql);
    }
    db
}

fn all() -> QuerySet<Trip> {
    Trip::objects().order_by([Trip::id.asc()])
}

#[test]
fn a_key_to_a_row_of_another_variant_does_not_fail_the_list() {
    let db = trips();
    let trips = all()
        .select_related(Trip::car().maker().favourite())
        .select_related(Trip::spare())
        .all(&db)
        .expect("trips");
    let doors = trips
        .iter()
        .map(|trip| trip.car.loaded().map(|car| car.doors));
    assert_eq!(doors.collect::<Vec<_>>(), [Some(4), None, Some(2)]);
    let keys = trips.iter().map(|trip| *trip.car.key());
    assert_eq!(keys.collect::<Vec<_>>(), [1, 2, 3]);
    let error = trips[1].car.get().expect_err("a truck");
    assert_eq!(
        error.to_string(),
        "`Trip.car` points to a row that is not a `Car`; `loaded()` is `None` for it"
    );
    let spare = |trip: &Trip| trip.spare.as_ref().map(|spare| spare.loaded().is_some());
    let spares: Vec<_> = trips.iter().map(spare).collect();
    assert_eq!(spares, [Some(false), Some(true), None]);
    let maker = trips[0]
        .car
        .get()
        .expect("a car")
        .maker
        .as_ref()
        .expect("it has one");
    let maker = maker.get().expect("loaded");
    let favourite = maker.favourite.as_ref().expect("it has one");
    assert_eq!(
        (&*maker.name, favourite.get().expect("a car").doors),
        ("Ada", 4)
    );
}

#[test]
fn a_nested_key_to_another_variant_is_not_there() {
    let db = trips();
    let vehicles = Vehicle::objects().order_by([Vehicle::id.asc()]);
    let vehicles = vehicles.select_related(Vehicle::maker().favourite());
    let favourites = vehicles
        .all(&db)
        .expect("vehicles")
        .into_iter()
        .map(|vehicle| {
            let maker = vehicle.maker.as_ref()?.loaded()?;
            Some(maker.favourite.as_ref()?.loaded().map(|car| car.doors))
        });
    assert_eq!(favourites.collect::<Vec<_>>(), [Some(Some(4)), Some(None)]);
}

#[test]
fn values_conditions_and_orders_see_the_variants_rows_only() {
    let db = trips();
    let refused = all()
        .values(Trip::car().doors())
        .all(&db)
        .expect_err("NULL");
    assert!(refused.is_invalid_query(), "{refused}");
    let doors = all()
        .values(Trip::car().doors().optional())
        .all(&db)
        .expect("values");
    assert_eq!(doors, [Some(4), None, Some(2)]);
    let keys = all()
        .values(Trip::car().id().optional())
        .all(&db)
        .expect("values");
    assert_eq!(keys, [Some(1), None, Some(3)]);
    let ids = |query: QuerySet<Trip>| query.values(Trip::id).all(&db).expect("values");
    assert_eq!(ids(all().filter(Trip::car().doors().gt(2))), [1]);
    assert_eq!(ids(all().exclude(Trip::car().doors().gt(2))), [2, 3]);
    assert_eq!(
        ids(all().filter(Trip::car().doors().optional().is_null())),
        [2]
    );
    assert_eq!(ids(all().filter(Trip::car().id().is_in([1, 2]))), [1]);
    assert_eq!(ids(all().filter(Trip::car_id.is_in([1, 2]))), [1, 2]);
    let by_doors = Trip::objects().order_by([Trip::car().doors().desc()]);
    // NULL comes first where the greatest does.
    assert_eq!(ids(by_doors), [2, 1, 3]);
    let updated = all()
        .filter(Trip::car().doors().gt(2) | Trip::spare().doors().gt(2))
        .update([Trip::spare_id.set(None)]);
    assert_eq!(updated.execute(&db).expect("updated"), 2);
}

#[test]
fn rows_between_lead_to_the_variants_rows_only() {
    let db = trips();
    let trips = all().annotate((
        Trip::others().count(),
        Trip::others().aggregate(sum(Car::doors)),
    ));
    let counts = trips
        .all(&db)
        .expect("trips")
        .into_iter()
        .map(|(_, counts)| counts);
    assert_eq!(
        counts.collect::<Vec<_>>(),
        [(1, Some(4)), (0, None), (1, Some(4))]
    );
    let trips = all()
        .prefetch_related(Trip::others().filter(Car::doors.gt(0)))
        .all(&db)
        .expect("trips");
    let others = trips
        .iter()
        .map(|trip| trip.others.get().expect("loaded").len());
    assert_eq!(others.collect::<Vec<_>>(), [1, 0, 1]);
    let of_each = Trip::objects()
        .values((Trip::car().doors().optional(), count()))
        .all(&db)
        .expect("groups");
    assert_eq!(of_each.len(), 3);
}
