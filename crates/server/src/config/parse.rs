//! Text to [`File`].

use std::path::Path;

use super::keys;
use super::locate::Places;
use super::{File, Problem, Problems};

/// Reads a configuration file's text. `path` is for messages.
///
/// # Errors
/// The first mistake: not TOML, an unknown key, a value of the wrong type.
pub fn parse(path: &Path, text: &str) -> Result<File, Problems> {
    toml::from_str(text).map_err(|error| Problems::new(path, vec![explain(text, &error)]))
}

fn explain(text: &str, error: &toml::de::Error) -> Problem {
    let places = Places::new(text);
    let offset = error.span().map(|span| span.start);
    let place = offset.map(|offset| places.line_and_column(offset));
    let found = offset.and_then(|offset| places.key_at(offset)).unwrap_or_default().to_owned();
    let message = error.message().lines().next().unwrap_or_default().trim_end_matches('.');
    if let Some((unknown, known)) = unknown_field(message) {
        let section = found.strip_suffix(unknown).unwrap_or(&found).trim_end_matches('.');
        let key = if section.is_empty() { unknown.to_owned() } else { format!("{section}.{unknown}") };
        return Problem {
            place,
            key,
            message: "there is no such key".into(),
            instead: suggest(section, unknown, &known),
        };
    }
    Problem { place, instead: keys::hint(&found), key: found, message: message.to_owned() }
}

/// The unknown key and the known ones of serde's message ``unknown field `x`, expected one of `a`, `b` ``.
fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field `")?;
    let (unknown, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).collect();
    Some((unknown, known))
}

fn suggest(section: &str, unknown: &str, known: &[&str]) -> String {
    if let Some(near) = keys::nearest(unknown, known) {
        return format!("did you mean `{near}`?");
    }
    // A key at home in another section is the other usual mistake.
    let elsewhere = keys::KEYS.iter().find(|key| key.name.rsplit('.').next() == Some(unknown));
    if let Some((home, _)) = elsewhere.and_then(|key| key.name.rsplit_once('.')) {
        return format!("`{unknown}` belongs to the section [{home}]");
    }
    let of = if section.is_empty() { "sections".to_owned() } else { format!("keys of [{section}]") };
    format!("the {of} are: {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn mistakes_are_told_with_place_key_and_remedy() {
        for (text, expected) in [
            ("[ca]\nnam = \"x\"\n", "exeunt.toml:2:1: ca.nam: there is no such key; did you mean `name`?"),
            (
                "[crl]\nretention = \"1d\"\n",
                "exeunt.toml:2:1: crl.retention: there is no such key; `retention` belongs to the section [events]",
            ),
            ("[event]\nretention = \"1d\"\n", "exeunt.toml:1:2: event: there is no such key; did you mean `events`?"),
            (
                "[metrics]\nzzz = 1\n",
                "exeunt.toml:2:1: metrics.zzz: there is no such key; the keys of [metrics] are: listen",
            ),
            (
                "[crl]\nperiod = 7\n",
                "exeunt.toml:2:10: crl.period: invalid type: integer `7`, expected a string; write a period, such as \"1w\"",
            ),
            (
                "[events]\nretention = \"soon\"\n",
                "exeunt.toml:2:13: events.retention: `soon` is not a period; write 90d, 12h, 1y, 6mo or 2w (0x80070057); write a period, such as \"90d\"",
            ),
            (
                "[log]\nformat = \"xml\"\n",
                "exeunt.toml:2:10: log.format: unknown variant `xml`, expected `text` or `json`; write \"text\" or \"json\"",
            ),
            (
                "[profiles.web]\nvalidity = \"90d\"\nkeyusage = []\n",
                "exeunt.toml:3:1: profiles.web.keyusage: there is no such key; did you mean `key_usage`?",
            ),
            (
                "[keys]\nfile = 1\n",
                "exeunt.toml:2:8: keys.file: a value or a list of values; write a path or a list of paths, such as \"ca.key\"",
            ),
        ] {
            let problems = parse(Path::new("exeunt.toml"), text).unwrap_err();
            assert_eq!(problems.to_string(), expected);
        }
        let problems = parse(Path::new("exeunt.toml"), "[ca\n").unwrap_err();
        assert!(problems.to_string().starts_with("exeunt.toml:1:4: "), "{problems}");
    }
}
