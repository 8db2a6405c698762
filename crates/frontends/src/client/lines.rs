//! Newline-delimited JSON as it comes.

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes};

/// Bytes of one line: a row with its large parts is shorter.
const LINE_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// The lines of a body.
pub(super) struct Lines<B> {
    body: B,
    rest: Vec<u8>,
    /// Bytes of `rest` that are known to hold no line end.
    searched: usize,
}

/// Why there is no next line.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("{0}")]
    Body(String),
    #[error("a line is too long")]
    TooLong,
    #[error("the answer ended in the middle of a line")]
    Cut,
}

impl<B> Lines<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    pub(super) fn new(body: B) -> Self {
        Self { body, rest: Vec::new(), searched: 0 }
    }

    /// The next line that is not empty; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, LineError> {
        loop {
            let unseen = self.rest.get(self.searched..).unwrap_or_default();
            if let Some(at) = unseen.iter().position(|byte| *byte == b'\n') {
                let rest = self.rest.split_off(self.searched + at + 1);
                let mut line = std::mem::replace(&mut self.rest, rest);
                self.searched = 0;
                line.truncate(line.trim_ascii_end().len());
                if line.is_empty() {
                    continue;
                }
                return Ok(Some(line));
            }
            self.searched = self.rest.len();
            if self.rest.len() > LINE_BYTES_MAX {
                return Err(LineError::TooLong);
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        self.rest.extend_from_slice(&bytes);
                    }
                }
                Some(Err(error)) => return Err(LineError::Body(error.to_string())),
                None if self.rest.trim_ascii().is_empty() => return Ok(None),
                None => return Err(LineError::Cut),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use http_body_util::channel::Channel;

    #[tokio::test]
    async fn lines_are_found_across_frames() {
        let (mut sender, body) = Channel::<Bytes>::new(8);
        for part in ["{\"a\":", "1}\n\n{\"b\"", ":2}\r\n{\"c\":3}", "\n"] {
            sender.send_data(Bytes::from_static(part.as_bytes())).await.unwrap();
        }
        drop(sender);
        let mut lines = Lines::new(body);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push(String::from_utf8(line).unwrap());
        }
        assert_eq!(found, [r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":3}"#]);
    }

    #[tokio::test]
    async fn a_line_cut_short_is_an_error() {
        let (mut sender, body) = Channel::<Bytes>::new(8);
        sender.send_data(Bytes::from_static(b"{\"a\":1}\n{")).await.unwrap();
        drop(sender);
        let mut lines = Lines::new(body);
        assert!(lines.next().await.unwrap().is_some());
        assert!(matches!(lines.next().await, Err(LineError::Cut)));
    }
}
