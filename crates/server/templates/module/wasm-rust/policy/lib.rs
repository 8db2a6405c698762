//! @name@: a policy module. It issues to names inside one domain, and denies the others.

mod names;

use std::cell::RefCell;

wit_bindgen::generate!({ path: "wit", world: "exeunt:modules/policy" });

use exeunt::modules::server;
use exeunt::modules::types::{Decision, Installation, ModuleError, PropertyType, Value};
use exports::exeunt::modules::policy_module::Guest;

const CERTSRV_E_BAD_REQUESTSUBJECT: u32 = 0x8009_4001;
const CERTSRV_E_PROPERTY_EMPTY: u32 = 0x8009_4004;
const SUBJECT_ALT_NAME: &str = "2.5.29.17";

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
        let domain = DOMAIN.with_borrow(String::clone);
        let deny = |message: String| Decision::Deny(ModuleError { code: CERTSRV_E_BAD_REQUESTSUBJECT, message });
        let Some(asked) = asked_for()? else {
            return Ok(deny("there are alternative names that are no DNS names".to_owned()));
        };
        Ok(match asked.iter().find(|name| !names::is_inside(name, &domain)) {
            Some(outside) => deny(format!("{outside} is not inside {domain}")),
            None if asked.is_empty() => deny("the request has no name".to_owned()),
            None => Decision::Issue,
        })
    }

    fn description() -> String {
        "names inside one domain".to_owned()
    }

    fn about() -> Vec<(String, String)> {
        vec![("Product Version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]
    }

    fn shut_down() {}
}

/// Every name that the request asks for, since whoever checks the certificate goes by the alternative ones; none where some of
/// them are no DNS names.
fn asked_for() -> Result<Option<Vec<String>>, ModuleError> {
    let mut all = Vec::new();
    if let Some(Value::String(name)) = given(server::request_property("CommonName", PropertyType::String))? {
        all.push(name);
    }
    if let Some(extension) = given(server::certificate_extension(SUBJECT_ALT_NAME))? {
        let Some(names) = names::dns_names(&extension.value) else { return Ok(None) };
        all.extend(names);
    }
    Ok(Some(all))
}

/// What the server has, or nothing where it has none.
fn given<T>(answer: Result<T, ModuleError>) -> Result<Option<T>, ModuleError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code == CERTSRV_E_PROPERTY_EMPTY => Ok(None),
        Err(error) => Err(error),
    }
}
