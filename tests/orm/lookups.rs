//! Lookups of text and NULL.

use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model)]
#[model(table = "words")]
struct Word {
    #[model(key)]
    id: i32,
    text: Option<String>,
}

const TEXTS: [Option<&str>; 12] = [
    Some(""),
    Some("100%"),
    Some("100x"),
    Some("a_b"),
    Some("axb"),
    Some(r"back\slash"),
    Some("O'Brien"),
    Some("o'brien"),
    Some("ÄPFEL"),
    Some("äpfel"),
    Some("🦀 $1 \"quoted\" ; DROP TABLE words"),
    None,
];

fn words() -> Db {
    let db = native_database(&[Word::META]);
    let drafts = (0..)
        .zip(TEXTS)
        .map(|(id, text)| create!(Word { id, text }));
    Word::objects().bulk_create(drafts, &db).expect("inserts");
    db
}

fn found(condition: Q<Word>, db: &Db) -> Vec<i32> {
    let words = Word::objects().filter(condition).order_by([Word::id.asc()]);
    words.values(Word::id).all(db).expect("a query")
}

#[test]
fn patterns_mean_their_characters_only() {
    let db = words();
    assert_eq!(found(Word::text.contains("%"), &db), [1]);
    assert_eq!(found(Word::text.contains("_"), &db), [3]);
    assert_eq!(found(Word::text.contains(r"\"), &db), [5]);
    assert_eq!(found(Word::text.starts_with("100"), &db), [1, 2]);
    assert_eq!(found(Word::text.ends_with("b"), &db), [3, 4]);
    assert_eq!(
        found(Word::text.contains(""), &db),
        (0..11).collect::<Vec<_>>()
    );
    assert_eq!(found(Word::text.icontains("äPF"), &db), [8, 9]);
    assert_eq!(found(Word::text.iexact("o'BRIEN"), &db), [6, 7]);
    assert_eq!(found(Word::text.iexact("100_"), &db), [0; 0]);
}

#[test]
fn every_text_is_found_by_itself_and_nothing_else() {
    let db = words();
    for (id, text) in (0..).zip(TEXTS) {
        assert_eq!(found(Word::text.eq(text), &db), [id], "{text:?}");
        let word = Word::objects()
            .filter(Word::id.eq(id))
            .get(&db)
            .expect("a word");
        assert_eq!(word.text.as_deref(), text);
    }
}

#[test]
fn a_complement_has_exactly_the_other_rows() {
    let db = words();
    let conditions = [
        Word::text.eq("100%"),
        Word::text.ne("100%"),
        Word::text.contains("a"),
        Word::text.is_in(["", "axb"]),
        Word::text.is_in([Some("axb"), None]),
        Word::text.is_in([None::<&str>]),
        Word::text.is_in([] as [&str; 0]),
        Word::text.gt("a") & Word::id.lt(8),
        Word::text.gt("a") | Word::text.is_null(),
        !(Word::text.gt("a") & !Word::text.eq("axb")),
        Word::text.between("a", "c"),
    ];
    for condition in conditions {
        let (mut all, rest) = (
            found(condition.clone(), &db),
            found(!condition.clone(), &db),
        );
        all.extend(rest);
        all.sort_unstable();
        assert_eq!(all, (0..12).collect::<Vec<_>>(), "{condition:?}");
    }
}
