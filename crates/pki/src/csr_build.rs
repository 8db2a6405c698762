//! Requests of our own, for the certificate of a subordinate CA.

use der::Tag;

use crate::{Error, Extension, Name, PublicKey, extension, oid, read, write};

/// The `CertificationRequestInfo` (RFC 2986 4.1) in DER, with the extensions in an `extensionRequest` attribute
/// (RFC 2985 5.4.2). Sign it, then [`assemble`](crate::assemble).
///
/// # Errors
/// [`Error::Malformed`] when an extension is given twice.
pub fn certification_request_info(
    subject: &Name,
    public_key: &PublicKey,
    extensions: &[Extension],
) -> Result<Vec<u8>, Error> {
    extension::refuse_duplicates(extensions)?;
    Ok(write::sequence(|out| {
        write::unsigned(out, 0);
        out.extend_from_slice(subject.der());
        out.extend_from_slice(public_key.spki());
        write::nested(out, read::constructed(0), |out| {
            if extensions.is_empty() {
                return;
            }
            write::nested(out, Tag::Sequence, |out| {
                write::oid(out, &oid::EXTENSION_REQUEST);
                write::nested(out, Tag::Set, |out| extension::encode_all(out, extensions));
            });
        });
    }))
}
