use plinth::database::{BitString, Cidr, Inet, MacAddr, Money, PgLsn, TimeTz};
use plinth::orm::Draft;
use plinth::prelude::*;

use crate::models::{Author, Book, Country, Review, Status, Ticket};

fn author() -> Author {
    Author {
        id: 3,
        name: "Ursula".into(),
        born: None,
        banned: false,
        country: None,
    }
}

/// The columns that a draft has values for.
fn given<D: Draft>(draft: &D) -> Vec<&'static str> {
    let columns = D::Model::META.columns.iter().enumerate();
    columns
        .filter(|(i, _)| draft.value(*i).is_some())
        .map(|(_, column)| column.name)
        .collect()
}

#[test]
fn only_given_columns_are_inserted() {
    let draft = create!(Book {
        title: "The Dispossessed",
        isbn: "9780061054884",
        price: Decimal::new(1250, 2),
        author: 3,
    });
    assert_eq!(given(&draft), ["title", "isbn", "price", "author_id"]);
    assert!(given(&create!(Ticket {})).is_empty());
}

#[test]
fn values_become_what_the_field_holds() {
    let author = author();
    let nested = String::from("title");
    let draft = create!(Book {
        title: &*nested,
        isbn: nested,
        price: 12,
        pages: 300,
        author: &author,
        sequel_of: 7,
        tags: ["sf", "utopia"],
        status: Status::OnSale,
        extra: serde_json::json!({"a": 1}),
    });
    assert_eq!(draft.title.as_deref(), Some("title"));
    assert_eq!(draft.price, Some(Decimal::from(12)));
    assert_eq!(draft.pages, Some(Some(300)));
    assert_eq!(draft.author.as_ref().map(|author| *author.key()), Some(3));
    assert_eq!(draft.tags.as_ref().map(Vec::len), Some(2));
    assert_eq!(draft.sequel_of.flatten().map(|book| *book.key()), Some(7));
}

#[test]
fn an_option_is_taken_as_it_is() {
    let none: Option<i64> = None;
    let draft = create!(Book {
        title: "t",
        isbn: "i",
        price: Decimal::ONE,
        author: ForeignKey::new(3),
        pages: None,
        sequel_of: none,
    });
    assert_eq!(draft.pages, Some(None));
    assert_eq!(given(&draft).len(), 6);
    let country = create!(Author {
        name: "x",
        country: "NL"
    })
    .country;
    assert_eq!(
        country
            .flatten()
            .map(|country| country.key().clone())
            .as_deref(),
        Some("NL")
    );
}

#[test]
fn fields_can_be_shorthand_and_their_values_can_fail() {
    fn draft(rating: &str) -> Result<<Review as Model>::New, std::num::ParseIntError> {
        let book = 7;
        Ok(create!(Review {
            book,
            rating: rating.parse::<i16>()?
        }))
    }
    assert!(draft("5").is_ok());
    assert!(draft("five").is_err());
}

#[test]
fn a_value_named_draft_is_the_authors_own() {
    let draft = "NL";
    let country = create!(Country {
        code: draft,
        name: draft
    });
    assert_eq!(country.name.as_deref(), Some("NL"));
}

#[test]
fn choices_are_texts_everywhere() {
    assert_eq!(Status::OnSale.text(), "on_sale");
    assert_eq!("out of print".parse(), Ok(Status::OutOfPrint));
    assert_eq!(serde_json::to_string(&Status::Draft).unwrap(), "\"draft\"");
    assert_eq!(
        serde_json::from_str::<Status>("\"on_sale\"").unwrap(),
        Status::OnSale
    );
    let error = serde_json::from_str::<Status>("\"sold\"")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("`sold` is not one of: draft, on_sale, out of print"),
        "{error}"
    );
}

#[test]
fn a_foreign_key_is_its_key_in_json() {
    let key = ForeignKey::<Author>::from(&author());
    assert_eq!(serde_json::to_string(&key).unwrap(), "3");
    assert_eq!(
        serde_json::from_str::<ForeignKey<Author>>("3").unwrap(),
        key
    );
    let error = key.get().unwrap_err();
    assert!(error.is_not_loaded());
}

/// A model with a key of each type, and one that refers to it.
macro_rules! keys {
    ($($module:ident $ty:ty;)*) => {$(
        mod $module {
            use super::*;

            #[derive(Model)]
            #[model(table = "things")]
            pub struct Thing {
                #[model(key)]
                pub id: $ty,
            }

            #[derive(Model)]
            #[model(table = "parts")]
            pub struct Part {
                #[model(key, auto)]
                pub id: i64,
                pub of: ForeignKey<Thing>,
                pub beside: Option<ForeignKey<Thing>>,
                pub above: Option<ForeignKey<Thing>>,
                pub others: ManyToMany<Thing>,
            }

            pub fn part(key: $ty) -> <Part as Model>::New {
                create!(Part { of: key.clone(), beside: key.clone(), above: Some(key) })
            }

            pub fn tie(part: &Part, key: $ty, db: &Db) -> Result<u64> {
                part.others.remove([key.clone()], db)?;
                part.others.add([key], db)
            }
        }
    )*};
}

keys! {
    booleans bool;
    small i16;
    integers i32;
    numbers i64;
    reals f32;
    doubles f64;
    decimals Decimal;
    texts String;
    bytes Vec<u8>;
    uuids Uuid;
    times Timestamp;
    dates Date;
    local_times plinth::DateTime;
    clocks plinth::Time;
    zoned_clocks TimeTz;
    intervals Interval;
    addresses std::net::IpAddr;
    networks Inet;
    blocks Cidr;
    cards MacAddr;
    bits BitString;
    sums Money;
    places PgLsn;
    choices Status;
}

#[test]
fn a_key_of_any_type_goes_into_a_foreign_key() {
    let price = Decimal::new(150, 2);
    let part = decimals::part(price);
    assert_eq!(part.of.expect("it is given").key(), &price);
    let part = choices::part(Status::OnSale);
    let above = part.above.expect("it is given").expect("a key");
    assert_eq!(above.key(), &Status::OnSale);
}
