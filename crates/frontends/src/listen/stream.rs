//! The byte stream under a connection, watched: what is idle, what stalls.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::Limits;

/// A byte stream of any kind: Unix, TCP, TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What a connection is doing. Milliseconds count from `opened`, plus one: 0 says never.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    /// Requests whose answers are not sent yet.
    in_flight: AtomicUsize,
    /// When the last answer was sent.
    idle_since: AtomicU64,
    /// When the first byte came after that.
    head_since: AtomicU64,
    /// Whether a request was answered before its body had come.
    unread: AtomicBool,
}

/// A request under way, until its answer's body has been sent or given up.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            in_flight: AtomicUsize::new(0),
            idle_since: AtomicU64::new(1),
            head_since: AtomicU64::new(0),
            unread: AtomicBool::new(false),
        })
    }

    /// A request's head is complete.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Relaxed);
        self.head_since.store(0, Relaxed);
        InFlight(Arc::clone(self))
    }

    /// Waits until the connection has been idle, or has been sending one request's head, for too long.
    pub(super) async fn expired(&self, limits: &Limits) {
        loop {
            let now = self.now();
            let since = |moment: u64| Duration::from_millis(now.saturating_sub(moment));
            let left = if self.in_flight.load(Relaxed) > 0 {
                limits.idle_timeout
            } else {
                match self.head_since.load(Relaxed) {
                    0 => limits.idle_timeout.saturating_sub(since(self.idle_since.load(Relaxed))),
                    head => limits.header_timeout.saturating_sub(since(head)),
                }
            };
            if left.is_zero() {
                return;
            }
            // A head may begin meanwhile: look again before it can have taken twice its time.
            sleep(left.min(limits.header_timeout)).await;
        }
    }

    fn received(&self) {
        if self.in_flight.load(Relaxed) == 0 && self.head_since.load(Relaxed) == 0 {
            self.head_since.store(self.now(), Relaxed);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Relaxed);
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

/// A request's body that notes when it is given up before its end.
pub(super) struct Arriving {
    pub(super) body: Incoming,
    pub(super) activity: Arc<Activity>,
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            self.activity.unread.store(true, Relaxed);
        }
    }
}

/// An answer's body that keeps its request in flight.
pub(super) struct Answer {
    pub(super) body: axum::body::Body,
    pub(super) in_flight: InFlight,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, axum::Error>>> {
        let _ = &self.in_flight;
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that notes what it receives, and fails when its peer does not take what it is sent.
pub(super) struct Watched {
    stream: Box<dyn Stream>,
    activity: Arc<Activity>,
    write_timeout: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    /// Set once nothing more is sent.
    lingering: Option<Pin<Box<Sleep>>>,
}

/// How long a peer that was answered before it had sent everything is listened to after that.
const LINGER: Duration = Duration::from_secs(2);

impl Watched {
    pub(super) fn new(stream: Box<dyn Stream>, activity: Arc<Activity>, write_timeout: Duration) -> Self {
        Self { stream, activity, write_timeout, stalled: None, lingering: None }
    }

    /// Takes what still comes and drops it, until the peer ends or the time is up. A stream that is closed with bytes
    /// unread is reset, and the peer may lose the answer with it.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let lingering = self.lingering.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        let mut scratch = [0; 8_192];
        while lingering.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(())
    }

    /// Passes a write's outcome on; a write that is pending for too long fails.
    fn written<T>(&mut self, outcome: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stalled = None;
            return outcome;
        }
        let write_timeout = self.write_timeout;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(write_timeout)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not take what it is sent")))
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.activity.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(outcome, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(cx);
        self.written(outcome, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            let outcome = Pin::new(&mut self.stream).poll_shutdown(cx);
            ready!(self.written(outcome, cx))?;
        }
        if self.activity.unread.load(Relaxed) {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(outcome, cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn limits() -> Limits {
        Limits { idle_timeout: Duration::from_secs(75), header_timeout: Duration::from_secs(10), ..Limits::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn idleness_ends_with_a_request_and_begins_with_its_answer() {
        let activity = Activity::new();
        let start = Instant::now();
        let request = activity.begin();
        tokio::time::advance(Duration::from_secs(500)).await;
        drop(request);
        activity.expired(&limits()).await;
        let idle = start.elapsed() - Duration::from_secs(500);
        assert!((75..=76).contains(&idle.as_secs()), "{idle:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_end_expires_sooner() {
        let (mut client, server) = tokio::io::duplex(64);
        let activity = Activity::new();
        let mut watched = Watched::new(Box::new(server), Arc::clone(&activity), Duration::from_secs(1));
        client.write_all(b"GET").await.unwrap();
        watched.read_exact(&mut [0; 3]).await.unwrap();
        let start = Instant::now();
        activity.expired(&limits()).await;
        assert!((10..=20).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_still_sends_is_listened_to_for_a_while() {
        for (unread, seconds) in [(true, LINGER.as_secs()), (false, 0)] {
            let (mut client, server) = tokio::io::duplex(64);
            let activity = Activity::new();
            activity.unread.store(unread, Relaxed);
            let mut watched = Watched::new(Box::new(server), activity, Duration::from_secs(30));
            client.write_all(&[0; 64]).await.unwrap();
            let start = Instant::now();
            watched.shutdown().await.unwrap();
            assert_eq!(start.elapsed().as_secs(), seconds);
            drop(client);
            watched.shutdown().await.unwrap();
            assert_eq!(start.elapsed().as_secs(), seconds);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_is_given_up() {
        let (_client, server) = tokio::io::duplex(8);
        let mut watched = Watched::new(Box::new(server), Activity::new(), Duration::from_secs(30));
        let start = Instant::now();
        let error = watched.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed().as_secs(), 30);
    }
}
