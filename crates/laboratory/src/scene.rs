//! What modules are told of, and what they find then.

use std::sync::Arc;

use module::Notification;
pub use module::scene::{Contents, Properties, Scene};

/// One event to tell a module of.
#[derive(Clone, Debug)]
pub struct Happening {
    /// What it is, for the report: `revoked, keyCompromise`.
    pub title: String,
    /// What happened.
    pub notification: Notification,
    /// What the module finds.
    pub scene: Arc<Scene>,
}

impl Happening {
    /// The same event, delivered once more.
    #[must_use]
    pub fn again(&self, attempt: u32) -> Self {
        let mut again = self.clone();
        again.notification.attempt = attempt;
        again
    }

    /// The same event with other contents.
    #[must_use]
    pub fn with(&self, title: &str, change: impl FnOnce(&mut Contents)) -> Self {
        let mut scene = Scene::clone(&self.scene);
        if let Some(contents) = &mut scene.contents {
            change(contents);
        }
        Self { title: title.to_owned(), notification: self.notification.clone(), scene: Arc::new(scene) }
    }
}
