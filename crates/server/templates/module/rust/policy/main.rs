//! @name@: a policy module. It issues to names inside one domain, and denies the others.

use std::process::ExitCode;

use module::{Decision, HResult, ModuleError, PolicyModule, PropertyType, ServerExit, ServerPolicy, Settings};

struct @Type@ {
    domain: String,
}

impl @Type@ {
    /// Settings come here, once for each process. An error is shown to the operator.
    fn new(settings: &Settings) -> Result<Self, ModuleError> {
        Ok(Self { domain: settings.value("domain").unwrap_or("example.org").to_owned() })
    }

    fn is_inside(&self, name: &str) -> bool {
        name.strip_suffix(&self.domain).is_some_and(|below| below.is_empty() || below.ends_with('.'))
    }
}

impl PolicyModule for @Type@ {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        Ok(())
    }

    /// Issue, pend or deny. An error fails the request: it never means issue.
    fn verify_request(&self, server: &mut dyn ServerPolicy, _new: bool) -> Result<Decision, ModuleError> {
        let name = match server.request_property("CommonName", PropertyType::String) {
            Ok(name) => name.into_text()?,
            Err(error) if error.code == HResult::CERTSRV_E_PROPERTY_EMPTY => String::new(),
            Err(error) => return Err(error),
        };
        if self.is_inside(&name) {
            return Ok(Decision::Issue);
        }
        let message = format!("the common name is not inside {}", self.domain);
        Ok(Decision::deny(HResult::CERTSRV_E_BAD_REQUESTSUBJECT, message))
    }

    fn description(&self) -> String {
        "names inside one domain".to_owned()
    }
}

fn main() -> ExitCode {
    stdio::run_policy(@Type@::new)
}

#[cfg(test)]
mod tests {
    use stdio::testing::Server;

    use super::*;

    #[test]
    fn names_inside_the_domain_are_issued() -> Result<(), ModuleError> {
        let module = @Type@::new(&Settings::from([("domain", "example.com")]))?;
        for (name, issued) in [("example.com", true), ("www.example.com", true), ("www.example.net", false)] {
            let decision = Server::submitted(name).verify(&module)?;
            assert_eq!(decision == Decision::Issue, issued, "{name}");
        }
        Ok(())
    }

    #[test]
    fn a_request_without_a_name_is_denied() -> Result<(), ModuleError> {
        let module = @Type@::new(&Settings::default())?;
        let decision = Server::submitted("").without("CommonName").verify(&module)?;
        assert!(matches!(decision, Decision::Deny { code: HResult::CERTSRV_E_BAD_REQUESTSUBJECT, .. }));
        Ok(())
    }
}
