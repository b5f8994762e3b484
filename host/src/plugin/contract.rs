//! Whether a component was made for this host's contract.

use anyhow::{Result, bail};
use wasmtime::component::Component;

/// The contract's package, and the version of it that this host speaks.
const PACKAGE: &str = "plinth:host";
const VERSION: &str = "0.4.0";

/// Refuses a component of another version.
pub(super) fn check(component: &Component, engine: &wasmtime::Engine) -> Result<()> {
    let ty = component.component_type();
    let imports = ty.imports(engine).map(|(name, _)| name);
    let exports = ty.exports(engine).map(|(name, _)| name);
    for name in imports.chain(exports) {
        if let Some(version) = version_of(name)
            && version != VERSION
        {
            bail!(
                "it was built for {PACKAGE}@{version}, and this host speaks {PACKAGE}@{VERSION}: \
                 build it with the plinth-sdk of this host's version, or run the host of its own"
            );
        }
    }
    Ok(())
}

/// The version of an interface of the contract.
fn version_of(name: &str) -> Option<&str> {
    let interface = name.strip_prefix(PACKAGE)?.strip_prefix('/')?;
    Some(
        interface
            .split_once('@')
            .map_or("none", |(_, version)| version),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_contracts() {
        let world = include_str!("../../../wit/world.wit");
        assert!(world.contains(&format!("package {PACKAGE}@{VERSION};")));
    }

    #[test]
    fn only_the_contract_has_a_version_of_ours() {
        assert_eq!(version_of("plinth:host/log@0.3.0"), Some("0.3.0"));
        assert_eq!(version_of("plinth:host/log"), Some("none"));
        assert_eq!(version_of("wasi:cli/stderr@0.2.0"), None);
        assert_eq!(version_of("plinth:hostile/log@0.3.0"), None);
    }
}
