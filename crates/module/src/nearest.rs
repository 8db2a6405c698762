//! What somebody meant who misspelt a name: for errors that ask.

/// The known name that differs from what was written by a slip: one letter too many, missing, another, or two that changed places;
/// in names of five and more two of these. Case does not count.
pub fn nearest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // Nobody's slip, and not worth the time.
    const CHARACTERS_MAX: usize = 64;
    let length = written.chars().count();
    if length > CHARACTERS_MAX {
        return None;
    }
    let slip = if length < 5 { 1 } else { 2 };
    let written = written.to_ascii_lowercase();
    // Most names are too long or too short to be it: a module may ask for an unknown one with each event.
    let known = known.into_iter().filter(|name| name.chars().count().abs_diff(length) <= slip);
    let distances = known.map(|name| (strsim::osa_distance(&written, &name.to_ascii_lowercase()), name));
    distances
        .filter(|(distance, _)| *distance <= slip && *distance < length)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// ` (is it NAME?)`, or nothing, to be put behind a name that is not known.
pub fn question<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(written, known).map_or_else(String::new, |name| format!(" (is it `{name}`?)"))
}

/// [`question`], and where no known name is near, which there are: a list is for those who cannot know what they missed. `there_are`
/// is what stands before the names: `there are`.
pub fn question_or_all<'k>(written: &str, there_are: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match question(written, known.iter().copied()) {
        question if question.is_empty() => format!("; {there_are}: {}", known.join(", ")),
        question => question,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_seen_and_a_guess_is_not_made() {
        let known = ["file", "from", "outbox", "to", "OrgUnit"];
        for (written, meant) in [
            ("fil", Some("file")),
            ("outbx", Some("outbox")),
            ("OrgUnti", Some("OrgUnit")),
            ("ORGUNITS", Some("OrgUnit")),
            ("x", None),
            ("directory", None),
            ("fomr", None),
            ("form", Some("from")),
        ] {
            assert_eq!(nearest(written, known), meant, "{written}");
        }
        assert_eq!(nearest(&"a".repeat(65), ["a"]), None);
        assert_eq!(question_or_all("fil", "there are", known), " (is it `file`?)");
        assert_eq!(question_or_all("x", "there are", ["a", "b"]), "; there are: a, b");
        assert_eq!((question("fil", known), question("x", known)), (" (is it `file`?)".to_owned(), String::new()));
    }
}
