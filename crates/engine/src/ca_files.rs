//! CA certificates, written to where they can be fetched (`CACertPublicationURLs`).

use crate::Engine;
use crate::location::Use;

impl Engine {
    /// Writes every CA certificate to the locations that are for it, the newest last. What cannot be written is logged and
    /// keeps nobody waiting: nothing that is issued depends on it, and the next start tries again.
    pub(crate) fn write_ca_certificates(&self) {
        let ca = self.site.ca();
        let locations = &self.site.config.ca_locations;
        for location in locations.iter().filter(|location| location.uses.contains(Use::SERVER_PUBLISH)) {
            for installed in ca.certificates() {
                let tokens = self.site.tokens(installed.row.index, installed.row.key_index, false);
                let path = tokens.url(&location.template);
                let written = self.site.world.files.publish(&path, &mut installed.row.certificate.as_slice());
                if let Err(error) = written {
                    let index = installed.row.index;
                    tracing::error!(index, location = %path, %error, "a CA certificate could not be written");
                }
            }
        }
    }
}
