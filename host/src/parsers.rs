//! What reads bytes of guests, clients, servers and operators, each as a function
//! that takes any bytes: for fuzzing, and for the bounded run of it in
//! `tests/parsers.rs`.

use crate::config::Config;
use crate::{capability, router, server};

/// One reader.
#[derive(Clone, Copy)]
pub struct Target {
    /// What it reads.
    pub name: &'static str,
    /// Reads bytes, and panics where something comes out that must not.
    pub check: fn(&[u8]),
    /// Parts that it knows, of which interesting inputs are made.
    pub words: &'static [&'static str],
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "statement",
        check: capability::database::parsers::statement,
        words: &[
            "SELECT",
            "COPY",
            "(",
            ")",
            " FROM",
            " TO",
            " STDIN",
            " STDOUT",
            "/*",
            "*/",
            "--",
            "\n",
            "'",
            "''",
            "E'",
            "\\",
            "\"",
            "$$",
            "$a$",
            "U&\"",
            ";",
            "BEGIN",
            "SAVEPOINT",
            "SET",
            "INTO",
            "pg_temp",
            "EXPLAIN",
            "ANALYZE",
            " ",
            ",",
            "é",
            "$1",
        ],
    },
    Target {
        name: "parameters",
        check: capability::database::parsers::parameters,
        words: NUMBERS,
    },
    Target {
        name: "template",
        check: capability::database::parsers::template,
        words: &["\0", "\u{1}", "\u{2}", "{", "}", "\"a\":", ",", "[", "]"],
    },
    Target {
        name: "value",
        check: capability::database::parsers::value,
        words: NUMBERS,
    },
    Target {
        name: "message",
        check: capability::database::parsers::message,
        words: &[
            "\0\0\0\u{4}",
            "\0\0\0\u{6}",
            "\0\0\0\u{40}",
            "\0\u{1}\0\0",
            "D",
            "T",
            "t",
            "E",
            "N",
            "d",
            "C",
            "S",
            "A",
            "Z",
            "a\0",
            "\0",
            "\0\0\0\0\0\0\0\0",
        ],
    },
    Target {
        name: "path",
        check: router::check,
        words: &[
            "/", "//", "a", "{", "}", "{id}", "{*rest}", "%", "%2", "%2f", "%41", "%zz", "..", "*",
            "é", " ", "?", "#", "[::1]", ":", ":80", "@",
        ],
    },
    Target {
        name: "head",
        check: server::check,
        words: &[
            "a",
            "shop.example",
            ":80",
            ":",
            "@",
            "[::1]",
            "chunked",
            ",",
            " ",
            "gzip",
            "\t",
            "/",
            "é",
            "%",
        ],
    },
    Target {
        name: "url",
        check: capability::database::parsers::url,
        words: &[
            "postgres://",
            "a",
            ":",
            "@",
            "/",
            "?",
            "&",
            "=",
            "%",
            "%40",
            "host",
            "port",
            "user",
            "password",
            "sslmode",
            "require",
            "'",
            "\\",
            " ",
            ",",
            "[::1]",
            "é",
        ],
    },
    Target {
        name: "log-text",
        check: capability::log::check,
        words: &[
            "\n", "\r", "\u{1b}[", "\u{2028}", "\u{202e}", "\u{85}", "é", "a", "\\",
        ],
    },
    Target {
        name: "config",
        check: config,
        words: &[
            "listen",
            "[plugins.a]",
            "[databases.",
            "default]",
            "url",
            "component",
            " = ",
            "\"",
            "'''",
            "\n",
            "1",
            "-",
            "[",
            "]",
            "{",
            "}",
            "true",
            "${",
            "PATH}",
            "limits",
            ".",
            "#",
            "secret-8237",
        ],
    },
];

/// Lengths, counts and signs as Postgres writes them.
const NUMBERS: &[&str] = &[
    "\0",
    "\u{1}",
    "\u{2}",
    "\0\0\0\u{1}",
    "\0\0\0\u{2}",
    "\0\0\0\0",
    "\0\u{3}",
    "\u{7f}",
    "a",
    "\"",
    "\n",
    "{",
    "\0\0\0\u{4}aaaa",
];

fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(error) = Config::parse(&text) {
        // As part of a value it would be a password.
        let told = format!("{error:#}");
        let is_value = text.contains("\"secret-8237") && !text.contains("secret-8237 =");
        assert!(!(is_value && told.contains("\"secret-8237")), "{told}");
    }
}
