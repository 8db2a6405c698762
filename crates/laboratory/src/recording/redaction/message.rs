//! Disposition messages, which may name somebody.

/// How the engine's messages begin; what follows may name somebody.
const BEGINNINGS: [&str; 12] = [
    "Issued",
    "Taken Under Submission",
    "Denied by Policy Module",
    "Denied",
    "Error Parsing Request",
    "Error Verifying Request Signature or Signing Certificate",
    "Error Constructing Certificate",
    "Error in Policy Module",
    "Resubmitted",
    "Revoked",
    "Unrevoked",
    "Imported",
];

/// A message up to where it may name somebody.
pub(super) fn plain(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let known = BEGINNINGS.into_iter().find(|known| text.starts_with(known));
    known.unwrap_or("(redacted)").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_end_where_they_may_name_somebody() {
        assert_eq!(plain("Revoked by unix:carol"), "Revoked");
        assert_eq!(plain("Denied by unix:carol"), "Denied");
        assert_eq!(plain("Denied by Policy Module: Alice may not"), "Denied by Policy Module");
        assert_eq!(plain("Alice was here"), "(redacted)");
        assert_eq!(plain(""), "");
    }
}
