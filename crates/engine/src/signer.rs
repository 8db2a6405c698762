//! What signs: one private key, wherever it lives.

use pki::{PublicKey, SignatureAlgorithm};

/// Signs bytes with one private key. The key never leaves the implementation.
///
/// **Threads.** Called from several threads at once; an implementation that has fewer sessions than callers waits.
/// **Retry.** The caller does not: an implementation that can reconnect does so before it fails.
pub trait Signer: Send + Sync {
    /// The one algorithm this key signs with.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// The signature over `message`, as it stands in a certificate's BIT STRING.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError>;

    /// The signature over a message of which this is the digest, for messages too long to hold.
    ///
    /// Only called where [`SignatureAlgorithm::digest`] names one; others sign the message itself.
    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignerError>;
}

/// Why a key did not sign.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SignerError {
    /// The key cannot be reached now (a token was removed, a session pool is exhausted).
    #[error("the signing key is not available: {0}")]
    Unavailable(String),
    /// The key refused or failed.
    #[error("signing failed: {0}")]
    Failed(String),
}
