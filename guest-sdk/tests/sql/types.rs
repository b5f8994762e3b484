//! Every type of column as a value: compared, set, inserted, selected.

use std::net::IpAddr;

use expect_test::{Expect, expect};
use plinth::database::{
    BitString, Cidr, Composite, Hstore, Inet, MacAddr, Money, PgLsn, Range, Statement, TimeTz, Xml,
};
use plinth::orm::{coalesce, max, min, value};
use plinth::prelude::*;
use plinth::{DateTime, Time};
use serde::{Deserialize, Serialize};

use super::text;

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub struct Terms {
    days: u32,
}

#[derive(Choices, Debug, Clone, Copy, PartialEq)]
#[choices(sql_type = "mood")]
pub enum Mood {
    Happy,
    #[choices(text = "so-so")]
    SoSo,
}

#[derive(Model, Serialize, Deserialize, Debug, Clone)]
#[model(table = "loans")]
pub struct Loan {
    #[model(key, auto)]
    pub id: i64,
    pub length: Interval,
    pub opens: Time,
    pub closes: Option<TimeTz>,
    pub at: DateTime,
    pub period: Range<Date>,
    pub pages: Option<Range<i32>>,
    pub host: Inet,
    pub address: Option<IpAddr>,
    pub network: Cidr,
    pub card: MacAddr,
    pub fee: Money,
    pub flags: BitString,
    pub note: Xml,
    pub place: PgLsn,
    pub labels: Hstore,
    pub terms: Json<Terms>,
    pub old_terms: Option<Json<Terms>>,
    pub mood: Mood,
    pub pauses: Vec<Interval>,
}

#[track_caller]
fn check(condition: Q<Loan>, expected: Expect) {
    let statement = Loan::objects().filter(condition).values(Loan::id).to_sql();
    let sql = statement.expect("the query makes sense").inlined();
    let (_, condition) = sql.split_once(" WHERE ").expect("it has a condition");
    expected.assert_eq(condition);
}

