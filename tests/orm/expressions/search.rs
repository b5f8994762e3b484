//! The search for words, and texts that are alike.

use plinth::orm::{HeadlineOptions, RankOptions, SearchQuery, Weight, search_query, search_vector};

use super::{Item, check, items, one};

#[test]
fn words_are_searched_for() {
    let db = items();
    let words = || {
        search_vector((
            Item::title.weight(Weight::A),
            Item::subtitle.weight(Weight::C),
        ))
    };
    check(&Item::title.search("hands"), &[1], &db);
    check(&Item::subtitle.search("left"), &[1], &db);
    check(&words().matches(search_query("darkness left")), &[1], &db);
    check(
        &words().matches(SearchQuery::phrase("hand of darkness")),
        &[1],
        &db,
    );
    check(
        &words().matches(SearchQuery::websearch("darkness -left")),
        &[3],
        &db,
    );
    check(
        &words().matches(SearchQuery::raw("dark:* & !hand")),
        &[3],
        &db,
    );
    let joined =
        (search_query("wool") | SearchQuery::phrase("left hand")) & !search_query("o'hara");
    check(&words().matches(joined), &[1, 2], &db);
    let simple = search_vector(Item::title).config("simple");
    check(
        &simple
            .clone()
            .matches(search_query("hands").config("simple")),
        &[],
        &db,
    );
    check(
        &simple.matches(search_query("the").config("simple")),
        &[1],
        &db,
    );
    let options = RankOptions::new()
        .weights([0.0, 0.0, 0.0, 1.0])
        .normalization(2)
        .cover_density();
    let ranks = one(
        (
            words().rank(search_query("left")),
            words().rank_with(search_query("left"), &options),
            words().rank(search_query("absent")),
        ),
        1,
        &db,
    );
    assert!(
        ranks.0 > 0.0 && ranks.1 > 0.0 && ranks.2 == 0.0,
        "{ranks:?}"
    );
    let marks = HeadlineOptions::new()
        .marks("<b class=\"x\">", "\\\"</b>")
        .max_words(4)
        .min_words(2);
    let headline = one(Item::title.headline(search_query("hand"), &marks), 1, &db);
    assert!(
        headline.contains("<b class=\"x\">hand\\\"</b>"),
        "{headline}"
    );
}

#[test]
fn text_of_a_client_is_no_error_of_a_search() {
    let db = items();
    let texts = [
        "",
        " ",
        "'",
        "\"",
        "\\",
        "a\\",
        "!!",
        "& | !",
        "(",
        "))((",
        "a:*",
        ":*",
        "<->",
        "-",
        "or",
        "or or",
        "\"a",
        "the of",
        "a\0b",
        "🦀",
        "'; DROP TABLE items; --",
        "$1",
        "%",
        "a <2> b",
    ];
    for text in texts {
        for query in [
            SearchQuery::plain(text),
            SearchQuery::phrase(text),
            SearchQuery::websearch(text),
        ] {
            let matches = search_vector(Item::title).matches(query);
            Item::objects()
                .filter(matches | Item::title.search(text))
                .all(&db)
                .expect(text);
        }
    }
    for text in ["a &", "'", "(a", "a b", "a:zz", "a <99999> b", "a\\"] {
        let matches = search_vector(Item::title).matches(SearchQuery::raw(text));
        let error = Item::objects().filter(matches).all(&db).expect_err(text);
        assert!(error.is_invalid_search(), "{text}: {error}");
    }
}

#[test]
fn texts_are_alike() {
    let db = items();
    db.execute("CREATE EXTENSION pg_trgm", &[])
        .expect("the extension");
    check(&Item::title.trigram_word_similar("darknes"), &[1, 3], &db);
    check(&Item::subtitle.trigram_similar("lefd"), &[1], &db);
    let nearest = Item::objects().order_by([Item::title.trigram_distance("ohara darkness").asc()]);
    assert_eq!(nearest.first(&db).expect("a query").expect("a row").id, 3);
    let (alike, word) = one(
        (
            Item::subtitle.similarity("left"),
            Item::title.word_similarity("hand"),
        ),
        1,
        &db,
    );
    assert_eq!((alike, word), (Some(1.0), 1.0));
}
