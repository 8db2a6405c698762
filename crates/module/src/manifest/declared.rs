//! A setting that a manifest declares: its type, its default, and whether a value fits.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{COM, ENTRIES_MAX, Scalar, invalid, text};
use crate::{ModuleError, moment};

/// Octets of a value at most.
const VALUE_BYTES_MAX: usize = 64 << 10;

/// A setting of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeclaredSetting {
    /// What values it takes.
    #[serde(rename = "type")]
    pub kind: SettingType,
    /// The value where the operator gives none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Scalar>,
    /// Whether the operator must give one.
    pub required: bool,
    /// Whether it may be given by reference only, and is never shown.
    pub secret: bool,
    /// The values of the type `choice`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The least value of the type `integer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The greatest value of the type `integer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// One line on what it does.
    pub description: String,
}

/// What values a setting takes. The module gets them as they were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingType {
    /// Any text.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A whole number and its unit: `ms`, `s`, `m`, `h` or `d`.
    Duration,
    /// An absolute path.
    Path,
    /// One of some values.
    Choice,
}

impl DeclaredSetting {
    /// Whether the value is of the type, for a module of this kind.
    ///
    /// # Errors
    /// `E_INVALIDARG`, with what it can be. A secret's value is not shown.
    pub fn check(&self, kind: &str, name: &str, value: &str) -> Result<(), ModuleError> {
        let shown = || if self.secret { "what is given".to_owned() } else { format!("`{}`", on_a_line(value)) };
        let wrong =
            |wanted: &str| Err(ModuleError::invalid(format!("the setting `{name}` cannot be {}: {wanted}", shown())));
        if value.len() > VALUE_BYTES_MAX {
            return Err(ModuleError::invalid(format!("the setting `{name}` is longer than {VALUE_BYTES_MAX} octets")));
        }
        match self.kind {
            SettingType::Text => Ok(()),
            SettingType::Integer => {
                let (min, max) = (self.min.unwrap_or(i64::MIN), self.max.unwrap_or(i64::MAX));
                match value.trim().parse::<i64>() {
                    Ok(number) if (min..=max).contains(&number) => Ok(()),
                    _ if self.min.is_some() || self.max.is_some() => {
                        wrong(&format!("it takes a whole number from {min} to {max}"))
                    }
                    _ => wrong("it takes a whole number"),
                }
            }
            SettingType::Boolean if matches!(value.trim(), "true" | "false") => Ok(()),
            SettingType::Boolean => wrong("it takes true or false"),
            SettingType::Duration if moment::duration(value).is_some() => Ok(()),
            SettingType::Duration => wrong("it takes a whole number and a unit, ms, s, m, h or d, such as 90s"),
            SettingType::Path if value.contains('\0') => wrong("it takes an absolute path"),
            SettingType::Path if Path::new(value).is_absolute() => Ok(()),
            SettingType::Path if kind == COM && on_a_drive(value) => Ok(()),
            SettingType::Path if kind == COM => {
                wrong(r"it takes an absolute path: as this machine writes it, or as Windows does (Z:\srv is /srv)")
            }
            SettingType::Path => wrong("it takes an absolute path"),
            SettingType::Choice if self.choices.iter().any(|choice| choice == value) => Ok(()),
            SettingType::Choice => wrong(&format!("it takes one of {}", self.choices.join(", "))),
        }
    }

    /// The value, which was checked, as the registry is to hold it: a number where modules for Windows read one.
    pub(super) fn in_registry(&self, value: &str) -> String {
        match (self.kind, value.trim()) {
            (SettingType::Boolean, value) => format!("dword:{}", u8::from(value == "true")),
            (SettingType::Integer, number) => match number.parse::<i64>() {
                Ok(number) => match u32::try_from(number).or(i32::try_from(number).map(i32::cast_unsigned)) {
                    Ok(number) => format!("dword:{number}"),
                    Err(_) => format!("qword:{}", number.cast_unsigned()),
                },
                Err(_) => value.to_owned(),
            },
            _ => value.to_owned(),
        }
    }

    pub(super) fn check_form(&self, kind: &str, name: &str) -> Result<(), ModuleError> {
        text::word("settings", name, "_-")?;
        text::line(&format!("settings.{name}.description"), &self.description)?;
        if (self.kind == SettingType::Choice) == self.choices.is_empty() {
            return Err(invalid(format!("`settings.{name}`: `choices` and the type `choice` go together")));
        }
        if self.choices.len() > ENTRIES_MAX {
            return Err(invalid(format!("`settings.{name}.choices` has more than {ENTRIES_MAX} entries")));
        }
        self.choices.iter().try_for_each(|choice| text::line(&format!("settings.{name}.choices"), choice))?;
        if self.kind != SettingType::Integer && (self.min.is_some() || self.max.is_some()) {
            return Err(invalid(format!("`settings.{name}`: `min` and `max` are for the type `integer`")));
        }
        if self.min.zip(self.max).is_some_and(|(min, max)| min > max) {
            return Err(invalid(format!("`settings.{name}`: `min` is above `max`")));
        }
        match &self.default {
            Some(_) if self.required => Err(invalid(format!("`settings.{name}`: what is required needs no `default`"))),
            Some(_) if self.secret => Err(invalid(format!("`settings.{name}`: a secret has no `default`"))),
            Some(default) => self.check(kind, name, &default.to_string()).map_err(|error| invalid(error.message)),
            None => Ok(()),
        }
    }
}

/// `C:\…`: an absolute path as Windows writes it.
fn on_a_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic())
}

/// The text as it is, but for what would leave the line it is shown in.
fn on_a_line(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}
