//! Roots and subordinates, of every kind of key.

use crate::authority::{Place, openssl, until};

/// The kinds OpenSSL 3.0 can verify, and those it cannot.
const VERIFIED: [&str; 6] = ["p256", "p384", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519"];
const POST_QUANTUM: [&str; 3] = ["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"];

#[test]
fn a_root_of_every_kind_of_key_issues() {
    for key in VERIFIED.into_iter().chain(POST_QUANTUM) {
        let place = Place::new();
        let made = place.init(&["--key", key, "--subject", "CN=Test CA,O=Example,C=DE", "--json"]).ok().json();
        assert_eq!(made["certificate"], place.data("ca.crt").to_str().unwrap());
        place.issue_at_once();
        let server = place.serve(&[]);
        let serial = place.issue("a.example");
        if VERIFIED.contains(&key) {
            place.run(&["certificate", "export", &serial, "--out", "a.crt"]).ok();
            verify(&place, &["-CAfile", "exeunt-data/ca.crt", "a.crt"]);
        }
        let authority = place.json(&["ca", "show"]);
        assert_eq!(authority["certificates"][0]["subject"], "CN=Test CA,O=Example,C=DE", "{key}");
        server.stop();
    }
}

#[test]
fn a_root_certificate_is_what_relying_parties_expect() {
    let place = Place::new();
    place.init(&["--validity", "5y", "--path-length", "1"]).ok();
    let text =
        openssl(&["x509", "-in", place.data("ca.crt").to_str().unwrap(), "-noout", "-text", "-fingerprint", "-sha256"]);
    for expected in [
        "CA:TRUE, pathlen:1",
        "X509v3 Key Usage: critical",
        "Certificate Sign, CRL Sign",
        "X509v3 Subject Key Identifier",
        "1.3.6.1.4.1.311.21.1",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    verify(&place, &["-CAfile", "exeunt-data/ca.crt", "exeunt-data/ca.crt"]);
    // OpenSSL reads the key, given the passphrase.
    let key = place.data("ca.key");
    openssl(
        &["pkey", "-in", key.to_str().unwrap(), "-passin", "file:passphrase", "-noout"]
            .map(|argument| {
                if argument == "file:passphrase" {
                    format!("file:{}", place.path("passphrase").display())
                } else {
                    argument.to_owned()
                }
            })
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    );
    use std::os::unix::fs::PermissionsExt;
    let mode = |name: &str| std::fs::metadata(place.data(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode("ca.key"), mode("exeunt.db"), mode("exeunt.toml")), (0o700, 0o600, 0o600, 0o600));
}

#[test]
fn a_subordinate_is_signed_by_its_parent_and_issues() {
    for online in [false, true] {
        let parent = Place::new();
        parent.init(&["--key", "p384"]).ok();
        let parent_server = parent.serve(&[]);
        let child = Place::new();
        child.passphrase();
        let made =
            child.run(&["init", "--name", "Issuing CA", "--subordinate", "--passphrase-file", "passphrase"]).ok();
        assert!(made.stderr.contains("exeunt ca install"), "{made:?}");

        // The parent pends every authority; somebody approves it.
        let csr = child.data("ca.csr");
        let pending = parent.json(&["request", "submit", csr.to_str().unwrap(), "--profile", "sub-ca"]);
        assert_eq!(pending["disposition"], "pending");
        let id = pending["request"].to_string();
        parent.run(&["request", "approve", &id]).ok();
        let certificate = child.path("issuing.crt");
        parent.run(&["request", "retrieve", &id, "--out", certificate.to_str().unwrap()]).ok();
        let chain = parent.data("ca.crt");
        let install = ["ca", "install", "issuing.crt", "--chain", chain.to_str().unwrap()];

        let server = if online {
            let server = child.serve(&[]);
            assert!(server.out().contains("no certificate yet"), "{}", server.out());
            child.run(&install).ok();
            server
        } else {
            child.run(&install).ok();
            child.serve(&[])
        };
        child.run(&install).fails(6);
        assert_eq!(child.json(&["ca", "show"])["certificates"].as_array().unwrap().len(), 1);
        server.stop();
        child.issue_at_once();
        let server = child.serve(&[]);
        let serial = child.issue("b.example");
        child.run(&["certificate", "export", &serial, "--out", "b.crt"]).ok();
        let pem = child.run(&["ca", "show", "--pem"]).ok().stdout;
        assert_eq!(pem.matches("BEGIN CERTIFICATE").count(), 2);
        child.write("chain.pem", &pem);
        verify(&child, &["-CAfile", chain.to_str().unwrap(), "-untrusted", "chain.pem", "b.crt"]);
        server.stop();
        parent_server.stop();
    }
}

#[test]
fn only_a_ca_certificate_for_the_own_key_is_installed() {
    let place = Place::new();
    place.passphrase();
    place.run(&["init", "--name", "Sub", "--subordinate", "--passphrase-file", "passphrase"]).ok();
    let other = Place::new();
    other.init(&[]).ok();
    let foreign = other.data("ca.crt");
    let refused = place.run(&["ca", "install", foreign.to_str().unwrap()]).fails(4);
    assert!(refused.stderr.contains("not for a key of this authority"), "{refused:?}");
    place.write("junk", "junk");
    place.run(&["ca", "install", "junk"]).fails(2);
    place.run(&["ca", "install", "missing"]).fails(3);
}

#[test]
fn nothing_is_overwritten() {
    let place = Place::new();
    place.init(&[]).ok();
    let before =
        [place.read("exeunt-data/ca.key"), place.read("exeunt-data/exeunt.toml"), place.read("exeunt-data/ca.crt")];
    let again = place.init(&["--key", "ed25519"]).fails(6);
    assert!(again.stderr.contains("there is a certification authority in"), "{again:?}");
    assert_eq!(
        before,
        [place.read("exeunt-data/ca.key"), place.read("exeunt-data/exeunt.toml"), place.read("exeunt-data/ca.crt")]
    );
    // Without its configuration it was never finished: told apart, and left alone too.
    std::fs::remove_file(place.data("exeunt.toml")).unwrap();
    let unfinished = place.init(&[]).fails(6);
    assert!(unfinished.stderr.contains("ca.key") && unfinished.stderr.contains("did not finish"), "{unfinished:?}");
    assert_eq!(before[0], place.read("exeunt-data/ca.key"));
    let serve = place.try_serve(&[]).err().unwrap();
    assert_eq!(serve.code, 6, "{serve:?}");
    assert_eq!(before[0], place.read("exeunt-data/ca.key"));
}

#[test]
fn bad_options_are_told() {
    let place = Place::new();
    let path = place.write("passphrase", "open to everybody\n");
    std::os::unix::fs::chown(&path, None, None).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    for (arguments, code, expected) in [
        (vec!["--name", "X", "--passphrase-file", "passphrase"], 1, "chmod 600"),
        (vec!["--name", "X", "--passphrase-env", "NOT_SET_ANYWHERE"], 1, "NOT_SET_ANYWHERE"),
        (vec!["--name", "X"], 2, "--passphrase-file"),
        (vec!["--name", "X", "--key", "dsa"], 2, "dsa"),
        (vec!["--name", "X", "--validity", "soon"], 2, "soon"),
        (vec!["--name", "X", "--subject", "nonsense"], 2, "nonsense"),
        (vec!["--name", "X", "--subordinate", "--validity", "1y"], 2, "--validity"),
        (vec![], 2, "--name"),
    ] {
        let done = place.run(&[&["init"], arguments.as_slice()].concat());
        assert_eq!(done.code, code, "{done:?}");
        assert!(done.stderr.contains(expected), "{done:?}");
        assert!(!place.data("").exists(), "{done:?}");
    }
}

#[test]
fn the_passphrase_may_come_from_the_environment() {
    let place = Place::new();
    let init =
        place.command(&["init", "--name", "E", "--passphrase-env", "SECRET"]).env("SECRET", "hush hush").status();
    assert!(init.unwrap().success());
    let config = place.read("exeunt-data/exeunt.toml");
    assert!(config.contains("passphrase_env = \"SECRET\"") && !config.contains("hush"), "{config}");
    let refused = place.try_serve(&[]).err().unwrap();
    assert!(refused.stderr.contains("SECRET: it is not set"), "{refused:?}");
    let mut child = place.command(&["serve"]).env("SECRET", "hush hush").spawn().unwrap();
    until("it serves", || place.run(&["ca", "show"]).code == 0);
    child.kill().unwrap();
    child.wait().unwrap();
}

fn verify(place: &Place, arguments: &[&str]) {
    let absolute = |argument: &&str| {
        if argument.starts_with('-') || argument.starts_with('/') {
            (*argument).to_owned()
        } else {
            place.path(argument).display().to_string()
        }
    };
    let arguments: Vec<String> = arguments.iter().map(absolute).collect();
    let arguments: Vec<&str> =
        ["verify", "-x509_strict"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
    openssl(&arguments);
}
