//! Full-text search, and text that is alike.

use expect_test::{Expect, expect};
use plinth::orm::{
    HeadlineOptions, Q, RankOptions, SearchQuery, Selection, Weight, search_query, search_vector,
};

use crate::models::Book;
use crate::{refusal, text};

/// What is selected, and that it is a `T`.
fn check<T>(selection: impl Selection<Book, Row = T>, expected: Expect) {
    let text = text(Book::objects().values(selection).to_sql());
    let (_, selected) = text.split_once("\nSELECT ").expect("it selects");
    expected.assert_eq(&selected.replace(" FROM \"books\"", ""));
}

/// What follows WHERE.
fn check_where(condition: Q<Book>, expected: Expect) {
    let text = text(Book::objects().filter(condition).to_sql());
    let (_, condition) = text.split_once(" WHERE ").expect("it has a condition");
    expected.assert_eq(condition);
}

#[test]
fn a_column_is_searched() {
    check_where(
        Book::title.search("it's & \0!"),
        expect![[r#"
        TO_TSVECTOR("title") @@ PLAINTO_TSQUERY($1)
        --   $1 = 'it''s &  !'"#]],
    );
    check_where(
        !Book::sequel_of().title().search(Book::title),
        expect![[r#"NOT (TO_TSVECTOR(COALESCE(t1."title", '')) @@ PLAINTO_TSQUERY(t0."title"))"#]],
    );
}

#[test]
fn a_search_is_not_endless() {
    let longest = Book::title.search("x ".repeat(2048));
    assert!(Book::objects().filter(longest).to_sql().is_ok());
    for too_long in [
        Book::title.search("x ".repeat(2048) + "x"),
        search_vector(Book::title).matches(SearchQuery::websearch("é".repeat(2049))),
    ] {
        let error = Book::objects()
            .filter(too_long)
            .to_sql()
            .expect_err("it is too long");
        assert!(error.is_encode(), "{error:?}");
    }
}

#[test]
fn a_vector_is_of_weighted_texts() {
    let words = search_vector((
        Book::title.weight(Weight::A),
        Book::isbn,
        Book::sequel_of().title().lower().weight(Weight::D),
    ));
    check_where(
        words.matches(search_query("dune")),
        expect![[r#"
        ((SETWEIGHT(TO_TSVECTOR('english', t0."title"), 'A') || TO_TSVECTOR('english', t0."isbn")) || SETWEIGHT(TO_TSVECTOR('english', COALESCE(LOWER(t1."title"), '')), 'D')) @@ PLAINTO_TSQUERY('english', $1)
        --   $1 = 'dune'"#]],
    );
    check_where(
        !search_vector(Book::title).matches(search_query(Book::isbn)),
        expect![[r#"NOT (TO_TSVECTOR('english', "title") @@ PLAINTO_TSQUERY('english', "isbn"))"#]],
    );
}

#[test]
fn a_query_has_four_syntaxes() {
    let title = || search_vector(Book::title);
    check_where(
        title().matches(SearchQuery::plain("a b"))
            & title().matches(SearchQuery::phrase("a b"))
            & title().matches(SearchQuery::websearch("a or -b"))
            & title().matches(SearchQuery::raw("a & !b")),
        expect![[r#"
            TO_TSVECTOR('english', "title") @@ PLAINTO_TSQUERY('english', $1) AND TO_TSVECTOR('english', "title") @@ PHRASETO_TSQUERY('english', $2) AND TO_TSVECTOR('english', "title") @@ WEBSEARCH_TO_TSQUERY('english', $3) AND TO_TSVECTOR('english', "title") @@ TO_TSQUERY('english', $4)
            --   $1 = 'a b'
            --   $2 = 'a b'
            --   $3 = 'a or -b'
            --   $4 = 'a & !b'"#]],
    );
}

#[test]
fn queries_are_joined() {
    let query = (SearchQuery::phrase("a b") | search_query("c")) & !SearchQuery::raw("d:*");
    check_where(
        search_vector(Book::title)
            .config("simple")
            .matches(query.config("simple")),
        expect![[r#"
            TO_TSVECTOR('simple', "title") @@ ((PHRASETO_TSQUERY('simple', $1) || PLAINTO_TSQUERY('simple', $2)) && (!! TO_TSQUERY('simple', $3)))
            --   $1 = 'a b'
            --   $2 = 'c'
            --   $3 = 'd:*'"#]],
    );
}

#[test]
fn a_configuration_has_a_name() {
    for name in ["", "a b", "x'); --", "pg_catalog..simple", "1"] {
        let of_vector = search_vector(Book::title)
            .config(name)
            .matches(search_query("a"));
        let of_query = search_vector(Book::title).matches(search_query("a").config(name));
        for condition in [of_vector, of_query] {
            let refusal = refusal(Book::objects().filter(condition).to_sql());
            assert!(
                refusal.contains("is not the name of a configuration"),
                "{refusal}"
            );
        }
    }
    let qualified = search_vector(Book::title).config("pg_catalog.simple");
    check_where(
        qualified.matches(search_query("a")),
        expect![[r#"
        TO_TSVECTOR('pg_catalog.simple', "title") @@ PLAINTO_TSQUERY('english', $1)
        --   $1 = 'a'"#]],
    );
}

#[test]
fn what_is_found_is_ranked() {
    let title = || search_vector(Book::title);
    check::<(f32, f32, f32, f32)>(
        (
            title().rank(search_query("a")),
            title().rank_with(
                search_query("b"),
                &RankOptions::new()
                    .weights([0.1, 0.2, 0.4, 1.0])
                    .normalization(2 | 4),
            ),
            title().rank_with(search_query("c"), &RankOptions::new().cover_density()),
            title().rank_with(
                search_query("d"),
                &RankOptions::new().normalization(32).cover_density(),
            ),
        ),
        expect![[r#"
            TS_RANK(TO_TSVECTOR('english', "title"), PLAINTO_TSQUERY('english', $1)), TS_RANK($2, TO_TSVECTOR('english', "title"), PLAINTO_TSQUERY('english', $3), $4), TS_RANK_CD(TO_TSVECTOR('english', "title"), PLAINTO_TSQUERY('english', $5)), TS_RANK_CD(TO_TSVECTOR('english', "title"), PLAINTO_TSQUERY('english', $6), $7)
            --   $1 = 'a'
            --   $2 = '{0.1,0.2,0.4,1.0}'::float4[]
            --   $3 = 'b'
            --   $4 = 6
            --   $5 = 'c'
            --   $6 = 'd'
            --   $7 = 32"#]],
    );
}

#[test]
fn a_headline_quotes_its_options() {
    let options = HeadlineOptions::new()
        .marks("<b class=\"x\">", "\\</b>'")
        .max_words(20)
        .min_words(5)
        .short_word(2)
        .max_fragments(3)
        .fragment_delimiter(" … , ")
        .highlight_all();
    check::<(String, String)>(
        (
            Book::title.headline(search_query("a").config("simple"), &HeadlineOptions::new()),
            Book::title.headline(search_query("a") & SearchQuery::raw("b"), &options),
        ),
        expect![[r#"
            TS_HEADLINE('simple', "title", PLAINTO_TSQUERY('simple', $1)), TS_HEADLINE('english', "title", (PLAINTO_TSQUERY('english', $2) && TO_TSQUERY('english', $3)), $4)
            --   $1 = 'a'
            --   $2 = 'a'
            --   $3 = 'b'
            --   $4 = 'StartSel="<b class=""x"">", StopSel="\</b>''", MaxWords="20", MinWords="5", ShortWord="2", MaxFragments="3", FragmentDelimiter=" … , ", HighlightAll="true"'"#]],
    );
    let missing = Book::sequel_of()
        .title()
        .headline(search_query("a"), &HeadlineOptions::new());
    assert!(refusal(Book::objects().values(missing).to_sql()).contains("can be NULL"));
}

#[test]
fn texts_are_alike() {
    check::<(f32, f32, f32, f32)>(
        (
            Book::title.similarity("dnue"),
            Book::title.word_similarity(Book::isbn),
            Book::title.trigram_distance("dnue"),
            Book::title.trigram_word_distance("dnue"),
        ),
        expect![[r#"
            SIMILARITY("title", $1), WORD_SIMILARITY("isbn", "title"), ("title" <-> $2), ($3 <<-> "title")
            --   $1 = 'dnue'
            --   $2 = 'dnue'
            --   $3 = 'dnue'"#]],
    );
    check_where(
        Book::title.trigram_similar("a")
            & Book::title.trigram_word_similar("b")
            & !Book::sequel_of().title().trigram_similar("c")
            & Book::title.similarity("d").gt(0.5),
        expect![[r#"
            t0."title" % $1 AND $2 <% t0."title" AND (t1."title" % $3) IS NOT TRUE AND SIMILARITY(t0."title", $4) > $5
            --   $1 = 'a'
            --   $2 = 'b'
            --   $3 = 'c'
            --   $4 = 'd'
            --   $5 = '0.5'::float4"#]],
    );
}
