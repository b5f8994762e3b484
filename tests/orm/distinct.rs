//! Rows and values that are like others.

use plinth::database::{SqlType, Xml};
use plinth::orm::{array_agg, count, count_distinct, row_number, window};
use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model, Debug)]
#[model(table = "pages")]
struct Page {
    #[model(key)]
    id: i64,
    title: String,
    rank: i32,
    body: Option<Xml>,
    parts: Vec<Xml>,
    plan: Option<Plan>,
    site: ForeignKey<Site>,
}

#[derive(Model, Debug)]
#[model(table = "sites")]
struct Site {
    #[model(key)]
    id: i64,
    head: Option<Xml>,
    #[model(reverse = site)]
    pages: Many<Page>,
}

/// A `json` of the author's own, which is not compared either.
#[derive(Debug, Clone, PartialEq)]
struct Plan(String);

impl plinth::database::ColumnType for Plan {
    const SQL: SqlType = SqlType::new("json", 114, 199);

    fn encode(
        &self,
        out: &mut bytes::BytesMut,
    ) -> std::result::Result<bool, plinth::database::EncodeError> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(true)
    }

    fn decode(
        _: &plinth::database::Type,
        raw: Option<&[u8]>,
    ) -> std::result::Result<Self, plinth::database::DecodeError> {
        let text = String::from_utf8_lossy(raw.unwrap_or_default());
        Ok(Self(text.into_owned()))
    }
}

fn pages() -> Db {
    let db = native_database(&[Page::META, Site::META]);
    for sql in [
        "INSERT INTO sites (id, head) VALUES (1, '<h/>')",
        r#"INSERT INTO pages (id, title, rank, body, parts, plan, site_id) VALUES
            (1, 'a', 3, '<b/>', '{}', '{}', 1), (2, 'a', 1, '<b/>', '{<p/>}', '{}', 1),
            (3, 'b', 2, NULL, '{}', NULL, 1)"#,
    ] {
        db.execute(sql, &[]).expect("inserts");
    }
    db
}

fn ids(pages: &[Page]) -> Vec<i64> {
    pages.iter().map(|page| page.id).collect()
}

#[test]
fn whole_rows_are_ordered_by_what_they_are_not_asked_for() {
    let mut db = pages();
    let distinct = || {
        Page::objects()
            .distinct()
            .order_by([Page::site().id().asc(), (Page::rank * 2).desc()])
    };
    assert_eq!(ids(&distinct().all(&db).expect("rows")), [1, 3, 2]);
    assert_eq!(distinct().count(&db).expect("a count"), 3);
    assert!(distinct().exists(&db).expect("a query"));
    assert_eq!(distinct().first(&db).expect("a row").expect("one").id, 1);
    assert_eq!(distinct().last(&db).expect("a row").expect("one").id, 2);
    assert_eq!(distinct().aggregate(count(), &db).expect("a count"), 3);
    let with_site = distinct().select_related(Page::site());
    assert_eq!(ids(&with_site.all(&db).expect("rows")), [1, 3, 2]);
    let locked = db.transaction(|tx| distinct().for_update().all(tx));
    assert_eq!(ids(&locked.expect("rows")), [1, 3, 2]);
    let numbered = distinct().annotate(row_number().over(window().order_by([Page::rank.asc()])));
    let numbers = numbered.all(&db).expect("rows").into_iter();
    assert_eq!(
        numbers.map(|(_, number)| number).collect::<Vec<_>>(),
        [3, 2, 1]
    );
    let keyed = distinct().values((Page::id, Page::body)).all(&db);
    assert_eq!(keyed.expect("values").len(), 3);
    let inside = Page::objects().filter(Page::id.is_in_query(distinct().limit(2).values(Page::id)));
    assert_eq!(inside.count(&db).expect("a count"), 2);
}

#[test]
fn values_that_are_alike_come_once() {
    let db = pages();
    let titles = || Page::objects().distinct().values(Page::title);
    let ordered = titles().order_by([Page::title.desc()]);
    assert_eq!(ordered.all(&db).expect("values"), ["b", "a"]);
    assert_eq!(titles().count(&db).expect("a count"), 2);
    let sites = Page::objects().distinct().values(Page::site_id);
    let sites = sites.order_by([Page::site().id().asc()]);
    assert_eq!(sites.all(&db).expect("values"), [1]);
    let sites = Page::objects().values((Page::site_id, count()));
    let sites = sites.order_by([Page::site().id().asc()]);
    assert_eq!(sites.all(&db).expect("values"), [(1, 3)]);
    let doubled = Page::objects()
        .values((Page::rank % 2, Page::title))
        .distinct()
        .order_by([(Page::rank % 2).desc(), Page::title.asc()]);
    let expected = [(1, "a".to_owned()), (0, "b".to_owned())];
    assert_eq!(doubled.all(&db).expect("values"), expected);
}

