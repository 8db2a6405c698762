//! HRESULTs of the contract, and the error that every call of it returns.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A COM status code. Negative values are failures; the text form is `0x80094004`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HResult(pub i32);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)*) => {
        impl HResult {
            $($(#[$doc])* #[doc = concat!("`", stringify!($value), "`: ", $text, ".")]
              pub const $name: Self = Self($value as u32 as i32);)*

            /// The symbolic name and meaning of a code that the contract names.
            pub fn describe(self) -> Option<(&'static str, &'static str)> {
                match self {
                    $(Self::$name => Some((stringify!($name), $text)),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    S_OK = 0x0000_0000, "success";
    S_FALSE = 0x0000_0001, "success without a value";
    E_NOTIMPL = 0x8000_4001, "not implemented";
    E_POINTER = 0x8000_4003, "a required pointer is null";
    E_ABORT = 0x8000_4004, "the operation was given up";
    E_FAIL = 0x8000_4005, "unspecified failure";
    E_UNEXPECTED = 0x8000_FFFF, "unexpected call or failure";
    E_ACCESSDENIED = 0x8007_0005, "access denied";
    E_OUTOFMEMORY = 0x8007_000E, "out of memory";
    E_INVALIDARG = 0x8007_0057, "an argument is not valid";
    ERROR_FILE_NOT_FOUND = 0x8007_0002, "the file or object was not found";
    ERROR_INVALID_HANDLE = 0x8007_0006, "the context is no longer open";
    ERROR_INVALID_DATA = 0x8007_000D, "the data or the transition is not valid";
    ERROR_FILE_EXISTS = 0x8007_0050, "the file exists";
    ERROR_BAD_PATHNAME = 0x8007_00A1, "the path or URL cannot be written to";
    ERROR_BAD_EXE_FORMAT = 0x8007_00C1, "the file is not one that can be loaded here";
    ERROR_ARITHMETIC_OVERFLOW = 0x8007_0216, "the value does not fit its type";
    ERROR_TIMEOUT = 0x8007_05B4, "the time limit was exceeded";
    /// An exit module answers with it what it will never take: the event is not tried again, but parked at once.
    ERROR_REQUEST_REFUSED = 0x8007_10E0, "refused for good, whoever asks again";
    ERROR_OBJECT_EXISTS = 0x8007_1392, "the object exists already";
    RPC_E_SERVERFAULT = 0x8001_0105, "the module threw an exception";
    RPC_E_DISCONNECTED = 0x8001_0108, "the module has gone";
    NTE_BAD_SIGNATURE = 0x8009_0006, "the signature is not valid";
    CRYPT_E_INVALID_MSG_TYPE = 0x8009_1004, "the request is not of a known format";
    CRYPT_E_NOT_FOUND = 0x8009_2004, "not found";
    CRYPT_E_NO_MATCH = 0x8009_2009, "nothing matches";
    CRYPT_E_NO_SIGNER = 0x8009_200E, "the message is not signed";
    CERT_E_INVALID_NAME = 0x800B_0114, "a name is not one that is allowed";
    CERT_E_ISSUERCHAINING = 0x800B_0107, "the certificate was not issued by this certification authority";
    CERTSRV_E_BAD_REQUESTSUBJECT = 0x8009_4001, "the subject is missing or too long";
    CERTSRV_E_NO_REQUEST = 0x8009_4002, "there is no such request";
    CERTSRV_E_BAD_REQUESTSTATUS = 0x8009_4003, "the request is not in a state that allows this";
    CERTSRV_E_PROPERTY_EMPTY = 0x8009_4004, "the property, attribute, extension or row has no value";
    CERTSRV_E_INVALID_CA_CERTIFICATE = 0x8009_4005, "the CA certificate does not allow this";
    CERTSRV_E_SERVER_SUSPENDED = 0x8009_4006, "the certification authority has to be restored first";
    CERTSRV_E_ENCODING_LENGTH = 0x8009_4007, "the value is too long to be encoded";
    CERTSRV_E_ROLECONFLICT = 0x8009_4008, "the caller holds more than one role, and role separation is on";
    CERTSRV_E_RESTRICTEDOFFICER = 0x8009_4009, "the certificate manager may not act for this requester";
    CERTSRV_E_KEY_ARCHIVAL_NOT_CONFIGURED = 0x8009_400A, "key archival is not configured";
    CERTSRV_E_NO_VALID_KRA = 0x8009_400B, "there is no valid certificate of a key recovery agent";
    CERTSRV_E_BAD_REQUEST_KEY_ARCHIVAL = 0x8009_400C, "the private key in the request cannot be archived";
    CERTSRV_E_NO_CAADMIN_DEFINED = 0x8009_400D, "no administrator would be left";
    CERTSRV_E_BAD_RENEWAL_CERT_ATTRIBUTE = 0x8009_400E, "the certificate to be renewed cannot be read";
    CERTSRV_E_NO_DB_SESSIONS = 0x8009_400F, "no further session of the database is to be had";
    CERTSRV_E_ALIGNMENT_FAULT = 0x8009_4010, "data is not aligned in memory";
    CERTSRV_E_ENROLL_DENIED = 0x8009_4011, "the requester may not enrol";
    CERTSRV_E_TEMPLATE_DENIED = 0x8009_4012, "the requester may not enrol for this profile";
    CERTSRV_E_DOWNLEVEL_DC_SSL_OR_UPGRADE = 0x8009_4013, "the domain controller does not sign its answers";
    CERTSRV_E_ADMIN_DENIED_REQUEST = 0x8009_4014, "a certificate manager denied the request";
    CERTSRV_E_NO_POLICY_SERVER = 0x8009_4015, "no policy server was found";
    CERTSRV_E_UNSUPPORTED_CERT_TYPE = 0x8009_4800, "the profile is not offered";
    CERTSRV_E_NO_CERT_TYPE = 0x8009_4801, "the request names no profile";
    CERTSRV_E_TEMPLATE_CONFLICT = 0x8009_4802, "the request names two different profiles";
    CERTSRV_E_SUBJECT_ALT_NAME_REQUIRED = 0x8009_4803, "a subject alternative name is required";
    CERTSRV_E_ARCHIVED_KEY_REQUIRED = 0x8009_4804, "the profile asks for a private key to be archived";
    CERTSRV_E_SMIME_REQUIRED = 0x8009_4805, "S/MIME capabilities are required";
    CERTSRV_E_BAD_RENEWAL_SUBJECT = 0x8009_4806, "the subject is not that of the certificate to be renewed";
    CERTSRV_E_BAD_TEMPLATE_VERSION = 0x8009_4807, "the request names a newer version of the profile";
    CERTSRV_E_TEMPLATE_POLICY_REQUIRED = 0x8009_4808, "the profile lacks a policy that its signatures are to have";
    CERTSRV_E_SIGNATURE_POLICY_REQUIRED = 0x8009_4809, "a signature of the request lacks a policy that is required";
    CERTSRV_E_SIGNATURE_COUNT = 0x8009_480A, "the request has too few signatures";
    CERTSRV_E_SIGNATURE_REJECTED = 0x8009_480B, "a signature of the request is not accepted";
    CERTSRV_E_ISSUANCE_POLICY_REQUIRED = 0x8009_480C, "a signature of the request lacks an issuance policy that is required";
    CERTSRV_E_SUBJECT_UPN_REQUIRED = 0x8009_480D, "a user principal name is required";
    CERTSRV_E_SUBJECT_DIRECTORY_GUID_REQUIRED = 0x8009_480E, "the requester's identifier in the directory is required";
    CERTSRV_E_SUBJECT_DNS_REQUIRED = 0x8009_480F, "a DNS name is required";
    CERTSRV_E_ARCHIVED_KEY_UNEXPECTED = 0x8009_4810, "the profile does not allow a private key to be archived";
    CERTSRV_E_KEY_LENGTH = 0x8009_4811, "the public key is too short or of a kind that is not allowed";
    CERTSRV_E_SUBJECT_EMAIL_REQUIRED = 0x8009_4812, "an e-mail address is required";
    CERTSRV_E_UNKNOWN_CERT_TYPE = 0x8009_4813, "there is no such profile";
    CERTSRV_E_CERT_TYPE_OVERLAP = 0x8009_4814, "the profile is renewed for longer than it is valid";
    CERTSRV_E_TOO_MANY_SIGNATURES = 0x8009_4815, "the request has more signatures than are allowed";
    CERTSRV_E_RENEWAL_BAD_PUBLIC_KEY = 0x8009_4816, "the renewal is not with the key that is to be kept";
    CERTSRV_E_INVALID_EK = 0x8009_4817, "the endorsement key is not valid";
    CERTSRV_E_KEY_ATTESTATION = 0x8009_481A, "the key's attestation is not valid";
}

impl HResult {
    /// `HRESULT_FROM_WIN32` for a Win32 error below 65,536.
    pub const fn from_win32(code: u16) -> Self {
        if code == 0 { Self::S_OK } else { Self((0x8007_0000_u32 | code as u32) as i32) }
    }

    /// Whether the code is a failure (its top bit is set).
    pub const fn is_failure(self) -> bool {
        self.0 < 0
    }
}

impl fmt::Display for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0 as u32)
    }
}

/// Why a call of the contract failed: a code that programs read, and a text that people read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleError {
    /// The failing HRESULT.
    pub code: HResult,
    /// What failed, in a sentence without a full stop.
    pub message: String,
}