#[test]
fn every_type_is_compared() {
    let day = Date::constant(2024, 2, 29);
    let host: Inet = "10.1.2.3/8".parse().unwrap();
    let address: IpAddr = [10, 1, 2, 3].into();
    let closes: TimeTz = "18:00:00+05:30".parse().unwrap();
    check(
        Loan::length.gt(Interval::days(3)),
        expect![[r#""length" > 'P3D'::interval"#]],
    );
    check(
        Loan::length.is_in([Interval::days(3), -Interval::hours(1)]),
        expect![[r#""length" = ANY('{P3D,PT-1H}'::interval[])"#]],
    );
    check(
        Loan::opens.lt(Time::constant(9, 30, 0, 0)),
        expect![[r#""opens" < '09:30:00'::time"#]],
    );
    check(
        Loan::closes.eq(closes),
        expect![[r#""closes" = '18:00:00+05:30'::timetz"#]],
    );
    check(
        Loan::closes.eq(None::<TimeTz>),
        expect![[r#""closes" IS NULL"#]],
    );
    check(
        Loan::at.between(
            day.at(0, 0, 0, 0),
            DateTime::constant(-43, 3, 15, 1, 2, 3, 4_000),
        ),
        expect![[
            r#""at" BETWEEN '2024-02-29 00:00:00'::timestamp AND '0044-03-15 01:02:03.000004 BC'::timestamp"#
        ]],
    );
    check(
        Loan::period.eq(Range::new(day..)),
        expect![[r#""period" = '[2024-02-29,)'::daterange"#]],
    );
    check(
        Loan::pages.ne(Range::empty()),
        expect![[r#""pages" IS DISTINCT FROM 'empty'::int4range"#]],
    );
    check(
        Loan::host.eq(host) & Loan::address.eq(address),
        expect![[r#""host" = '10.1.2.3/8'::inet AND "address" = '10.1.2.3'::inet"#]],
    );
    check(
        Loan::address.is_in([Some(address), None]),
        expect![[r#"("address" = ANY('{10.1.2.3}'::inet[]) OR "address" IS NULL)"#]],
    );
    check(
        Loan::network.eq("10.0.0.0/8".parse::<Cidr>().unwrap()),
        expect![[r#""network" = '10.0.0.0/8'::cidr"#]],
    );
    check(
        Loan::card.eq(MacAddr([8, 0, 0x2b, 1, 2, 3])),
        expect![[r#""card" = '08:00:2b:01:02:03'::macaddr"#]],
    );
    check(
        Loan::fee.gte(Money(-1999)),
        expect![[r#""fee" >= '-19.99'::money"#]],
    );
    check(
        Loan::flags.eq("1011".parse::<BitString>().unwrap()),
        expect![[r#""flags" = '1011'::varbit"#]],
    );
    check(
        Loan::place.lte(PgLsn(0x16_B374_D848)),
        expect![[r#""place" <= '16/B374D848'::pg_lsn"#]],
    );
    check(
        Loan::terms.eq(Json(Terms { days: 30 })),
        expect![[r#""terms" = '{"days":30}'::jsonb"#]],
    );
    check(
        Loan::old_terms.eq(Json(Terms { days: 30 })),
        expect![[r#""old_terms" = '{"days":30}'::jsonb"#]],
    );
    check(
        Loan::pauses.eq(vec![Interval::days(1), Interval::default()]),
        expect![[r#""pauses" = '{P1D,PT0S}'::interval[]"#]],
    );
}

#[test]
fn an_enum_of_postgres_takes_its_type_from_where_it_stands() {
    check(
        Loan::mood.eq(Mood::SoSo),
        expect![[r#""mood" = 'so-so'::mood"#]],
    );
    check(
        Loan::mood.is_in([Mood::SoSo, Mood::Happy]),
        expect![[r#""mood" IN ('so-so'::mood, 'happy'::mood)"#]],
    );
    check(
        value(Mood::Happy).eq(Loan::mood),
        expect![[r#"'happy'::mood = "mood""#]],
    );
    let statement = Loan::objects()
        .filter(Loan::mood.eq(Mood::SoSo))
        .to_sql()
        .unwrap();
    assert_eq!(statement.parameter_types(), [0]);
}

#[test]
fn every_type_is_set_and_selected() {
    let update = Loan::objects().filter(Loan::id.eq(1)).update([
        Loan::length.set(Interval::months(1)),
        Loan::closes.set(None),
        Loan::labels.set(Hstore::default()),
        Loan::mood.set(Mood::Happy),
        Loan::old_terms.set(Json(Terms { days: 3 })),
        Loan::note.set(Xml("<a b='c'/>".into())),
    ]);
    expect![[r#"
        -- UPDATE (7 parameters)
        UPDATE "loans" SET "length" = $1, "closes" = $2, "labels" = $3::hstore, "mood" = $4::mood, "old_terms" = $5, "note" = $6 WHERE "id" = $7
        --   $1 = 'P1M'::interval
        --   $2 = NULL
        --   $3 = '\x00000000' /* type 0 */
        --   $4 = 'happy'
        --   $5 = '{"days":3}'::jsonb
        --   $6 = '<a b=''c''/>'::xml
        --   $7 = 1"#]].assert_eq(&text(update.to_sql()));
    let query = Loan::objects().values((
        max(Loan::length),
        min(Loan::fee),
        max(Loan::address),
        coalesce(max(Loan::opens), Time::midnight()),
        max(Loan::pauses),
    ));
    expect![[r#"
        -- SELECT (1 parameter)
        SELECT MAX("length"), MIN("fee"), MAX("address"), COALESCE(MAX("opens"), $1), MAX("pauses") FROM "loans"
        --   $1 = '00:00:00'::time"#]].assert_eq(&text(query.to_sql()));
}

#[test]
fn every_type_is_a_column() {
    expect![[r#"
        CREATE TABLE IF NOT EXISTS "loans" (
          "id" bigint GENERATED BY DEFAULT AS IDENTITY,
          "length" interval NOT NULL,
          "opens" time NOT NULL,
          "closes" timetz,
          "at" timestamp NOT NULL,
          "period" daterange NOT NULL,
          "pages" int4range,
          "host" inet NOT NULL,
          "address" inet,
          "network" cidr NOT NULL,
          "card" macaddr NOT NULL,
          "fee" money NOT NULL,
          "flags" bit varying NOT NULL,
          "note" xml NOT NULL,
          "place" pg_lsn NOT NULL,
          "labels" hstore NOT NULL,
          "terms" jsonb NOT NULL,
          "old_terms" jsonb,
          "mood" mood NOT NULL,
          "pauses" interval[] NOT NULL,
          CONSTRAINT "loans_pkey" PRIMARY KEY ("id"),
          CONSTRAINT "loans_mood_check" CHECK ("mood" IN ('happy', 'so-so'))
        )"#]]
    .assert_eq(&plinth::orm::schema::tables(&[Loan::META])[0].ddl[0]);
}

#[track_caller]
fn literal(value: &dyn plinth::database::Parameter, expected: Expect) {
    expected.assert_eq(&Statement::new("$1", &[value]).unwrap().inlined());
}

#[test]
fn values_are_shown_as_literals() {
    literal(&true, expect!["TRUE"]);
    literal(&-5_i16, expect!["'-5'::int2"]);
    literal(&i64::MIN, expect!["'-9223372036854775808'::int8"]);
    literal(&1.5_f32, expect!["'1.5'::float4"]);
    literal(&f64::NEG_INFINITY, expect!["'-Infinity'::float8"]);
    literal(&f64::NAN, expect!["'NaN'::float8"]);
    literal(&1e300, expect!["'1e300'::float8"]);
    literal(&-0.0, expect!["'-0.0'::float8"]);
    literal(&"19.90".parse::<Decimal>().unwrap(), expect!["19.90"]);
    literal(&Decimal::from(-5), expect!["'-5'::numeric"]);
    literal(
        &"it's \\ 100%\n$1",
        expect![[r#"
        'it''s \ 100%
        $1'"#]],
    );
    literal(&None::<String>, expect!["NULL"]);
    literal(&vec![0_u8, 255], expect![[r#"'\x00ff'::bytea"#]]);
    literal(&Date::MIN, expect!["'10000-01-01 BC'::date"]);
    literal(
        &"0001-01-01T00:00:00.000001Z".parse::<Timestamp>().unwrap(),
        expect!["'0001-01-01 00:00:00.000001+00'::timestamptz"],
    );
    literal(
        &vec![Some("NULL"), None, Some(""), Some("a,\"b\\'{}")]
            .into_iter()
            .map(|text| text.map(str::to_owned))
            .collect::<Vec<_>>(),
        expect![[r#"'{"NULL",NULL,"","a,\"b\\''{}"}'::text[]"#]],
    );
    literal(
        &vec![Range::new(Decimal::from(-1)..=Decimal::ONE), Range::empty()],
        expect![[r#"'{"[-1,1]",empty}'::numrange[]"#]],
    );
    literal(
        &Range::new("2024-02-29T01:02:03Z".parse::<Timestamp>().unwrap()..),
        expect![[r#"'["2024-02-29 01:02:03+00",)'::tstzrange"#]],
    );
    literal(
        &serde_json::json!({"it's": ["\\", null]}),
        expect![[r#"'{"it''s":["\\",null]}'::jsonb"#]],
    );
    literal(
        &Composite::new(&[&1_i32]).unwrap(),
        expect![[r#"'\x00000001000000170000000400000001' /* type 0 */"#]],
    );
    literal(
        &Hstore::default(),
        expect![[r#"'\x00000000' /* type 0 */"#]],
    );
    literal(&Mood::SoSo, expect!["'so-so'"]);
}
