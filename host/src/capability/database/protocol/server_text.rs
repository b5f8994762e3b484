//! Errors and notices, whose texts a plugin chooses.

use bytes::{BufMut, BytesMut};

/// The longest text of an error or a notice, in bytes, and the longest message
/// that is passed as it comes.
pub(super) const TEXT_BYTES_MAX: usize = 16 << 10;

/// Postgres has eighteen kinds of fields.
const FIELDS_MAX: usize = 32;

/// Stands behind a text that was cut.
const CUT: &str = "…";

/// An error or a notice so far.
pub(super) struct ServerText {
    message: BytesMut,
    fields: usize,
    state: Field,
}

enum Field {
    /// The next byte says which one comes, or that none does.
    Code,
    /// In its text, which begins there.
    Text { start: usize, is_cut: bool },
    /// In one that is left out, or behind the last.
    Ignored,
}

impl ServerText {
    pub(super) fn new(tag: u8) -> Self {
        let mut message = BytesMut::new();
        message.put_slice(&[tag, 0, 0, 0, 0]);
        Self {
            message,
            fields: 0,
            state: Field::Code,
        }
    }

    pub(super) fn take(&mut self, mut came: &[u8]) {
        while let Some((&first, others)) = came.split_first() {
            match self.state {
                Field::Ignored => return,
                Field::Code if first == 0 || self.fields == FIELDS_MAX => {
                    self.state = Field::Ignored;
                }
                Field::Code => {
                    self.message.put_u8(first);
                    self.fields += 1;
                    let start = self.message.len();
                    self.state = Field::Text {
                        start,
                        is_cut: false,
                    };
                    came = others;
                }
                Field::Text { start, .. } => came = self.take_text(start, came),
            }
        }
    }

    /// Gives the message, which is whole.
    pub(super) fn end(&mut self, out: &mut BytesMut) {
        if let Field::Text { start, is_cut } = self.state {
            self.end_text(start, is_cut);
        }
        self.message.put_u8(0);
        let length = u32::try_from(self.message.len() - 1).expect("fields are few and cut");
        self.message[1..5].copy_from_slice(&length.to_be_bytes());
        out.put_slice(&self.message);
    }

    /// Takes what has come of a text, and gives what stands behind its end.
    fn take_text<'a>(&mut self, start: usize, came: &'a [u8]) -> &'a [u8] {
        let end = came.iter().position(|byte| *byte == 0);
        let text = &came[..end.unwrap_or(came.len())];
        let room = TEXT_BYTES_MAX - (self.message.len() - start).min(TEXT_BYTES_MAX);
        let kept = text.len().min(room);
        self.message.put_slice(&text[..kept]);
        if kept < text.len() {
            self.state = Field::Text {
                start,
                is_cut: true,
            };
        }
        let Some(end) = end else {
            return &[];
        };
        if let Field::Text { start, is_cut } = self.state {
            self.end_text(start, is_cut);
        }
        self.state = Field::Code;
        &came[end + 1..]
    }

    fn end_text(&mut self, start: usize, is_cut: bool) {
        if is_cut {
            // Not in the middle of a character.
            if let Err(error) = std::str::from_utf8(&self.message[start..])
                && error.error_len().is_none()
            {
                self.message.truncate(start + error.valid_up_to());
            }
            self.message.put_slice(CUT.as_bytes());
        }
        self.message.put_u8(0);
    }
}
