//! What an approval finds: earlier amendments stand, and nobody is asked who he is.

use module::{CertificateExtension, ExtensionFlags, PolicyModule, ServerPolicy, Value};

use super::cases::holds;
use super::request::Request;

const PROFILES: &str = r#"
[profiles.pended]
requesters = ["unix:bob"]
extended_key_usage = ["serverAuth", "clientAuth"]
subject = { from_request = ["CommonName"], allowed = { CommonName = ["*.example.org"] } }
names = { dns = ["*.example.org"], required = true, add_common_name = true }
request_extensions = ["1.2.840.113549.1.9.15"]

[profiles.attribute]
decision = "attribute"
names = { dns = ["*"] }

[profiles.denied]
decision = "deny"

[profiles.narrow]
decision = "issue"
validity = "10d"
names = { dns = ["*.example.net"] }
"#;

/// A request that was submitted, judged (`first` holds) and not issued.
fn submitted(lines: &[&str], first: &str) -> Request {
    let mut request = Request::new(lines);
    let answer = super::policy(PROFILES).unwrap().verify_request(&mut request, true);
    holds(first, &answer, &request).unwrap();
    request
}

#[track_caller]
fn resubmitted(mut request: Request, expected: &[&str]) -> Request {
    let answer = super::policy(PROFILES).unwrap().verify_request(&mut request, false);
    for line in expected {
        holds(line, &answer, &request).unwrap_or_else(|found| panic!("expected `{line}`, found {found}\n{answer:?}"));
    }
    request
}

fn pended(lines: &[&str]) -> Request {
    let base =
        ["attribute CertificateTemplate: pended", "by unix:bob", "subject CN=a.example.org", "san dns:b.example.org"];
    submitted(&[&base[..], lines].concat(), "pend")
}

/// Sets an extension as the engine does for an administrator.
fn administer(request: &mut Request, line: &str) {
    let made = Request::new(&[&format!("administrator {line}")]);
    let extension = made.extensions.last().unwrap().clone();
    request.extensions.retain(|other| other.oid != extension.oid);
    request.extensions.push(extension);
}

#[test]
fn a_pended_request_is_issued_as_it_was_judged() {
    let names = "san dns:b.example.org,dns:a.example.org";
    let request = pended(&["ext 1.2.840.113549.1.9.15 3000"]);
    let first = request.extensions.clone();
    let request =
        resubmitted(request, &["issue", names, "eku serverAuth clientAuth", "ext 1.2.840.113549.1.9.15 3000"]);
    assert_eq!(request.extensions, first);
}

#[test]
fn what_an_administrator_set_survives() {
    let mut request = pended(&["ext 1.2.840.113549.1.9.15 3000"]);
    administer(&mut request, "san dns:elsewhere.example");
    administer(&mut request, "eku clientAuth");
    administer(&mut request, "disabled ext 1.2.840.113549.1.9.15 3000");
    administer(&mut request, "critical ext 1.3.6.1.4.1.99999.4 0500");
    resubmitted(
        request,
        &[
            "issue",
            "san dns:elsewhere.example",
            "origin 2.5.29.17 administrator",
            "eku clientAuth",
            "no 1.2.840.113549.1.9.15",
            "critical ext 1.3.6.1.4.1.99999.4 0500",
        ],
    );
}

#[test]
fn a_required_name_that_an_administrator_disabled_is_missing() {
    let mut request = pended(&[]);
    administer(&mut request, "disabled san dns:b.example.org");
    resubmitted(request, &["deny CERTSRV_E_SUBJECT_ALT_NAME_REQUIRED"]);
}

#[test]
fn what_another_module_set_survives() {
    let mut request = pended(&["subject OU=dropped"]);
    request.set_certificate_property("OrgUnit", Some(Value::from("Web"))).unwrap();
    request.set_certificate_property("CommonName", Some(Value::from("from the directory"))).unwrap();
    let names = Request::new(&["module san dns:directory.example"]).extensions.last().unwrap().clone();
    request.set_certificate_extension(names).unwrap();
    resubmitted(
        request,
        &["issue", "subject OrgUnit=Web", "subject CommonName=from the directory", "san dns:directory.example"],
    );
}

