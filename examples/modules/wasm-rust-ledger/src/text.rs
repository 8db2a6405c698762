//! Lines of JSON, moments and bytes, as text.

use crate::exeunt::modules::types::Moment;

/// One object of JSON, written member by member.
pub struct Line(String);

impl Line {
    pub fn new() -> Self {
        Self(String::new())
    }

    pub fn number(&mut self, name: &str, number: impl std::fmt::Display) {
        self.member(name);
        self.0 += &number.to_string();
    }

    pub fn text(&mut self, name: &str, text: &str) {
        self.member(name);
        self.0.push('"');
        for c in text.chars() {
            match c {
                '"' => self.0 += "\\\"",
                '\\' => self.0 += "\\\\",
                c if c < ' ' => self.0 += &format!("\\u{:04x}", c as u32),
                c => self.0.push(c),
            }
        }
        self.0.push('"');
    }

    pub fn finish(self) -> String {
        format!("{}}}\n", self.0)
    }

    fn member(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0 += &format!("\"{name}\":");
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `2026-11-22T10:00:00Z`, to the second.
pub fn moment(moment: &Moment) -> String {
    let (days, second) = (moment.seconds.div_euclid(86_400), moment.seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// The date of a day counted from 1970-01-01: years start in March, so that the leap day is a year's last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_339_199, "2026-11-22T09:19:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(moment(&Moment { seconds, nanoseconds: 0 }), text);
        }
    }

    #[test]
    fn names_are_escaped() {
        let mut line = Line::new();
        line.number("event", 1);
        line.text("subject", "CN=\"a\\b\"\n");
        assert_eq!(line.finish(), "{\"event\":1,\"subject\":\"CN=\\\"a\\\\b\\\"\\u000a\"}\n");
    }
}
