//! Who may do what.

use crate::authority::Place;

/// Each command, the role it needs, and what it ends with when the right is there.
const COMMANDS: [(&[&str], &str); 14] = [
    (&["crl", "publish"], "administrator"),
    (&["module", "disable", "journal"], "administrator"),
    (&["module", "enable", "journal"], "administrator"),
    (&["module", "add", "journal", "--name", "x", "--set", "path=x.jsonl"], "administrator"),
    (&["request", "approve", "1"], "certificate_manager"),
    (&["request", "deny", "1"], "certificate_manager"),
    (&["certificate", "revoke", "01", "--reason", "superseded"], "certificate_manager"),
    (&["certificate", "release", "01"], "certificate_manager"),
    (&["audit", "list"], "auditor"),
    (&["audit", "verify"], "auditor"),
    (&["db", "check"], "operator"),
    (&["request", "list"], "any"),
    (&["module", "list"], "any"),
    (&["request", "submit", "a.csr"], "enrollee"),
];

/// Gives this user one role, and everything else to somebody else.
fn only(place: &Place, role: &str) {
    let me = place.json(&["config", "show"])["roles"]["enrollee"][0].as_str().unwrap().to_owned();
    give(place, &me, role);
}

fn give(place: &Place, me: &str, held: &str) {
    place.configure(|text| {
        let lines = text.lines().map(|line| {
            let role = ["administrator", "certificate_manager", "auditor", "operator", "enrollee"]
                .into_iter()
                .find(|role| line.starts_with(&format!("{role} = ")));
            match role {
                Some(role) if role == held => format!("{role} = [\"{me}\"]"),
                Some(role) => format!("{role} = [\"unix:nobody-else\"]"),
                None => line.to_owned(),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    });
}

#[test]
fn every_command_needs_its_role() {
    let place = Place::new();
    place.serve(&[]).stop();
    place.csr("a", "a.example");
    let me = place.json(&["config", "show"])["roles"]["administrator"][0].as_str().unwrap().to_owned();
    for held in ["administrator", "certificate_manager", "auditor", "operator", "enrollee"] {
        give(&place, &me, held);
        let server = place.serve(&[]);
        for (command, needed) in COMMANDS {
            let allowed = match needed {
                "any" => held != "enrollee",
                "operator" => matches!(held, "operator" | "administrator"),
                "enrollee" => matches!(held, "enrollee" | "certificate_manager"),
                needed => held == needed,
            };
            let done = place.run(command);
            assert_eq!(done.code != 5, allowed, "{held}: {command:?} {done:?}");
            if !allowed {
                assert!(done.stderr.contains("access denied") && done.stderr.contains("[roles]"), "{done:?}");
            }
        }
        server.stop();
    }
}

#[test]
fn separation_refuses_whoever_holds_two_roles() {
    let place = Place::new();
    place.serve(&[]).stop();
    // The same name in two lists is found before the server starts.
    place.configure(|text| text.replace("separation = false", "separation = true"));
    let refused = place.run(&["config", "check"]).fails(2);
    assert!(refused.stderr.contains("with separation on it could do nothing"), "{refused:?}");
    // Twice by a user's and a group's name only shows when somebody comes.
    only_two_ways(&place);
    let server = place.serve(&[]);
    let conflict = place.run(&["crl", "publish"]).fails(5);
    assert!(conflict.stderr.contains("more than one role"), "{conflict:?}");
    place.run(&["request", "submit", place.csr("a", "a.example").to_str().unwrap()]).ok();
    server.stop();
}

fn only_two_ways(place: &Place) {
    let me = std::process::Command::new("id").arg("-un").output().unwrap();
    let group = std::process::Command::new("id").arg("-gn").output().unwrap();
    let (me, group) = (String::from_utf8(me.stdout).unwrap(), String::from_utf8(group.stdout).unwrap());
    place.configure(|text| {
        let lines = text.lines().map(|line| match line.split(" = ").next() {
            Some("administrator" | "enrollee") => {
                format!("{} = [\"unix:{}\"]", line.split(' ').next().unwrap(), me.trim())
            }
            Some("certificate_manager") => format!("certificate_manager = [\"unix-group:{}\"]", group.trim()),
            Some(role @ ("auditor" | "operator")) => format!("{role} = []"),
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    });
}

#[test]
fn only_a_certificate_manager_requests_for_others() {
    let place = Place::new();
    place.serve(&[]).stop();
    let csr = place.csr("a", "a.example");
    let submit = ["request", "submit", csr.to_str().unwrap(), "--requester", "unix:web"];
    let server = place.serve(&[]);
    let outcome = place.json(&submit);
    assert_eq!(place.json(&["request", "show", &outcome["request"].to_string()])["requester"], "unix:web");
    server.stop();
    only(&place, "enrollee");
    let server = place.serve(&[]);
    place.run(&submit).fails(5);
    server.stop();
}
