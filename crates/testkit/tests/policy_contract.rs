//! What a policy module finds in a request, and what becomes of its answer, as the contract of the classic service lays it down.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::sync::{Arc, Barrier};

use engine::{ImportOptions, Submission, right};
use module::{
    CertificateExtension, Decision, Disposition, ExtensionFlags, HResult, ModuleError, PropertyType, ServerPolicy,
    Value,
};
use parking_lot::Mutex;
use pki::KeyAlgorithm;
use testkit::authority::{Authority, Builder, PolicyFn, csr_with, plain_policy};

const SAN: &str = "2.5.29.17";
const AUTHORITY_KEY: &str = "2.5.29.35";

/// An authority with this policy module alone.
fn with_policy<F>(policy: F) -> Authority
where
    F: Fn(&mut dyn ServerPolicy, bool) -> Result<Decision, ModuleError> + Send + Sync + 'static,
{
    let builder = Builder::new(KeyAlgorithm::P256);
    builder.loader().policy("plain", Arc::new(PolicyFn(policy)));
    builder.open().unwrap()
}

#[test]
fn a_request_is_filled_in_and_not_yet_a_certificate() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let authority = {
        let (asked, plain) = (Arc::clone(&asked), plain_policy());
        with_policy(move |server, new| {
            asked.lock().push(new);
            let read = |name, kind| server.certificate_property(name, kind).map_err(|error| error.code);
            use PropertyType::{Binary, Date, Long, String};
            for (name, kind) in [
                ("SerialNumber", String),
                ("RawCertificate", Binary),
                ("CertificateHash", String),
                ("DistinguishedName", String),
                ("RawName", Binary),
            ] {
                assert_eq!(read(name, kind), Err(HResult::CERTSRV_E_PROPERTY_EMPTY), "{name}");
            }
            assert_eq!(read("Subject.CommonName", String), Ok("www.example".into()));
            for (name, kind) in [("NotBefore", Date), ("NotAfter", Date), ("RawPublicKey", Binary)] {
                assert!(read(name, kind).is_ok(), "{name}");
            }
            assert_eq!(read("PublicKeyAlgorithm", String), Ok("1.2.840.10045.2.1".into()));
            assert_eq!(read("PublicKeyLength", Long), Ok(256.into()));
            assert_eq!((read("RequesterCAAccess", Long), read("KeyArchived", Long)), (Ok(1.into()), Ok(0.into())));
            let stands = if new { Disposition::Active } else { Disposition::Pending };
            assert_eq!(server.request_property("Disposition", Long), Ok(stands.code().into()));

            // The engine's own extensions count, those of the request do not until somebody says so.
            let flags = |oid| server.certificate_extension(oid).unwrap().flags;
            assert_eq!(flags(AUTHORITY_KEY), ExtensionFlags::ORIGIN_SERVER);
            if new {
                assert_eq!(flags(SAN), ExtensionFlags::ORIGIN_REQUEST | ExtensionFlags::DISABLE);
            } else {
                assert_eq!(flags(SAN), ExtensionFlags::ORIGIN_POLICY, "what was set stays with a pending request");
            }
            plain.verify_request(server, new)
        })
    };
    let pending = authority.submit("www.example", "Disposition:Pending").request;
    let officer = authority.by::<right::ManageCertificates>();
    assert_eq!(authority.engine.approve(&officer, pending).unwrap().disposition, Disposition::Issued);
    assert_eq!(*asked.lock(), [true, false]);

    // Whoever put an extension there last is its origin.
    let row = authority.engine.request(&authority.by::<right::Read>(), pending).unwrap();
    let san = row.body.extensions.iter().find(|extension| extension.oid == SAN).unwrap();
    assert_eq!(san.flags.origin(), ExtensionFlags::ORIGIN_POLICY);
    let foreign = Authority::open().submit("foreign.example", "").certificate.unwrap();
    let options = ImportOptions { foreign: true, existing_row: false };
    let imported = authority.engine.import(&officer, &foreign, options).unwrap();
    let row = authority.engine.request(&authority.by::<right::Read>(), imported.request).unwrap();
    let extensions = &row.body.extensions;
    assert!(!extensions.is_empty());
    for extension in extensions {
        assert_eq!(extension.flags.origin(), ExtensionFlags::ORIGIN_IMPORTED_CERT, "{}", extension.oid);
        assert!(extension.flags.is_enabled(), "{}", extension.oid);
    }
}

