//! Modules that have no table of functions, and what they use by name: both server objects, `CCertConfig`, the default module.
//! One source, as a shared object and as a DLL.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use module::{Decision, ExitEvent, ExitEvents, ExitModule, ExtensionFlags, HResult, PolicyModule, Value};
use support::{FakeServer, Hosted, System, assert_lines, notification, observed, request};

/// Reads that both roles make, until the first extension.
const READS: &str = "
    by name GetRequestProperty exception 80094004
    by name GetCertificateProperty long 3
    by name SetContext exception 80070006
    by name SetContext 80020005
    by name SetContext 8002000e
    by name SetContext empty
    by name GetRequestProperty long 7
    by name GetRequestAttribute text x.cer
    by name GetRequestAttribute exception 80094004
    by name GetCertificateProperty text 1a2b3c
    by name GetCertificateProperty exception 80070057
    by name GetCertificateExtensionFlags exception 8000ffff
    by name EnumerateExtensions exception 8000ffff
    by name EnumerateAttributes exception 8000ffff
    by name EnumerateExtensionsSetup exception 80070057
    by name EnumerateExtensionsSetup empty
    by name EnumerateAttributesSetup empty
    by name EnumerateExtensions text 2.5.29.17
    by name GetCertificateExtension 2 bytes 3000
    by name GetCertificateExtensionFlags long 65538";

/// From the second extension on.
const MORE_READS: &str = "
    by name EnumerateExtensions text 1.2.3.4
    by name GetCertificateExtension 2 bytes 0500
    by name GetCertificateExtensionFlags long 65538";

/// From the end of the extensions on.
const LAST_READS: &str = "
    by name EnumerateExtensions false text
    by name EnumerateAttributes text CertFile
    by name EnumerateAttributes text CertificateTemplate
    by name EnumerateAttributes false text
    by name EnumerateExtensionsClose empty
    by name EnumerateExtensions exception 8000ffff
    by name EnumerateAttributesClose empty
    by name EnumerateAttributes exception 8000ffff
    by name GetCertificateExtension exception 80094004
    by name SetContext empty
    by name GetCertificateExtensionFlags exception 8000ffff";

/// The numbers of members, from this one on.
fn numbers(first: u32, members: &[&str]) -> String {
    members.iter().zip(first..).map(|(member, number)| format!("number {member} {number:08x}\n")).collect()
}

fn about<'a>(about: &'a [(String, String)], name: &str) -> Option<&'a str> {
    about.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
}

#[test]
fn an_exit_module_without_a_table_is_called_by_name() {
    let settings = [("clsid", "{6F1C0D0A-6B1B-4B8F-9B51-0F4C8E2D7A04}"), ("setting.Behaviour", "fail")];
    let journal = observed(&settings, |hosted| {
        let module = hosted.exit();
        let events = module.initialize("Example CA", &FakeServer::authority()).unwrap();
        assert_eq!(events, ExitEvents::CERT_ISSUED | ExitEvents::CRL_ISSUED);
        assert_eq!(module.description(), "Observer by name");
        // Given by name, and called through its table.
        assert_eq!(about(&module.about(), "File Version"), Some("1.2.3"));
        let error = module.notify(&notification(ExitEvent::CertIssued), &request()).unwrap_err();
        assert_eq!(error.code, HResult::ERROR_FILE_EXISTS, "{error}");
        assert!(error.message.contains("told by exception"), "{error}");
    });
    let members = [
        "SetContext",
        "GetRequestProperty",
        "GetRequestAttribute",
        "GetCertificateProperty",
        "GetCertificateExtension",
        "GetCertificateExtensionFlags",
        "EnumerateExtensionsSetup",
        "EnumerateExtensions",
        "EnumerateExtensionsClose",
        "EnumerateAttributesSetup",
        "EnumerateAttributes",
        "EnumerateAttributesClose",
    ];
    let wanted = [
        "late initialize Example CA\n",
        &numbers(0x6002_0000, &members),
        "number SetCertificateProperty 80020006\nnumber SetCertificateExtension 80020006",
        READS,
        MORE_READS,
        LAST_READS,
        "\nevent 00000001 context\nRequestID long 7",
    ];
    assert_lines(&journal, &wanted.concat());
}

