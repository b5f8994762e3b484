use http::Method;
use plinth_tests::{Client, TestHost};
use serde_json::{Value, json};

const BOOKS: &str = "/api/v1/books";

fn dune(author: i64) -> Value {
    json!({
        "title": "Dune", "isbn": "9780441013593", "price": "9.99", "pages": 412,
        "author_id": author, "tags": ["desert", "spice"],
    })
}

/// A host with an author, and the author's key.
async fn with_author() -> (TestHost, Client, i64) {
    let host = TestHost::start("bookstore").await;
    let sql = "INSERT INTO authors (name) VALUES ('Frank Herbert') RETURNING id";
    let author = host
        .postgres()
        .await
        .query_one(sql, &[])
        .await
        .expect("inserts")
        .get(0);
    let client = host.client().await;
    (host, client, author)
}

#[tokio::test]
async fn the_demo_data_is_complete_and_the_same_each_time() {
    let host = TestHost::seeded("bookstore").await;
    let postgres = host.postgres().await;
    for (table, rows) in [("authors", 200_i64), ("books", 1_000), ("reviews", 5_000)] {
        let sql = format!("SELECT count(*) FROM {table}");
        let count: i64 = postgres.query_one(&sql, &[]).await.expect("counts").get(0);
        assert_eq!(count, rows, "{table}");
    }
    let sql = "SELECT md5(string_agg(title || isbn || price, ',' ORDER BY id)) FROM books";
    let here: String = postgres.query_one(sql, &[]).await.expect("digests").get(0);
    let other = TestHost::seeded("bookstore").await;
    let there: String = other
        .postgres()
        .await
        .query_one(sql, &[])
        .await
        .expect("digests")
        .get(0);
    assert_eq!(here, there);
}

#[tokio::test]
async fn books_are_listed_within_limits() {
    let host = TestHost::seeded("bookstore").await;
    let mut client = host.client().await;
    let page = client.get("/api/v1/books").await.json();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(20));
    let page = client
        .get("/api/v1/books?limit=100&offset=950")
        .await
        .json();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(50));
    let page = client.get("/api/v1/books?limit=1&offset=5000").await.json();
    assert_eq!(page["items"], json!([]));
    for query in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "limit=",
        "offset=-1",
        "nonsense=1",
        "limit=1&limit=2",
    ] {
        let problem = client
            .get(&format!("/api/v1/books?{query}"))
            .await
            .problem(400);
        let name = query.split('=').next().expect("a name");
        assert!(problem.to_string().contains(name), "{query}: {problem}");
    }
}

#[tokio::test]
async fn pages_neither_repeat_nor_lose_a_book() {
    let host = TestHost::seeded("bookstore").await;
    let mut client = host.client().await;
    let mut seen = std::collections::BTreeSet::new();
    for offset in (0..1000).step_by(100) {
        let page = client
            .get(&format!("{BOOKS}?limit=100&offset={offset}"))
            .await
            .json();
        seen.extend(
            page["items"]
                .as_array()
                .expect("items")
                .iter()
                .map(|book| book["id"].as_i64()),
        );
    }
    assert_eq!(seen.len(), 1000);
}

#[tokio::test]
async fn a_search_takes_its_text_literally() {
    let (host, mut client, author) = with_author().await;
    let mut book = dune(author);
    for (title, isbn) in [
        ("100% Wool", "9780000000002"),
        ("Under_score", "9780000000019"),
        (r"Back\slash", "9780000000026"),
        ("O'Brien; DROP TABLE books", "9780000000033"),
    ] {
        book["title"] = title.into();
        book["isbn"] = isbn.into();
        assert_eq!(
            client.json(Method::POST, BOOKS, &book).await.status,
            201,
            "{title}"
        );
    }
    for (search, hits) in [
        ("%25", 1),
        ("_", 1),
        ("%5C", 1),
        ("'", 1),
        ("wOOL", 1),
        ("herbert", 4),
        ("%25%25", 0),
        ("", 4),
    ] {
        let page = client.get(&format!("{BOOKS}?search={search}")).await.json();
        assert_eq!(
            page["items"].as_array().map(Vec::len),
            Some(hits),
            "{search}: {page}"
        );
    }
    drop(host);
}