/// It can be read while the alternative names that hold it do not count. What policy sets stands above it, and the certificate
/// above both; and a certificate that does not hold it has none.
#[test]
fn a_user_principal_name_is_the_requests_until_policy_or_the_certificate_says_otherwise() {
    const ASKED: &str = "alice@example.org";
    const SET: &str = "bob@example.org";
    let some = |text: &str| Ok(Value::from(text));
    let none = || Err(HResult::CERTSRV_E_PROPERTY_EMPTY);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let authority = {
        let (asked, plain) = (Arc::clone(&asked), plain_policy());
        with_policy(move |server, new| {
            let read = |server: &dyn ServerPolicy| {
                server.certificate_property("UPN", PropertyType::String).map_err(|error| error.code)
            };
            let before = read(server);
            match server.request_attribute("Set").as_deref() {
                Ok("nothing") if new => server.set_certificate_property("UPN", None)?,
                Ok("empty") if new => server.set_certificate_property("UPN", Some("".into()))?,
                Ok(name) if new => server.set_certificate_property("UPN", Some(name.into()))?,
                _ => {}
            }
            asked.lock().push((before, read(server)));
            let decision = plain.verify_request(server, new)?;
            if server.request_attribute("Names").is_err() {
                let mut names = server.certificate_extension(SAN)?;
                names.flags |= ExtensionFlags::DISABLE;
                server.set_certificate_extension(names)?;
            }
            Ok(decision)
        })
    };
    let names = [pki::GeneralName::Dns("www.example".into()), pki::GeneralName::Upn(ASKED.into())];
    for (attributes, set, issued) in [
        ("", some(ASKED), None),
        ("Names:count", some(ASKED), Some(ASKED)),
        ("Set:bob@example.org", some(SET), Some(SET)),
        ("Set:bob@example.org\nNames:count", some(SET), Some(ASKED)),
        ("Set:nothing", none(), None),
        ("Set:empty", none(), None),
        ("Set:nothing\nNames:count", none(), Some(ASKED)),
    ] {
        for waits in [false, true] {
            let attributes = if waits { format!("{attributes}\nDisposition:Pending") } else { attributes.to_owned() };
            let request = csr_with("www.example", &names);
            let submission = Submission { request, attributes: attributes.clone(), ..Submission::default() };
            let outcome = authority.engine.submit(&authority.by::<right::Enrol>(), submission).unwrap();
            let mut expected = vec![(some(ASKED), set.clone())];
            if waits {
                authority.engine.approve(&authority.by::<right::ManageCertificates>(), outcome.request).unwrap();
                expected.push((set.clone(), set.clone()));
            }
            assert_eq!(std::mem::take(&mut *asked.lock()), expected, "{attributes}");
            let row = authority.engine.request(&authority.by::<right::Read>(), outcome.request).unwrap();
            assert_eq!(row.disposition, Disposition::Issued, "{attributes}: {}", row.message);
            assert_eq!(row.properties.get("UPN").map(String::as_str), issued, "{attributes}");
        }
    }
    // A name that is no part of the request is nobody's.
    authority.submit("www.example", "");
    assert_eq!(*asked.lock(), [(none(), none())]);
}

#[test]
fn nothing_is_issued_without_a_name() {
    let plain = plain_policy();
    let authority = with_policy(move |server, new| {
        plain.verify_request(server, new)?;
        server.set_certificate_property("CommonName", None)?;
        let gone = CertificateExtension { oid: SAN.into(), flags: ExtensionFlags::DELETE, value: Vec::new() };
        server.set_certificate_extension(gone)?;
        assert_eq!(server.certificate_extension(SAN).unwrap_err().code, HResult::CERTSRV_E_PROPERTY_EMPTY);
        Ok(Decision::Issue)
    });
    let outcome = authority.submit("www.example", "");
    assert_eq!((outcome.disposition, outcome.status), (Disposition::Failed, HResult::CERTSRV_E_BAD_REQUESTSUBJECT));
    assert_eq!(outcome.certificate, None);
}

#[test]
fn requests_are_decided_on_at_the_same_time() {
    // Nobody leaves before both are in.
    let (both, plain) = (Barrier::new(2), plain_policy());
    let authority = with_policy(move |server, new| {
        both.wait();
        plain.verify_request(server, new)
    });
    std::thread::scope(|scope| {
        for name in ["one.example", "two.example"] {
            let authority = &authority;
            scope.spawn(move || assert_eq!(authority.submit(name, "").disposition, Disposition::Issued));
        }
    });
}

/// A name that is set for an extension while their list is gone through disturbs nobody.
#[test]
fn extensions_can_be_set_while_they_are_listed() {
    let authority = with_policy(|server, _| {
        let before = server.extensions()?;
        for oid in &before {
            let mut extension = server.certificate_extension(oid)?;
            extension.flags =
                ExtensionFlags::from_bits_retain(extension.flags.bits() & 0xffff) - ExtensionFlags::DISABLE;
            server.set_certificate_extension(extension)?;
        }
        assert_eq!(server.extensions()?, before, "their order stays");
        Ok(Decision::Pend { message: before.join(" ") })
    });
    let outcome = authority.submit("www.example", "");
    assert_eq!(outcome.disposition, Disposition::Pending);
    assert!(outcome.message.contains(SAN) && outcome.message.contains(AUTHORITY_KEY), "{}", outcome.message);
}
