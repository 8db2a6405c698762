#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use super::*;

const SMALL: &str = r#"
manifest = 1
name = "expiry"
version = "1.2.0"
kind = "process"
role = "exit"
entry = "expiry.py"
"#;

const FULL: &str = r#"
manifest = 1
name = "expiry"
version = "1.2.0"
description = "mail before certificates expire"
kind = "process"
role = "exit"
entry = "expiry.py"
command = ["python3", "-u", "{entry}", "--home={directory}"]
events = ["cert-issued", "cert-revoked"]

[settings.database]
type = "path"
required = true
description = "the SQLite file"

[settings.days]
type = "integer"
default = 30
min = 1
max = 365

[settings.every]
type = "duration"
default = "1h"

[settings.mode]
type = "choice"
choices = ["mail", "print"]
default = "mail"

[settings.verbose]
type = "boolean"
default = false

[settings.password]
secret = true

[host]
window = 4

[powers]
environment = ["TZ"]
write = ["/var/lib/expiry"]
network = ["smtp.example.org:25"]
memory_bytes = 268435456
"#;

static KNOWN: [Setting; 4] = [
    Setting { name: "command", default: "", meaning: "" },
    Setting { name: "working_directory", default: "", meaning: "" },
    Setting { name: "memory_bytes_max", default: "", meaning: "" },
    Setting { name: "window", default: "", meaning: "" },
];

fn settings(manifest: &Manifest, set: &[(&str, &str)]) -> Settings {
    manifest.settings_for(Path::new("/srv/expiry"), &KNOWN, None, &set.iter().copied().collect())
}

