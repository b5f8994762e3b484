//! Where something stands in a JSON text, as RFC 6901 says it.

use super::number::string_length;

/// The pointer to what begins at an offset of a well-formed text.
pub(super) fn pointer_to(json: &[u8], offset: usize) -> String {
    let mut path = Vec::new();
    let mut at = 0;
    while at < offset {
        let byte = json[at];
        if byte == b'"' {
            let end = at + string_length(&json[at..]);
            // That of a value stays until the next key.
            if let Some(Step::Key(key)) = path.last_mut() {
                *key = (at, end);
            }
            at = end;
            continue;
        }
        match (byte, path.last_mut()) {
            (b'{', _) => path.push(Step::Key((at, at))),
            (b'[', _) => path.push(Step::Item(0)),
            (b'}' | b']', _) => drop(path.pop()),
            (b',', Some(Step::Item(index))) => *index += 1,
            _ => {}
        }
        at += 1;
    }
    path.iter().map(|step| step.token(json)).collect()
}

/// One level of a text.
enum Step {
    /// The string before, which before a number is its key.
    Key((usize, usize)),
    Item(usize),
}

impl Step {
    fn token(&self, json: &[u8]) -> String {
        match self {
            Self::Item(index) => format!("/{index}"),
            Self::Key((start, end)) => {
                let key = serde_json::from_slice::<String>(&json[*start..*end]);
                token(&key.unwrap_or_default())
            }
        }
    }
}

/// A reference token, escaped.
pub(super) fn token(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_a_text_has_its_pointer() {
        let json = r#" {"a": "x", "b": [1, {"c": "},[", "d\"/~": [[], {}, 7]}, "y", 8], "e": 9}"#;
        let pointer = |number: char| pointer_to(json.as_bytes(), json.find(number).unwrap());
        assert_eq!(pointer('1'), "/b/0");
        assert_eq!(pointer('7'), "/b/1/d\"~1~0/2");
        assert_eq!(pointer('8'), "/b/3");
        assert_eq!(pointer('9'), "/e");
        assert_eq!(pointer_to(b" 7", 1), "");
    }
}