#[test]
fn a_policy_module_without_a_table_decides_by_name() {
    let journal = observed(&[("progid", "Observer.LateDecisions")], |hosted| {
        let module = hosted.policy();
        module.initialize("Example CA", &FakeServer::authority()).unwrap();
        assert_eq!(module.description(), "Observer of requests by name");
        // Given by name, and called by name.
        let said = module.about();
        assert_eq!((about(&said, "Name"), about(&said, "Copyright")), (Some("Observer by name"), None));
        let place = about(&said, "Description").unwrap();
        assert!(place.starts_with(r"ca.example.org\Example CA SYSTEM\"), "{place}");
        assert!(place.ends_with(r"\PolicyModules\Observer.LateDecisions"), "{place}");

        let mut server = request();
        assert_eq!(module.verify_request(&mut server, true).unwrap(), Decision::Pend { message: String::new() });
        let written = server.written();
        let text = |text: &str| Some(Value::from(text));
        assert_eq!(written.get("CommonName"), Some(&text("named.example.org")), "{written:?}");
        assert_eq!(written.get("Organization"), Some(&text("Example")), "{written:?}");
        assert_eq!(written.get("UPN"), Some(&None), "{written:?}");
        let rows = server.extension_rows();
        let kept: Vec<(&str, u32, &[u8])> =
            rows.iter().map(|row| (row.oid.as_str(), row.flags.bits(), row.value.as_slice())).collect();
        let policy = ExtensionFlags::ORIGIN_POLICY.bits();
        let wanted: [(&str, u32, &[u8]); 5] = [
            ("2.5.29.17", policy, &[5, 0]),
            ("1.2.3.4", policy, &[5, 0]),
            ("1.2.3.5", policy | 1, &[2, 3, 1, 0x11, 0x70]),
            ("1.2.3.6", policy | 0x102, &[4, 1, 7]),
            ("1.2.3.8", policy, b"\x17\x0d250601120000Z"),
        ];
        assert_eq!(kept, wanted);
        assert_eq!(module.verify_request(&mut server, false).unwrap(), Decision::Issue);
        module.shut_down();
    });
    let members = [
        "SetContext",
        "GetRequestProperty",
        "GetRequestAttribute",
        "GetCertificateProperty",
        "SetCertificateProperty",
        "GetCertificateExtension",
        "GetCertificateExtensionFlags",
        "SetCertificateExtension",
        "EnumerateExtensionsSetup",
        "EnumerateExtensions",
        "EnumerateExtensionsClose",
        "EnumerateAttributesSetup",
        "EnumerateAttributes",
        "EnumerateAttributesClose",
    ];
    let enabled = "\nby name SetCertificateExtension empty";
    let wanted = [
        "late initialize Example CA
        CertEnroll is there
        late verify Example CA new 1 flags 0 types 8 3 3 3\n",
        &numbers(0x6002_0000, &members),
        "by name SetCertificateProperty exception 80094004",
        READS,
        enabled,
        MORE_READS,
        enabled,
        LAST_READS,
        "
        by name SetCertificateProperty empty
        by name GetCertificateProperty text named.example.org
        by name SetCertificateProperty empty
        by name SetCertificateProperty empty
        by name SetCertificateProperty exception 80070057
        by name SetCertificateProperty exception 80070057
        by name SetCertificateProperty 8002000e
        by name SetCertificateExtension empty
        by name GetCertificateExtension long 70000
        by name GetCertificateExtensionFlags long 131073
        by name SetCertificateExtension empty
        by name GetCertificateExtension 3 bytes 040107
        by name GetCertificateExtensionFlags long 131330
        by name SetCertificateExtension empty
        by name GetCertificateExtension text ascii
        by name SetCertificateExtension empty
        by name GetCertificateExtension date 2025-06-01T12:00:00Z
        by name GetCertificateExtension exception 8007000d
        by name SetCertificateExtension empty
        by name GetCertificateExtension exception 80094004
        by name SetCertificateExtension exception 80070057
        by name SetCertificateExtension 8002000e\n",
        CONFIG,
        // The second interface of an encoding object is derived from the first.
        "number Decode 60020000
        number Encode 60020006
        number DecodeBlob 60030000
        number SetNameEntryBlob 60030003
        late verify Example CA new 0 flags 0 types 8 3 3 3\n",
        &numbers(0x6002_0000, &["Initialize", "VerifyRequest", "GetDescription", "ShutDown"]),
        &numbers(0x6003_0000, &["GetManageModule"]),
        "by name Initialize empty
        by name GetDescription text Exeunt default
        by name GetManageModule type 9
        by name GetManageModule 8002000e
        by name VerifyRequest long 1
        by name ShutDown empty
        late shut down",
    ];
    assert_lines(&journal, &wanted.concat());
}

/// The one authority, through the table and by name.
const CONFIG: &str = r"
    config's class by name
    config before Next 8000ffff
    config reset 00000000 1
    config next 00000000 0
    config's Config ca.example.org\Example CA
    config's commonname Example CA
    config's Authority Example CA
    config's Server ca.example.org
    config's SanitizedName Example CA
    config's ShortName Example CA
    config's SanitizedShortName Example CA
    config's Flags 12
    config's Organization 80094004
    config's Nonsense 80070057
    config next 00000001 -1
    config at the end 8000ffff
    config whole 00000000 ca.example.org\Example CA
    config nowhere 80004003 80004003
    number Reset 60020000
    number Next 60020001
    number GetField 60020002
    number GetConfig 60020003
    by name GetField exception 8000ffff
    by name Reset long 1
    by name Next long 0
    by name GetField text ca.example.org\Example CA
    by name Next long -1
    by name GetConfig text ca.example.org\Example CA
    by name GetConfig 8002000e
";

#[test]
fn a_decision_by_name_may_be_a_failing_code_or_a_failure() {
    let play = |behaviour| {
        let settings = [("progid", "Observer.LateDecisions"), ("setting.Behaviour", behaviour)];
        let hosted = Hosted::observer(System::Linux, &settings);
        let module = hosted.policy();
        module.initialize("Example CA", &FakeServer::authority()).unwrap();
        module.verify_request(&mut request(), true)
    };
    let denied = play("deny").unwrap();
    assert!(
        matches!(denied, Decision::Deny { code: HResult(code), .. } if code == 0x8009_4012_u32.cast_signed()),
        "{denied:?}"
    );
    let failed = play("fail").unwrap_err();
    assert_eq!(failed.code, HResult::ERROR_FILE_EXISTS, "{failed}");
    assert!(failed.message.contains("told by exception"), "{failed}");
}
