//! The bytes of a CRL as a body: short ones at once, long ones as they are read.

use std::io::{self, Read};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use engine::Engine;
use engine::store::CrlRow;

use crate::model::Problem;
use crate::stream_body::{Writer, stream};
use crate::{Calls, Limits};

/// Bytes read at a time of a long CRL, and how many such pieces wait to be sent.
const PIECE_BYTES: usize = 256 * 1_024;
const PIECES_QUEUED: usize = 2;

/// A CRL's body. A long one takes a place among the long acts while it is sent, since reading it holds a thread.
pub(crate) async fn body(engine: &Arc<Engine>, calls: &Calls, limits: &Limits, row: &CrlRow) -> Result<Body, Problem> {
    let (engine, row) = (Arc::clone(engine), row.clone());
    if row.size <= limits.crl_bytes_at_once_max {
        let read = move || {
            let mut bytes = Vec::with_capacity(usize::try_from(row.size).unwrap_or_default());
            engine.read_crl(&row)?.read_to_end(&mut bytes)?;
            Ok::<_, engine::Error>(bytes)
        };
        return Ok(Body::from(calls.run(read).await?));
    }
    let permit = calls.long()?;
    let (writer, body) = stream(Some(row.size), PIECES_QUEUED);
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let sent = match engine.read_crl(&row) {
            Ok(mut reader) => send(&mut reader, &writer, PIECE_BYTES),
            Err(error) => Err(io::Error::other(error.to_string())),
        };
        if let Err(error) = sent {
            tracing::error!(crl = row.number, "a CRL cannot be read: {error}");
            // The client sees the connection end before the promised length; where it has gone, nobody has to.
            drop(writer.blocking_send(Err(error)));
        }
    });
    Ok(body)
}

/// Sends what is read, piece by piece, until the end or until the client has gone. One piece is held back: the end of a
/// damaged CRL is an error, which must come before the last byte goes.
fn send(reader: &mut dyn Read, writer: &Writer, piece_bytes: usize) -> io::Result<()> {
    let mut held = Bytes::new();
    loop {
        let mut piece = Vec::with_capacity(piece_bytes);
        let read = reader.take(piece_bytes as u64).read_to_end(&mut piece)?;
        let ready = std::mem::replace(&mut held, Bytes::from(piece));
        let gone = !ready.is_empty() && writer.blocking_send(Ok(ready)).is_err();
        if gone || read == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// Gives bytes, then fails.
    struct Damaged<'a>(&'a [u8]);

    impl Read for Damaged<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() { Err(io::ErrorKind::InvalidData.into()) } else { self.0.read(buffer) }
        }
    }

    fn pieces(reader: &mut dyn Read) -> (io::Result<()>, Vec<Vec<u8>>) {
        let (writer, mut queue) = tokio::sync::mpsc::channel(16);
        let outcome = send(reader, &writer, 4);
        drop(writer);
        let mut pieces = Vec::new();
        while let Some(piece) = queue.blocking_recv() {
            pieces.push(piece.unwrap().to_vec());
        }
        (outcome, pieces)
    }

    #[test]
    fn everything_is_sent_in_pieces() {
        for length in [0, 1, 4, 5, 8, 11] {
            let bytes: Vec<u8> = (0..length).collect();
            let (outcome, pieces) = pieces(&mut bytes.as_slice());
            outcome.unwrap();
            assert_eq!(pieces.concat(), bytes);
            assert!(pieces.iter().all(|piece| (1..=4).contains(&piece.len())));
        }
    }

    #[test]
    fn the_last_bytes_of_what_is_damaged_are_not_sent() {
        for length in [1_u8, 4, 5, 8, 11] {
            let bytes: Vec<u8> = (0..length).collect();
            let (outcome, pieces) = pieces(&mut Damaged(&bytes));
            assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::InvalidData);
            assert!(pieces.concat().len() < bytes.len(), "{length}");
        }
    }

    #[test]
    fn a_client_that_has_gone_ends_it() {
        let (writer, queue) = tokio::sync::mpsc::channel(1);
        drop(queue);
        send(&mut io::repeat(0), &writer, 4).unwrap();
    }
}
