//! A body that is written while it is sent, through a bounded queue.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::mpsc;

/// Where the body is written. Dropping it ends the body; a length that was promised must have been kept by then.
pub(crate) type Writer = mpsc::Sender<Result<Bytes, std::io::Error>>;

struct StreamBody {
    queue: mpsc::Receiver<Result<Bytes, std::io::Error>>,
    /// Bytes to come, where the length is known.
    left: Option<u64>,
}

/// A body of `length` bytes (none: of any length), of which at most `queued` chunks wait to be sent. An error ends the
/// connection, so that nobody takes the part for the whole.
pub(crate) fn stream(length: Option<u64>, queued: usize) -> (Writer, Body) {
    let (writer, queue) = mpsc::channel(queued);
    (writer, Body::new(StreamBody { queue, left: length }))
}

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let next = std::task::ready!(self.queue.poll_recv(cx));
        if let (Some(Ok(bytes)), Some(left)) = (&next, &mut self.left) {
            *left = left.saturating_sub(bytes.len() as u64);
        }
        Poll::Ready(next.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
