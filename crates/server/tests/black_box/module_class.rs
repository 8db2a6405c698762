//! A COM module that is named by its class: the file that is registered for it is compared, as one that is named is.

use std::os::unix::fs::PermissionsExt;

use crate::authority::{Place, until};

/// Stands for `exeunt-comhost`: its registry is one file, which holds the path of the class's file. What it hosts says what is in that.
const HOST: &str = r#"#!/usr/bin/env python3
import json, os, sys
registry = "@REGISTRY@"
assert sys.argv[sys.argv.index("--progid") + 1] == "Gate.Exit", sys.argv
if not os.path.exists(registry):
    sys.exit("no class with the ProgID `Gate.Exit` is registered")
file = open(registry).read()
if sys.argv[1] == "find":
    print(file)
    sys.exit()
for line in sys.stdin:
    call = json.loads(line)
    result = None
    if call["method"] == "initialize":
        result = {"protocol": 1, "events": ["cert-issued"], "description": open(file).read()}
    if "id" in call:
        print(json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": result}), flush=True)
"#;

#[test]
fn the_file_of_a_registered_class_is_compared_at_each_start() {
    let place = Place::new();
    let server = place.serve(&[]);
    let (host, registry) = (place.path("host.py"), place.path("class"));
    std::fs::create_dir_all(place.path("state/registry")).unwrap();
    std::fs::write(&host, HOST.replace("@REGISTRY@", registry.to_str().unwrap())).unwrap();
    std::fs::set_permissions(&host, std::fs::Permissions::from_mode(0o755)).unwrap();
    let register = |name: &str, contents: &str| {
        let file = place.path(name);
        std::fs::write(&file, contents).unwrap();
        std::fs::write(&registry, file.to_str().unwrap()).unwrap();
        file
    };
    let shown = || place.json(&["module", "show", "gate"]);
    let runs = |contents: &str| {
        until("it runs", || shown()["state"] != "failed" && shown()["description"] == contents);
        shown()["notice"].as_str().unwrap_or_default().to_owned()
    };
    let again = || {
        place.run(&["module", "disable", "gate"]).ok();
        place.run(&["module", "enable", "gate"]).ok();
    };
    let (comhost, state) =
        (format!("comhost={}", host.display()), format!("state_directory={}", place.path("state").display()));
    let settings = ["--set", "progid=Gate.Exit", "--set", &comhost, "--set", &state];
    let add = [&["module", "add", "com", "--name", "gate", "--digest", "enforce"], &settings[..]].concat();

    // What nobody registered cannot be added.
    let refused = place.run(&add);
    assert!(refused.code != 0 && refused.stderr.contains("`Gate.Exit` is registered"), "{refused:?}");
    let first = register("first.so", "first");
    place.run(&add).ok();
    assert_eq!(runs("first"), "");
    let version = shown()["versions"][0].clone();
    assert_eq!(version["file"].as_str(), first.to_str());
    assert!(version["sha256"].as_str().unwrap().starts_with("a7937b64"), "{version}");
    let kept = std::fs::read_dir(place.data("modules")).map_or(0, Iterator::count);
    assert_eq!(kept, 0, "a copy could never be run");

    // The same content elsewhere is the same; another is not, and no change of settings makes it so.
    register("moved.so", "first");
    again();
    assert_eq!(runs("first"), "");
    let other = register("other.so", "other");
    again();
    let told = "other.so, which is registered for Gate.Exit, is not the file that was installed";
    let fails = || {
        until("it is refused", || shown()["state"] == "failed");
        let text = place.run(&["module", "show", "gate"]).ok().stdout;
        assert!(text.contains(told) && text.contains("exeunt module upgrade gate com"), "{text}");
    };
    fails();
    place.run(&["module", "set", "gate", "--timeout-ms", "9000"]).ok();
    place.run(&["module", "set", "gate", "setting.Level=1"]).ok();
    fails();

    // Taken over.
    place.run(&["module", "upgrade", "gate", "com"]).ok();
    assert_eq!(runs("other"), "");
    assert_eq!(shown()["versions"][0]["file"].as_str(), other.to_str());

    // With `warn` it runs, and is told.
    place.run(&["module", "set", "gate", "--digest", "warn"]).ok();
    register("third.so", "third");
    again();
    assert!(runs("third").contains("third.so, which is registered for Gate.Exit, is not the file"), "{}", shown());
    server.stop();
}
