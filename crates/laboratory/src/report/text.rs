//! A report for people: no line above 80 columns.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Entry, Report, Verdict};
use crate::bench::NOT_STARTED;

/// Columns of a line.
const WIDTH: usize = 80;
/// Columns of the names of checks.
const NAME: usize = 23;
/// Columns before the text of a failure.
const INDENT: usize = 14;
/// Lines of one text that are shown; the JSON and the XML have it whole.
const NOTE_LINES_MAX: usize = 2;
const TEXT_LINES_MAX: usize = 8;
/// Lines of the module's log that are shown.
const SAID_MAX: usize = 6;

/// ANSI sequences; whoever prints takes them out where they are not wanted.
const GOOD: &str = "\u{1b}[32m";
const BAD: &str = "\u{1b}[31m";
const STRONG: &str = "\u{1b}[1m";
const FAINT: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

impl Report {
    /// The report for people, with ANSI colours.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let what = format!("{} module, kind {}, seed {}", self.role, self.kind, self.seed);
        let _ = writeln!(text, "{STRONG}{}{PLAIN}  {FAINT}{what}{PLAIN}", clean(&self.module));
        // What was not tried because nothing could be is one line, not one for each check.
        let idle = |entry: &&Entry| matches!(&entry.verdict, Verdict::LeftOut { why } if why == NOT_STARTED);
        let mut group = None;
        for entry in self.checks.iter().filter(|entry| !idle(entry)) {
            if group != Some(entry.group) {
                let _ = writeln!(text, "\n{STRONG}{}{PLAIN}", entry.group.title());
                group = Some(entry.group);
            }
            text.push_str(&entry.to_text());
        }
        let left = self.checks.iter().filter(idle).count();
        if left > 0 {
            let _ = writeln!(text, "\n  {FAINT}– {left} checks more were left out: {NOT_STARTED}{PLAIN}");
        }
        text.push('\n');
        text.push_str(&self.summary());
        text
    }

    fn summary(&self) -> String {
        let mut text = String::new();
        let seconds = self.milliseconds as f64 / 1_000.0;
        let (style, word) = if self.failed == 0 { (GOOD, "good") } else { (BAD, "not good yet") };
        let _ = writeln!(
            text,
            "{style}{STRONG}{word}{PLAIN}: {} passed, {} failed, {} left out, in {seconds:.1} s",
            self.passed, self.failed, self.left_out
        );
        let measured = &self.measurements;
        let time = |name: &str, micros: Option<u64>| {
            micros.map(|micros| format!("{name} {}", crate::check::took(std::time::Duration::from_micros(micros))))
        };
        let facts: Vec<String> = [
            time("start", measured.start_us),
            time("p50", measured.p50_us),
            time("p99", measured.p99_us),
            measured.memory_bytes.map(|bytes| format!("memory {} MiB", bytes >> 20)),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !facts.is_empty() {
            let _ = writeln!(text, "{FAINT}{}{PLAIN}", facts.join("   "));
        }
        text
    }
}

impl Entry {
    fn to_text(&self) -> String {
        let mut text = String::new();
        let (style, sign) = match &self.verdict {
            Verdict::Passed { .. } => (GOOD, '✓'),
            Verdict::Failed { .. } => (BAD, '✗'),
            Verdict::LeftOut { .. } => (FAINT, '–'),
        };
        let name = format!("{:<NAME$}", self.name);
        match &self.verdict {
            Verdict::Passed { seen: words } | Verdict::LeftOut { why: words } => {
                let room = WIDTH - NAME - 4;
                let mut lines = shortened(wrapped(&clean(words), room), NOTE_LINES_MAX).into_iter();
                let first = lines.next().unwrap_or_default();
                let _ = writeln!(text, "  {style}{sign}{PLAIN} {name}{FAINT}{first}{PLAIN}");
                for line in lines {
                    let _ = writeln!(text, "{:indent$}{FAINT}{line}{PLAIN}", "", indent = NAME + 4);
                }
            }
            Verdict::Failed { happened, remedy } => {
                let _ = writeln!(text, "  {style}{sign} {STRONG}{}{PLAIN}", self.name);
                paragraph(&mut text, "expected", &self.rule);
                paragraph(&mut text, "happened", happened);
                paragraph(&mut text, "to do", remedy);
                paragraph(&mut text, "see", &format!("docs/modules/{}", self.section));
                let hidden = self.said.len().saturating_sub(SAID_MAX);
                for (index, line) in self.said.iter().skip(hidden).enumerate() {
                    paragraph(&mut text, if index == 0 { "it said" } else { "" }, line);
                }
            }
        }
        text
    }
}

