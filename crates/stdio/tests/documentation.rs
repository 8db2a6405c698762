//! The programs of the pages on Rust are here: they compile, their tests pass, and the pages show them as they are here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

/// `docs/modules/rust.md`
mod a_page_on_rust {
    #![allow(dead_code, unused_variables, reason = "as the page shows them: programs, each with a main function")]

    mod exit {
        use std::fs::{self, OpenOptions};
        use std::io::Write;
        use std::path::PathBuf;
        use std::process::ExitCode;

        use exeunt_module::{
            ExitEvent, ExitEvents, ExitModule, ModuleError, Notification, PropertyType, ServerExit, Settings,
        };
        use exeunt_stdio::testing::Server;

        struct Serials {
            path: PathBuf,
        }

        impl Serials {
            fn new(settings: &Settings) -> Result<Self, ModuleError> {
                Ok(Self { path: settings.required("path")?.into() })
            }
        }

        impl ExitModule for Serials {
            fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
                Ok(ExitEvents::CERT_ISSUED | ExitEvents::CERT_REVOKED)
            }

            fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
                let serial = server.certificate_property("SerialNumber", PropertyType::String)?.into_text()?;
                let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
                writeln!(file, "{} {} {serial}", notification.id, notification.event)?;
                Ok(file.sync_all()?)
            }

            fn description(&self) -> String {
                format!("serial numbers in {}", self.path.display())
            }
        }

        fn main() -> ExitCode {
            exeunt_stdio::run_exit(Serials::new)
        }

        #[test]
        fn a_serial_number_is_kept() -> Result<(), ModuleError> {
            let path = std::env::temp_dir().join(format!("serials-{}", std::process::id()));
            let module = Serials::new(&Settings::from([("path", path.to_string_lossy())]))?;
            let server = Server::issued("www.example.org").certificate("SerialNumber", "1a2b");
            server.initialize(&module)?;
            server.notify(&module, ExitEvent::CertIssued)?;
            let kept = fs::read_to_string(&path)?;
            fs::remove_file(&path)?;
            assert_eq!(kept, "41 cert-issued 1a2b\n");
            Ok(())
        }
    }

    mod policy {
        use std::process::ExitCode;

        use exeunt_module::names::{self, AlternativeName};
        use exeunt_module::{
            Decision, HResult, ModuleError, PolicyModule, PropertyType, ServerExit, ServerPolicy, Settings, present,
        };
        use exeunt_stdio::testing::Server;

        struct Inside;

        impl Inside {
            fn new(_settings: &Settings) -> Result<Self, ModuleError> {
                Ok(Self)
            }
        }

        impl PolicyModule for Inside {
            fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<(), ModuleError> {
                Ok(())
            }

            fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
                let mut names = names::asked_for(server)?;
                if let Some(common) = present(server.certificate_property("CommonName", PropertyType::String))? {
                    names.extend(common.into_text()?.lines().map(|line| AlternativeName::Dns(line.to_owned())));
                }
                if names.is_empty() {
                    return Ok(Decision::deny(HResult::CERT_E_INVALID_NAME, "the request has no name"));
                }
                for name in &names {
                    match name {
                        AlternativeName::Dns(dns) if new && dns.starts_with("*.") => {
                            return Ok(Decision::Pend { message: "a wildcard: a person looks".into() });
                        }
                        AlternativeName::Dns(dns) if dns.ends_with(".example.org") => {}
                        _ => return Ok(Decision::deny(HResult::CERT_E_INVALID_NAME, format!("{name} is not inside"))),
                    }
                }
                server.set_certificate_property("OrgUnit", Some("Servers".into()))?;
                Ok(Decision::Issue)
            }

            fn description(&self) -> String {
                "names inside example.org".into()
            }
        }

        fn main() -> ExitCode {
            exeunt_stdio::run_policy(Inside::new)
        }

        #[test]
        fn others_are_denied() -> Result<(), ModuleError> {
            let mut server = Server::submitted("www.example.net").attribute("CertificateTemplate", "web");
            assert!(matches!(server.verify(&Inside)?, Decision::Deny { .. }));
            assert!(server.properties_set().is_empty());
            Ok(())
        }
    }
}

/// `docs/modules/first-module.md`
mod a_first_module {
    #![allow(dead_code, unused_variables, reason = "as the page shows it: a program with a main function")]

    use std::process::ExitCode;

    use exeunt_module::{
        ExitEvent, ExitEvents, ExitModule, ModuleError, Notification, PropertyType, ServerExit, Settings,
    };
    use exeunt_stdio::Level;
    use exeunt_stdio::testing::Server;

    struct Archive;

    impl Archive {
        fn new(_settings: &Settings) -> Result<Self, ModuleError> {
            Ok(Self)
        }
    }

    impl ExitModule for Archive {
        fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
            Ok(ExitEvents::CERT_ISSUED | ExitEvents::CERT_REVOKED)
        }

        fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
            let serial = server.certificate_property("SerialNumber", PropertyType::String)?.into_text()?;
            exeunt_stdio::log(Level::Info, &serial);
            Ok(())
        }

        fn description(&self) -> String {
            "logs serial numbers".to_owned()
        }
    }

    fn main() -> ExitCode {
        exeunt_stdio::run_exit(Archive::new)
    }

    #[test]
    fn a_serial_number_is_logged() -> Result<(), ModuleError> {
        let module = Archive;
        let server = Server::issued("www.example.org").certificate("SerialNumber", "1a2b");
        server.notify(&module, ExitEvent::CertIssued)?;
        assert_eq!(server.logged(), ["info: 1a2b"]);
        Ok(())
    }
}

/// Lines without what indents them, joined.
fn flush(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_pages_show_these_programs() {
    let here = flush(include_str!("documentation.rs"));
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/modules");
    for (page, blocks) in [("rust.md", 3), ("first-module.md", 2)] {
        let text = std::fs::read_to_string(pages.join(page)).unwrap();
        let shown: Vec<&str> =
            text.split("\n```rust\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect();
        assert_eq!(shown.len(), blocks, "{page}");
        // A block can hold several items, which are not beside one another here.
        for item in shown.iter().flat_map(|block| block.split("\n\n#[test]").enumerate()) {
            let item = if item.0 == 0 { item.1.to_owned() } else { format!("#[test]{}", item.1) };
            assert!(here.contains(&flush(&item)), "{page} shows what is not in this file:\n{item}");
        }
    }
}
