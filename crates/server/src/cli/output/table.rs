//! Aligned tables that fit the terminal, and lists of facts.

use std::io::IsTerminal;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{FAINT, STRONG, clean};

/// Columns of a terminal that does not say how wide it is, and of a file.
const WIDTH_DEFAULT: usize = 120;

/// Columns of a page: longer lines are not read well.
const PAGE_MAX: usize = 120;

/// The least a column is cut to.
const COLUMN_MIN: usize = 8;

/// To which side a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its heading.
    heading: &'static str,
    /// To which side it is aligned.
    align: Align,
    /// What may be done to it to make the table fit.
    fit: Fit,
}

/// How a column fits into a table that is too wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// It stays as it is.
    Whole,
    /// What is too long is cut off.
    Cut,
    /// What is too long goes on in the next line.
    Wrap,
}

impl Column {
    /// Text that is never cut.
    pub const fn text(heading: &'static str) -> Self {
        Self { heading, align: Align::Left, fit: Fit::Whole }
    }

    /// Text that may be cut.
    pub const fn long(heading: &'static str) -> Self {
        Self { heading, align: Align::Left, fit: Fit::Cut }
    }

    /// Text to be read whole, without colours: in a narrow table it takes several lines.
    pub const fn prose(heading: &'static str) -> Self {
        Self { heading, align: Align::Left, fit: Fit::Wrap }
    }

    /// A number.
    pub const fn number(heading: &'static str) -> Self {
        Self { heading, align: Align::Right, fit: Fit::Whole }
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

    /// The table as text to be read: narrow, in a file too, where tables otherwise have one line for each row.
    pub fn page(&self) -> String {
        self.fit(terminal_width().min(PAGE_MAX))
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
            let widest = widths
                .iter_mut()
                .zip(&self.columns)
                .filter(|(width, column)| column.fit != Fit::Whole && **width > COLUMN_MIN);
            match widest.max_by_key(|(width, _)| **width) {
                Some((width, _)) => *width -= 1,
                None => break,
            }
        }
        let mut out = String::new();
        let headings = self.columns.map(|column| format!("{STRONG}{}{STRONG:#}", column.heading));
        for row in std::iter::once(&headings).chain(&self.rows) {
            let cells = row.iter().zip(widths).zip(&self.columns);
            let cells: Vec<Vec<String>> = cells
                .map(|((cell, width), column)| match column.fit {
                    Fit::Wrap => wrapped(cell, width),
                    Fit::Cut | Fit::Whole => vec![cut(cell, width)],
                })
                .collect();
            for number in 0..cells.iter().map(Vec::len).max().unwrap_or_default() {
                let mut line = String::new();
                for ((lines, width), column) in cells.iter().zip(widths).zip(&self.columns) {
                    let cell = lines.get(number).map_or("", String::as_str);
                    let padding = " ".repeat(width.saturating_sub(visible_width(cell)));
                    match column.align {
                        Align::Left => line.extend([cell, &padding, "  "]),
                        Align::Right => line.extend([padding.as_str(), cell, "  "]),
                    }
                }
                out.push_str(line.trim_end());
                out.push('\n');
            }
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

/// The text in lines of a width, broken between words. A word that is longer stands in a line of its own, and is not broken.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    if visible_width(text) <= width {
        return vec![text.to_owned()];
    }
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => line.extend([" ", word]),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
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
    fn prose_goes_on_in_the_next_line() {
        let mut table = Table::new([Column::text("NAME"), Column::prose("DEFAULT"), Column::prose("MEANING")]);
        table.row(["path".into(), "none".into(), "absolute path of the file that lines are added to".into()]);
        table.row(["fields".into(), "SerialNumber, NotAfter".into(), "what is told".into()]);
        let wide = "NAME    DEFAULT                 MEANING\npath    none                    absolute path of the file that lines are added to\n\
                    fields  SerialNumber, NotAfter  what is told\n";
        assert_eq!(plain(&table.fit(200)), wide);
        let narrow = "NAME    DEFAULT         MEANING\npath    none            absolute path\n                        of the file\n                        that lines are\n                        added to\n\
                      fields  SerialNumber,   what is told\n        NotAfter\n";
        assert_eq!(plain(&table.fit(38)), narrow);
    }

    #[test]
    fn facts_are_aligned_and_clean() {
        let facts = Facts::new().fact("serial", "0a").fact("subject", "CN=\u{1b}[2J").maybe("none", None::<&str>);
        assert_eq!(plain(&facts.render()), "serial   0a\nsubject  CN=·[2J\n");
    }
}
