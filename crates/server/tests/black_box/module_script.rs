//! A script behind its interpreter is a module's code as a program is: digest, copy, roll-back.

use crate::authority::{Place, until};
use crate::support::teller::{self, told};

#[test]
fn a_script_behind_its_interpreter_is_watched_and_the_interpreter_is_not() {
    let place = Place::new();
    let server = place.serve(&[]);
    let script = place.path("teller.py");
    let write = |version: &str| std::fs::write(&script, teller::source(version)).unwrap();
    let tells = |host: &str, version: &str| {
        let before = told(&place).len();
        place.issue(host);
        until("it is told", || told(&place).len() > before);
        let last = told(&place).pop().unwrap();
        assert_eq!(last["version"].as_str(), Some(version), "{last}");
        last["process"].as_u64().unwrap()
    };
    let shown = || place.json(&["module", "show", "teller"]);
    let notice = || shown()["notice"].as_str().unwrap_or_default().to_owned();
    let again = || {
        place.run(&["module", "disable", "teller"]).ok();
        place.run(&["module", "enable", "teller"]).ok();
    };

    // The interpreter by its path, the script by its name in the working directory.
    write("1.0");
    let python =
        String::from_utf8(std::process::Command::new("which").arg("python3").output().unwrap().stdout).unwrap();
    let command = format!("command={} -u teller.py", python.trim());
    let folder = format!("working_directory={}", place.path("").display());
    let file = format!("setting.file={}", place.path("told.jsonl").display());
    let add = ["module", "add", "process", "--name", "teller", "--digest", "enforce"];
    place.run(&[&add[..], &["--set", &command, "--set", &folder, "--set", &file]].concat()).ok();
    let process = tells("a.example", "1.0");
    assert_eq!(shown()["versions"][0]["file"].as_str(), script.to_str());

    // Replaced in place: the copy is run when the program is started again, and said so.
    write("changed");
    let killed = std::process::Command::new("kill").args(["-KILL", &process.to_string()]).status().unwrap();
    assert!(killed.success());
    assert_ne!(tells("b.example", "1.0"), process);
    assert!(notice().contains("the copy that was kept of it runs"), "{}", notice());

    // Taken over, and rolled back.
    let upgraded = place.run(&["module", "upgrade", "teller", "./teller.py"]).ok();
    assert!(upgraded.stderr.contains("its command: ") && upgraded.stderr.contains("-u teller.py"), "{upgraded:?}");
    tells("c.example", "changed");
    assert_eq!(notice(), "");
    place.run(&["module", "rollback", "teller"]).ok();
    tells("d.example", "1.0");

    // Another script takes its place behind the same interpreter, and goes again.
    place.write("teller-2.0.py", &teller::source("2.0"));
    place.run(&["module", "upgrade", "teller", "teller-2.0.py"]).ok();
    tells("e.example", "2.0");
    place.run(&["module", "rollback", "teller"]).ok();
    tells("f.example", "1.0");

    // Without a copy it is refused.
    std::fs::remove_dir_all(place.data("modules")).unwrap();
    again();
    until("it is refused", || shown()["state"] == "failed");
    let refused = place.run(&["module", "show", "teller"]).ok().stdout;
    assert!(refused.contains("teller.py is not the file that was installed"), "{refused}");
    place.run(&["module", "set", "teller", "--digest", "warn"]).ok();
    tells("g.example", "changed");
    server.stop();
}
