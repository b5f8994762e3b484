//! Reckoning with times.

use expect_test::{Expect, expect};
use plinth::orm::{
    Q, Selection, avg, days, hours, max, minutes, months, now, seconds, sum, value, weeks, years,
};
use plinth::prelude::*;
use plinth::{DateTime, Interval, Time};

use crate::text;

#[derive(Model, Debug, Clone)]
#[model(table = "loans")]
pub struct Loan {
    #[model(key, auto)]
    pub id: i64,
    pub out_at: Timestamp,
    pub back_at: Option<Timestamp>,
    pub day: Date,
    pub local: DateTime,
    pub hour: Time,
    pub period: Interval,
    pub grace_days: i32,
}

/// What is selected, and that it is a `T`.
fn check<T>(selection: impl Selection<Loan, Row = T>, expected: Expect) {
    let text = text(Loan::objects().values(selection).to_sql());
    let (_, selected) = text.split_once("\nSELECT ").expect("it selects");
    expected.assert_eq(&selected.replace(" FROM \"loans\"", ""));
}

/// What follows WHERE.
fn check_where(condition: Q<Loan>, expected: Expect) {
    let text = text(Loan::objects().filter(condition).to_sql());
    let (_, condition) = text.split_once(" WHERE ").expect("it has a condition");
    expected.assert_eq(condition);
}

#[test]
fn an_interval_is_a_parameter() {
    check_where(
        Loan::out_at.lt(now() - Interval::days(30)) & !Loan::back_at.gt(now()),
        expect![[r#"
            "out_at" < ((NOW() AT TIME ZONE 'UTC' - $1) AT TIME ZONE 'UTC') AND (NOT ("back_at" > NOW()) OR "back_at" IS NULL)
            --   $1 = 'P30D'::interval"#]],
    );
}

#[test]
fn an_interval_may_be_of_the_row() {
    check_where(
        (Loan::out_at + Loan::period).lt(now() - days(Loan::grace_days)),
        expect![[
            r#"(("out_at" AT TIME ZONE 'UTC' + "period") AT TIME ZONE 'UTC') < ((NOW() AT TIME ZONE 'UTC' - MAKE_INTERVAL(days => "grace_days")) AT TIME ZONE 'UTC')"#
        ]],
    );
    check::<(
        Interval,
        Interval,
        Interval,
        Interval,
        Interval,
        Interval,
        Interval,
    )>(
        (
            years(Loan::grace_days),
            months(1),
            weeks(Loan::grace_days * 2),
            days(2),
            hours(3),
            minutes(4),
            seconds(0.5),
        ),
        expect![[r#"
            MAKE_INTERVAL(years => "grace_days"), MAKE_INTERVAL(months => $1), MAKE_INTERVAL(weeks => ("grace_days" * $2)), MAKE_INTERVAL(days => $3), MAKE_INTERVAL(hours => $4), MAKE_INTERVAL(mins => $5), MAKE_INTERVAL(secs => $6)
            --   $1 = 1
            --   $2 = 2
            --   $3 = 2
            --   $4 = 3
            --   $5 = 4
            --   $6 = '0.5'::float8"#]],
    );
}

#[test]
fn each_type_has_its_own_sum() {
    let day = || Interval::days(1);
    check::<(
        Timestamp,
        Option<Timestamp>,
        DateTime,
        DateTime,
        Time,
        Interval,
    )>(
        (
            Loan::out_at + day(),
            Loan::back_at - day(),
            Loan::day + day(),
            Loan::local - Loan::period,
            Loan::hour + Interval::minutes(5),
            Loan::period - day(),
        ),
        expect![[r#"
            (("out_at" AT TIME ZONE 'UTC' + $1) AT TIME ZONE 'UTC'), (("back_at" AT TIME ZONE 'UTC' - $2) AT TIME ZONE 'UTC'), ("day" + $3), ("local" - "period"), ("hour" + $4), ("period" - $5)
            --   $1 = 'P1D'::interval
            --   $2 = 'P1D'::interval
            --   $3 = 'P1D'::interval
            --   $4 = 'PT5M'::interval
            --   $5 = 'P1D'::interval"#]],
    );
    check::<(Interval, Interval)>(
        (Loan::period * 1.5, Loan::period / 2.0),
        expect![[r#"
            ("period" * $1), ("period" / $2)
            --   $1 = '1.5'::float8
            --   $2 = '2.0'::float8"#]],
    );
}

#[test]
fn the_time_between_two() {
    check::<(Interval, Option<Interval>, Interval, Interval)>(
        (
            now().since(Loan::out_at),
            Loan::back_at.since(Loan::out_at),
            Loan::out_at.age_since(value(Timestamp::UNIX_EPOCH)),
            Loan::local.age_since(Loan::local),
        ),
        expect![[r#"
            (NOW() - "out_at"), ("back_at" - "out_at"), AGE("out_at" AT TIME ZONE 'UTC', $1 AT TIME ZONE 'UTC'), AGE("local", "local")
            --   $1 = '1970-01-01 00:00:00+00'::timestamptz"#]],
    );
    check_where(
        !Loan::back_at.since(Loan::out_at).gt(Loan::period),
        expect![[r#"(("back_at" - "out_at") > "period") IS NOT TRUE"#]],
    );
    check::<Option<Interval>>(
        max(Loan::back_at).since(max(Loan::out_at)),
        expect![[r#"(MAX("back_at") - MAX("out_at"))"#]],
    );
}

#[test]
fn intervals_are_added_up() {
    check::<(Option<Interval>, Option<Interval>, Option<Interval>)>(
        (
            sum(Loan::period),
            avg(Loan::back_at.since(Loan::out_at)),
            max(Loan::period),
        ),
        expect![[r#"SUM("period"), AVG(("back_at" - "out_at")), MAX("period")"#]],
    );
}

#[test]
fn local_times_have_no_zone() {
    check::<(i32, i32, i32, Date, Time, DateTime, i32, i32)>(
        (
            Loan::local.year(),
            Loan::local.hour(),
            Loan::local.second(),
            Loan::local.date(),
            Loan::out_at.time(),
            Loan::local.trunc_month(),
            Loan::hour.minute(),
            Loan::day.week_day(),
        ),
        expect![[
            r#"CAST(EXTRACT(YEAR FROM "local") AS integer), CAST(EXTRACT(HOUR FROM "local") AS integer), CAST(FLOOR(EXTRACT(SECOND FROM "local")) AS integer), CAST("local" AS date), CAST("out_at" AT TIME ZONE 'UTC' AS time), DATE_TRUNC('month', "local"), CAST(EXTRACT(MINUTE FROM "hour") AS integer), CAST(EXTRACT(DOW FROM "day") + 1 AS integer)"#
        ]],
    );
}
