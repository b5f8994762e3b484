#![no_main]
//! One of the host's parsers, which the variable `PLINTH_PARSER` names.

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use plinth_host::parsers::{TARGETS, Target};

fuzz_target!(|bytes: &[u8]| (target().check)(bytes));

fn target() -> &'static Target {
    static TARGET: OnceLock<&Target> = OnceLock::new();
    TARGET.get_or_init(|| {
        let names = || TARGETS.iter().map(|target| target.name);
        let wanted = std::env::var("PLINTH_PARSER").unwrap_or_default();
        let found = TARGETS.iter().find(|target| target.name == wanted);
        found.unwrap_or_else(|| panic!("PLINTH_PARSER is one of {:?}", names().collect::<Vec<_>>()))
    })
}
