//! Writing: what the server makes of a policy module's amendments to these values.

use super::{Contents, Properties, Scene};
use crate::property::{Amendment, ValidityLimits};
use crate::{CertificateExtension, ExtensionFlags, ModuleError, Value};

/// The longest value of an extension, in bytes: that of a server whose limit for requests is the default, or below it.
const VALUE_BYTES_MAX: usize = 65_536;

/// A request that a policy module decides on, and may amend.
#[derive(Clone, Debug)]
pub struct Draft {
    scene: Scene,
    /// NotBefore and NotAfter as they were.
    limits: ValidityLimits,
}

impl Draft {
    /// A request as the policy module finds it.
    pub fn new(scene: Scene) -> Self {
        let contents = scene.contents.as_ref();
        let limit = |name| contents.and_then(|contents| contents.certificate.moment(name));
        let limits = ValidityLimits { not_before: limit("NotBefore"), not_after: limit("NotAfter") };
        Self { scene, limits }
    }

    /// The request as it stands.
    pub const fn scene(&self) -> &Scene {
        &self.scene
    }

    /// `SetCertificateProperty`; `None` deletes the value. Texts for the log, and directory facts, are accepted and not kept.
    ///
    /// # Errors
    /// Those of [`set_certificate_property`](crate::ServerPolicy::set_certificate_property).
    pub fn set_property(&mut self, name: &str, value: Option<Value>) -> Result<(), ModuleError> {
        let limits = self.limits;
        let amendment = Amendment::of(name, value)?;
        amendment.check_lengths()?;
        let certificate = &mut self.mutable()?.certificate;
        match amendment {
            Amendment::NotBefore(moment) => {
                limits.check_not_before(certificate.moment("NotBefore"), moment)?;
                certificate.set("NotBefore", moment);
            }
            Amendment::NotAfter(moment) => {
                limits.check_not_after(certificate.moment("NotAfter"), moment)?;
                certificate.set("NotAfter", moment);
                certificate.set("ExpirationDate", moment);
            }
            Amendment::Profile(profile) => set_profile(certificate, profile),
            Amendment::Column(name, Some(value)) => certificate.set(name, value),
            Amendment::Column(name, None) => certificate.remove(name),
            Amendment::Subject(part, values) => {
                certificate.remove(part);
                certificate.set_text(part, &values.join("\n"));
            }
            Amendment::Context(..) => {}
        }
        Ok(())
    }

    /// `SetCertificateExtension`.
    ///
    /// # Errors
    /// Those of [`set_certificate_extension`](crate::ServerPolicy::set_certificate_extension), and
    /// `CERTSRV_E_ENCODING_LENGTH` where it is too long, or there are too many.
    pub fn set_extension(&mut self, extension: CertificateExtension) -> Result<(), ModuleError> {
        let stored = extension.amended(ExtensionFlags::ORIGIN_POLICY, VALUE_BYTES_MAX)?;
        stored.put_into(&mut self.mutable()?.extensions)
    }

    fn mutable(&mut self) -> Result<&mut Contents, ModuleError> {
        self.scene.contents.as_mut().ok_or_else(|| ModuleError::empty("the request"))
    }
}

fn set_profile(certificate: &mut Properties, profile: Option<String>) {
    if certificate.value("CertificateTemplate").cloned() == profile.clone().map(Value::String) {
        return;
    }
    // Of another profile nothing is known, and so not its validity.
    for name in ["CertificateTemplate", "ValidityPeriod", "ValidityPeriodUnits"] {
        certificate.remove(name);
    }
    certificate.set_if("CertificateTemplate", profile);
}
