//! Parts of times, intervals, and what is reckoned with them.

use plinth::Interval;
use plinth::orm::{count, days, now, sum, value};

use super::{Item, check, items, one, time};

#[test]
fn parts_of_times_are_those_of_utc_in_any_session() {
    let db = items();
    let at = Item::out_at;
    assert_eq!(
        one(
            (
                at.year(),
                at.month(),
                at.day(),
                at.hour(),
                at.minute(),
                at.second()
            ),
            1,
            &db
        ),
        (2024, 1, 1, 3, 4, 59)
    );
    // 2023-12-31 is a Sunday, in the last ISO week of its year.
    assert_eq!(
        one(
            (
                at.week_day(),
                at.iso_week_day(),
                at.week(),
                at.iso_year(),
                at.quarter()
            ),
            4,
            &db
        ),
        (1, 7, 52, 2023, 4)
    );
    assert_eq!(
        one((at.day_of_year(), at.date()), 3, &db),
        (91, "2024-03-31".parse().expect("a date"))
    );
    assert_eq!(
        one((at.trunc_year(), at.trunc_day(), at.trunc_hour()), 1, &db),
        (
            time("2024-01-01T00:00:00Z"),
            time("2024-01-01T00:00:00Z"),
            time("2024-01-01T03:00:00Z")
        )
    );
    assert_eq!(
        one(
            (at.trunc_month(), at.trunc_week(), at.trunc_second()),
            3,
            &db
        ),
        (
            time("2024-03-01T00:00:00Z"),
            time("2024-03-25T00:00:00Z"),
            time("2024-03-31T23:30:00Z")
        )
    );
    assert_eq!(
        one((Item::born.year(), Item::born.trunc_week()), 3, &db),
        (Some(2000), Some("2000-01-03".parse().expect("a date")))
    );
    check(&Item::born.month().eq(12), &[1], &db);
    let months = Item::objects()
        .values((at.trunc_month(), count()))
        .order_by([at.trunc_month().asc()]);
    let counts: Vec<i64> = months
        .all(&db)
        .expect("a query")
        .into_iter()
        .map(|m| m.1)
        .collect();
    assert_eq!(counts, [1, 1, 2]);
}

#[test]
fn days_have_24_hours_whatever_the_session_is_in() {
    let db = items();
    // The clocks of New York were set forward on this day.
    assert_eq!(
        one(
            (
                Item::out_at - Interval::days(1),
                Item::out_at + days(Item::id),
                Item::out_at - Interval::months(1),
            ),
            2,
            &db
        ),
        (
            time("2024-03-09T12:00:00Z"),
            time("2024-03-12T12:00:00Z"),
            time("2024-02-10T12:00:00Z")
        )
    );
    assert_eq!(
        one(
            (
                Item::out_at.since(value(time("2024-03-09T00:00:00Z"))),
                Item::out_at.age_since(value(time("2024-02-01T00:00:00Z"))),
            ),
            2,
            &db
        ),
        (
            Interval::days(1) + Interval::hours(12),
            Interval::months(1) + Interval::days(9) + Interval::hours(12)
        )
    );
    let spans =
        Item::objects().values(sum(Item::out_at.since(value(time("2023-12-31T00:00:00Z")))));
    assert_eq!(
        spans.get(&db).expect("a query").map(|span| span.days),
        Some(70 + 91 + 1)
    );
    check(
        &Item::out_at.lt(now() - Interval::days(30)),
        &[1, 2, 3, 4],
        &db,
    );
    check(
        &(Item::born + Interval::years(40)).gt(value(
            "2020-01-01".parse::<plinth::DateTime>().expect("a time"),
        )),
        &[3],
        &db,
    );
}
