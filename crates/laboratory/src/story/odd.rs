//! What a module meets once a year: huge values, strange names, hardly anything.

use jiff::Timestamp;
use module::{Disposition, ExitEvent, HResult};
use pki::{Extension, GeneralName, ObjectIdentifier};

use super::{Story, Subject, dns, nothing_set};
use crate::Error;
use crate::row::Row;
use crate::scene::Happening;

/// Names that are legal, and trip over careless quoting, encoding and sorting.
pub(crate) const STRANGE: &str =
    "Ünïcødé 東京 \u{5e9}\u{5dc}\u{5d5}\u{5dd} 🔑 'q' \"d\" $(id) `id` <b>&amp; %s {0} ;--";

/// Subject alternative names of the huge request.
const HUGE_NAMES: usize = 250;
/// Extensions of the huge request, and the bytes of each.
const HUGE_EXTENSIONS: u32 = 60;
const HUGE_EXTENSION_BYTES: usize = 4_096;
/// Entries of the huge CRL: about 700 KiB.
const HUGE_CRL_ENTRIES: u32 = 20_000;

/// What every row has, and every certificate: the rest may be missing.
pub(crate) const ALWAYS: [&str; 22] = [
    "RequestID",
    "RawRequest",
    "RequestType",
    "RequestFlags",
    "StatusCode",
    "Disposition",
    "SubmittedWhen",
    "RequesterName",
    "CallerName",
    "Officer",
    "RequesterCAAccess",
    "RawCertificate",
    "CertificateHash",
    "SerialNumber",
    "IssuerNameId",
    "NotBefore",
    "NotAfter",
    "ExpirationDate",
    "RawPublicKey",
    "PublicKeyLength",
    "PublicKeyAlgorithm",
    "RawName",
];

impl Story {
    /// A row of a request that could not be read: no key, no subject, no profile, no certificate.
    pub(super) fn unreadable_row(&mut self) -> Row {
        let now = self.now();
        Row {
            id: self.next_request(),
            disposition: Disposition::Failed,
            status: HResult::CRYPT_E_INVALID_MSG_TYPE,
            message: "Error Parsing Request: malformed request".into(),
            submitted: now,
            resolved: Some(now),
            requester: "unix:eve".into(),
            caller: "unix:eve".into(),
            officer: false,
            request_type: crate::row::REQUEST_TYPE_PKCS10,
            flags: 0,
            profile: None,
            validity: None,
            raw: b"this is not a request".to_vec(),
            attribute_text: String::new(),
            attributes: Vec::new(),
            extensions: Vec::new(),
            subject: Vec::new(),
            not_before: None,
            not_after: None,
            properties: nothing_set(),
            certificate: None,
            issuer_name_id: 0,
            revocation: None,
            publish_expired: false,
        }
    }

    /// An event about a subject of strange names.
    pub(crate) fn strange(&mut self, event: ExitEvent) -> Result<Happening, Error> {
        let subject = self.strange_subject();
        let row = self.row_of(&subject)?;
        let row = self.as_left_by(event, row)?;
        Ok(self.tell(event, "names beyond ASCII", Some(&row)))
    }

