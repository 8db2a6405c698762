//! From keys to places in the text, and back.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The places of every key and value of a TOML text.
pub(super) struct Places {
    /// Key path, span of the key (or of the value, for an element of a list), span of the value.
    entries: Vec<(String, Range<usize>, Range<usize>)>,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Places {
    /// Reads what can be read of `text`; a text that is not TOML has no places.
    pub(super) fn new(text: &str) -> Self {
        let mut entries = Vec::new();
        if let Ok(table) = DeTable::parse(text) {
            walk_table("", table.get_ref(), &mut entries);
        }
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { entries, lines: std::iter::once(0).chain(starts).collect() }
    }

    /// Line and column of an offset, from 1. The column counts bytes.
    pub(super) fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        (line, offset - start + 1)
    }

    /// Where a key is written; for one that is not, the nearest section around it.
    pub(super) fn place(&self, key: &str) -> Option<(usize, usize)> {
        let (_, span, _) = self.entries.iter().find(|(path, ..)| path == key)?;
        Some(self.line_and_column(span.start))
    }

    /// The innermost key whose name or value holds this offset.
    pub(super) fn key_at(&self, offset: usize) -> Option<&str> {
        let holds = |span: &Range<usize>| span.start <= offset && offset < span.end.max(span.start + 1);
        let innermost = self.entries.iter().filter(|(_, key, value)| holds(key) || holds(value));
        innermost.max_by_key(|(path, ..)| path.len()).map(|(path, ..)| path.as_str())
    }
}

fn walk_table(prefix: &str, table: &DeTable<'_>, entries: &mut Vec<(String, Range<usize>, Range<usize>)>) {
    for (key, value) in table {
        let name = key.get_ref();
        let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        entries.push((path.clone(), key.span(), value.span()));
        walk_value(&path, value, entries);
    }
}

fn walk_value(path: &str, value: &Spanned<DeValue<'_>>, entries: &mut Vec<(String, Range<usize>, Range<usize>)>) {
    match value.get_ref() {
        DeValue::Table(table) => walk_table(path, table, entries),
        DeValue::Array(array) => {
            for (index, element) in array.iter().enumerate() {
                let path = format!("{path}[{index}]");
                entries.push((path.clone(), element.span(), element.span()));
                walk_value(&path, element, entries);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_places_find_each_other() {
        let text = "[ca]\nname = \"x\"\n\n[admin]\n  listen = [\"a\", \"b\"]\n[admin.tls]\nkey = 1\n";
        let places = Places::new(text);
        assert_eq!(places.place("ca.name"), Some((2, 1)));
        assert_eq!(places.place("admin.listen"), Some((5, 3)));
        assert_eq!(places.place("admin.listen[1]"), Some((5, 18)));
        assert_eq!(places.place("admin.tls.key"), Some((7, 1)));
        assert_eq!(places.place("admin.socket"), None);
        let offset = text.find("\"b\"").unwrap_or_default();
        assert_eq!(places.key_at(offset), Some("admin.listen[1]"));
        assert_eq!(places.key_at(text.len() - 2), Some("admin.tls.key"));
    }
}
