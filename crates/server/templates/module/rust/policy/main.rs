//! @name@: a policy module. It issues to names inside one domain, and denies the others.

use std::process::ExitCode;

use exeunt_module::names::{self, AlternativeName};
use exeunt_module::{Decision, HResult, ModuleError, PolicyModule, PropertyType, ServerExit, ServerPolicy, Settings};

struct @Type@ {
    domain: String,
}

impl @Type@ {
    /// Settings come here, once for each process. An error is shown to the operator.
    fn new(settings: &Settings) -> Result<Self, ModuleError> {
        Ok(Self { domain: settings.value("domain").unwrap_or("example.org").to_owned() })
    }

    fn is_inside(&self, name: &AlternativeName) -> bool {
        let AlternativeName::Dns(name) = name else { return false };
        let plain = name.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.'));
        let below = name.to_ascii_lowercase();
        let below = below.strip_suffix(&self.domain);
        plain && below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
    }
}

impl PolicyModule for @Type@ {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        Ok(())
    }

    /// Issue, pend or deny. An error fails the request: it never means issue.
    fn verify_request(&self, server: &mut dyn ServerPolicy, _new: bool) -> Result<Decision, ModuleError> {
        // Whoever checks the certificate goes by the alternative names: look at every one.
        let mut asked = names::asked_for(server)?;
        match server.request_property("CommonName", PropertyType::String) {
            Ok(name) => asked.push(AlternativeName::Dns(name.into_text()?)),
            Err(error) if error.code == HResult::CERTSRV_E_PROPERTY_EMPTY => {}
            Err(error) => return Err(error),
        }
        let why = match asked.iter().find(|name| !self.is_inside(name)) {
            Some(outside) => format!("{outside} is not inside {}", self.domain),
            None if asked.is_empty() => "the request has no name".to_owned(),
            None => return Ok(Decision::Issue),
        };
        Ok(Decision::deny(HResult::CERTSRV_E_BAD_REQUESTSUBJECT, why))
    }

    fn description(&self) -> String {
        "names inside one domain".to_owned()
    }
}

fn main() -> ExitCode {
    exeunt_stdio::run_policy(@Type@::new)
}

#[cfg(test)]
mod tests {
    use exeunt_module::ExtensionFlags;
    use exeunt_stdio::testing::Server;

    use super::*;

    fn is_issued(mut request: Server) -> Result<bool, ModuleError> {
        let module = @Type@::new(&Settings::from([("domain", "example.com")]))?;
        Ok(request.verify(&module)? == Decision::Issue)
    }

    /// A request with one alternative name, disabled as those of requests are.
    fn with_alternative(common_name: &str, name: &str) -> Server {
        let length = u8::try_from(name.len()).expect("the name is short");
        let value = [&[0x30, length + 2, 0x82, length][..], name.as_bytes()].concat();
        let flags = ExtensionFlags::ORIGIN_REQUEST | ExtensionFlags::DISABLE;
        Server::submitted(common_name).extension(names::SUBJECT_ALT_NAME, flags, &value)
    }

    #[test]
    fn names_inside_the_domain_are_issued() -> Result<(), ModuleError> {
        for name in ["example.com", "www.example.com", "WWW.Example.com"] {
            assert!(is_issued(Server::submitted(name))?, "{name}");
        }
        assert!(is_issued(with_alternative("www.example.com", "mail.example.com"))?);
        assert!(is_issued(with_alternative("", "mail.example.com").without("CommonName"))?);
        Ok(())
    }

    #[test]
    fn one_name_outside_is_enough_to_deny() -> Result<(), ModuleError> {
        // Several common names come as lines of one.
        for name in ["www.example.net", "badexample.com", "www.example.net\nwww.example.com"] {
            assert!(!is_issued(Server::submitted(name))?, "{name}");
        }
        assert!(!is_issued(with_alternative("www.example.com", "www.example.net"))?);
        Ok(())
    }

    #[test]
    fn a_request_without_a_name_is_denied() -> Result<(), ModuleError> {
        assert!(!is_issued(Server::submitted("").without("CommonName"))?);
        Ok(())
    }
}
