//! The default policy module behind a module that chains to it: what its key says is what happens.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use module::{Decision, ExtensionFlags, HResult, PolicyModule};
use support::{FakeServer, Hosted, System};

const ASKED: ExtensionFlags = ExtensionFlags::ORIGIN_REQUEST.union(ExtensionFlags::DISABLE);
const PRIVATE: &str = "1.3.6.1.4.1.99999.7";

fn request() -> FakeServer {
    let names = FakeServer::authority().request("RequestID", 7).extension("2.5.29.17", ASKED, &[0x30, 0]);
    names.certificate("RequesterCAAccess", 1).extension(PRIVATE, ASKED, &[5, 0])
}

fn module(system: System, settings: &[(&str, &str)]) -> (Hosted, impl PolicyModule) {
    let hosted = Hosted::observer(system, settings);
    let module = hosted.policy();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    (hosted, module)
}

#[test]
fn the_default_module_decides_as_the_classic_table_says() {
    let pend = || Decision::Pend { message: String::new() };
    let deny = || Decision::deny(HResult::S_OK, "");
    // Whether new, the request's own word, and what becomes of it.
    for (word, cases) in [
        (None, &[(true, None, Decision::Issue), (false, Some("Deny"), Decision::Issue)][..]),
        (Some("dword:0"), &[(true, None, pend()), (false, None, pend())]),
        (Some("dword:1"), &[(true, Some("Deny"), Decision::Issue)]),
        (Some("dword:2"), &[(true, None, deny()), (false, Some("Issue"), deny())]),
        (
            Some("dword:3"),
            &[
                (true, Some("Deny"), deny()),
                (false, Some("dENY"), deny()),
                (true, Some("Pending"), pend()),
                (false, Some("Pending"), pend()),
                (true, Some("anything"), Decision::Issue),
                (true, None, Decision::Issue),
            ],
        ),
        (Some("dword:9"), &[(true, None, pend()), (false, None, pend())]),
        (Some("dword:0x101"), &[(true, None, pend()), (false, None, Decision::Issue)]),
        (Some("dword:0x102"), &[(true, None, pend()), (false, None, deny())]),
        (Some("dword:0x103"), &[(true, Some("Deny"), pend()), (false, Some("Deny"), deny())]),
    ] {
        let settings: Vec<_> = word.map(|word| ("setting.RequestDisposition", word)).into_iter().collect();
        let (_hosted, module) = module(System::Linux, &settings);
        for (new, attribute, expected) in cases {
            let mut asked = request();
            if let Some(attribute) = attribute {
                asked = asked.attribute("Disposition", attribute);
            }
            assert_eq!(module.verify_request(&mut asked, *new).unwrap(), *expected, "{word:?} {new} {attribute:?}");
        }
    }
}

#[test]
fn the_default_module_enables_and_takes_out_what_its_key_lists() {
    let counts = |server: &FakeServer, oid: &str| {
        let rows = server.extension_rows();
        rows.iter().find(|row| row.oid == oid).unwrap().flags.is_enabled()
    };
    for system in System::ALL {
        let (_hosted, module) = module(
            system,
            &[
                ("setting.EnableRequestExtensionList", "multi:1.2.3;1.3.6.1.4.1.99999.7"),
                ("setting.DisableExtensionList", "multi:2.5.29.35"),
            ],
        );
        let mut server = request().extension("2.5.29.35", ExtensionFlags::ORIGIN_SERVER, &[0x30, 0]);
        assert_eq!(module.verify_request(&mut server, true).unwrap(), Decision::Issue);
        assert!(counts(&server, PRIVATE) && !counts(&server, "2.5.29.17") && !counts(&server, "2.5.29.35"));
        let mut again = request().extension("2.5.29.35", ExtensionFlags::ORIGIN_SERVER, &[0x30, 0]);
        assert_eq!(module.verify_request(&mut again, false).unwrap(), Decision::Issue);
        assert!(!counts(&again, PRIVATE) && !counts(&again, "2.5.29.35"), "an earlier decision stands");
    }
}
