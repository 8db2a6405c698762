//! Bytes into lines, within a limit.

/// Collects bytes until a line is whole.
#[derive(Debug)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// Where the next line starts.
    start: usize,
    /// Up to where no line feed was found.
    searched: usize,
    bytes_max: usize,
}

/// A line is longer than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Lines {
    pub(super) const fn new(bytes_max: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, searched: 0, bytes_max }
    }

    /// Adds what was read.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            (self.start, self.searched) = (0, 0);
        } else if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole line, without its line feed or carriage return. A line that is too long stays.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, TooLong> {
        let unseen = self.buffer.get(self.searched..).unwrap_or_default();
        let Some(distance) = unseen.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return if self.searched - self.start > self.bytes_max { Err(TooLong) } else { Ok(None) };
        };
        let (start, end) = (self.start, self.searched + distance);
        if end - start > self.bytes_max {
            return Err(TooLong);
        }
        (self.start, self.searched) = (end + 1, end + 1);
        let line = self.buffer.get(start..end).unwrap_or_default();
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// Takes what has gathered of an unfinished line, up to `bytes_max`, and forgets the rest of it.
    pub(super) fn take_start(&mut self) -> Vec<u8> {
        let rest = self.buffer.get(self.start..).unwrap_or_default();
        let taken = rest.get(..self.bytes_max).unwrap_or(rest).to_vec();
        self.buffer.clear();
        (self.start, self.searched) = (0, 0);
        taken
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn lines_come_whole_however_the_bytes_arrive() {
        let text = b"one\r\ntwo\n\nthree\nfou";
        for size in 1..text.len() {
            let (mut lines, mut seen) = (Lines::new(10), Vec::new());
            for chunk in text.chunks(size) {
                lines.push(chunk);
                while let Some(line) = lines.next().unwrap() {
                    seen.push(line.to_vec());
                }
            }
            assert_eq!(seen, [&b"one"[..], b"two", b"", b"three"], "chunks of {size}");
            assert_eq!(lines.take_start(), b"fou");
        }
    }

    #[test]
    fn a_line_above_the_limit_is_refused_before_it_ends() {
        let mut lines = Lines::new(4);
        lines.push(b"1234");
        assert_eq!(lines.next(), Ok(None));
        lines.push(b"5");
        assert_eq!(lines.next(), Err(TooLong));
        let mut lines = Lines::new(4);
        lines.push(b"12345\n");
        assert_eq!(lines.next(), Err(TooLong));
        let mut lines = Lines::new(4);
        lines.push(b"1234\n12");
        assert_eq!(lines.next(), Ok(Some(&b"1234"[..])));
        assert_eq!(lines.next(), Ok(None));
    }
}
