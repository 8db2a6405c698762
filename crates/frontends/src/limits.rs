//! What the listeners allow.

use std::time::Duration;

/// The limits of every listener. Each is for one listener where it says nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; later ones wait in the operating system's queue.
    pub connections_max: usize,
    /// Bytes of one request's head, at least 8,192.
    pub header_bytes_max: usize,
    /// Header fields of one request.
    pub headers_max: usize,
    /// Bytes of one request's body.
    pub body_bytes_max: usize,
    /// HTTP/2 streams at once on one connection.
    pub streams_max: u32,
    /// How long a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// How long a request's head may take, from its first byte. Looked at this often: enforced within twice as long.
    pub header_timeout: Duration,
    /// How long a request's body may take.
    pub body_timeout: Duration,
    /// How long a client may refuse to take what it is sent.
    pub write_timeout: Duration,
    /// How long a connection without a request stays open.
    pub idle_timeout: Duration,
    /// Engine calls at once, all listeners together.
    pub calls_max: usize,
    /// Engine calls that may wait for their turn, all listeners together; further ones are answered 503.
    pub calls_waiting_max: usize,
    /// How long an engine call may wait for its turn; then it is answered 503.
    pub call_wait: Duration,
    /// Long acts (publication of CRLs, checks) at once, all listeners together; further ones are answered 503.
    pub long_calls_max: usize,
    /// Bytes of a CRL that is read at once and sent from memory; a longer one is read while it is sent, and counts as a long
    /// act meanwhile.
    pub crl_bytes_at_once_max: u64,
    /// Clients that follow events at once, all listeners together; further ones are answered 503.
    pub followers_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            header_bytes_max: 32 * 1_024,
            headers_max: 64,
            body_bytes_max: 1_024 * 1_024,
            streams_max: 128,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            calls_max: 128,
            calls_waiting_max: 2_048,
            call_wait: Duration::from_secs(10),
            long_calls_max: 4,
            crl_bytes_at_once_max: 1_024 * 1_024,
            followers_max: 32,
        }
    }
}
