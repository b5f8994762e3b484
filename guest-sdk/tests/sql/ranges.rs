//! Columns of ranges.

use std::ops::Bound;

use expect_test::{Expect, expect};
use plinth::database::Range;
use plinth::orm::{Selection, Values, array_agg};
use plinth::prelude::*;

use crate::text;

#[derive(Model, Debug, Clone)]
#[model(table = "stays")]
struct Stay {
    #[model(key, auto)]
    id: i64,
    nights: Range<Date>,
    floors: Option<Range<i32>>,
    night: Option<Date>,
    floor: i32,
    price: Range<Decimal>,
}

fn check_where(condition: Q<Stay>, expected: Expect) {
    let text = text(Stay::objects().filter(condition).to_sql());
    let (_, condition) = text.split_once(" WHERE ").expect("it has a condition");
    expected.assert_eq(condition);
}

/// What is selected, and that it is a `T`.
fn values_of<T>(selection: impl Selection<Stay, Row = T>) -> Values<Stay, impl Selection<Stay>> {
    Stay::objects().values(selection)
}

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

#[test]
fn ranges_are_tested() {
    let (first, last) = (date("2024-02-28"), date("2024-03-01"));
    check_where(
        Stay::nights.contains_value(first)
            & Stay::nights.contains_range(first..last)
            & Stay::nights.within_range(first..)
            & Stay::nights.overlaps_range(first..=last)
            & Stay::nights.adjacent_to(..last)
            & Stay::nights.fully_lt((Bound::Excluded(first), Bound::Unbounded))
            & Stay::nights.fully_gt(Range::empty())
            & Stay::price.contains_value(7)
            & Stay::nights.is_empty_range(),
        expect![[r#"
            "nights" @> $1 AND "nights" @> $2 AND "nights" <@ $3 AND "nights" && $4 AND "nights" -|- $5 AND "nights" << $6 AND "nights" >> $7 AND "price" @> $8 AND ISEMPTY("nights")
            --   $1 = '2024-02-28'::date
            --   $2 = '[2024-02-28,2024-03-01)'::daterange
            --   $3 = '[2024-02-28,)'::daterange
            --   $4 = '[2024-02-28,2024-03-01]'::daterange
            --   $5 = '(,2024-03-01)'::daterange
            --   $6 = '(2024-02-28,)'::daterange
            --   $7 = 'empty'::daterange
            --   $8 = '7'::numeric"#]],
    );
}

#[test]
fn what_they_are_tested_with_may_be_columns() {
    check_where(
        Stay::nights.contains_value(Stay::night)
            & Stay::floors.overlaps_range(Stay::floors)
            & Stay::floor.is_in_range(Stay::floors)
            & Stay::floor.is_in_range(1..3)
            & Stay::floors.within_range(..)
            & Stay::night.is_in_range(Stay::nights),
        expect![[r#"
            "nights" @> "night" AND "floors" && "floors" AND "floor" <@ "floors" AND "floor" <@ $1 AND "floors" <@ $2 AND "night" <@ "nights"
            --   $1 = '[1,3)'::int4range
            --   $2 = '(,)'::int4range"#]],
    );
}

#[test]
fn the_complement_has_the_rows_of_null() {
    check_where(
        !Stay::floors.contains_value(3)
            & !Stay::nights.contains_value(Stay::night)
            & !Stay::nights.overlaps_range(Stay::nights)
            & !Stay::floors.is_empty_range(),
        expect![[r#"
            ("floors" @> $1) IS NOT TRUE AND ("nights" @> "night") IS NOT TRUE AND NOT ("nights" && "nights") AND (ISEMPTY("floors")) IS NOT TRUE
            --   $1 = 3"#]],
    );
}

#[test]
fn bounds_are_values_that_can_be_missing() {
    type Bounds = (Option<Date>, Option<i32>, Option<Vec<Option<Date>>>);
    let bounds = (
        Stay::nights.lower_bound(),
        Stay::floors.upper_bound(),
        array_agg(Stay::nights.upper_bound()),
    );
    let query = values_of::<Bounds>(bounds);
    expect![[r#"
        -- SELECT (0 parameters)
        SELECT LOWER("nights"), UPPER("floors"), ARRAY_AGG(UPPER("nights")) FROM "stays" GROUP BY 1, 2"#]].assert_eq(&text(query.to_sql()));
    check_where(
        Stay::floors.upper_bound().gt(Stay::floor) & !Stay::nights.lower_bound().eq(Stay::night),
        expect![[r#"UPPER("floors") > "floor" AND (LOWER("nights") = "night") IS NOT TRUE"#]],
    );
}