/// A word in the margin, and its text beside it.
fn paragraph(text: &mut String, word: &str, body: &str) {
    let lines = shortened(wrapped(&clean(body), WIDTH - INDENT), TEXT_LINES_MAX);
    for (index, line) in lines.into_iter().enumerate() {
        let margin = if index == 0 { word } else { "" };
        let _ = writeln!(text, "    {FAINT}{margin:<width$}{PLAIN}{line}", width = INDENT - 4);
    }
}

/// Lines of at most so many columns, broken between words where that can be.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        for piece in pieces(word, columns) {
            let line = lines.last_mut().expect("there is a line from the start");
            let space = usize::from(!line.is_empty());
            if line.width() + space + piece.width() <= columns {
                line.push_str(if space == 1 { " " } else { "" });
                line.push_str(&piece);
            } else {
                lines.push(piece);
            }
        }
    }
    lines
}

/// The first lines, and a mark in the place of what is left out.
fn shortened(mut lines: Vec<String>, most: usize) -> Vec<String> {
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.pop();
            last.push('…');
        }
    }
    lines
}

/// A word, cut where it is longer than a line.
fn pieces(word: &str, columns: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    for c in word.chars() {
        let piece = all.last_mut().expect("there is a piece from the start");
        if piece.width() + c.width().unwrap_or(0) > columns {
            all.push(c.to_string());
        } else {
            piece.push(c);
        }
    }
    all
}

/// Foreign text without what could steer a terminal or reorder a line.
fn clean(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars()
        .map(|c| {
            if c == '\n' || c == '\t' {
                ' '
            } else if steers(c) {
                '·'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Group;

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let long = "a word or two and ".repeat(20) + &"x".repeat(200) + " 東京".repeat(60).as_str();
        let entry = |verdict| Entry {
            name: "cert-retrieve-pending".into(),
            group: Group::Events,
            rule: long.clone(),
            section: "contract.md, Events".into(),
            verdict,
            milliseconds: 3,
            said: vec![long.clone(), "\u{1b}[31mred\u{202e}".into()],
        };
        for verdict in [
            Verdict::Passed { seen: long.clone() },
            Verdict::LeftOut { why: long.clone() },
            Verdict::Failed { happened: long.clone(), remedy: long.clone() },
        ] {
            let mut text = entry(verdict).to_text();
            assert!(!text.contains('\u{202e}') && !text.contains("[31mred\u{1b}"), "{text}");
            for style in [GOOD, BAD, STRONG, FAINT, PLAIN] {
                text = text.replace(style, "");
            }
            for line in text.lines() {
                assert!(line.width() <= WIDTH, "{} columns: {line}", line.width());
            }
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let lines = |count: usize| (0..count).map(|index| format!("line {index}")).collect::<Vec<_>>();
        assert_eq!(shortened(lines(2), 2), ["line 0", "line 1"]);
        assert_eq!(shortened(lines(3), 2), ["line 0", "line …"]);
    }

    #[test]
    fn words_are_kept_whole_where_they_fit() {
        assert_eq!(wrapped("one two  three", 8), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("", 3), [""]);
    }
}