#[test]
fn what_another_module_disabled_stays_out() {
    let mut request = pended(&["ext 1.2.840.113549.1.9.15 3000"]);
    let flags = ExtensionFlags::DISABLE;
    let disabled = CertificateExtension { oid: "1.2.840.113549.1.9.15".into(), flags, value: vec![0x30, 0] };
    request.set_certificate_extension(disabled).unwrap();
    resubmitted(request, &["issue", "no 1.2.840.113549.1.9.15"]);
}

#[test]
fn the_rules_of_names_hold_for_what_nobody_amended() {
    let lines =
        ["attribute CertificateTemplate: pended", "by unix:bob", "subject CN=a.example.org", "san dns:evil.example"];
    let request = submitted(&lines, "deny CERT_E_INVALID_NAME");
    let mut request = resubmitted(request, &["deny CERT_E_INVALID_NAME"]);
    administer(&mut request, "san dns:evil.example");
    resubmitted(request, &["issue", "san dns:evil.example"]);

    let lines =
        ["attribute CertificateTemplate: pended", "by unix:bob", "subject CN=evil.example", "san dns:a.example.org"];
    let request = submitted(&lines, "deny CERT_E_INVALID_NAME");
    resubmitted(request, &["deny CERT_E_INVALID_NAME", "says CommonName"]);
}

#[test]
fn a_request_refused_for_its_requester_is_issued_whole() {
    let capabilities = "ext 1.2.840.113549.1.9.15 3000";
    let lines = ["attribute CertificateTemplate: pended", "by unix:eve", "san dns:a.example.org", capabilities];
    let request = submitted(&lines, "deny CERTSRV_E_TEMPLATE_DENIED");
    resubmitted(request, &["issue", "critical san dns:a.example.org", capabilities]);

    let lines = ["attribute CertificateTemplate: pended", "no access", "san dns:a.example.org", capabilities];
    let request = submitted(&lines, "deny CERTSRV_E_ENROLL_DENIED");
    resubmitted(request, &["issue", "profile pended", "critical san dns:a.example.org", capabilities]);
}

#[test]
fn an_administrator_may_choose_another_profile() {
    let request = pended(&[]);
    let lines = ["attribute CertificateTemplate: narrow", "property CertificateTemplate pended"];
    let mut changed = Request::new(&lines);
    changed.extensions = request.extensions.clone();
    // The names of the first profile are none of the second's.
    resubmitted(changed.clone(), &["deny CERT_E_INVALID_NAME", "profile narrow"]);
    administer(&mut changed, "san dns:a.example.net");
    // The engine counted the validity for the first profile.
    resubmitted(changed, &["issue", "profile narrow", "no eku", "until 2026-12-02T00:00:00Z"]);
}

#[test]
fn decisions_of_a_resubmission() {
    let request = submitted(&["attribute CertificateTemplate: denied"], "deny S_OK");
    resubmitted(request, &["deny S_OK"]);
    for (word, decision) in [("Pending", "pend"), ("Deny", "deny S_OK")] {
        let lines = ["attribute CertificateTemplate: attribute", &format!("attribute Disposition: {word}")];
        resubmitted(submitted(&lines, decision), &[decision]);
    }
    // Without a profile nothing was judged; the administrator names one.
    submitted(&[], "deny CERTSRV_E_NO_CERT_TYPE");
    let named = Request::new(&["attribute CertificateTemplate: attribute", "san dns:a"]);
    resubmitted(named, &["issue", "critical san dns:a"]);
}

#[test]
fn an_identifier_that_no_profile_has_leaves_the_profile_alone() {
    let lines = ["property CertificateTemplate attribute", "attribute CertificateTemplate: 1.3.6.1.4.1.311.21.8.1"];
    resubmitted(submitted(&lines, "issue"), &["issue", "profile attribute"]);
}