#[test]
fn a_small_manifest_runs_its_entry() {
    let manifest = Manifest::parse(SMALL).unwrap();
    let settings = settings(&manifest, &[]);
    assert_eq!(settings.value("command"), Some(r#"["/srv/expiry/expiry.py"]"#));
    assert_eq!(settings.value("working_directory"), Some("/srv/expiry"));
    manifest.check(&settings).unwrap();
}

#[test]
fn what_the_operator_sets_goes_before_what_the_manifest_says() {
    let manifest = Manifest::parse(FULL).unwrap();
    let settings = settings(&manifest, &[("setting.days", "7"), ("window", "2"), ("setting.database", "/x")]);
    manifest.check(&settings).unwrap();
    let values: BTreeMap<_, _> = settings.iter().collect();
    assert_eq!(values["command"], r#"["python3","-u","/srv/expiry/expiry.py","--home=/srv/expiry"]"#);
    assert_eq!((values["setting.days"], values["window"], values["setting.mode"]), ("7", "2", "mail"));
    assert_eq!((values["memory_bytes_max"], values["setting.verbose"]), ("268435456", "false"));
    assert_eq!(manifest.events(), ExitEvents::CERT_ISSUED | ExitEvents::CERT_REVOKED);
    assert!(manifest.is_secret("setting.password") && !manifest.is_secret("setting.days"));
    assert_eq!(
        (manifest.qualified("days").as_str(), manifest.qualified("window").as_str()),
        ("setting.days", "window")
    );
}

#[test]
fn what_lies_in_the_manifests_folder_can_be_named_to_its_kind() {
    let text = "manifest = 1\nname = \"hook\"\nversion = \"1\"\nkind = \"webhook\"\nrole = \"exit\"\n[host]\n\
                secret = \"@file:{directory}/secret\"\nca_file = \"{directory}/a.pem\"\n";
    let settings = settings(&Manifest::parse(text).unwrap(), &[("ca_file", "{directory}/mine")]);
    assert_eq!(settings.value("secret"), Some("@file:/srv/expiry/secret"));
    assert_eq!(settings.value("ca_file"), Some("{directory}/mine"), "the operator's are taken as they are");
}

#[test]
fn values_of_the_wrong_type_and_unknown_settings_are_refused() {
    let manifest = Manifest::parse(FULL).unwrap();
    let refused = |name: &str, value: &str| {
        let all = settings(&manifest, &[("setting.database", "/x"), (name, value)]);
        manifest.check(&all).map_err(|error| error.message).unwrap_err()
    };
    assert!(refused("setting.days", "0").contains("from 1 to 365"));
    assert!(refused("setting.days", "many").contains("`many`"));
    assert!(refused("setting.every", "soon").contains("90s"));
    assert!(refused("setting.every", "9999999999999999999d").contains("90s"));
    assert!(refused("setting.mode", "fax").contains("mail, print"));
    assert!(refused("setting.verbose", "yes").contains("true or false"));
    assert!(refused("setting.database", "here").contains("absolute"));
    assert!(refused("setting.dayz", "7").ends_with("no setting `dayz` (is it `days`?)"));
    assert!(refused("setting.colour", "7").contains("no setting `colour`; it has: database, days"));
    let missing = manifest.check(&settings(&manifest, &[])).unwrap_err();
    assert!(missing.message.contains("needs the setting `database` (the SQLite file)"), "{missing}");
}

#[test]
fn names_that_neither_manifest_nor_kind_know_are_refused() {
    let manifest = Manifest::parse(FULL).unwrap();
    let known = ["command", "window", "setting.<name>"].map(|name| Setting { name, default: "", meaning: "" });
    let check = |name: &str| manifest.check_names("process", &known, &Settings::from([(name, "1")]));
    assert!(check("window").is_ok() && check("setting.days").is_ok());
    assert_eq!(check("dais").unwrap_err().message, "expiry has no setting `dais` (is it `days`?)");
    // Only who is far from all of them is told all of them.
    let refused = check("colour").unwrap_err().message;
    assert!(refused.contains("has no setting `colour`; its own are: database, days"), "{refused}");
    assert!(refused.ends_with("those of the kind process: command, window, setting.<name>"), "{refused}");
    // Without a manifest the module's own settings go by their long names.
    let refused = Settings::from([("windw", "1")]).check_names(&known).unwrap_err().message;
    assert!(refused.ends_with("`windw` (is it `window`?); one of the module itself is `setting.windw`"), "{refused}");
}

#[test]
fn a_secret_is_not_shown_where_it_is_wrong() {
    let text = format!("{SMALL}[settings.pin]\ntype = \"integer\"\nsecret = true\n");
    let manifest = Manifest::parse(&text).unwrap();
    let error = manifest.check(&settings(&manifest, &[("setting.pin", "hunter2")])).unwrap_err();
    assert!(!error.message.contains("hunter2"), "{error}");
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    for (text, said) in [
        ("", "missing field"),
        ("manifest = [", "TOML parse error"),
        (&SMALL.replace("manifest = 1", "manifest = 2"), "format 1"),
        (&SMALL.replace("name = \"expiry\"", "name = \"../x\""), "`name`"),
        (&SMALL.replace("1.2.0", ""), "`version`"),
        (&SMALL.replace("1.2.0", "1\\u001b[31m"), "`version`"),
        (&SMALL.replace("expiry.py", "../expiry.py"), "must lie in the manifest's folder"),
        (&SMALL.replace("expiry.py", "/bin/sh"), "must lie in the manifest's folder"),
        (&SMALL.replace("\"exit\"", "\"both\""), "unknown variant"),
        (&SMALL.replace("entry = \"expiry.py\"", ""), "needs `entry` or `command`"),
        (&SMALL.replace("\"process\"", "\"wasm\"\ncommand = [\"x\"]"), "for the kind `process`"),
        (&SMALL.replace("\"exit\"", "\"policy\"\nevents = [\"cert-issued\"]"), "for exit modules"),
        (&format!("{SMALL}events = [\"cert-isued\"]"), "cert-isued"),
        (&format!("{SMALL}colour = 1"), "unknown field `colour`"),
        (&format!("{SMALL}[powers]\ncoffee = true"), "unknown field `coffee`"),
        (&format!("{SMALL}[powers]\nmemory_bytes = 0"), "is 0"),
        (&format!("{SMALL}[powers]\nread = [\"a\\u0007\"]"), "control character"),
        (&format!("{SMALL}[settings.a]\ntype = \"choice\""), "go together"),
        (&format!("{SMALL}[settings.a]\nmin = 1"), "for the type `integer`"),
        (&format!("{SMALL}[settings.a]\ntype = \"integer\"\ndefault = \"x\""), "whole number"),
        (&format!("{SMALL}[settings.a]\ndefault = 1.5"), "default"),
        (&format!("{SMALL}[settings.a]\nsecret = true\ndefault = \"x\""), "no `default`"),
        (&format!("{SMALL}[settings.a]\nrequired = true\ndefault = \"x\""), "no `default`"),
        (&format!("{SMALL}[settings.\"a b\"]"), "`settings`"),
        (&format!("{SMALL}description = \"{}\"", "x".repeat(5_000)), "longer than"),
        (&format!("{SMALL}# {}", "x".repeat(BYTES_MAX)), "more than"),
    ] {
        let error = Manifest::parse(text).map(|manifest| panic!("{manifest:?}")).unwrap_err();
        assert!(error.message.contains(said), "{said}: {error}");
    }
}

#[test]
fn a_manifest_is_found_by_its_folder_and_by_its_name() {
    let home = std::env::temp_dir().join(format!("exeunt-manifest-{}", std::process::id()));
    std::fs::create_dir_all(&home).unwrap();
    let missing = Manifest::read(&home).unwrap_err();
    assert!(missing.code == HResult::ERROR_FILE_NOT_FOUND && missing.message.contains(FILE_NAME), "{missing}");
    std::fs::write(home.join(FILE_NAME), SMALL).unwrap();
    for path in [home.clone(), home.join(FILE_NAME)] {
        let (manifest, text, directory) = Manifest::read(&path).unwrap();
        assert_eq!((manifest.name.as_str(), text.as_str(), &directory), ("expiry", SMALL, &home));
        assert_eq!(manifest.entry(&directory), Some(home.join("expiry.py")));
    }
    std::fs::write(home.join(FILE_NAME), SMALL.replace("version", "versoin")).unwrap();
    assert!(Manifest::read(&home).unwrap_err().message.contains("versoin"));
    std::fs::remove_dir_all(&home).unwrap();
}

#[test]
fn a_com_module_gets_numbers_as_its_registry_holds_them_and_paths_as_windows_writes_them() {
    let declared = r#"
[settings.Days]
type = "integer"
default = 30
[settings.Least]
type = "integer"
[settings.Most]
type = "integer"
[settings.Log]
type = "boolean"
default = true
[settings.Quiet]
type = "boolean"
default = false
[settings.Folder]
type = "path"
[settings.Name]
"#;
    let set = [("Least", "-2"), ("Most", "4294967296"), ("Folder", r"Z:\srv\Größe"), ("Name", "multi:a;b")];
    let own = set.map(|(name, value)| (format!("{SETTING_PREFIX}{name}"), value));
    let own = own.each_ref().map(|(name, value)| (name.as_str(), *value));
    let of_kind = |kind: &str| {
        let manifest = Manifest::parse(&format!("{}{declared}", SMALL.replace("\"process\"", kind))).unwrap();
        let settings = settings(&manifest, &own);
        (manifest.check(&settings), manifest.typed(settings))
    };

    let (checked, typed) = of_kind("\"com\"");
    checked.unwrap();
    for (name, value) in [
        ("Days", "dword:30"),
        ("Least", "dword:4294967294"),
        ("Most", "qword:4294967296"),
        ("Log", "dword:1"),
        ("Quiet", "dword:0"),
        ("Folder", r"Z:\srv\Größe"),
        ("Name", "multi:a;b"),
    ] {
        assert_eq!(typed.value(&format!("{SETTING_PREFIX}{name}")), Some(value), "{name}");
    }

    let (checked, typed) = of_kind("\"process\"");
    assert!(checked.unwrap_err().message.contains(r"`Z:\srv\Größe`"), "shown as it was written");
    assert_eq!(typed.value("setting.Log"), Some("true"));

    for wrong in [r"srv\x", "Z:", "Z:srv", r"\\server\share", "Z\u{131}:/x"] {
        let manifest = Manifest::parse(&format!("{}{declared}", SMALL.replace("\"process\"", "\"com\""))).unwrap();
        let error = manifest.check(&settings(&manifest, &[("setting.Folder", wrong)])).unwrap_err().message;
        assert!(error.contains(r"Z:\srv is /srv"), "{wrong}: {error}");
    }
}
