//! The process host with modules that behave.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::sync::Barrier;

use hosts::process::Probe;
use module::{
    Decision, ExitEvent, ExitEvents, ExitModule, ExtensionFlags, HResult, ModuleError, PolicyModule, Role, ServerExit,
    Settings, Value,
};
use support::{FakeServer, Script, notification, process};

#[test]
fn a_module_is_told_of_events_and_of_the_end() {
    let script = Script::torture("good.py", &[]);
    let module = script.exit();
    let server = FakeServer::issued();
    assert!(module.description().starts_with("process: python3 "), "{}", module.description());
    assert_eq!(module.initialize("Example CA", &server).unwrap(), ExitEvents::all());
    assert_eq!(module.description(), "torture");
    for event in [ExitEvent::CertIssued, ExitEvent::CrlIssued, ExitEvent::Shutdown] {
        module.notify(&notification(event), &server).unwrap();
    }
    drop(module);
    assert_eq!(script.seen(), ["cert-issued 1", "crl-issued 1", "shutdown 1", "shutdown"]);
    assert_eq!(script.gauge.snapshot().failures, 0);
    script.assert_nothing_left();
}

#[test]
fn nobody_is_started_only_to_hear_of_the_end() {
    let script = Script::torture("die_in_notify.py", &[]);
    let module = script.exit();
    let server = FakeServer::issued();
    module.initialize("Example CA", &server).unwrap();
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap_err();
    module.notify(&notification(ExitEvent::Shutdown), &server).unwrap();
    assert_eq!(script.lives().len(), 1);
}

#[test]
fn a_module_may_say_more_than_it_must() {
    let script = Script::torture("tolerate.py", &[]);
    let module = script.exit();
    let server = FakeServer::issued();
    assert_eq!(module.initialize("Example CA", &server).unwrap(), ExitEvents::CERT_ISSUED);
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    assert_eq!(script.lives().len(), 1);
}

#[test]
fn a_window_of_two_takes_two_calls_and_their_answers_in_any_order() {
    let script = Script::torture("out_of_order.py", &[("window", "2")]);
    let module = script.exit();
    let server = FakeServer::issued();
    module.initialize("Example CA", &server).unwrap();
    let together = Barrier::new(2);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                together.wait();
                module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
            });
        }
    });
    assert_eq!(script.lives().len(), 1);
}

#[test]
fn one_overdue_call_takes_the_others_with_it() {
    let script = Script::torture("hang_in_notify.py", &[("window", "4"), ("timeout_ms", "3000")]);
    let module = script.exit();
    let server = FakeServer::issued();
    module.initialize("Example CA", &server).unwrap();
    let results: Vec<ModuleError> = std::thread::scope(|scope| {
        let calls: Vec<_> =
            (0..4).map(|_| scope.spawn(|| module.notify(&notification(ExitEvent::CertIssued), &server))).collect();
        calls.into_iter().filter_map(|call| call.join().unwrap().err()).collect()
    });
    assert!(results.iter().any(|error| error.code == HResult::ERROR_TIMEOUT), "{results:?}");
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    assert_eq!(script.lives().len(), 2);
    drop(module);
    script.assert_nothing_left();
}

#[test]
fn a_message_above_the_limit_is_not_sent() {
    let script = Script::torture("good.py", &[("message_bytes_max", "20000")]);
    let module = script.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let server = FakeServer::issued().request("RawRequest", vec![0; 20_000]);
    let error = module.notify(&notification(ExitEvent::CertIssued), &server).unwrap_err();
    assert_eq!(error.code, HResult::CERTSRV_E_ENCODING_LENGTH, "{error}");
    module.notify(&notification(ExitEvent::CertIssued), &FakeServer::issued()).unwrap();
    assert_eq!(script.lives().len(), 1);
}

#[test]
fn a_row_that_cannot_be_read_fails_the_call_and_not_the_module() {
    let script = Script::torture("good.py", &[]);
    let module = script.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let server = FakeServer::issued().failing("Disposition", HResult::E_OUTOFMEMORY);
    let error = module.notify(&notification(ExitEvent::CertIssued), &server).unwrap_err();
    assert_eq!(error.code, HResult::E_OUTOFMEMORY);
    let server = FakeServer::issued();
    server.end();
    let error = module.notify(&notification(ExitEvent::CertIssued), &server).unwrap_err();
    assert_eq!(error.code, HResult::ERROR_INVALID_HANDLE);
    module.notify(&notification(ExitEvent::CertIssued), &FakeServer::issued()).unwrap();
    assert_eq!(script.lives().len(), 1);
}