#[test]
fn an_order_by_what_is_not_selected_is_refused() {
    let db = pages();
    let titles = || Page::objects().distinct().values(Page::title);
    for query in [
        titles().order_by([Page::rank.asc()]),
        titles().order_by([Page::title.asc(), Page::id.asc()]),
        titles().order_by([Page::site().id().asc()]),
        titles().order_by([Page::title.upper().asc()]),
        Page::objects()
            .order_by([Page::rank.asc()])
            .values(Page::title)
            .distinct(),
    ] {
        for refusal in [query.all(&db).map(drop), query.first(&db).map(drop)] {
            let error = refusal.expect_err("it differs among those that are alike");
            let text = error.to_string();
            assert!(
                error.is_invalid_query() && error.sqlstate().is_none(),
                "{text}"
            );
            assert!(
                text.contains("`distinct`") && text.contains("select that too"),
                "{text}"
            );
        }
        // How many there are has no order.
        assert_eq!(query.count(&db).expect("a count"), 2);
    }
    let groups = Page::objects().values((Page::title, count()));
    let error = groups
        .order_by([Page::rank.asc()])
        .all(&db)
        .expect_err("of no group");
    assert!(
        error.is_invalid_query() && error.sqlstate().is_none(),
        "{error}"
    );
}

#[test]
fn what_postgres_does_not_compare_is_refused_with_the_remedy() {
    let db = pages();
    let all = Page::objects;
    let refusals = [
        (
            "distinct",
            all().distinct().values(Page::body).all(&db).map(drop),
        ),
        (
            "distinct",
            all().distinct().values(Page::parts).all(&db).map(drop),
        ),
        (
            "distinct",
            all().distinct().values(Page::plan).count(&db).map(drop),
        ),
        (
            "distinct",
            all()
                .distinct()
                .values(Page::site().head())
                .all(&db)
                .map(drop),
        ),
        (
            "distinct_on",
            all().distinct_on(Page::body).all(&db).map(drop),
        ),
        (
            "values",
            all().values((Page::body, count())).all(&db).map(drop),
        ),
        (
            "values",
            all().values((Page::parts, count())).all(&db).map(drop),
        ),
        (
            "values",
            all()
                .values(count())
                .group_by(Page::body)
                .all(&db)
                .map(drop),
        ),
        (
            "count_distinct",
            all().aggregate(count_distinct(Page::body), &db).map(drop),
        ),
        (
            "count_distinct",
            all()
                .aggregate(array_agg(Page::plan).distinct(), &db)
                .map(drop),
        ),
        (
            "count_distinct",
            Site::objects()
                .values(Site::pages().aggregate(count_distinct(Page::body)))
                .all(&db)
                .map(drop),
        ),
        (
            "order_by",
            all().order_by([Page::body.asc()]).all(&db).map(drop),
        ),
        (
            "partition_by",
            all()
                .annotate(row_number().over(window().partition_by(Page::body)))
                .all(&db)
                .map(drop),
        ),
        ("union", all().union(all()).all(&db).map(drop)),
        ("intersect", all().intersect(all()).count(&db).map(drop)),
        ("except", all().except(all()).exists(&db).map(drop)),
        (
            "union",
            all()
                .values(Page::parts)
                .union(all().values(Page::parts))
                .all(&db)
                .map(drop),
        ),
    ];
    for (method, refusal) in refusals {
        let error = refusal.expect_err(method);
        let text = error.to_string();
        assert!(
            error.is_invalid_query() && error.sqlstate().is_none(),
            "{method}: {text}"
        );
        assert!(text.contains(&format!("`{method}`")), "{method}: {text}");
        assert!(text.contains("cast"), "{method}: {text}");
    }
}

#[test]
fn what_the_refusals_say_to_do_works() {
    let db = pages();
    let all = Page::objects;
    let texts = all().distinct().values(Page::body.cast::<Option<String>>());
    assert_eq!(texts.all(&db).expect("texts").len(), 2);
    let both = all().union_all(all()).all(&db).expect("rows");
    assert_eq!(both.len(), 6);
    let counted = all().aggregate(count_distinct(Page::body.cast::<Option<String>>()), &db);
    assert_eq!(counted.expect("a count"), 1);
}