#[tokio::test]
async fn a_book_is_created_read_changed_and_deleted() {
    let (_host, mut client, author) = with_author().await;
    let created = client.json(Method::POST, BOOKS, &dune(author)).await;
    assert_eq!(created.status, 201, "{created:?}");
    let book = created.json();
    let path = created.header("location").to_owned();
    assert_eq!(path, format!("{BOOKS}/{}", book["id"]));
    assert_eq!(book["price"], "9.99");
    assert_eq!(book["tags"], json!(["desert", "spice"]));
    assert_eq!(book["category_id"], Value::Null);
    assert_eq!(client.get(&path).await.json(), book);

    let changes = json!({"title": "Dune Messiah", "published_on": "1969-10-15"});
    let changed = client.json(Method::PATCH, &path, &changes).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let changed = changed.json();
    assert_eq!(changed["title"], "Dune Messiah");
    assert_eq!(changed["published_on"], "1969-10-15");
    assert_eq!(changed["price"], "9.99");
    assert_ne!(changed["updated_at"], book["updated_at"]);
    let cleared = client
        .json(Method::PATCH, &path, &json!({"published_on": null}))
        .await
        .json();
    assert_eq!(cleared["published_on"], Value::Null);
    assert_eq!(cleared["title"], "Dune Messiah");

    assert_eq!(client.call(Method::DELETE, &path).await.status, 204);
    client.get(&path).await.problem(404);
    client.call(Method::DELETE, &path).await.problem(404);
    client
        .json(Method::PATCH, &path, &changes)
        .await
        .problem(404);
}

#[tokio::test]
async fn a_duplicate_isbn_is_a_conflict_that_names_the_field() {
    let (_host, mut client, author) = with_author().await;
    assert_eq!(
        client.json(Method::POST, BOOKS, &dune(author)).await.status,
        201
    );
    let problem = client
        .json(Method::POST, BOOKS, &dune(author))
        .await
        .problem(409);
    assert!(problem.to_string().contains("isbn"), "{problem}");
    assert!(
        !problem.to_string().contains("duplicate key"),
        "Postgres' words are for the log: {problem}"
    );
}

#[tokio::test]
async fn an_unknown_author_is_a_bad_request_that_names_the_field() {
    let (_host, mut client, _) = with_author().await;
    let problem = client
        .json(Method::POST, BOOKS, &dune(999_999))
        .await
        .problem(400);
    assert!(problem.to_string().contains("author"), "{problem}");
}

#[tokio::test]
async fn bad_json_is_a_bad_request() {
    let (_host, mut client, _) = with_author().await;
    for body in [
        "",
        "{",
        "{\"title\": }",
        "nonsense",
        "{\"title\": \"\u{0}\"",
        "{\"title\": \"x\",",
    ] {
        client
            .text(Method::POST, BOOKS, "application/json", body)
            .await
            .problem(400);
    }
    client
        .text(Method::POST, BOOKS, "text/plain", "{}")
        .await
        .problem(415);
}

#[tokio::test]
async fn a_wrong_type_names_the_field() {
    let (_host, mut client, author) = with_author().await;
    let bad = [
        ("pages", json!("many")),
        ("pages", json!(0)),
        ("pages", json!(1e12)),
        ("title", json!(5)),
        ("title", json!("")),
        ("price", json!(-1)),
        ("price", json!("cheap")),
        ("isbn", json!("123")),
        ("tags", json!([1])),
        ("published_on", json!("2024-02-30")),
        ("author_id", json!(null)),
        ("nonsense", json!(1)),
    ];
    for (field, value) in bad {
        let mut book = dune(author);
        book[field] = value.clone();
        let problem = client.json(Method::POST, BOOKS, &book).await.problem(422);
        let pointer = problem["errors"][0]["pointer"].as_str().unwrap_or_default();
        assert!(
            pointer.starts_with(&format!("/{field}")),
            "{field} = {value}: {problem}"
        );
    }
    let mut book = dune(author);
    book.as_object_mut().expect("an object").remove("title");
    let problem = client.json(Method::POST, BOOKS, &book).await.problem(422);
    assert!(problem.to_string().contains("title"), "{problem}");
}