#[test]
fn the_environment_is_what_was_set_and_little_more() {
    let script = Script::new(
        r#"sh -c 'env > "$STATE/env"; pwd > "$STATE/pwd"; ulimit -n > "$STATE/files"; exit 1'"#,
        &[("working_directory", "/tmp"), ("open_files_max", "99")],
    );
    // Set for the whole test process, as a server's environment would be.
    script.exit().initialize("Example CA", &FakeServer::authority()).unwrap_err();
    let read = |file: &str| std::fs::read_to_string(script.state.path().join(file)).unwrap();
    let names: Vec<String> = read("env").lines().filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect();
    let allowed = ["PATH", "LANG", "HOME", "TZ", "STATE", "PYTHONDONTWRITEBYTECODE", "PWD", "SHLVL", "OLDPWD", "_"];
    assert!(names.iter().all(|name| allowed.contains(&name.as_str())), "{names:?}");
    assert_eq!(read("pwd").trim(), "/tmp");
    script.assert_nothing_left();
}

#[test]
fn a_module_can_be_initialised_again() {
    let script = Script::torture("good.py", &[]);
    let module = script.exit();
    let server = FakeServer::issued();
    for _ in 0..3 {
        module.initialize("Example CA", &server).unwrap();
        module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    }
    assert_eq!(script.lives().len(), 3);
    drop(module);
    script.assert_nothing_left();
}

fn policy() -> (Script, impl PolicyModule) {
    let script = Script::torture("policy.py", &[]);
    let module = script.policy();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    (script, module)
}

#[test]
fn a_policy_module_decides() {
    let (script, module) = policy();
    let ask = |what: &str| module.verify_request(&mut FakeServer::issued().attribute("Ask", what), true);
    assert_eq!(module.description(), "by attribute");
    assert_eq!(ask("issue"), Ok(Decision::Issue));
    assert_eq!(ask("pend"), Ok(Decision::Pend { message: "second look".into() }));
    assert_eq!(ask("deny"), Ok(Decision::deny(HResult::CERTSRV_E_TEMPLATE_DENIED, "not you")));
    for what in ["perhaps", "nothing"] {
        assert_eq!(ask(what).unwrap_err().code, HResult::ERROR_INVALID_DATA, "{what}");
    }
    assert_eq!(ask("unwritable").unwrap_err().code, HResult::E_INVALIDARG);
    assert_eq!(ask("crash").unwrap_err().code, HResult::RPC_E_DISCONNECTED);
    assert_eq!(ask("issue"), Ok(Decision::Issue));
    module.shut_down();
    assert_eq!(script.seen(), ["shutdown"]);
    script.assert_nothing_left();
}

#[test]
fn a_policy_module_amends_in_its_answer() {
    let (_script, module) = policy();
    let mut server = FakeServer::issued().attribute("Ask", "amend").certificate("UPN", "alice@example.org").extension(
        "2.5.29.19",
        ExtensionFlags::ORIGIN_REQUEST,
        &[0x30, 0x00],
    );
    assert_eq!(module.verify_request(&mut server, true), Ok(Decision::Issue));
    let written = server.written();
    assert_eq!(written["CommonName"], Some(Value::from("amended")));
    assert_eq!(written["UPN"], None);
    assert_eq!(written["GeneralFlags"], Some(Value::Long(5)));
    assert_eq!(written["NotAfter"], Some(Value::Date("2030-01-01T00:00:00Z".parse().unwrap())));
    let rows: Vec<(String, u32, Vec<u8>)> =
        server.extension_rows().into_iter().map(|row| (row.oid, row.flags.bits(), row.value)).collect();
    assert_eq!(
        rows,
        [
            ("2.5.29.17".to_owned(), 0x0002_0001, vec![0x30, 0x00]),
            ("1.2.3.4".to_owned(), 0x0002_0002, vec![0x02, 0x01, 0x07]),
        ]
    );
}

#[test]
fn a_policy_module_amends_through_call_backs() {
    let (_script, module) = policy();
    let mut server = FakeServer::issued().attribute("Ask", "call-back");
    assert_eq!(module.verify_request(&mut server, true), Ok(Decision::Issue));
    assert_eq!(module.verify_request(&mut server, false), Ok(Decision::Pend { message: String::new() }));
    assert_eq!(server.written()["CommonName"], Some(Value::from("set")));
    let usage = server.certificate_extension("2.5.29.15").unwrap();
    assert!(usage.flags.contains(ExtensionFlags::CRITICAL));
}

