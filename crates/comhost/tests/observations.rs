//! One source, compiled for Linux and for Windows, sees and says the same: what only COM has. What every kind of module sees is
//! compared by the conformance suite (`conformance.rs`).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use module::{Decision, ExitEvent, ExitEvents, ExitModule, ExtensionFlags, HResult, PolicyModule, Value};
use support::{FakeServer, Hosted, System, assert_lines, notification, observed, request};

#[test]
fn an_exit_module_reads_what_the_contract_says() {
    let settings = [("setting.Level", "dword:0x27"), ("setting.Names", "multi:a;b"), ("setting.Below\\Inner", "Größe")];
    let journal = observed(&settings, |hosted| {
        let module = hosted.exit();
        assert_eq!(module.initialize("Example CA", &FakeServer::authority()).unwrap(), ExitEvents::all());
        assert_eq!(module.description(), "Observer of events");
        let about = module.about();
        let said = |name: &str| about.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
        assert_eq!((said("Name"), said("File Version"), said("Copyright")), (Some("Observer"), Some("1.2.3"), None));
        assert_eq!(
            said("Description"),
            Some(
                r"ca.example.org\Example CA SYSTEM\CurrentControlSet\Services\CertSvc\Configuration\Example CA\ExitModules\Observer.Exit"
            )
        );
        module.notify(&notification(ExitEvent::CertIssued), &request()).unwrap();
        module.notify(&notification(ExitEvent::Shutdown), &FakeServer::authority()).unwrap();
    });
    assert_lines(
        &journal,
        r"key SYSTEM\CurrentControlSet\Services\CertSvc\Configuration\Example CA\ExitModules\Observer.Exit
        level 39 type 4
        names type 7 61000000620000000000
        inner Größe
        formatted Größe w narrow -7 0000BEEF Größe
        CAType long 3
        SanitizedCAName text Example CA
        row in context 0 80094004
        context 9999 80070006
        initialize Example CA
        event 00000001 context
        before the context 80094004
        set 00000000
        RequestID long 7
        SerialNumber as a number 80070057
        type 7 80070057
        UPN 80094004
        nonsense 80070057
        null place 80004003
        event's hash 32 bytes abababababababababababababababab
        event's time date 2025-06-01T12:00:00Z
        event's number as a number 80070057
        message 80094004
        next without setup 8000ffff
        setup 00000000
        extension 2.5.29.17 = 2 bytes 3000 flags 00010002
        extension 1.2.3.4 = 2 bytes 0500 flags 00010002
        end 00000001 null
        attribute CertFile = x.cer
        attribute CertificateTemplate = WebServer
        end 00000001
        second object 80094004
        late SetContext empty
        late GetRequestProperty long 7
        late empty exception 80094004
        late too few 8002000e
        late unknown unknown 80020006
        late setup empty
        late attribute text CertFile
        late attribute text CertificateTemplate
        late end false text
        event 00000040 context
        set 00000000
        RequestID 80094004",
    );
}

#[test]
fn an_event_of_later_versions_reaches_the_module() {
    let hosted = Hosted::observer(System::Linux, &[]);
    let probe = hosts::com::Probe::start("observer", &hosted.settings, "Example CA", &FakeServer::authority()).unwrap();
    probe.tell_of_the_unknown().unwrap();
    assert_lines(&hosted.journal(), "event 40000000 context");
}

