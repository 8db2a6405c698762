//! `exeunt config`.

use crate::authority::Place;

#[test]
fn a_good_file_is_said_to_be_good_and_shown_without_secrets() {
    let place = Place::new();
    place.init(&[]).ok();
    let checked = place.run(&["config", "check"]).ok();
    assert_eq!(checked.stdout, format!("{}: good\n", place.data("exeunt.toml").display()));
    let shown = place.run(&["config", "show"]).ok().stdout;
    assert!(shown.contains("validity_max = \"2y\"") && shown.contains("passphrase_file = \"/"), "{shown}");
    assert!(!shown.contains("correct horse"), "{shown}");
    // What is shown is a file that says the same.
    place.write("shown.toml", &shown);
    let again = place.run(&["config", "show", "--config", "shown.toml", "--data", "exeunt-data"]).ok().stdout;
    assert_eq!(again, shown);
    assert_eq!(place.json(&["config", "show"])["ca"]["name"], "Test CA");
}

#[test]
fn every_mistake_is_told_at_once() {
    let place = Place::new();
    let file = place.write(
        "bad.toml",
        r#"[ca]
name = ""
clock_skew = "2d"
subject_template = ["CommonNam"]
[admin]
listen = ["localhost:1"]
[roles]
administrator = ["root"]
[policy]
default_profile = "tls-servr"
[locations]
crl = ["/srv/pki/ca.crl"]
[limits]
request_bytes_max = 1
[profiles.tls-server]
key_usage = ["sign"]
"#,
    );
    let done = place.run(&["config", "check", "--config", file.to_str().unwrap()]).fails(2);
    let file = file.display();
    for expected in [
        format!("{file}:2:1: ca.name: the certification authority needs a name; write a name, such as \"Example CA\""),
        format!("{file}:3:1: ca.clock_skew: 2d is out of range; write a period from 0 s to 86400 s"),
        format!("{file}:4:21: ca.subject_template[0]: `CommonNam` is not a subject part; did you mean `CommonName`?"),
        format!(
            "{file}:6:11: admin.listen[0]: `localhost:1` is not an address with a port; write a list of addresses, such as [\"0.0.0.0:8443\"]"
        ),
        format!(
            "{file}:8:18: roles.administrator[0]: `root` is not a name; names start with unix:, unix-group:, cert: or cert-sha256:; write a list of names, such as [\"unix:root\"]"
        ),
        format!("{file}:10:1: policy.default_profile: there is no [profiles.tls-servr]; did you mean `tls-server`?"),
        format!(
            "{file}:12:8: locations.crl[0]: `/srv/pki/ca.crl` is not a location; write USES:URL, such as 65:/srv/pki/%3%8%9.crl"
        ),
        format!("{file}:14:1: limits.request_bytes_max: 1 is out of range; write a number from 1024 to 16777216"),
        format!("{file}:15:11: profiles.tls-server: "),
        "mend the file, then check it with: exeunt config check".to_owned(),
    ] {
        assert!(done.stderr.contains(&expected), "{expected}\nis not in\n{}", done.stderr);
    }
}

#[test]
fn a_server_does_not_start_on_a_bad_file() {
    let place = Place::new();
    place.init(&[]).ok();
    place.configure(|text| text.replace("[publication]\nlisten", "[publication]\nlisen"));
    let refused = place.try_serve(&[]).err().unwrap();
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("publication.lisen: there is no such key; did you mean `listen`?"), "{refused:?}");
}