/// The text, and the code behind it where the text does not have it.
impl fmt::Display for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.to_string();
        if self.message.contains(&code) { f.write_str(&self.message) } else { write!(f, "{} ({code})", self.message) }
    }
}

impl std::error::Error for ModuleError {}

impl ModuleError {
    /// An error with a code and a text. A code that is not a failure becomes `E_FAIL`.
    pub fn new(code: HResult, message: impl Into<String>) -> Self {
        let code = if code.is_failure() { code } else { HResult::E_FAIL };
        Self { code, message: message.into() }
    }

    /// `CERTSRV_E_PROPERTY_EMPTY`: the name is known, and has no value here.
    pub fn empty(name: &str) -> Self {
        Self::new(HResult::CERTSRV_E_PROPERTY_EMPTY, format!("{name} has no value"))
    }

    /// `ERROR_REQUEST_REFUSED`: trying again is in vain. An event that is failed so is parked at once; a module that cannot be
    /// started or reached for this reason is left alone, and its events wait, until an operator changes or enables it.
    pub fn refused_for_good(message: impl Into<String>) -> Self {
        Self::new(HResult::ERROR_REQUEST_REFUSED, message)
    }

    /// The same failure with what it happened to in front: `/srv/list: No such file or directory`.
    #[must_use]
    pub fn at(self, what: impl fmt::Display) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    /// Whether trying again is in vain.
    pub fn is_for_good(&self) -> bool {
        self.code == HResult::ERROR_REQUEST_REFUSED
    }

