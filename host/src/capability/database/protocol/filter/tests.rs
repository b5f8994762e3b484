use super::*;

const ROW_BYTES_MAX: usize = 100;

/// A message of Postgres'.
fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + LENGTH_BYTES).expect("short");
    [&[tag][..], &length.to_be_bytes(), body].concat()
}

/// What the driver reads, where the bytes come in pieces of this size.
fn filtered(came: &[u8], piece: usize) -> io::Result<Vec<u8>> {
    let mut filter = MessageFilter::new(ROW_BYTES_MAX, Backend::default());
    let mut read = Vec::new();
    for piece in came.chunks(piece) {
        let plain = filter.plain(piece);
        read.extend_from_slice(&piece[..plain]);
        let mut rest = BytesMut::new();
        filter.take(&piece[plain..], &mut rest)?;
        read.extend_from_slice(&rest);
    }
    Ok(read)
}

/// The same whatever the pieces.
fn read(came: &[u8]) -> Vec<u8> {
    let whole = filtered(came, came.len().max(1)).expect("messages");
    for piece in [1, 2, 3, 4, 5, 6, 7, 64, 4_095, 4_096] {
        let pieces = filtered(came, piece).expect("messages");
        assert!(pieces == whole, "in pieces of {piece}");
    }
    whole
}

fn column(name: &str, oid: u32, modifier: i32) -> Vec<u8> {
    let numbers = [&[0; 6][..], &oid.to_be_bytes(), &[0xff; 2]];
    let rest = [&modifier.to_be_bytes()[..], &[0, 1]];
    [name.as_bytes(), &[0], &numbers.concat(), &rest.concat()].concat()
}

fn columns(columns: &[Vec<u8>]) -> Vec<u8> {
    let count = u16::try_from(columns.len()).expect("few");
    let body = [&count.to_be_bytes()[..], &columns.concat()].concat();
    message(ROW_DESCRIPTION_TAG, &body)
}

fn text_message(fields: &[(u8, &str)]) -> Vec<u8> {
    let field = |(code, text): &(u8, &str)| [&[*code][..], text.as_bytes(), &[0]].concat();
    let fields: Vec<u8> = fields.iter().flat_map(field).collect();
    message(ERROR_RESPONSE_TAG, &[&fields[..], &[0]].concat())
}

#[test]
fn what_is_usual_passes_as_it_comes() {
    let messages = [
        message(b'R', &[0; 4]),
        message(b'S', b"TimeZone\0UTC\0"),
        message(b'Z', b"I"),
        message(b'1', &[]),
        columns(&[column("a", 23, -1), column("b", 25, 7)]),
        message(DATA_ROW_TAG, &[7; ROW_BYTES_MAX + 2]),
        message(COPY_DATA_TAG, &[7; ROW_BYTES_MAX]),
        text_message(&[(b'M', "no")]),
        message(b'C', b"SELECT 1\0"),
    ]
    .concat();
    assert!(read(&messages) == messages);
    assert!(read(&[]).is_empty());
    let mut filter = MessageFilter::new(ROW_BYTES_MAX, Backend::default());
    let rows = message(DATA_ROW_TAG, &[7; 10]).repeat(5);
    assert_eq!(filter.plain(&rows), rows.len(), "without a copy");
}

#[test]
fn a_row_that_is_too_large_becomes_none() {
    for (tag, size, instead) in [
        (DATA_ROW_TAG, ROW_BYTES_MAX + 3, NO_ROW),
        (DATA_ROW_TAG, 1 << 20, NO_ROW),
        (COPY_DATA_TAG, ROW_BYTES_MAX + 1, NO_DATA),
    ] {
        let end = message(b'C', b"SELECT 1\0");
        let came = [message(tag, &vec![7; size]), end.clone()].concat();
        assert!(read(&came) == [instead, &end].concat(), "{tag} {size}");
    }
}

#[test]
fn a_gigabyte_is_not_held() {
    let mut filter = MessageFilter::new(ROW_BYTES_MAX, Backend::default());
    let mut rest = BytesMut::new();
    let header = [&[DATA_ROW_TAG][..], &(1_u32 << 30).to_be_bytes()].concat();
    filter.take(&header, &mut rest).expect("a header");
    for _ in 0..1_000 {
        filter.take(&[7; 8_192], &mut rest).expect("a part");
    }
    assert_eq!(rest, NO_ROW);
}