#[test]
fn a_policy_module_writes_and_chains_to_the_default_one() {
    let journal = observed(&[], |hosted| {
        let module = hosted.policy();
        module.initialize("Example CA", &FakeServer::authority()).unwrap();
        assert_eq!(module.description(), "Observer of requests");
        // Of the class that the naming convention names: the module gives no management object.
        assert!(module.about().contains(&("Name".to_owned(), "Observer".to_owned())), "{:?}", module.about());
        let mut server = request();
        assert_eq!(module.verify_request(&mut server, true).unwrap(), Decision::Issue);
        let written = server.written();
        assert_eq!(written.get("CommonName"), Some(&Some(Value::from("changed.example.org"))), "{written:?}");
        let rows = server.extension_rows();
        let row = |oid: &str| rows.iter().find(|row| row.oid == oid).unwrap();
        // Set by the module.
        assert_eq!(row("2.5.29.15").value, [3, 2, 5, 0xa0]);
        assert!(row("2.5.29.15").flags.contains(ExtensionFlags::CRITICAL));
        // Enabled by the default module, and not.
        assert!(row("2.5.29.17").flags.is_enabled());
        assert!(!row("1.2.3.4").flags.is_enabled());
        module.shut_down();
    });
    assert_lines(
        &journal,
        r"key SYSTEM\CurrentControlSet\Services\CertSvc\Configuration\Example CA\PolicyModules\Observer.Policy
        initialize Example CA
        verify new flags 0
        set 00000000
        CommonName text www.example.org
        RequesterCAAccess long 1
        set CommonName 00000000
        set CommonName as a number 80070057
        delete UPN 00000000
        CommonName text changed.example.org
        no message 80094004
        set message 00000000
        message text changed.example.org
        take message back 00000000
        no message 80094004
        set event's number 80070057
        encoded 00000000 030205a0
        set key usage 00000000
        strings empty 8000ffff
        strings half 80070057
        strings 300a13036f6e65130374776f
        strings type 4 count 2 two
        strings beyond 80070057 80070057
        strings by name 300a13036f6e65130374776f
        strings again 300a13036f6e65130374776f
        strings wrong 8007000d 8007000d nowhere 80004003
        longs 300b0201010201ff0203011170
        longs by name 300b0201010201ff0203011170
        longs count 3 -1 00000000 70000
        longs again 300b0201010201ff0203011170
        longs wrong 8007000d 8007000d nowhere 80004003
        dates 300f170d3235303630313132303030305a
        dates by name 300f170d3235303630313132303030305a
        dates again 300f170d3235303630313132303030305a
        dates kept
        dates wrong 8007000d 8007000d nowhere 80004003
        names 301c8209612e6578616d706c658704c0000201a00906032a0304a0020500
        names by name 301c8209612e6578616d706c658704c0000201a00906032a0304a0020500
        names again 301c8209612e6578616d706c658704c0000201a00906032a0304a0020500
        names count 3 choice 1 type 1.2.3.4 address c0000201
        names no type 80070057 umlaut 80092022
        names wrong 8007000d 8007000d nowhere 80004003
        points 3011300fa00da00b8609687474703a2f2f612f
        points by name 3011300fa00da00b8609687474703a2f2f612f
        points again 3011300fa00da00b8609687474703a2f2f612f
        points count 1 names 1 choice 7 http://a/
        points wrong 8007000d 8007000d nowhere 80004003
        string blobs blob 00000000
        string blobs by name 00000000
        string blobs wrong 8007000d 8007000d
        string blobs digits 300a13036f6e65130374776f
        string blobs base64 MAoTA29uZRMDdHdv
        string blobs unknown 80070057
        long blobs blob 00000000
        long blobs by name 00000000
        long blobs wrong 8007000d 8007000d
        long blobs digits 300b0201010201ff0203011170
        long blobs base64 MAsCAQECAf8CAwERcA==
        long blobs unknown 80070057
        date blobs blob 00000000
        date blobs by name 00000000
        date blobs wrong 8007000d 8007000d
        date blobs digits 300f170d3235303630313132303030305a
        date blobs base64 MA8XDTI1MDYwMTEyMDAwMFo=
        date blobs unknown 80070057
        point blobs blob 00000000
        point blobs by name 00000000
        point blobs wrong 8007000d 8007000d
        point blobs digits 3011300fa00da00b8609687474703a2f2f612f
        point blobs base64 MBEwD6ANoAuGCWh0dHA6Ly9hLw==
        point blobs unknown 80070057
        name blobs blob 00000000
        name blobs by name 00000000
        name blobs wrong 8007000d 8007000d
        name blobs digits 30068704c0000201
        name blobs base64 MAaHBMAAAgE=
        name blobs unknown 80070057
        name blobs set 00000000 00000000
        name blobs got c0000201 a.example
        name blobs made 30118704c00002018209612e6578616d706c65
        bits blob 00000000
        bits by name 00000000
        bits wrong 8007000d 8007000d
        bits got a0 oA==
        bits made AwIFoA== 03020500
        no class 80040154
        chained 00000000 1
        shut down",
    );
}

#[test]
fn an_unknown_disposition_never_means_issue() {
    for system in System::ALL {
        let hosted = Hosted::observer(system, &[("setting.Behaviour", "strange")]);
        let module = hosted.policy();
        module.initialize("Example CA", &FakeServer::authority()).unwrap();
        let answer = module.verify_request(&mut request(), true).unwrap();
        assert_eq!(answer, Decision::deny(HResult::S_OK, ""));
    }
}

#[test]
fn the_default_module_decides_as_its_key_says() {
    for (word, new, decision) in [
        ("dword:0x101", true, "Pend"),
        ("dword:0x101", false, "Issue"),
        ("dword:2", true, "Deny"),
        ("dword:0", true, "Pend"),
    ] {
        let hosted = Hosted::observer(System::Linux, &[("setting.RequestDisposition", word)]);
        let module = hosted.policy();
        module.initialize("Example CA", &FakeServer::authority()).unwrap();
        let answer = format!("{:?}", module.verify_request(&mut request(), new).unwrap());
        assert!(answer.starts_with(decision), "{word} {new}: {answer}");
    }
    let hosted = Hosted::observer(System::Linux, &[]);
    let module = hosted.policy();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let mut refused = request().certificate("RequesterCAAccess", 0);
    let answer = module.verify_request(&mut refused, true).unwrap();
    assert!(matches!(answer, Decision::Deny { code: HResult::CERTSRV_E_ENROLL_DENIED, .. }), "{answer:?}");
}

#[test]
fn settings_that_are_taken_back_leave_the_registry() {
    for system in System::ALL {
        let mut hosted = Hosted::observer(system, &[("setting.Level", "dword:7")]);
        let authority = FakeServer::authority();
        hosted.exit().initialize("Example CA", &authority).unwrap();
        assert!(hosted.journal().contains(&"level 7 type 4".to_owned()));
        hosted.settings.unset("setting.Level");
        std::fs::remove_file(hosted.state.path().join("journal")).unwrap();
        hosted.exit().initialize("Example CA", &authority).unwrap();
        let journal = hosted.journal();
        assert!(!journal.is_empty() && !journal.iter().any(|line| line.starts_with("level")), "{journal:?}");
    }
}
