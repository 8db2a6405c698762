//! The events that an exit module asks for, beside those that its manifest names: an operator decided by the manifest.

use std::sync::Arc;

use module::{Delivered, ExitEvents, ExitModule, ModuleError, Notification, ServerExit};
use parking_lot::Mutex;

/// An exit module whose manifest names events. It gets what it asks for; where that is something else, the operator is told.
pub(super) struct Declared<M> {
    name: String,
    module: M,
    events: ExitEvents,
    notice: Difference,
}

/// What the operator is to be told since the last start.
pub(super) type Difference = Arc<Mutex<Option<String>>>;

impl<M: ExitModule> Declared<M> {
    /// The module of this name, whose manifest names these events.
    pub(super) fn new(name: &str, module: M, events: ExitEvents, notice: Difference) -> Self {
        Self { name: name.to_owned(), module, events, notice }
    }
}

impl<M: ExitModule> ExitModule for Declared<M> {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        let asked = self.module.initialize(ca, server)?;
        let notice = difference(self.events, asked);
        if let Some(notice) = &notice {
            tracing::warn!(module = self.name, "{notice}");
        }
        *self.notice.lock() = notice;
        Ok(asked)
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.module.notify(notification, server)
    }

    fn description(&self) -> String {
        self.module.description()
    }

    fn about(&self) -> Vec<(String, String)> {
        self.module.about()
    }

    fn batch_max(&self) -> usize {
        self.module.batch_max()
    }

    fn notify_batch(&self, events: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        self.module.notify_batch(events)
    }
}

/// How what was asked for differs from what was named; nothing where it does not. That the server stops is no secret of the
/// authority's: who asks for that, too, asks for no more.
fn difference(named: ExitEvents, asked: ExitEvents) -> Option<String> {
    let words = |events: ExitEvents| match events.is_empty() {
        true => "none".to_owned(),
        false => events.to_string().replace(',', ", "),
    };
    (named.stored() != asked.stored()).then(|| {
        format!(
            "its manifest names the events {}, and it asked for {}: what it asked for counts",
            words(named),
            words(asked)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_less_and_none_are_told() {
        let named = ExitEvents::CERT_ISSUED | ExitEvents::CRL_ISSUED;
        assert_eq!(difference(named, named), None);
        assert_eq!(difference(named, named | ExitEvents::SHUTDOWN), None);
        for (asked, said) in [
            (named | ExitEvents::CERT_REVOKED, "it asked for cert-issued, cert-revoked, crl-issued:"),
            (ExitEvents::CERT_ISSUED, "it asked for cert-issued:"),
            (ExitEvents::empty(), "it asked for none:"),
        ] {
            let told = difference(named, asked).unwrap_or_default();
            assert!(told.contains("names the events cert-issued, crl-issued, and") && told.contains(said), "{told}");
        }
    }
}
