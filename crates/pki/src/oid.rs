//! Object identifiers used by this crate and by those above it.

use const_oid::ObjectIdentifier;

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($text);)*
    };
}

oids! {
    // Certificate and CRL extensions, RFC 5280 4.2 and 5.2.
    /// Subject key identifier, RFC 5280 4.2.1.2.
    SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
    /// Key usage, RFC 5280 4.2.1.3.
    KEY_USAGE = "2.5.29.15";
    /// Subject alternative name, RFC 5280 4.2.1.6.
    SUBJECT_ALT_NAME = "2.5.29.17";
    /// Issuer alternative name, RFC 5280 4.2.1.7.
    ISSUER_ALT_NAME = "2.5.29.18";
    /// Basic constraints, RFC 5280 4.2.1.9.
    BASIC_CONSTRAINTS = "2.5.29.19";
    /// CRL number, RFC 5280 5.2.3.
    CRL_NUMBER = "2.5.29.20";
    /// Reason code of a CRL entry, RFC 5280 5.3.1.
    REASON_CODE = "2.5.29.21";
    /// Invalidity date of a CRL entry, RFC 5280 5.3.2.
    INVALIDITY_DATE = "2.5.29.24";
    /// Delta CRL indicator, RFC 5280 5.2.4.
    DELTA_CRL_INDICATOR = "2.5.29.27";
    /// Issuing distribution point, RFC 5280 5.2.5.
    ISSUING_DISTRIBUTION_POINT = "2.5.29.28";
    /// Certificate issuer of a CRL entry, RFC 5280 5.3.3.
    CERTIFICATE_ISSUER = "2.5.29.29";
    /// Name constraints, RFC 5280 4.2.1.10.
    NAME_CONSTRAINTS = "2.5.29.30";
    /// CRL distribution points, RFC 5280 4.2.1.13.
    CRL_DISTRIBUTION_POINTS = "2.5.29.31";
    /// Certificate policies, RFC 5280 4.2.1.4.
    CERTIFICATE_POLICIES = "2.5.29.32";
    /// The special policy `anyPolicy`.
    ANY_POLICY = "2.5.29.32.0";
    /// Policy mappings, RFC 5280 4.2.1.5.
    POLICY_MAPPINGS = "2.5.29.33";
    /// Authority key identifier, RFC 5280 4.2.1.1.
    AUTHORITY_KEY_IDENTIFIER = "2.5.29.35";
    /// Policy constraints, RFC 5280 4.2.1.11.
    POLICY_CONSTRAINTS = "2.5.29.36";
    /// Extended key usage, RFC 5280 4.2.1.12.
    EXTENDED_KEY_USAGE = "2.5.29.37";
    /// Freshest CRL, RFC 5280 4.2.1.15.
    FRESHEST_CRL = "2.5.29.46";
    /// Subject directory attributes, RFC 5280 4.2.1.8.
    SUBJECT_DIRECTORY_ATTRIBUTES = "2.5.29.9";
    /// Inhibit anyPolicy, RFC 5280 4.2.1.14.
    INHIBIT_ANY_POLICY = "2.5.29.54";
    /// Authority information access, RFC 5280 4.2.2.1.
    AUTHORITY_INFO_ACCESS = "1.3.6.1.5.5.7.1.1";
    /// Subject information access, RFC 5280 4.2.2.2.
    SUBJECT_INFO_ACCESS = "1.3.6.1.5.5.7.1.11";
    /// TLS feature ("must staple"), RFC 7633.
    TLS_FEATURE = "1.3.6.1.5.5.7.1.24";
    /// Signed certificate timestamps, RFC 6962 3.3.
    SIGNED_CERTIFICATE_TIMESTAMPS = "1.3.6.1.4.1.11129.2.4.2";
    /// Poison of a precertificate, RFC 6962 3.1.
    PRECERTIFICATE_POISON = "1.3.6.1.4.1.11129.2.4.3";
    /// `id-pkix-ocsp-nocheck`, RFC 6960 4.2.2.2.1.
    OCSP_NOCHECK = "1.3.6.1.5.5.7.48.1.5";
    /// S/MIME capabilities, RFC 8551 2.5.2.
    SMIME_CAPABILITIES = "1.2.840.113549.1.9.15";
    /// Netscape certificate type.
    NETSCAPE_CERT_TYPE = "2.16.840.1.113730.1.1";
    /// Netscape revocation URL.
    NETSCAPE_REVOCATION_URL = "2.16.840.1.113730.1.3";

    // Extensions of the classic service.
    /// Certificate template name (version 1 templates).
    TEMPLATE_NAME = "1.3.6.1.4.1.311.20.2";
    /// CA version: key index and certificate index.
    CA_VERSION = "1.3.6.1.4.1.311.21.1";
    /// Hash of the previous CA certificate.
    PREVIOUS_CA_CERTIFICATE_HASH = "1.3.6.1.4.1.311.21.2";
    /// When the next CRL will be published.
    CRL_NEXT_PUBLISH = "1.3.6.1.4.1.311.21.4";
    /// Certificate template information (version 2 templates).
    TEMPLATE_INFORMATION = "1.3.6.1.4.1.311.21.7";
    /// Application policies.
    APPLICATION_POLICIES = "1.3.6.1.4.1.311.21.10";
    /// Application policy mappings.
    APPLICATION_POLICY_MAPPINGS = "1.3.6.1.4.1.311.21.11";
    /// Application policy constraints.
    APPLICATION_POLICY_CONSTRAINTS = "1.3.6.1.4.1.311.21.12";
    /// Locations a CRL is published at.
    PUBLISHED_CRL_LOCATIONS = "1.3.6.1.4.1.311.21.14";
    /// Cross certificate distribution points.
    CROSS_CERTIFICATE_DISTRIBUTION_POINTS = "1.3.6.1.4.1.311.10.9.1";
    /// Account security identifier.
    NTDS_CA_SECURITY = "1.3.6.1.4.1.311.25.2";

    // Extended key usages, RFC 5280 4.2.1.12.
    /// Any extended key usage.
    ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0";
    /// TLS server.
    SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    /// TLS client.
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
    /// Code signing.
    CODE_SIGNING = "1.3.6.1.5.5.7.3.3";
    /// E-mail protection.
    EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4";
    /// Time stamping.
    TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
    /// OCSP signing.
    OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";
    /// IPsec key exchange, RFC 4945.
    IPSEC_IKE = "1.3.6.1.5.5.7.3.17";
    /// Certificate management: CA, RFC 6402.
    CMC_CA = "1.3.6.1.5.5.7.3.27";
    /// Certificate management: registration authority, RFC 6402.
    CMC_RA = "1.3.6.1.5.5.7.3.28";
    /// Document signing, RFC 9336.
    DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36";
    /// Smart card logon.
    SMART_CARD_LOGON = "1.3.6.1.4.1.311.20.2.2";
    /// Kerberos key distribution centre, RFC 4556.
    KDC_AUTHENTICATION = "1.3.6.1.5.2.3.5";
    /// Encrypting file system.
    ENCRYPTING_FILE_SYSTEM = "1.3.6.1.4.1.311.10.3.4";
    /// Certificate request agent.
    CERTIFICATE_REQUEST_AGENT = "1.3.6.1.4.1.311.20.2.1";

    // Access methods, RFC 5280 4.2.2.1.
    /// OCSP responder.
    AD_OCSP = "1.3.6.1.5.5.7.48.1";
    /// Certificates of the issuer.
    AD_CA_ISSUERS = "1.3.6.1.5.5.7.48.2";

    // Attributes of a certification request.
    /// Extension request, RFC 2985 5.4.2.
    EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
    /// Challenge password, RFC 2985 5.4.1.
    CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7";
    /// Extension list of the classic service.
    MS_CERT_EXTENSIONS = "1.3.6.1.4.1.311.2.1.14";
    /// Certificate to be renewed.
    RENEWAL_CERTIFICATE = "1.3.6.1.4.1.311.13.1";
    /// Enrolment name and value pair.
    ENROLLMENT_NAME_VALUE_PAIR = "1.3.6.1.4.1.311.13.2.1";
    /// Cryptographic provider.
    ENROLLMENT_CSP_PROVIDER = "1.3.6.1.4.1.311.13.2.2";
    /// Version of the requester's operating system.
    OS_VERSION = "1.3.6.1.4.1.311.13.2.3";
    /// Information about the client.
    REQUEST_CLIENT_INFO = "1.3.6.1.4.1.311.21.20";

    // Other names.
    /// User principal name, in a SAN's otherName.
    UPN = "1.3.6.1.4.1.311.20.2.3";
    /// Directory object GUID, in a SAN's otherName.
    NTDS_REPLICATION = "1.3.6.1.4.1.311.25.1";
    /// SmtpUTF8Mailbox, RFC 9598.
    SMTP_UTF8_MAILBOX = "1.3.6.1.5.5.7.8.9";

    // Name attributes, RFC 5280 4.1.2.4 and appendix A.
    /// Common name.
    COMMON_NAME = "2.5.4.3";
    /// Surname.
    SURNAME = "2.5.4.4";
    /// Serial number of a device.
    SERIAL_NUMBER = "2.5.4.5";
    /// Country.
    COUNTRY = "2.5.4.6";
    /// Locality.
    LOCALITY = "2.5.4.7";
    /// State or province.
    STATE = "2.5.4.8";
    /// Street address.
    STREET = "2.5.4.9";
    /// Organization.
    ORGANIZATION = "2.5.4.10";
    /// Organizational unit.
    ORGANIZATIONAL_UNIT = "2.5.4.11";
    /// Title.
    TITLE = "2.5.4.12";
    /// Name.
    NAME = "2.5.4.41";
    /// Given name.
    GIVEN_NAME = "2.5.4.42";
    /// Initials.
    INITIALS = "2.5.4.43";
    /// Generation qualifier.
    GENERATION_QUALIFIER = "2.5.4.44";
    /// DN qualifier.
    DN_QUALIFIER = "2.5.4.46";
    /// Pseudonym.
    PSEUDONYM = "2.5.4.65";
    /// Organization identifier, ETSI EN 319 412-1.
    ORGANIZATION_IDENTIFIER = "2.5.4.97";
    /// Domain component, RFC 4519 2.4.
    DOMAIN_COMPONENT = "0.9.2342.19200300.100.1.25";
    /// User identifier, RFC 4519 2.39.
    USER_ID = "0.9.2342.19200300.100.1.1";
    /// E-mail address, RFC 2985 5.2.1.
    EMAIL_ADDRESS = "1.2.840.113549.1.9.1";
    /// Unstructured name, RFC 2985 5.2.2.
    UNSTRUCTURED_NAME = "1.2.840.113549.1.9.2";
    /// Unstructured address, RFC 2985 5.2.3.
    UNSTRUCTURED_ADDRESS = "1.2.840.113549.1.9.8";

    // Public keys and signatures.
    /// RSA, RFC 3279 2.3.1.
    RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
    /// RSASSA-PSS, RFC 4055.
    RSASSA_PSS = "1.2.840.113549.1.1.10";
    /// MGF1, RFC 4055.
    MGF1 = "1.2.840.113549.1.1.8";
    /// sha1WithRSAEncryption.
    SHA1_WITH_RSA = "1.2.840.113549.1.1.5";
    /// sha256WithRSAEncryption.
    SHA256_WITH_RSA = "1.2.840.113549.1.1.11";
    /// sha384WithRSAEncryption.
    SHA384_WITH_RSA = "1.2.840.113549.1.1.12";
    /// sha512WithRSAEncryption.
    SHA512_WITH_RSA = "1.2.840.113549.1.1.13";
    /// md5WithRSAEncryption.
    MD5_WITH_RSA = "1.2.840.113549.1.1.4";
    /// Elliptic curve public key, RFC 5480 2.1.1.
    EC_PUBLIC_KEY = "1.2.840.10045.2.1";
    /// NIST P-256.
    P256 = "1.2.840.10045.3.1.7";
    /// NIST P-384.
    P384 = "1.3.132.0.34";
    /// NIST P-521.
    P521 = "1.3.132.0.35";
    /// ecdsa-with-SHA1.
    ECDSA_WITH_SHA1 = "1.2.840.10045.4.1";
    /// ecdsa-with-SHA256.
    ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
    /// ecdsa-with-SHA384.
    ECDSA_WITH_SHA384 = "1.2.840.10045.4.3.3";
    /// ecdsa-with-SHA512.
    ECDSA_WITH_SHA512 = "1.2.840.10045.4.3.4";
    /// Ed25519.
    ED25519 = "1.3.101.112";
    /// Ed448.
    ED448 = "1.3.101.113";
    /// X25519.
    X25519 = "1.3.101.110";
    /// X448.
    X448 = "1.3.101.111";
    /// ML-DSA-44.
    ML_DSA_44 = "2.16.840.1.101.3.4.3.17";
    /// ML-DSA-65.
    ML_DSA_65 = "2.16.840.1.101.3.4.3.18";
    /// ML-DSA-87.
    ML_DSA_87 = "2.16.840.1.101.3.4.3.19";
    /// SHA-1.
    SHA1 = "1.3.14.3.2.26";
    /// SHA-256.
    SHA256 = "2.16.840.1.101.3.4.2.1";
    /// SHA-384.
    SHA384 = "2.16.840.1.101.3.4.2.2";
    /// SHA-512.
    SHA512 = "2.16.840.1.101.3.4.2.3";
}