#[tokio::test]
async fn keys_that_are_none_are_not_found() {
    let (_host, mut client, _) = with_author().await;
    for key in [
        "0",
        "-1",
        "999999",
        "x",
        "1.5",
        "9223372036854775807",
        "9223372036854775808",
        "1%00",
    ] {
        client.get(&format!("{BOOKS}/{key}")).await.problem(404);
    }
}

#[tokio::test]
async fn authors_are_read_only() {
    let (_host, mut client, author) = with_author().await;
    let path = format!("/api/v1/authors/{author}");
    assert_eq!(client.get(&path).await.json()["name"], "Frank Herbert");
    assert_eq!(
        client.get("/api/v1/authors").await.json()["items"][0]["name"],
        "Frank Herbert"
    );
    let answer = client.call(Method::DELETE, &path).await;
    answer.problem(405);
    assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
}

#[tokio::test]
async fn a_text_with_a_nul_is_refused_not_crashed_on() {
    let (_host, mut client, author) = with_author().await;
    let mut book = dune(author);
    book["title"] = "a\u{0}b".into();
    let answer = client.json(Method::POST, BOOKS, &book).await;
    assert!(answer.status.is_client_error(), "{answer:?}");
}

#[tokio::test]
async fn deleting_a_book_deletes_its_reviews() {
    let host = TestHost::seeded("bookstore").await;
    let postgres = host.postgres().await;
    let sql = "SELECT book_id, count(*) FROM reviews GROUP BY book_id ORDER BY 2 DESC LIMIT 1";
    let row = postgres.query_one(sql, &[]).await.expect("a book");
    let (book, reviews): (i64, i64) = (row.get(0), row.get(1));
    let answer = host
        .client()
        .await
        .call(Method::DELETE, &format!("{BOOKS}/{book}"))
        .await;
    assert_eq!(answer.status, 204);
    let left: i64 = postgres
        .query_one("SELECT count(*) FROM reviews", &[])
        .await
        .expect("counts")
        .get(0);
    assert_eq!(left, 5_000 - reviews);
}

/// A client of a host with one book by one author, and the book's and the
/// author's keys.
async fn with_book() -> (TestHost, Client, i64, i64) {
    let (host, mut client, author) = with_author().await;
    let answer = client.json(Method::POST, BOOKS, &dune(author)).await;
    let book = answer.json()["id"].as_i64().expect("a key");
    (host, client, book, author)
}

#[tokio::test]
async fn a_book_is_reviewed_and_votes_are_counted() {
    let (host, mut client, book, _) = with_book().await;
    let reviews = format!("{BOOKS}/{book}/reviews");
    assert_eq!(client.get(&reviews).await.json()["items"], json!([]));
    let mut keys = Vec::new();
    for (reviewer, rating) in [("Ann", 5), ("Bob", 2)] {
        let review = json!({"reviewer": reviewer, "rating": rating});
        let answer = client.json(Method::POST, &reviews, &review).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        keys.push(answer.json()["id"].as_i64().expect("a key"));
    }
    let helpful = format!("/api/v1/reviews/{}/helpful", keys[0]);
    let votes = (0..20).map(|_| async {
        let mut client = host.client().await;
        client
            .json(Method::POST, &helpful, &json!(null))
            .await
            .status
    });
    assert!(
        futures_util::future::join_all(votes)
            .await
            .iter()
            .all(|s| *s == 200)
    );
    let page = client.get(&reviews).await.json();
    assert_eq!(page["items"][0]["reviewer"], "Ann");
    assert_eq!(page["items"][0]["helpful"], 20);
    assert_eq!(page["items"][1]["helpful"], 0);
}

