//! @name@: a policy module. It issues to names inside one domain, and denies the others.

use std::cell::RefCell;

wit_bindgen::generate!({ path: "wit", world: "exeunt:modules/policy" });

use exeunt::modules::server;
use exeunt::modules::types::{Decision, Installation, ModuleError, PropertyType, Value};
use exports::exeunt::modules::policy_module::Guest;

const CERTSRV_E_BAD_REQUESTSUBJECT: u32 = 0x8009_4001;
const CERTSRV_E_PROPERTY_EMPTY: u32 = 0x8009_4004;

struct Module;

export!(Module);

thread_local! {
    /// What an instance keeps between calls.
    static DOMAIN: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Guest for Module {
    /// Settings come here, once for each instance. An error is shown to the operator.
    fn initialize(installation: Installation) -> Result<(), ModuleError> {
        let given = installation.settings.into_iter().find(|(name, _)| name == "domain");
        DOMAIN.set(given.map_or_else(|| "example.org".to_owned(), |(_, value)| value));
        Ok(())
    }

    /// Issue, pend or deny. An error fails the request: it never means issue.
    fn verify_request(_new: bool) -> Result<Decision, ModuleError> {
        let name = match server::request_property("CommonName", PropertyType::String) {
            Ok(Value::String(name)) => name,
            Ok(_) => String::new(),
            Err(error) if error.code == CERTSRV_E_PROPERTY_EMPTY => String::new(),
            Err(error) => return Err(error),
        };
        let domain = DOMAIN.with_borrow(String::clone);
        if is_inside(&name, &domain) {
            return Ok(Decision::Issue);
        }
        let message = format!("the common name is not inside {domain}");
        Ok(Decision::Deny(ModuleError { code: CERTSRV_E_BAD_REQUESTSUBJECT, message }))
    }

    fn description() -> String {
        "names inside one domain".to_owned()
    }

    fn about() -> Vec<(String, String)> {
        vec![("Product Version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]
    }

    fn shut_down() {}
}

fn is_inside(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|below| below.is_empty() || below.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_inside_the_domain_are_issued() {
        for (name, inside) in [("example.com", true), ("www.example.com", true), ("badexample.com", false), ("", false)] {
            assert_eq!(is_inside(name, "example.com"), inside, "{name}");
        }
    }
}
