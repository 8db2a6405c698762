//! The events that an exit module asks for, beside those that its manifest names: an operator decided by the manifest.

use std::sync::Arc;

use module::{Delivered, ExitEvents, ExitModule, ModuleError, Notification, ServerExit};
use parking_lot::Mutex;

/// An exit module whose manifest names events. It gets what it asks for; where that is something else, the operator is told.
pub(super) struct Declared<M> {
    name: String,
    module: M,
    events: ExitEvents,
    notice: Told,
}

/// What the operator is to be told since the last start.
pub(super) type Told = Arc<Mutex<Option<String>>>;

impl<M: ExitModule> Declared<M> {
    /// The module of this name, whose manifest names these events.
    pub(super) fn new(name: &str, module: M, events: ExitEvents, notice: Told) -> Self {
        Self { name: name.to_owned(), module, events, notice }
    }
}

impl<M: ExitModule> ExitModule for Declared<M> {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        let asked = self.module.initialize(ca, server)?;
        let difference = difference(self.events, asked);
        let notice = match &difference {
            Some(Difference { more: true, text }) => {
                tracing::warn!(module = self.name, "{text}");
                Some(text.clone())
            }
            // Settings may leave a module less to be told of.
            Some(Difference { more: false, text }) => {
                tracing::info!(module = self.name, "{text}");
                None
            }
            None => None,
        };
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

/// How what was asked for differs from what was named.
#[derive(Debug)]
struct Difference {
    /// Something was asked for that was not named: the operator did not know.
    more: bool,
    text: String,
}

/// The difference, where there is one. That the server stops is no secret of the authority's: who asks for that, too, asks for no
/// more.
fn difference(named: ExitEvents, asked: ExitEvents) -> Option<Difference> {
    let words = |events: ExitEvents| match events.is_empty() {
        true => "none".to_owned(),
        false => events.to_string().replace(',', ", "),
    };
    (named.stored() != asked.stored()).then(|| Difference {
        more: !named.contains(asked.stored()),
        text: format!(
            "its manifest names the events {}, and it asked for {}: what it asked for counts",
            words(named),
            words(asked)
        ),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn more_less_and_none_are_told() {
        let named = ExitEvents::CERT_ISSUED | ExitEvents::CRL_ISSUED;
        assert!(difference(named, named).is_none());
        assert!(difference(named, named | ExitEvents::SHUTDOWN).is_none());
        for (asked, is_more, said) in [
            (named | ExitEvents::CERT_REVOKED, true, "it asked for cert-issued, cert-revoked, crl-issued:"),
            (ExitEvents::CERT_REVOKED, true, "it asked for cert-revoked:"),
            (ExitEvents::CERT_ISSUED, false, "it asked for cert-issued:"),
            (ExitEvents::empty(), false, "it asked for none:"),
        ] {
            let Difference { more, text } = difference(named, asked).unwrap();
            assert_eq!(more, is_more, "{text}");
            assert!(text.contains("names the events cert-issued, crl-issued, and") && text.contains(said), "{text}");
        }
    }
}