    /// A request of strange names.
    pub(crate) fn strange_subject(&mut self) -> Subject {
        let mut name = String::from("CN=");
        // RFC 4514 2.4: these are escaped.
        for c in STRANGE.chars() {
            if matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=') {
                name.push('\\');
            }
            name.push(c);
        }
        name.push_str(",O=Zoë \\& Söhne \\+ Cie\\, GmbH,C=DE");
        let name = name.replace("\\&", "&");
        Subject {
            name,
            names: dns(&["xn--bcher-kva.example"]),
            extensions: Vec::new(),
            attributes: vec![
                ("CertificateTemplate".into(), "web-server".into()),
                ("Ünïcode".into(), STRANGE.into()),
                ("CertFile".into(), "../../etc/passwd".into()),
            ],
            requester: "cert:CN=Zoë O'Hara,O=Example".into(),
            properties: [("UPN".to_owned(), "zoë@bücher.example".to_owned())].into(),
        }
    }

    /// An event about a request as large as the authority takes them.
    pub(crate) fn huge(&mut self, event: ExitEvent) -> Result<Happening, Error> {
        let subject = self.huge_subject()?;
        let row = self.row_of(&subject)?;
        let row = self.as_left_by(event, row)?;
        Ok(self.tell(event, "a request of 300 KiB", Some(&row)))
    }

    /// A request as large as the authority takes them.
    pub(crate) fn huge_subject(&mut self) -> Result<Subject, Error> {
        let names = (0..HUGE_NAMES).map(|index| GeneralName::Dns(format!("host-{index:04}.example.org"))).collect();
        let value = [&[0x04, 0x82, 0x0f, 0xfc][..], &vec![0x5a; HUGE_EXTENSION_BYTES - 4]].concat();
        let extensions = (1..=HUGE_EXTENSIONS)
            .map(|index| {
                let oid = format!("1.3.6.1.4.1.55555.1.{index}").parse::<ObjectIdentifier>();
                let oid = oid.map_err(|error| Error::Machine(error.to_string()))?;
                Ok(Extension::new(oid, value.clone()))
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let organisation = "x".repeat(64);
        let units = (0..24).map(|index| format!(",OU=unit {index} {}", "y".repeat(48))).collect::<String>();
        let attributes = (0..60).map(|index| (format!("Attribute{index}"), "v".repeat(250))).collect();
        Ok(Subject {
            name: format!("CN=huge.example.org,O={organisation}{units}"),
            names,
            extensions,
            attributes,
            requester: format!("unix:{}", "z".repeat(900)),
            properties: nothing_set(),
        })
    }

    /// A CRL publication with a long CRL.
    pub(crate) fn huge_crl(&mut self) -> Result<Happening, Error> {
        let entries = self.entries(HUGE_CRL_ENTRIES)?;
        let base = self.authority.crl(self.last_crl + 1, None, &entries)?;
        self.last_crl += 1;
        let before = std::sync::Arc::clone(&self.properties);
        self.properties = std::sync::Arc::new(self.authority.properties(Some(base.der()), None));
        let happening = self.tell(ExitEvent::CrlIssued, "a CRL of 20,000 entries", None);
        self.properties = before;
        Ok(happening)
    }

    /// An event about a row of which almost nothing is known.
    pub(crate) fn bare(&mut self, event: ExitEvent) -> Result<Happening, Error> {
        let happening = self.one(event)?;
        Ok(happening.with("only what must be there", |contents| {
            for properties in [&mut contents.request, &mut contents.certificate] {
                let names: Vec<String> = properties.iter().map(|(name, _)| name.to_owned()).collect();
                for name in names.iter().filter(|name| !ALWAYS.contains(&name.as_str())) {
                    properties.remove(name);
                }
            }
            contents.attributes.clear();
            contents.extensions.clear();
        }))
    }

    /// An event of long ago.
    pub(crate) fn late(&mut self, event: ExitEvent) -> Result<Happening, Error> {
        let mut happening = self.one(event)?;
        happening.notification.occurred =
            "2001-09-09T01:46:40Z".parse::<Timestamp>().map_err(|error| Error::Machine(error.to_string()))?;
        happening.title = "delivered years later".into();
        Ok(happening)
    }

    /// The row as an event of this kind leaves it.
    fn as_left_by(&mut self, event: ExitEvent, mut row: Row) -> Result<Row, Error> {
        match event {
            ExitEvent::CertPending => {
                row.disposition = Disposition::Pending;
                row.message = "Taken Under Submission".into();
                Ok(row)
            }
            ExitEvent::CertDenied => {
                row.disposition = Disposition::Denied;
                row.status = HResult::CERTSRV_E_TEMPLATE_DENIED;
                row.message = "Denied by Policy Module".into();
                row.resolved = Some(row.submitted);
                Ok(row)
            }
            ExitEvent::CertRevoked => {
                let row = self.issue(row)?;
                Ok(self.revoke(row, module::RevocationReason::KeyCompromise))
            }
            _ => self.issue(row),
        }
    }
}
