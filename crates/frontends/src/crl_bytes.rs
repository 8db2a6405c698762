//! The bytes of a CRL as a body: short ones at once, long ones as they are read.

use std::io::Read;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use engine::Engine;
use engine::store::CrlRow;

use crate::Calls;
use crate::model::Problem;
use crate::stream_body::stream;

/// CRLs up to this length are read at once.
const SHORT_BYTES_MAX: u64 = 1_024 * 1_024;
/// Bytes read at a time of longer ones, and how many such pieces wait to be sent.
const PIECE_BYTES: usize = 256 * 1_024;
const PIECES_QUEUED: usize = 2;

/// A CRL's body. A long one takes a place among the long acts while it is sent, since reading it holds a thread.
pub(crate) async fn body(engine: &Arc<Engine>, calls: &Calls, row: &CrlRow) -> Result<Body, Problem> {
    let (engine, row) = (Arc::clone(engine), row.clone());
    if row.size <= SHORT_BYTES_MAX {
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
        let mut reader = match engine.read_crl(&row) {
            Ok(reader) => reader,
            Err(error) => {
                // The client sees the connection end before the promised length.
                let _ = writer.blocking_send(Err(std::io::Error::other(error.to_string())));
                return;
            }
        };
        // One piece is held back: the end of a damaged CRL is an error, which must reach the client before the last byte.
        let mut held = Bytes::new();
        loop {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            let read = reader.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece);
            let ended = matches!(read, Ok(0) | Err(_));
            let next = match read {
                Ok(_) => Ok(std::mem::replace(&mut held, Bytes::from(piece))),
                Err(error) => {
                    tracing::error!(crl = row.number, "a CRL cannot be read: {error}");
                    Err(error)
                }
            };
            let empty = next.as_ref().is_ok_and(Bytes::is_empty);
            if (!empty && writer.blocking_send(next).is_err()) || ended {
                return;
            }
        }
    });
    Ok(body)
}
