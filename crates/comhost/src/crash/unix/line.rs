//! A line for the standard error, made with nothing but what is safe in a signal.

use super::objects;

/// The longest line, in bytes: what the server repeats of it in the module's failure.
const BYTES_MAX: usize = 512;

/// A line. What does not fit is cut.
pub(super) struct Line {
    bytes: [u8; BYTES_MAX],
    length: usize,
    written: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self { bytes: [0; BYTES_MAX], length: 0, written: 0 }
    }
}

impl Line {
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        // The last place is the line feed's.
        for (place, byte) in self.bytes.iter_mut().take(BYTES_MAX - 1).skip(self.length).zip(text.bytes()) {
            *place = byte;
            self.length += 1;
        }
        self
    }

    pub(super) fn hexadecimal(&mut self, number: usize) -> &mut Self {
        self.text("0x").number(number, 16)
    }

    pub(super) fn decimal(&mut self, number: usize) -> &mut Self {
        self.number(number, 10)
    }

    fn number(&mut self, number: usize, radix: usize) -> &mut Self {
        const DIGITS: [&str; 16] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"];
        let mut unit = 1;
        while number / unit >= radix {
            unit *= radix;
        }
        while unit > 0 {
            self.text(DIGITS.get(number / unit % radix).copied().unwrap_or_default());
            unit /= radix;
        }
        self
    }

    /// An address in a process, as its file and the place in that; of the module also the function, where that has a name.
    pub(super) fn place(&mut self, address: usize) -> &mut Self {
        let Some((file, offset)) = objects::file_of(address) else {
            return self.hexadecimal(address);
        };
        self.text(file).text("+").hexadecimal(offset);
        if let Some((function, offset)) = objects::function_of(address) {
            self.text(" (").text(function).text("+").hexadecimal(offset).text(")");
        }
        self
    }

    /// Writes what has been added since to the standard error.
    pub(super) fn write(&mut self) {
        let unwritten = self.bytes.get(self.written..self.length).unwrap_or_default();
        // SAFETY: bytes of ours. What cannot be written cannot be reported either.
        unsafe { libc::write(2, unwritten.as_ptr().cast(), unwritten.len()) };
        self.written = self.length;
    }

    /// Ends it.
    pub(super) fn end(&mut self) {
        if let Some(end) = self.bytes.get_mut(self.length) {
            *end = b'\n';
            self.length += 1;
        }
        self.write();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn said(line: &Line) -> &str {
        std::str::from_utf8(&line.bytes[..line.length]).unwrap()
    }

    #[test]
    fn numbers_are_written_as_others_write_them() {
        for number in [0, 1, 9, 10, 15, 16, 255, 256, 4096, usize::MAX / 10, usize::MAX] {
            let mut line = Line::default();
            line.hexadecimal(number).text(" ").decimal(number);
            assert_eq!(said(&line), format!("{number:#x} {number}"));
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_cut() {
        let mut line = Line::default();
        (0..100).for_each(|_| {
            line.text("0123456789");
        });
        assert_eq!(line.length, BYTES_MAX - 1);
        assert!(said(&line).ends_with("90"));
    }
}
