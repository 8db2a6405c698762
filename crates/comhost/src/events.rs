//! What a module reports to the event log: a line of the server's log.

/// `EVENTLOG_ERROR_TYPE`
const ERROR: u16 = 1;
/// `EVENTLOG_WARNING_TYPE`
const WARNING: u16 = 2;
/// `EVENTLOG_AUDIT_FAILURE`
const AUDIT_FAILURE: u16 = 0x10;

/// What `ReportEvent` is called with.
pub struct Event<'e> {
    /// The name that the source was registered by; empty where it was not.
    pub source: &'e str,
    /// `EVENTLOG_…`
    pub kind: u16,
    /// The category, in the numbers of the source.
    pub category: u16,
    /// The event's identifier, with its severity and facility.
    pub id: u32,
    /// What is put into the event's message.
    pub texts: &'e [String],
}

impl Event<'_> {
    /// Logs it.
    pub fn log(&self) {
        stdio::log(self.level(), &self.line());
    }

    const fn level(&self) -> stdio::Level {
        match self.kind {
            ERROR => stdio::Level::Error,
            WARNING | AUDIT_FAILURE => stdio::Level::Warn,
            _ => stdio::Level::Info,
        }
    }

    fn line(&self) -> String {
        let category = if self.category == 0 { String::new() } else { format!(", category {}", self.category) };
        let source = if self.source.is_empty() { String::new() } else { format!("{}: ", self.source) };
        let texts = self.texts.join(" ");
        let gap = if texts.is_empty() { "" } else { " " };
        format!("{source}{texts}{gap}(event {:#x}{category})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line_with_its_level() {
        let texts = ["the disk".to_owned(), "is full".to_owned()];
        let event = |kind, category, texts| Event { source: "Archive", kind, category, id: 0xc000_0007, texts };
        for (event, level, line) in [
            (event(1, 2, &texts[..]), stdio::Level::Error, "Archive: the disk is full (event 0xc0000007, category 2)"),
            (event(2, 0, &texts), stdio::Level::Warn, "Archive: the disk is full (event 0xc0000007)"),
            (event(4, 0, &[]), stdio::Level::Info, "Archive: (event 0xc0000007)"),
            (event(8, 0, &[]), stdio::Level::Info, "Archive: (event 0xc0000007)"),
            (event(16, 0, &[]), stdio::Level::Warn, "Archive: (event 0xc0000007)"),
            (Event { source: "", ..event(0, 0, &[]) }, stdio::Level::Info, "(event 0xc0000007)"),
        ] {
            assert_eq!((event.level(), event.line().as_str()), (level, line));
        }
    }
}