#[test]
fn types_that_the_driver_does_not_know_are_hidden() {
    let came = columns(&[
        column("known", Type::INT4.oid(), -1),
        column("own", 70_000, 5),
        column("", u32::MAX - 1, -1),
        column("unknown", PLACEHOLDER.oid(), 3),
    ]);
    let hidden = columns(&[
        column("known", Type::INT4.oid(), -1),
        column("own", PLACEHOLDER.oid(), 70_000),
        column("", PLACEHOLDER.oid(), -2),
        column("unknown", PLACEHOLDER.oid(), -1),
    ]);
    assert!(read(&came) == hidden);
    let parameters = |first: u32, second: u32| {
        let body = [&[0, 2][..], &first.to_be_bytes(), &second.to_be_bytes()];
        message(PARAMETER_DESCRIPTION_TAG, &body.concat())
    };
    let hidden = parameters(PLACEHOLDER.oid(), Type::TEXT.oid());
    assert!(read(&parameters(70_000, Type::TEXT.oid())) == hidden);
}

#[test]
fn texts_are_cut() {
    let long = "é".repeat(server_text::TEXT_BYTES_MAX);
    let came = text_message(&[
        (b'S', "ERROR"),
        (b'M', &long),
        (b'C', "P0001"),
        (b'D', &long),
    ]);
    // An é has two bytes, and the limit is even.
    let cut = format!("{}…", "é".repeat(server_text::TEXT_BYTES_MAX / 2));
    let told = text_message(&[(b'S', "ERROR"), (b'M', &cut), (b'C', "P0001"), (b'D', &cut)]);
    assert!(read(&came) == told);
    let odd = format!("x{long}");
    let cut = format!("x{}…", "é".repeat(server_text::TEXT_BYTES_MAX / 2 - 1));
    assert!(read(&text_message(&[(b'M', &odd)])) == text_message(&[(b'M', &cut)]));
}

#[test]
fn an_error_has_so_many_fields() {
    let many = vec![(b'x', "a long enough text"); 10_000];
    assert!(read(&text_message(&many)).len() < 2_000);
    // One that ends before its last text does.
    let cut_off = message(ERROR_RESPONSE_TAG, &[b'M'; 20_000]);
    assert_eq!(read(&cut_off).last(), Some(&0));
}

#[test]
fn what_nobody_reads_is_left_out() {
    for tag in [PARAMETER_STATUS_TAG, NOTIFICATION_RESPONSE_TAG] {
        assert!(read(&message(tag, &vec![b'x'; OTHER_BYTES_MAX + 1])).is_empty());
    }
}

#[test]
fn what_is_no_message_is_refused() {
    let short = [b'Z', 0, 0, 0, 3];
    let negative = [b'D', 0xff, 0xff, 0xff, 0xff];
    let huge = message(b'K', &vec![0; OTHER_BYTES_MAX + 1]);
    let description = message(ROW_DESCRIPTION_TAG, &vec![0; DESCRIPTION_BYTES_MAX + 1]);
    let cut_off = message(ROW_DESCRIPTION_TAG, &[0, 1, b'a', 0, 1, 2, 3]);
    let nameless = message(ROW_DESCRIPTION_TAG, &[0, 1, b'a']);
    let parameters = message(PARAMETER_DESCRIPTION_TAG, &[0, 2, 0, 0, 0, 1]);
    for came in [
        &short[..],
        &negative,
        &huge,
        &description,
        &cut_off,
        &nameless,
        &parameters,
    ] {
        for piece in [1, came.len()] {
            let refused = filtered(came, piece).expect_err("no message");
            assert_ne!(refused.kind(), io::ErrorKind::InvalidData);
        }
    }
}

#[test]
fn the_server_tells_its_process() {
    let backend = Backend::default();
    let mut filter = MessageFilter::new(ROW_BYTES_MAX, backend.clone());
    let came = message(BACKEND_KEY_DATA_TAG, &[0, 0, 1, 2, 9, 9, 9, 9]);
    let mut out = BytesMut::new();
    assert_eq!(filter.plain(&came), 0);
    filter.take(&came, &mut out).expect("a message");
    assert_eq!(out, came);
    assert_eq!(backend.process(), 258);
}
