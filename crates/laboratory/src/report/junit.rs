//! A report for continuous integration: JUnit XML, in the form that its readers agree on.

use std::fmt::Write;

use super::{Entry, Report, Verdict};

impl Report {
    /// The report as JUnit XML: a suite for each group, a case for each check.
    pub fn to_junit(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let (name, total) = (escaped(&self.module), self.checks.len());
        let _ = writeln!(
            xml,
            "<testsuites name=\"{name}\" tests=\"{total}\" failures=\"{}\" skipped=\"{}\" time=\"{}\">",
            self.failed,
            self.left_out,
            seconds(self.milliseconds)
        );
        let mut groups: Vec<_> = self.checks.iter().map(|entry| entry.group).collect();
        groups.dedup();
        for group in groups {
            let entries: Vec<&Entry> = self.checks.iter().filter(|entry| entry.group == group).collect();
            let failures = entries.iter().filter(|entry| entry.is_failure()).count();
            let skipped = entries.iter().filter(|entry| matches!(entry.verdict, Verdict::LeftOut { .. })).count();
            let time = seconds(entries.iter().map(|entry| entry.milliseconds).sum());
            let _ = writeln!(
                xml,
                "  <testsuite name=\"{name}.{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\" \
                 timestamp=\"{}\" time=\"{time}\">",
                group.title(),
                entries.len(),
                self.when.strftime("%Y-%m-%dT%H:%M:%S"),
            );
            for entry in entries {
                case(&mut xml, &name, entry);
            }
            xml.push_str("  </testsuite>\n");
        }
        xml.push_str("</testsuites>\n");
        xml
    }
}

fn case(xml: &mut String, module: &str, entry: &Entry) {
    let (name, group) = (escaped(&entry.name), entry.group.title());
    let time = seconds(entry.milliseconds);
    let _ = write!(xml, "    <testcase name=\"{name}\" classname=\"{module}.{group}\" time=\"{time}\"");
    match &entry.verdict {
        Verdict::Passed { .. } => xml.push_str("/>\n"),
        Verdict::LeftOut { why } => {
            let _ = writeln!(xml, "><skipped message=\"{}\"/></testcase>", escaped(why));
        }
        Verdict::Failed { happened, remedy } => {
            let mut body = format!(
                "expected: {}\nhappened: {happened}\nto do: {remedy}\nsee: docs/modules/{}\n",
                entry.rule, entry.section
            );
            for line in &entry.said {
                let _ = writeln!(body, "it said: {line}");
            }
            let _ = writeln!(
                xml,
                "><failure message=\"{}\" type=\"contract\">{}</failure></testcase>",
                escaped(happened),
                escaped(&body)
            );
        }
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}

/// Text as XML 1.0 has it: its signs escaped, and what it cannot hold replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' => out.push(c),
            // XML 1.0 2.2: not even escaped.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_the_xml() {
        assert_eq!(escaped("a<b>&\"'\u{1b}\u{ffff}\n東"), "a&lt;b&gt;&amp;&quot;&apos;\u{fffd}\u{fffd}\n東");
        assert_eq!((seconds(0), seconds(61_005)), ("0.000".into(), "61.005".into()));
    }
}
