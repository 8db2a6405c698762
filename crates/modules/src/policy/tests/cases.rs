//! Requests and profiles, and what becomes of them. One line says one thing.

use module::{Decision, HResult, PolicyModule};

use super::request::{Request, extension};

/// The profiles the cases use.
const PROFILES: &str = r#"
default_profile = "tls"

[profiles.tls]
decision = "issue"
extended_key_usage = ["serverAuth", "clientAuth"]
subject = { from_request = ["CommonName", "O"], fixed = { Country = "DE" } }
names = { dns = ["**.example.org", "*.example.net", "host"], ip = ["192.0.2.0/24", "2001:db8::/32"], count_max = 3 }

[profiles.strict]
decision = "issue"
requesters = ["unix:bob", "unix-group:web"]
validity_from_request = false
extended_key_usage = ["serverAuth"]
subject = { from_request = ["CommonName", "Organization"], required = ["CommonName", "Organization"], allowed = { Organization = ["Example*"] } }
names = { dns = ["*.example.org"], dns_wildcards = true, required = true, add_common_name = true }
keys = { algorithms = ["p384", "rsa"], rsa_bits_min = 3072 }

[profiles.people]
decision = "attribute"
key_usage = ["digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement"]
extended_key_usage = ["emailProtection", "1.3.6.1.4.1.99999.1"]
subject = { from_request = ["*"] }
names = { email = ["*@example.org"], uri = ["spiffe://example.org/*"], upn = ["*@*.example.org"] }
request_extensions = ["1.2.840.113549.1.9.15", "1.3.6.1.5.5.7.1.24"]

[profiles.encipher]
decision = "issue"
key_usage = ["keyEncipherment"]

[profiles.bare]
decision = "issue"
key_usage = []
subject = { from_request = ["*"], unmodified = true }
names = { dns = ["*"] }

[profiles.added]
decision = "issue"
subject = { from_request = ["CN"] }
certificate_policies = ["1.3.6.1.4.1.99999.2", "2.23.140.1.2.1"]
extensions = [{ oid = "1.3.6.1.5.5.7.1.24", value = "30 03 02 01 05" }, { oid = "1.3.6.1.4.1.99999.3", critical = true, value = "0500" }]

[profiles.stamp]
decision = "issue"
extended_key_usage = ["timeStamping"]
subject = { fixed = { CommonName = "Time stamps" } }

[profiles.pended]
subject = { from_request = ["CN"] }

[profiles.denied]
decision = "deny"

[profiles.sub-ca]
decision = "issue"
key_usage = []
subject = { from_request = ["CN"] }
ca = { path_length = 2 }

[profiles.any-ca]
decision = "issue"
extended_key_usage = ["anyExtendedKeyUsage"]
subject = { from_request = ["CN"] }
ca = {}

[profiles.hidden-name]
decision = "issue"
subject = { fixed = { CommonName = "fixed.other.example" } }
names = { add_common_name = true }

[profiles.brief]
decision = "issue"
validity = "10d"

[profiles."1.3.6.1.4.1.99999.9"]
decision = "issue"
"#;

