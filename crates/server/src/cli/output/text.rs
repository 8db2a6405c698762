//! Foreign text made fit for a terminal.

/// Text without what could steer a terminal or reorder a line: control and format characters become `·`.
///
/// Names and messages come from requesters and modules; an escape sequence among them must not reach the
/// operator's terminal.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if steers(c) { '·' } else { c }).collect()
}

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Hex digits in groups of four, for people who compare them.
pub fn hex_groups(hex: &str) -> String {
    let mut out = String::with_capacity(hex.len() + hex.len() / 4);
    for (index, digit) in hex.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\r\nc\u{202e}d\u{9b}e"), "a·[31mb··c·d·e");
        assert_eq!(clean("Zürich 東京"), "Zürich 東京");
        assert_eq!(hex_groups("0a1b2c"), "0a1b 2c");
    }
}
