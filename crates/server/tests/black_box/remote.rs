//! The admin API over TLS, with the same command line.

use crate::authority::{Done, Place, free_port, openssl, until};

/// A private authority for the admin API: roots, a server certificate, and clients.
struct Tls<'a> {
    place: &'a Place,
}

impl<'a> Tls<'a> {
    fn new(place: &'a Place) -> Self {
        let tls = Self { place };
        let usage = "keyUsage=critical,keyCertSign,cRLSign";
        place.request("roots", "pem", &["-x509", "-days", "2", "-subj", "/CN=Admin roots", "-addext", usage]);
        tls.certify("server", "/CN=127.0.0.1", &["subjectAltName=IP:127.0.0.1", "extendedKeyUsage=serverAuth"]);
        tls.certify("alice", "/O=Example/CN=Alice", &["extendedKeyUsage=clientAuth"]);
        tls.certify("bob", "/O=Example/CN=Bob", &["extendedKeyUsage=clientAuth"]);
        tls
    }

    fn path(&self, name: &str) -> String {
        self.place.path(name).display().to_string()
    }

    fn certify(&self, name: &str, subject: &str, extensions: &[&str]) {
        let (request, certificate) =
            (self.place.request(name, "csr", &["-new", "-subj", subject]), self.path(&format!("{name}.crt")));
        let file = self.place.write("extensions", &extensions.join("\n"));
        let (roots, roots_key) = (self.path("roots.pem"), self.path("roots.key"));
        openssl(&[
            "x509",
            "-req",
            "-in",
            request.to_str().unwrap(),
            "-CA",
            &roots,
            "-CAkey",
            &roots_key,
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            file.to_str().unwrap(),
            "-out",
            &certificate,
        ]);
    }

    fn run_as(&self, name: &str, url: &str, arguments: &[&str]) -> Done {
        let (certificate, key) = (format!("{name}.crt"), format!("{name}.key"));
        let options = ["--url", url, "--tls-certificate", &certificate, "--tls-key", &key, "--tls-roots", "roots.pem"];
        self.place.run(&[options.as_slice(), arguments].concat())
    }
}

#[test]
fn the_command_line_reaches_a_server_over_tls() {
    let place = Place::new();
    let tls = Tls::new(&place);
    place.init(&[]).ok();
    let port = free_port();
    let url = format!("https://127.0.0.1:{port}");
    place.configure(|text| {
        let text = text.replace("[admin]\n", &format!("[admin]\nlisten = [\"127.0.0.1:{port}\"]\n"));
        let text = text.replace("administrator = [", "administrator = [\"cert:CN=Alice,O=Example\", ");
        let folder = place.path("").display().to_string();
        format!(
            "{text}\n[admin.tls]\ncertificate = \"{folder}server.crt\"\nkey = \"{folder}server.key\"\nclient_roots = \"{folder}roots.pem\"\n"
        )
    });
    let server = place.serve(&[]);
    assert!(server.out().contains(&url), "{}", server.out());

    assert!(tls.run_as("alice", &url, &["ca", "show"]).ok().stdout.contains("Test CA"));
    tls.run_as("alice", &url, &["crl", "publish"]).ok();
    tls.run_as("alice", &url, &["request", "approve", "1"]).fails(5);
    tls.run_as("bob", &url, &["crl", "publish"]).fails(5);
    // The public part needs a certificate, and no role.
    tls.run_as("bob", &url, &["ca", "show"]).ok();

    // A client of other roots is not let in; a server of other roots is not believed.
    let stranger = Place::new();
    let others = Tls::new(&stranger);
    assert_eq!(others.run_as("alice", &url, &["ca", "show"]).code, 7);
    let missing = place.run(&["--url", &url, "ca", "show"]).fails(2);
    assert!(missing.stderr.contains("--tls-certificate"), "{missing:?}");
    let nobody = tls.run_as("alice", &format!("https://127.0.0.1:{}", free_port()), &["ca", "show"]).fails(7);
    assert!(nobody.stderr.contains("check the URL"), "{nobody:?}");

    // New certificates are taken up on hangup.
    tls.certify("server", "/CN=127.0.0.1", &["subjectAltName=IP:127.0.0.1", "extendedKeyUsage=serverAuth"]);
    server.signal("HUP");
    until("they are read", || server.log().contains("TLS certificate and key read"));
    tls.run_as("alice", &url, &["ca", "show"]).ok();
    server.stop();
}