type Case = (&'static str, &'static [&'static str], &'static [&'static str]);

#[rustfmt::skip]
const CASES: &[Case] = &[
    // Which profile.
    ("the default", &[], &["issue", "profile tls"]),
    ("by property", &["property CertificateTemplate pended"], &["pend", "profile pended", "says certificate manager"]),
    ("by attribute, any case", &["attribute Certificate Template: PENDED"], &["pend", "profile pended"]),
    ("by the name extension", &["v1 pended"], &["pend", "profile pended"]),
    ("by the identifier extension", &["v2 1.3.6.1.4.1.99999.9"], &["issue", "profile 1.3.6.1.4.1.99999.9"]),
    ("an identifier agrees with a name", &["v1 pended", "v2 1.3.6.1.4.1.311.21.8.1"], &["pend", "profile pended"]),
    ("an identifier that is another profile", &["v1 pended", "v2 1.3.6.1.4.1.99999.9"], &["fail CERTSRV_E_TEMPLATE_CONFLICT"]),
    ("property and attribute differ", &["property CertificateTemplate tls", "attribute CertificateTemplate: people"], &["fail CERTSRV_E_TEMPLATE_CONFLICT", "says `tls` and `people`"]),
    ("attribute and extension differ", &["attribute CertificateTemplate: tls", "v1 people"], &["fail CERTSRV_E_TEMPLATE_CONFLICT"]),
    ("attribute and extension agree", &["attribute CertificateTemplate: TLS", "v1 tls"], &["issue", "profile tls"]),
    ("a malformed name extension", &["ext 1.3.6.1.4.1.311.20.2 020101"], &["fail ERROR_INVALID_DATA"]),
    ("a malformed identifier extension", &["ext 1.3.6.1.4.1.311.21.7 0500"], &["fail ERROR_INVALID_DATA"]),
    ("unknown", &["attribute CertificateTemplate: nonsense"], &["deny CERTSRV_E_UNSUPPORTED_CERT_TYPE", "says `nonsense`; use one of `1.3.6.1.4.1.99999.9`, `added`"]),
    ("only an unknown identifier", &["v2 1.3.6.1.4.1.311.21.8.1"], &["deny CERTSRV_E_UNSUPPORTED_CERT_TYPE"]),
    ("no template extension in the certificate", &["v1 tls"], &["issue", "no 1.3.6.1.4.1.311.20.2"]),
    // Who.
    ("may not enrol", &["no access"], &["deny CERTSRV_E_ENROLL_DENIED", "says enrollee"]),
    ("not on the list", &["property CertificateTemplate strict"], &["deny CERTSRV_E_TEMPLATE_DENIED", "says `unix:alice` may not use the profile `strict`"]),
    ("on the list", &["property CertificateTemplate strict", "by unix:bob"], &["deny CERTSRV_E_KEY_LENGTH"]),
    ("by group", &["property CertificateTemplate strict", "group unix-group:web"], &["deny CERTSRV_E_KEY_LENGTH"]),
    ("by another group", &["property CertificateTemplate strict", "group unix-group:webb"], &["deny CERTSRV_E_TEMPLATE_DENIED"]),
    // Keys.
    ("P-384", &["key p384 384"], &["issue", "ku digitalSignature"]),
    ("P-521", &["key p521 521"], &["issue"]),
    ("RSA", &["key rsa 2048"], &["issue"]),
    ("short RSA", &["key rsa 2047"], &["deny CERTSRV_E_KEY_LENGTH", "says rsa with 2047 bits", "says rsa from 2048 bits"]),
    ("RSA too short for the profile", &["property CertificateTemplate strict", "by unix:bob", "key rsa 2048"], &["deny CERTSRV_E_KEY_LENGTH", "says takes p384, rsa from 3072 bits"]),
    ("a kind not taken", &["property CertificateTemplate strict", "by unix:bob", "key ed25519"], &["deny CERTSRV_E_KEY_LENGTH", "says the key is ed25519"]),
    ("a curve nobody takes", &["key secp256k1"], &["deny CERTSRV_E_KEY_LENGTH", "says 1.2.840.10045.2.1"]),
    ("curve parameters spelt out", &["key explicit-curve"], &["deny CERTSRV_E_KEY_LENGTH"]),
    ("RSASSA-PSS", &["key rsa-pss 2048"], &["deny CERTSRV_E_KEY_LENGTH"]),
    ("Ed448", &["key ed448 456"], &["deny CERTSRV_E_KEY_LENGTH"]),
    // Key usage fits the key.
    ("usages of RSA", &["property CertificateTemplate people", "key rsa 2048"], &["issue", "ku digitalSignature nonRepudiation keyEncipherment dataEncipherment"]),
    ("usages of P-256", &["property CertificateTemplate people"], &["issue", "ku digitalSignature nonRepudiation keyAgreement"]),
    ("usages of Ed25519", &["property CertificateTemplate people", "key ed25519"], &["issue", "ku digitalSignature nonRepudiation"]),
    ("usages of ML-DSA", &["property CertificateTemplate people", "key ml-dsa-65 15616"], &["issue", "ku digitalSignature nonRepudiation"]),
    ("a key that cannot do it", &["property CertificateTemplate encipher", "key ml-dsa-44 10496"], &["deny CERTSRV_E_KEY_LENGTH", "says keyEncipherment"]),
    ("a key that can", &["property CertificateTemplate encipher", "key rsa 2048"], &["issue", "ku keyEncipherment", "no eku"]),
    ("the request's usages count for nothing", &["ku keyCertSign cRLSign", "eku anyExtendedKeyUsage", "bc ca"], &["issue", "ku digitalSignature", "eku serverAuth clientAuth", "no bc"]),
    ("no usages at all", &["property CertificateTemplate bare", "subject CN=a", "ku digitalSignature", "eku serverAuth"], &["issue", "no ku", "no eku", "no bc"]),
    ("an extended key usage by number", &["property CertificateTemplate people"], &["eku emailProtection 1.3.6.1.4.1.99999.1"]),
    ("time stamps are critical", &["property CertificateTemplate stamp"], &["issue", "critical eku timeStamping"]),
    ("a request row that is enabled is no amendment", &["enabled eku anyExtendedKeyUsage", "enabled bc ca", "enabled ku keyCertSign"], &["issue", "eku serverAuth clientAuth", "no bc", "ku digitalSignature"]),
    // Subject.
    ("parts are taken, set and dropped", &["subject CN=a", "subject O=Example", "subject OU=Web", "subject C=US"], &["issue", "subject CommonName=a", "subject Organization=Example", "subject OrgUnit=", "subject Country=DE"]),
    ("required parts", &["property CertificateTemplate strict", "by unix:bob", "key p384 384"], &["deny CERTSRV_E_BAD_REQUESTSUBJECT", "says CommonName, Organization"]),
    ("a required part is missing", &["property CertificateTemplate strict", "by unix:bob", "key p384 384", "subject CN=a"], &["deny CERTSRV_E_BAD_REQUESTSUBJECT", "says requires Organization"]),
    ("an organization that is not allowed", &["property CertificateTemplate strict", "by unix:bob", "key p384 384", "subject CN=a", "subject O=Other"], &["deny CERT_E_INVALID_NAME", "says Organization `Other`", "says `Example*`"]),
    ("one of two values is not allowed", &["property CertificateTemplate strict", "by unix:bob", "key p384 384", "subject CN=a", "subject O=Example|Other"], &["deny CERT_E_INVALID_NAME"]),
    ("every part", &["property CertificateTemplate people", "subject Title=Dr", "subject DC=org|example"], &["issue", "subject Title=Dr", "subject DomainComponent=org|example"]),
    ("byte for byte", &["property CertificateTemplate bare", "subject CN=a", "subject L=b", "san dns:a"], &["issue", "subject Locality=b", "san dns:a"]),
    ("byte for byte, with parts nobody knows", &["property CertificateTemplate bare", "raw-subject 2.5.4.65=x", "san dns:a"], &["issue", "san dns:a"]),
    ("no subject makes the names critical", &["property CertificateTemplate bare", "san dns:a"], &["issue", "critical san dns:a"]),
    // Alternative names.
    ("names that are taken", &["san dns:a.b.example.org,dns:HOST,ip:192.0.2.1"], &["issue", "san dns:a.b.example.org,dns:HOST,ip:192.0.2.1", "origin 2.5.29.17 policy"]),
    ("criticality is ours to say", &["critical san dns:host"], &["issue", "san dns:host"]),
    ("an IPv6 address", &["san ip:2001:db8::1"], &["issue", "san ip:2001:db8::1"]),
    ("a name twice", &["san dns:host,dns:HOST"], &["issue", "san dns:host"]),
    ("another domain", &["san dns:evil.example"], &["deny CERT_E_INVALID_NAME", "says `dns:evil.example` (it takes **.example.org, *.example.net, host)", "no san"]),
    ("one bad name among good ones", &["san dns:host,dns:evil.example"], &["deny CERT_E_INVALID_NAME", "no san"]),
    ("too deep", &["san dns:a.b.example.net"], &["deny CERT_E_INVALID_NAME"]),
    ("a wildcard", &["san dns:*.example.org"], &["deny CERT_E_INVALID_NAME", "says it takes no wildcards"]),
    ("a wildcard that is allowed", &["property CertificateTemplate strict", "by unix:bob", "key p384 384", "subject CN=a", "subject O=Example", "san dns:*.example.org"], &["issue", "san dns:*.example.org"]),
    ("not a DNS name", &["san dns:a b.example.org"], &["deny CERT_E_INVALID_NAME", "says other than letters, digits and hyphens"]),
    ("an address as a DNS name", &["property CertificateTemplate bare", "san dns:192.0.2.1"], &["deny CERT_E_INVALID_NAME", "says asked for as an IP address"]),
    ("another network", &["san ip:192.0.3.1"], &["deny CERT_E_INVALID_NAME", "says `ip:192.0.3.1`"]),
    ("a kind that is not taken", &["san email:a@example.org"], &["deny CERT_E_INVALID_NAME", "says takes no e-mail addresses"]),
    ("too many", &["san dns:a.example.org,dns:b.example.org,dns:c.example.org,dns:d.example.org"], &["deny CERT_E_INVALID_NAME", "says 4 names"]),
    ("all the faults at once", &["property CertificateTemplate people", "san dns:a,ip:1.2.3.4,email:a@b.c,uri:http://a/,upn:a@b.c,rid:1.2.3"], &["deny CERT_E_INVALID_NAME", "says `dns:a`", "says `upn:a@b.c`", "says and 1 more"]),
    ("people's names", &["property CertificateTemplate people", "san email:a@example.org,uri:spiffe://example.org/a,upn:a@corp.example.org"], &["issue", "critical san email:a@example.org,uri:spiffe://example.org/a,upn:a@corp.example.org"]),
    ("a mailbox that is not one", &["property CertificateTemplate people", "san email:a@b@example.org"], &["deny CERT_E_INVALID_NAME"]),
    ("a URI that climbs", &["property CertificateTemplate people", "san uri:spiffe://example.org/a/../b"], &["deny CERT_E_INVALID_NAME", "says write the path out"]),
    ("a directory name", &["property CertificateTemplate people", "san dn:CN=a"], &["deny CERT_E_INVALID_NAME", "says names of this kind"]),
    ("another other name", &["property CertificateTemplate people", "san other:1.2.3;0500"], &["deny CERT_E_INVALID_NAME"]),
    ("unreadable names", &["ext 2.5.29.17 3000"], &["deny CERT_E_INVALID_NAME", "says cannot be read"]),
    ("a name is required", &["property CertificateTemplate strict", "by unix:bob", "key p384 384", "subject CN=a", "subject O=Example"], &["deny CERTSRV_E_SUBJECT_ALT_NAME_REQUIRED"]),
    ("the common name is added", &["property CertificateTemplate strict", "by unix:bob", "key p384 384", "subject CN=a.example.org", "subject O=Example", "san dns:b.example.org"], &["issue", "san dns:b.example.org,dns:a.example.org"]),
    ("the common name is there already", &["property CertificateTemplate strict", "by unix:bob", "key p384 384", "subject CN=A.example.org", "subject O=Example", "san dns:a.example.org"], &["issue", "san dns:a.example.org"]),
    ("the common name alone", &["property CertificateTemplate strict", "by unix:bob", "key p384 384", "subject CN=a.example.org", "subject O=Example"], &["issue", "san dns:a.example.org"]),
    ("a common name of another domain", &["property CertificateTemplate strict", "by unix:bob", "key p384 384", "subject CN=evil.example", "subject O=Example", "san dns:a.example.org"], &["deny CERT_E_INVALID_NAME", "says `dns:evil.example`"]),
    ("a common name that is an address", &["property CertificateTemplate strict", "by unix:bob", "key p384 384", "subject CN=192.0.2.1", "subject O=Example", "san dns:a.example.org"], &["deny CERT_E_INVALID_NAME", "says `ip:192.0.2.1`"]),
    ("a common name that the profile sets", &["property CertificateTemplate hidden-name", "subject CN=a.example.org"], &["issue", "subject CommonName=fixed.other.example", "no san"]),
    ("the name attribute is a hole and is not read", &["attribute SAN: dns=evil.example", "attribute san: dns=host"], &["issue", "no san"]),
    // Other extensions.
    ("listed extensions are taken as they are", &["property CertificateTemplate people", "critical ext 1.2.840.113549.1.9.15 3000", "ext 1.3.6.1.5.5.7.1.24 3003020105"], &["issue", "critical ext 1.2.840.113549.1.9.15 3000", "ext 1.3.6.1.5.5.7.1.24 3003020105"]),
    ("from CMC as well", &["property CertificateTemplate people", "cmc ext 1.2.840.113549.1.9.15 3000"], &["issue", "ext 1.2.840.113549.1.9.15 3000"]),
    ("a listed extension that is no DER", &["property CertificateTemplate people", "ext 1.2.840.113549.1.9.15 3001"], &["deny ERROR_INVALID_DATA", "no 1.2.840.113549.1.9.15"]),
    ("unknown extensions stay out", &["ext 1.3.6.1.4.1.99999.4 0500", "ext 1.3.6.1.4.1.311.21.10 3000", "ext 1.3.6.1.4.1.311.25.2 3000"], &["issue", "no 1.3.6.1.4.1.99999.4", "no 1.3.6.1.4.1.311.21.10", "no 1.3.6.1.4.1.311.25.2"]),
    ("the profile's extensions", &["property CertificateTemplate added", "subject CN=a", "ext 1.3.6.1.5.5.7.1.24 0500"], &["issue", "ext 1.3.6.1.5.5.7.1.24 3003020105", "critical ext 1.3.6.1.4.1.99999.3 0500", "ext 2.5.29.32 3017300b06092b06010401868d1f023008060667810c010201"]),
    ("the server's extensions are left alone", &[], &["ext 2.5.29.14 04140707070707070707070707070707070707070707", "origin 2.5.29.14 server"]),
    // Validity.
    ("as the engine says", &["property CertificateTemplate tls"], &["issue", "until 2027-02-20T00:00:00Z"]),
    ("shorter", &["property CertificateTemplate tls", "attribute ValidityPeriod: Days", "attribute ValidityPeriodUnits: 10"], &["until 2026-12-02T00:00:00Z"]),
    ("shorter, exchanged", &["property CertificateTemplate tls", "attribute ValidityPeriod: 1", "attribute ValidityPeriodUnits: months"], &["until 2026-12-22T00:00:00Z"]),
    ("longer", &["property CertificateTemplate tls", "attribute ValidityPeriod: Years", "attribute ValidityPeriodUnits: 10"], &["issue", "until 2027-02-20T00:00:00Z"]),
    ("longer than the calendar", &["property CertificateTemplate tls", "attribute ValidityPeriod: Years", "attribute ValidityPeriodUnits: 4000000000"], &["issue", "until 2027-02-20T00:00:00Z"]),
    ("half a wish", &["property CertificateTemplate tls", "attribute ValidityPeriod: Days"], &["issue", "until 2027-02-20T00:00:00Z"]),
    ("a bad unit", &["attribute ValidityPeriod: Fortnights", "attribute ValidityPeriodUnits: 1"], &["fail ERROR_INVALID_DATA", "says `Fortnights`"]),
    ("no number", &["attribute ValidityPeriod: Days", "attribute ValidityPeriodUnits: many"], &["fail ERROR_INVALID_DATA"]),
    ("nothing at all", &["attribute ValidityPeriod: Days", "attribute ValidityPeriodUnits: 0"], &["deny ERROR_INVALID_DATA"]),
    ("until a date", &["property CertificateTemplate tls", "attribute ExpirationDate: Tue, 01 Dec 2026 12:00:00 GMT", "attribute ValidityPeriod: nonsense", "attribute ValidityPeriodUnits: 1"], &["issue", "until 2026-12-01T12:00:00Z"]),
    ("until a date in our notation", &["property CertificateTemplate tls", "attribute ExpirationDate: 2026-12-01"], &["issue", "until 2026-12-01T00:00:00Z"]),
    ("until a date that is over", &["attribute ExpirationDate: Sun, 06 Nov 1994 08:49:37 GMT"], &["deny ERROR_INVALID_DATA", "says over before it begins"]),
    ("until no date", &["attribute ExpirationDate: soon"], &["fail ERROR_INVALID_DATA", "says `soon`"]),
    ("a profile that does not ask", &["property CertificateTemplate strict", "by unix:bob", "key p384 384", "subject CN=a.example.org", "subject O=Example", "attribute ExpirationDate: soon"], &["issue", "until 2027-02-20T00:00:00Z"]),
    ("the engine counted for another profile", &["v1 brief"], &["issue", "until 2026-12-02T00:00:00Z"]),
    ("the engine did not know the profile", &["property CertificateTemplate BRIEF"], &["issue", "profile brief", "until 2026-12-02T00:00:00Z"]),
    ("the engine counted for this profile", &["property CertificateTemplate brief"], &["issue", "until 2027-02-20T00:00:00Z"]),
    // Decisions.
    ("a profile that denies", &["property CertificateTemplate denied"], &["deny S_OK", "says denies every request"]),
    ("denied by attribute", &["property CertificateTemplate people", "attribute Disposition: deny"], &["deny S_OK"]),
    ("pended by attribute", &["property CertificateTemplate people", "attribute Disposition: Pending"], &["pend", "says `Issue`"]),
    ("issued by attribute", &["property CertificateTemplate people", "attribute Disposition: whatever"], &["issue"]),
    ("the attribute means nothing elsewhere", &["attribute Disposition: Deny"], &["issue"]),
    // Authorities.
    ("an authority", &["property CertificateTemplate sub-ca", "subject CN=Sub"], &["issue", "bc ca 2", "ku keyCertSign cRLSign", "no eku"]),
    ("path length below the issuer's", &["property CertificateTemplate sub-ca", "subject CN=Sub", "issuer 2"], &["issue", "bc ca 1"]),
    ("path length of the issuer is larger", &["property CertificateTemplate sub-ca", "subject CN=Sub", "issuer 9"], &["issue", "bc ca 2"]),
    ("an authority for everything", &["property CertificateTemplate any-ca", "subject CN=Sub"], &["issue", "bc ca", "ku digitalSignature keyCertSign cRLSign", "eku anyExtendedKeyUsage"]),
    ("an authority for everything, below another", &["property CertificateTemplate any-ca", "subject CN=Sub", "issuer 1"], &["issue", "bc ca 0"]),
    ("the request's constraints count for nothing", &["property CertificateTemplate sub-ca", "subject CN=Sub", "bc ca 7", "ku digitalSignature"], &["issue", "bc ca 2", "ku keyCertSign cRLSign"]),
    ("no authority below the issuer", &["property CertificateTemplate sub-ca", "subject CN=Sub", "issuer 0"], &["fail CERTSRV_E_INVALID_CA_CERTIFICATE"]),
    ("the issuer is no authority", &["property CertificateTemplate sub-ca", "subject CN=Sub", "issuer leaf"], &["fail CERTSRV_E_INVALID_CA_CERTIFICATE"]),
    ("an authority without a name", &["property CertificateTemplate sub-ca", "san dns:a"], &["deny CERT_E_INVALID_NAME"]),
    ("an authority without a subject", &["property CertificateTemplate sub-ca"], &["deny CERTSRV_E_BAD_REQUESTSUBJECT"]),
    ("a CA request for a leaf profile", &["v1 SubCA", "bc ca"], &["deny CERTSRV_E_UNSUPPORTED_CERT_TYPE"]),
    // What others have set.
    ("an administrator's extension", &["administrator ext 1.3.6.1.4.1.99999.4 0500"], &["issue", "ext 1.3.6.1.4.1.99999.4 0500", "origin 1.3.6.1.4.1.99999.4 administrator"]),
    ("an administrator's names", &["administrator san dns:else.example"], &["issue", "san dns:else.example", "origin 2.5.29.17 administrator"]),
    ("an administrator's usages", &["administrator eku clientAuth", "administrator ku nonRepudiation"], &["issue", "eku clientAuth", "ku nonRepudiation"]),
    ("an administrator's usage that the profile lacks", &["administrator eku serverAuth codeSigning"], &["deny ERROR_INVALID_DATA", "says has more than the profile's"]),
    ("an administrator cannot let a leaf sign CRLs", &["administrator ku digitalSignature cRLSign"], &["deny ERROR_INVALID_DATA"]),
    ("an administrator's usage where there is none", &["property CertificateTemplate added", "administrator eku serverAuth"], &["deny ERROR_INVALID_DATA"]),
    ("an administrator disables an extension of the profile", &["property CertificateTemplate added", "administrator disabled ext 1.3.6.1.5.5.7.1.24 3000"], &["issue", "no 1.3.6.1.5.5.7.1.24"]),
    ("an administrator cannot make a leaf an authority", &["administrator bc ca"], &["deny ERROR_INVALID_DATA", "says basic constraints that an administrator set"]),
    ("an administrator cannot let a leaf sign", &["administrator ku keyCertSign"], &["deny ERROR_INVALID_DATA"]),
    ("an administrator cannot allow every usage", &["administrator eku anyExtendedKeyUsage"], &["deny ERROR_INVALID_DATA"]),
    ("an administrator cannot take all usages away", &["administrator disabled eku serverAuth"], &["deny ERROR_INVALID_DATA"]),
    ("an administrator's usages that cannot be read", &["administrator ext 2.5.29.37 3000"], &["deny ERROR_INVALID_DATA"]),
    ("an administrator's leaf constraints", &["administrator bc leaf"], &["issue", "bc leaf"]),
    ("an administrator's path length", &["property CertificateTemplate sub-ca", "subject CN=Sub", "administrator bc ca 1"], &["issue", "bc ca 1"]),
    ("an administrator's path length is too long", &["property CertificateTemplate sub-ca", "subject CN=Sub", "administrator bc ca 3"], &["deny ERROR_INVALID_DATA"]),
    ("an administrator's path without end", &["property CertificateTemplate sub-ca", "subject CN=Sub", "administrator bc ca"], &["deny ERROR_INVALID_DATA"]),
    ("an authority that may not sign", &["property CertificateTemplate sub-ca", "subject CN=Sub", "administrator ku digitalSignature"], &["deny ERROR_INVALID_DATA"]),
    ("a module's names", &["property CertificateTemplate tls", "module san dns:else.example"], &["issue", "san dns:else.example"]),
];

#[test]
fn every_case() {
    let policy = super::policy(PROFILES).unwrap();
    let mut wrong = Vec::new();
    for (name, lines, expected) in CASES {
        let mut request = Request::new(lines);
        let answer = policy.verify_request(&mut request, true);
        for line in *expected {
            if let Err(found) = holds(line, &answer, &request) {
                wrong.push(format!("{name}: expected `{line}`, found {found}\n    {answer:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a line of expectation holds; otherwise what was found.
pub(super) fn holds(
    line: &str,
    answer: &Result<Decision, module::ModuleError>,
    request: &Request,
) -> Result<(), String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let named = |code: HResult| code.describe().map(|(name, _)| name).unwrap_or_default();
    let (kind, code, message) = match answer {
        Ok(Decision::Issue) => ("issue", HResult::S_OK, ""),
        Ok(Decision::Pend { message }) => ("pend", HResult::S_OK, message.as_str()),
        Ok(Decision::Deny { code, message }) => ("deny", *code, message.as_str()),
        Err(error) => ("fail", error.code, error.message.as_str()),
    };
    let same = |good: bool, found: String| if good { Ok(()) } else { Err(found) };
    match word {
        "issue" | "pend" => same(word == kind, kind.into()),
        "deny" | "fail" => same(word == kind && rest == named(code), format!("{kind} {}", named(code))),
        "says" => same(message.contains(rest), message.into()),
        "profile" => same(request.text("CertificateTemplate").as_deref() == Some(rest), "another".into()),
        "subject" => {
            let (part, value) = rest.split_once('=').unwrap();
            let found = request.text(part).unwrap_or_default().replace('\n', "|");
            same(found == value, found.clone())
        }
        "until" => same(request.not_after() == rest.parse().unwrap(), request.not_after().to_string()),
        "origin" => {
            let (oid, origin) = rest.split_once(' ').unwrap();
            let found = request.enabled(oid).map_or("none", |extension| extension.flags.origin_name());
            same(found == origin, found.into())
        }
        "no" => {
            let oid = match rest {
                "san" => "2.5.29.17",
                "ku" => "2.5.29.15",
                "eku" => "2.5.29.37",
                "bc" => "2.5.29.19",
                oid => oid,
            };
            same(request.enabled(oid).is_none(), "one".into())
        }
        _ => {
            let bare = line.strip_prefix("critical ").unwrap_or(line);
            let wanted = match bare.strip_prefix("ext ").and_then(|rest| rest.split_once(' ')) {
                Some((oid, hex)) => extension(&format!("ext {oid} {}", hex.replace(' ', ""))),
                None => extension(bare),
            };
            let critical = wanted.critical || bare.len() != line.len();
            let Some(found) = request.enabled(&wanted.oid.to_string()) else {
                return Err("none".into());
            };
            let found_critical = found.flags.contains(module::ExtensionFlags::CRITICAL);
            same(found.value == wanted.value && found_critical == critical, found.flags.to_string())
        }
    }
}
