//! Aligned tables that fit the terminal, and lists of facts.

use std::io::IsTerminal;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{FAINT, STRONG, clean};

/// Columns of a terminal that does not say how wide it is, and of a file.
const WIDTH_DEFAULT: usize = 120;

/// The least a column is cut to.
const COLUMN_MIN: usize = 8;

/// To which side a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its heading.
    pub heading: &'static str,
    /// To which side it is aligned.
    pub align: Align,
    /// Whether it may be cut to make the table fit.
    pub flexible: bool,
}

impl Column {
    /// Text that is never cut.
    pub const fn text(heading: &'static str) -> Self {
        Self { heading, align: Align::Left, flexible: false }
    }

    /// Text that may be cut.
    pub const fn long(heading: &'static str) -> Self {
        Self { heading, align: Align::Left, flexible: true }
    }

    /// A number.
    pub const fn number(heading: &'static str) -> Self {
        Self { heading, align: Align::Right, flexible: false }
    }
}

/// A table. Cells may hold colours (SGR sequences of `anstyle`); foreign text in them must be [`clean`].
#[derive(Debug)]
pub struct Table<const N: usize> {
    columns: [Column; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// An empty table.
    pub const fn new(columns: [Column; N]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }

    /// The table as text that fits the terminal; `nothing` where it has no rows.
    pub fn render(&self, nothing: &str) -> String {
        if self.rows.is_empty() {
            return format!("{FAINT}{nothing}{FAINT:#}\n");
        }
        self.fit(terminal_width())
    }

    fn fit(&self, room: usize) -> String {
        let mut widths = self.columns.map(|column| column.heading.width());
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(visible_width(cell));
            }
        }
        let gaps = 2 * N.saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > room {
            // The widest column that may be cut gives way, a character at a time.
            let widest =
                widths.iter_mut().zip(&self.columns).filter(|(width, column)| column.flexible && **width > COLUMN_MIN);
            match widest.max_by_key(|(width, _)| **width) {
                Some((width, _)) => *width -= 1,
                None => break,
            }
        }
        let mut out = String::new();
        let headings = self.columns.map(|column| format!("{STRONG}{}{STRONG:#}", column.heading));
        for row in std::iter::once(&headings).chain(&self.rows) {
            let mut line = String::new();
            for ((cell, width), column) in row.iter().zip(widths).zip(&self.columns) {
                let cell = cut(cell, width);
                let padding = " ".repeat(width.saturating_sub(visible_width(&cell)));
                match column.align {
                    Align::Left => line.extend([cell.as_str(), &padding, "  "]),
                    Align::Right => line.extend([padding.as_str(), &cell, "  "]),
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// Named facts, one a line, aligned.
#[derive(Debug, Default)]
pub struct Facts {
    lines: Vec<(&'static str, String)>,
}

impl Facts {
    /// No facts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fact of foreign text.
    #[must_use]
    pub fn fact(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.lines.push((name, clean(&value.to_string())));
        self
    }

    /// Adds a fact that holds colours.
    #[must_use]
    pub fn styled(mut self, name: &'static str, value: String) -> Self {
        self.lines.push((name, value));
        self
    }

    /// Adds a fact where there is one.
    #[must_use]
    pub fn maybe(self, name: &'static str, value: Option<impl std::fmt::Display>) -> Self {
        match value {
            Some(value) => self.fact(name, value),
            None => self,
        }
    }

    /// The facts as text.
    pub fn render(&self) -> String {
        let width = self.lines.iter().map(|(name, _)| name.width()).max().unwrap_or_default();
        self.lines.iter().map(|(name, value)| format!("{FAINT}{name:<width$}{FAINT:#}  {value}\n")).collect()
    }
}

fn terminal_width() -> usize {
    let out = std::io::stdout();
    if !out.is_terminal() {
        return usize::MAX;
    }
    rustix::termios::tcgetwinsize(&out)
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0)
        .unwrap_or(WIDTH_DEFAULT)
}

/// Columns on the screen, colours not counted.
fn visible_width(text: &str) -> usize {
    anstream::adapter::strip_str(text).map(UnicodeWidthStr::width).sum()
}

/// The text cut to a width, with a mark where something is missing. A cell that holds colours is never cut.
fn cut(text: &str, width: usize) -> String {
    if visible_width(text) <= width || text.contains('\u{1b}') {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or_default();
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::GOOD;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).collect()
    }

    #[test]
    fn tables_are_aligned_and_fit() {
        let mut table = Table::new([Column::number("ID"), Column::text("STATE"), Column::long("SUBJECT")]);
        table.row(["7".into(), format!("{GOOD}issued{GOOD:#}"), "CN=a.example".into()]);
        table.row(["1234".into(), "pending".into(), "CN=東京.example,O=A rather long name of an organisation".into()]);
        assert_eq!(
            plain(&table.fit(200)),
            "  ID  STATE    SUBJECT\n   7  issued   CN=a.example\n1234  pending  CN=東京.example,O=A rather long name of an organisation\n"
        );
        assert_eq!(
            plain(&table.fit(32)),
            "  ID  STATE    SUBJECT\n   7  issued   CN=a.example\n1234  pending  CN=東京.example,…\n"
        );
        assert!(plain(&table.fit(1)).contains("CN=東京"));
        assert_eq!(plain(&Table::new([Column::text("A")]).render("nothing here")), "nothing here\n");
    }

    #[test]
    fn facts_are_aligned_and_clean() {
        let facts = Facts::new().fact("serial", "0a").fact("subject", "CN=\u{1b}[2J").maybe("none", None::<&str>);
        assert_eq!(plain(&facts.render()), "serial   0a\nsubject  CN=·[2J\n");
    }
}