#[test]
fn a_probe_asks_what_no_event_asks() {
    let script = Script::torture("good.py", &[]);
    let probe = Probe::start("probe", Role::Exit, &script.settings, "Example CA", &FakeServer::authority()).unwrap();
    assert_eq!(probe.events(), ExitEvents::all());
    probe.ping().unwrap();
    assert_eq!(probe.describe().unwrap(), "torture");
    assert_eq!(probe.ask_the_unknown().unwrap().code, HResult::E_NOTIMPL);
    probe.ping().unwrap();
    probe.stop().unwrap();
    assert_eq!(script.seen(), ["shutdown"]);

    let script = Script::torture("ignore_shutdown.py", &[("stop_timeout_ms", "200")]);
    let probe = Probe::start("probe", Role::Exit, &script.settings, "Example CA", &FakeServer::authority()).unwrap();
    assert_eq!(probe.stop().unwrap_err().code, HResult::ERROR_TIMEOUT);
    script.assert_nothing_left();
}

#[test]
fn settings_are_checked_before_anything_is_started() {
    let kind = process();
    let refused = |pairs: &[(&str, &str)]| {
        let settings: Settings = pairs.iter().copied().collect();
        kind.exit_module("m", &settings).map(drop).unwrap_err()
    };
    assert_eq!(refused(&[]).code, HResult::E_INVALIDARG);
    assert!(refused(&[("command", "x"), ("comand", "y")]).message.contains("there is no setting `comand`"));
    assert!(kind.settings().iter().any(|setting| setting.name == "command"));
}

/// What a program finds that looks at itself first of all.
const LOOK: &str = r#"exec 2>"$STATE/errors"; { ulimit -v; ulimit -t; ulimit -n; id -u; id -g; id -G; echo "$HOME"; grep -E '^NoNewPrivs' /proc/self/status; ls /proc/self/fd; } > "$STATE/look"; exit 3"#;

fn look(settings: &[(&str, &str)]) -> (Vec<String>, module::ModuleError) {
    use std::os::unix::fs::PermissionsExt;

    let script = Script::new(&serde_json::json!(["sh", "-c", LOOK]).to_string(), settings);
    std::fs::set_permissions(script.state.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let error = script.exit().initialize("Example CA", &FakeServer::issued()).unwrap_err();
    let text = std::fs::read_to_string(script.state.path().join("look")).unwrap_or_default();
    (text.lines().map(str::to_owned).collect(), error)
}

#[test]
fn a_program_is_confined_before_its_first_instruction() {
    // A file that was opened by somebody who did not think of modules.
    let leak = rustix::io::dup(std::fs::File::open("/dev/null").unwrap()).unwrap();
    let limits = [("memory_bytes_max", "1073741824"), ("cpu_seconds_max", "7"), ("open_files_max", "33")];
    let (seen, error) = look(&limits);
    assert!(error.message.contains("status 3"), "{error}");
    assert_eq!(seen[..3], ["1048576", "7", "33"]);
    assert_eq!(seen[7].split_whitespace().last(), Some("1"), "{seen:?}");
    // Of the looking shell's files, 3 is the folder that `ls` reads.
    assert_eq!(seen[8..], ["0", "1", "2", "3"], "{seen:?}");
    drop(leak);
    let (seen, _) = look(&[("no_new_privileges", "false")]);
    assert_eq!(seen[7].split_whitespace().last(), Some("0"), "{seen:?}");
    let (_, error) = look(&[("memory_bytes_max", "4096")]);
    assert!(!error.message.is_empty(), "{error}");
}

#[test]
fn a_program_runs_as_who_the_operator_says() {
    let root = rustix::process::geteuid().is_root();
    let (seen, error) = look(&[("user", "nobody")]);
    if !root {
        assert!(error.message.contains("only root may start a process as another"), "{error}");
        return;
    }
    let nobody = std::fs::read_to_string("/etc/passwd").unwrap();
    let nobody: Vec<&str> = nobody.lines().find(|line| line.starts_with("nobody:")).unwrap().split(':').collect();
    assert_eq!(seen[3..7], [nobody[2], nobody[3], nobody[3], nobody[5]], "{error}");
    let (seen, _) = look(&[("user", "nobody"), ("group", "12345")]);
    assert_eq!(seen[3..6], [nobody[2], "12345", "12345"]);
}