    /// `E_INVALIDARG`: a name or type that the contract does not know.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(HResult::E_INVALIDARG, message)
    }
}

/// What was read, or none where the name is known and has no value (`CERTSRV_E_PROPERTY_EMPTY`).
///
/// # Errors
/// Every other failure.
pub fn present<T>(read: Result<T, ModuleError>) -> Result<Option<T>, ModuleError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code == HResult::CERTSRV_E_PROPERTY_EMPTY => Ok(None),
        Err(error) => Err(error),
    }
}

impl From<HResult> for ModuleError {
    fn from(code: HResult) -> Self {
        let message = code.describe().map_or("the call failed", |(_, text)| text);
        Self::new(code, message)
    }
}

impl From<std::io::Error> for ModuleError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        let code = match error.kind() {
            ErrorKind::NotFound => HResult::ERROR_FILE_NOT_FOUND,
            ErrorKind::PermissionDenied => HResult::E_ACCESSDENIED,
            ErrorKind::AlreadyExists => HResult::ERROR_FILE_EXISTS,
            ErrorKind::TimedOut => HResult::ERROR_TIMEOUT,
            _ => HResult::E_FAIL,
        };
        Self::new(code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_print_as_administrators_know_them() {
        assert_eq!(HResult::CERTSRV_E_PROPERTY_EMPTY.to_string(), "0x80094004");
        assert_eq!(HResult::CERTSRV_E_PROPERTY_EMPTY.0, -2_146_877_436);
        assert_eq!(HResult::from_win32(2), HResult::ERROR_FILE_NOT_FOUND);
        // What modules of the classic service answer is named, though Exeunt itself never says it.
        let named = |code: u32| HResult(code.cast_signed()).describe().map(|(name, _)| name);
        assert_eq!(named(0x8009_480A), Some("CERTSRV_E_SIGNATURE_COUNT"));
        let mut all = (0x8009_4001..=0x8009_4015).chain(0x8009_4800..=0x8009_4817);
        assert_eq!(all.find(|code| named(*code).is_none()), None);
    }

    #[test]
    fn an_error_is_always_a_failure() {
        assert!(ModuleError::new(HResult::S_OK, "odd").code.is_failure());
    }

    #[test]
    fn an_error_says_its_code_once() {
        let error = ModuleError::new(HResult::E_FAIL, "no");
        assert_eq!(error.to_string(), "no (0x80004005)");
        let error = ModuleError::new(HResult::E_FAIL, "Notify failed: 0x80004005 (E_FAIL, unspecified failure)");
        assert_eq!(error.to_string(), error.message);
    }

    #[test]
    fn an_error_says_what_it_happened_to() {
        let error = ModuleError::from(std::io::Error::from(std::io::ErrorKind::PermissionDenied)).at("/srv/list");
        assert_eq!((error.code, error.message.as_str()), (HResult::E_ACCESSDENIED, "/srv/list: permission denied"));
    }

    #[test]
    fn what_has_no_value_is_none_and_other_failures_stay() {
        assert_eq!(present(Ok(7)), Ok(Some(7)));
        assert_eq!(present::<i32>(Err(ModuleError::empty("CommonName"))), Ok(None));
        let other = ModuleError::from(HResult::E_INVALIDARG);
        assert_eq!(present::<i32>(Err(other.clone())), Err(other));
    }
}
