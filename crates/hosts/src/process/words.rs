//! A command line into words, as a shell would split it, without a shell.

use module::ModuleError;

/// Splits at spaces. Single quotes keep everything, double quotes everything but a backslash before `"` or `\`, and a
/// backslash outside quotes keeps the next character. Nothing is expanded.
pub(super) fn split(line: &str) -> Result<Vec<String>, ModuleError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next() {
                        Some('\'') => break,
                        Some(c) => word.push(c),
                        None => return Err(unclosed('\'')),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next() {
                        Some('"') => break,
                        Some('\\') if matches!(rest.peek(), Some('"' | '\\')) => word.extend(rest.next()),
                        Some(c) => word.push(c),
                        None => return Err(unclosed('"')),
                    }
                }
            }
            '\\' => match rest.next() {
                Some(c) => word.get_or_insert_default().push(c),
                None => return Err(ModuleError::invalid("the command ends in a backslash")),
            },
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn unclosed(quote: char) -> ModuleError {
    ModuleError::invalid(format!("the command has a {quote} that is not closed"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn words_are_those_a_shell_sees() {
        for (line, words) in [
            ("", vec![]),
            ("  a  b\tc ", vec!["a", "b", "c"]),
            (
                r#"python3 -u "/srv/my module.py" --name='it is'"#,
                vec!["python3", "-u", "/srv/my module.py", "--name=it is"],
            ),
            (r#"a\ b "" '' x"y"z"#, vec!["a b", "", "", "xyz"]),
            (r#""a\"b\\c\d" '\n' $HOME *"#, vec![r#"a"b\c\d"#, r"\n", "$HOME", "*"]),
        ] {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
    }

    #[test]
    fn an_open_quote_is_refused() {
        for line in ["'a", "\"a", "a\\"] {
            assert!(split(line).is_err(), "{line}");
        }
    }
}