#[tokio::test]
async fn a_review_that_is_wrong_is_refused() {
    let (_host, mut client, book, _) = with_book().await;
    let reviews = format!("{BOOKS}/{book}/reviews");
    for (review, field) in [
        (json!({"reviewer": " ", "rating": 3}), "reviewer"),
        (json!({"reviewer": "Ann", "rating": 6}), "rating"),
        (json!({"reviewer": "Ann", "rating": "3"}), "rating"),
        (json!({"reviewer": "Ann"}), "rating"),
    ] {
        let answer = client.json(Method::POST, &reviews, &review).await;
        assert!(
            (400..=422).contains(&answer.status.as_u16()),
            "{review}: {answer:?}"
        );
        assert!(answer.text().contains(field), "{review}: {answer:?}");
    }
    let good = json!({"reviewer": "Ann", "rating": 3});
    client
        .json(Method::POST, &format!("{BOOKS}/999/reviews"), &good)
        .await
        .problem(404);
    client
        .get(&format!("{BOOKS}/999/reviews"))
        .await
        .problem(404);
    client
        .json(Method::POST, "/api/v1/reviews/999/helpful", &json!(null))
        .await
        .problem(404);
}

#[tokio::test]
async fn books_are_found_by_tag_and_by_rating() {
    let (_host, mut client, book, _) = with_book().await;
    let count = async |client: &mut Client, query: &str| {
        let page = client.get(&format!("{BOOKS}?{query}")).await.json();
        page["items"].as_array().map(Vec::len)
    };
    assert_eq!(count(&mut client, "tag=spice").await, Some(1));
    assert_eq!(count(&mut client, "tag=spi").await, Some(0));
    assert_eq!(count(&mut client, "rated=4").await, Some(0));
    for rating in [4, 5, 5] {
        let review = json!({"reviewer": "Ann", "rating": rating});
        client
            .json(Method::POST, &format!("{BOOKS}/{book}/reviews"), &review)
            .await;
    }
    assert_eq!(
        count(&mut client, "rated=4").await,
        Some(1),
        "once for all its reviews"
    );
    assert_eq!(count(&mut client, "rated=4&tag=sand").await, Some(0));
}

#[tokio::test]
async fn an_authors_books_come_with_what_a_list_shows() {
    let (_host, mut client, book, author) = with_book().await;
    for rating in [2, 5] {
        let review = json!({"reviewer": "Ann", "rating": rating});
        client
            .json(Method::POST, &format!("{BOOKS}/{book}/reviews"), &review)
            .await;
    }
    let cards = client
        .get(&format!("/api/v1/authors/{author}/books"))
        .await
        .json();
    let expected = json!([{
        "id": book, "title": "Dune", "published_on": null, "category": null,
        "average_rating": "3.5000000000000000",
    }]);
    assert_eq!(cards, expected);
    client.get("/api/v1/authors/999/books").await.problem(404);
}

#[tokio::test]
async fn the_shop_at_a_glance() {
    let host = TestHost::seeded("bookstore").await;
    let shelves = host.get("/api/v1/categories").await.json();
    let postgres = host.postgres().await;
    let sql = "SELECT count(b.id), min(b.price)::text FROM categories c \
               LEFT JOIN books b ON b.category_id = c.id AND b.published GROUP BY c.id, c.name \
               ORDER BY c.name";
    let rows = postgres.query(sql, &[]).await.expect("counts");
    assert_eq!(shelves.as_array().map(Vec::len), Some(rows.len()));
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(shelves[index]["books"], row.get::<_, i64>(0));
        assert_eq!(shelves[index]["cheapest"].as_str(), row.get(1));
    }
    let figures = host.get("/api/v1/figures").await.json();
    assert_eq!(figures["books"], 1000);
    let sql = "SELECT count(*) FILTER (WHERE published), round(avg(price), 2)::text FROM books";
    let row = postgres.query_one(sql, &[]).await.expect("figures");
    assert_eq!(figures["published"], row.get::<_, i64>(0));
    assert_eq!(figures["average_price"].as_str(), row.get(1));
}

#[tokio::test]
async fn an_empty_shop_has_figures_too() {
    let host = TestHost::start("bookstore").await;
    let figures = host.get("/api/v1/figures").await.json();
    let expected = json!({
        "books": 0, "published": 0, "featured": 0, "average_price": "0", "dearest": null,
        "average_rating": null,
    });
    assert_eq!(figures, expected);
    assert_eq!(host.get("/api/v1/categories").await.json(), json!([]));
}
