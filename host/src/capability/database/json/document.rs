//! `json` and `jsonb`, which are JSON already.

use super::{Malformed, Out, Written};

/// Writes a `json` as it is but for the ends of its lines, so that it is one line
/// in an answer whose records are lines. Strings hold none, so all are white
/// space.
pub(super) fn json(raw: &[u8], out: &mut Out<'_>) -> Written {
    std::str::from_utf8(raw).map_err(|_| Malformed)?;
    let mut lines = raw.split(|byte| matches!(byte, b'\n' | b'\r'));
    lines.try_for_each(|line| out.put(line))
}

/// Writes a `jsonb` as Postgres prints it, which is on one line.
pub(super) fn jsonb(raw: &[u8], out: &mut Out<'_>) -> Written {
    match raw {
        [1, printed @ ..] => json(printed, out),
        _ => Err(Malformed.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        json(text.as_bytes(), &mut Out::new(&mut out, 1_000)).expect("UTF-8");
        String::from_utf8(out).expect("UTF-8")
    }

    /// White space of every kind wherever it may stand, and what looks like it in
    /// strings.
    #[test]
    fn json_is_one_line_and_the_same_value() {
        const TOKENS: &[&str] = &[
            "[",
            "{",
            "\"a\"",
            ":",
            "\"b\\n\\\\n\\\"\\r\"",
            ",",
            "\"c d\"",
            ":",
            "-1.5e3",
            "}",
            ",",
            "null",
            ",",
            "true",
            "]",
        ];
        const SPACES: &[&str] = &["", "\n", "\r\n", " \n\t", "\n\n\r", "\t ", "\r"];
        let one_line = TOKENS.concat();
        let expected: serde_json::Value = serde_json::from_str(&one_line).expect("JSON");
        for seed in 0..500_usize {
            let space = |at: usize| SPACES[(seed * 31 + at * (seed + 7)) % SPACES.len()];
            let tokens = TOKENS.iter().enumerate();
            let text: String = tokens
                .flat_map(|(at, token)| [space(at), token])
                .chain([space(TOKENS.len())])
                .collect();
            let line = written(&text);
            assert!(!line.contains(['\n', '\r']), "{text:?}");
            let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
            assert_eq!(value, expected, "{text:?}");
        }
        assert_eq!(written(&one_line), one_line);
    }
}
