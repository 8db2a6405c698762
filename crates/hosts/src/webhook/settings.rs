//! The settings of a webhook, read and checked.

use std::path::PathBuf;
use std::time::Duration;

use module::{ExitEvents, ModuleError, Setting, Settings};
use ureq::http::{HeaderValue, Uri};

use super::secret::Secret;

pub(super) static SETTINGS: &[Setting] = &[
    Setting { name: "url", default: "", meaning: "where to: an https URL, without a user name and without a fragment" },
    Setting {
        name: "secret",
        default: "",
        meaning: "`whsec_` and the base64 of 24 to 64 random bytes, shared with the endpoint: messages are signed with it",
    },
    Setting {
        name: "secret_previous",
        default: "none",
        meaning: "a second secret, valid at the same time: messages carry a signature of each",
    },
    Setting {
        name: "events",
        default: "what the endpoint asks for, else `all`",
        meaning: "events that are sent: `cert-issued,cert-revoked`, or the contract's mask",
    },
    Setting { name: "batch", default: "1", meaning: "the most events in one message, 1 to 1,000" },
    Setting {
        name: "ping",
        default: "true",
        meaning: "whether the endpoint must answer a ping when the module starts",
    },
    Setting {
        name: "source",
        default: "urn:exeunt:ca:<name>",
        meaning: "the CloudEvents `source`: a URI that names the certification authority",
    },
    Setting { name: "crls", default: "false", meaning: "whether `crl-issued` carries the newest base and delta CRL" },
    Setting { name: "timeout_ms", default: "30000", meaning: "longest time for one message, 1 to 3,600,000" },
    Setting { name: "connect_timeout_ms", default: "5000", meaning: "longest time for the connection, of it" },
    Setting {
        name: "message_bytes_max",
        default: "16777216",
        meaning: "longest message, 1,024 to 1,073,741,824; a batch is made smaller until it fits",
    },
    Setting { name: "answer_bytes_max", default: "65536", meaning: "longest answer, 1,024 to 16,777,216" },
    Setting {
        name: "answer_signature",
        default: "false",
        meaning: "whether an answer to a policy question counts only with the endpoint's signature",
    },
    Setting { name: "authorization", default: "none", meaning: "value of the header `Authorization`" },
    Setting {
        name: "ca_file",
        default: "none",
        meaning: "absolute path of a PEM file of CA certificates that are trusted beside the system's",
    },
    Setting {
        name: "system_roots",
        default: "true",
        meaning: "whether the system's CA certificates are trusted; `false` needs `ca_file`",
    },
    Setting {
        name: "client_certificate",
        default: "none",
        meaning: "absolute path of a PEM file: the certificate shown to the endpoint, and its chain",
    },
    Setting {
        name: "client_key",
        default: "none",
        meaning: "absolute path of a PEM file: its private key, unencrypted",
    },
    Setting {
        name: "allow_private",
        default: "false",
        meaning: "whether the endpoint may have a private, loopback, link-local or other special address",
    },
    Setting {
        name: "proxy",
        default: "none",
        meaning: "`http://host:port` of a proxy that takes CONNECT; it decides on addresses, so `allow_private` is needed",
    },
];

/// Settings of a webhook, checked; nothing outside was looked at.
#[derive(Clone, Debug)]
pub(super) struct WebhookSettings {
    pub(super) url: Uri,
    /// Every secret that is valid: at least one, the newest first.
    pub(super) secrets: Vec<Secret>,
    pub(super) events: Option<ExitEvents>,
    pub(super) batch: usize,
    pub(super) ping: bool,
    pub(super) source: Option<String>,
    pub(super) crls: bool,
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) message_bytes_max: usize,
    pub(super) answer_bytes_max: usize,
    pub(super) answer_signature: bool,
    pub(super) authorization: Option<HeaderValue>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) system_roots: bool,
    /// Certificate and key.
    pub(super) client: Option<(PathBuf, PathBuf)>,
    pub(super) allow_private: bool,
    pub(super) proxy: Option<ureq::Proxy>,
}

impl WebhookSettings {
    pub(super) fn resolve(settings: &Settings) -> Result<Self, ModuleError> {
        settings.check_names(SETTINGS)?;
        let url = url(settings.required("url")?)?;
        let mut secrets = vec![Secret::parse("secret", settings.value("secret").unwrap_or_default())?];
        if let Some(text) = settings.value("secret_previous") {
            secrets.push(Secret::parse("secret_previous", text)?);
        }
        let client = match (path(settings, "client_certificate")?, path(settings, "client_key")?) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate, key)),
            _ => return Err(ModuleError::invalid("`client_certificate` and `client_key` go together: give both")),
        };
        let milliseconds = |name, default| settings.within(name, default, 1..=3_600_000).map(Duration::from_millis);
        let resolved = Self {
            url,
            secrets,
            events: settings.value("events").map(events).transpose()?,
            batch: settings.within("batch", 1, 1..=1_000)?,
            ping: settings.parsed("ping", true)?,
            source: settings.value("source").map(source).transpose()?,
            crls: settings.parsed("crls", false)?,
            timeout: milliseconds("timeout_ms", 30_000)?,
            connect_timeout: milliseconds("connect_timeout_ms", 5_000)?,
            message_bytes_max: settings.within("message_bytes_max", 16 << 20, 1024..=1 << 30)?,
            answer_bytes_max: settings.within("answer_bytes_max", 64 << 10, 1024..=16 << 20)?,
            answer_signature: settings.parsed("answer_signature", false)?,
            authorization: settings.value("authorization").map(authorization).transpose()?,
            ca_file: path(settings, "ca_file")?,
            system_roots: settings.parsed("system_roots", true)?,
            client,
            allow_private: settings.parsed("allow_private", false)?,
            proxy: settings.value("proxy").map(proxy).transpose()?,
        };
        if !resolved.system_roots && resolved.ca_file.is_none() {
            return Err(ModuleError::invalid("with `system_roots=false` nothing is trusted: give `ca_file`"));
        }
        if resolved.proxy.is_some() && !resolved.allow_private {
            let text = "with a `proxy` the server cannot see which address is reached: set `allow_private=true` too";
            return Err(ModuleError::invalid(text));
        }
        Ok(resolved)
    }

    /// The endpoint as an operator would recognise it. The query is left out: it may hold a secret.
    pub(super) fn shown(&self) -> String {
        format!("https://{}{}", self.url.authority().map_or("", |authority| authority.as_str()), self.url.path())
    }
}

fn url(text: &str) -> Result<Uri, ModuleError> {
    let unfit = |why: &str| ModuleError::invalid(format!("`url` {why}"));
    let text = text.trim();
    if text.contains('#') {
        return Err(unfit("has a fragment, which is never sent: leave out `#` and what follows"));
    }
    let uri: Uri = text.parse().map_err(|error| unfit(&format!("is not a URL: {error}")))?;
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") => return Err(unfit("is not https: messages are never sent in clear")),
        _ => return Err(unfit("does not begin with `https://`")),
    }
    let authority = uri.authority().ok_or_else(|| unfit("names no host"))?;
    if authority.as_str().contains('@') {
        return Err(unfit("holds a user name: give the setting `authorization` instead"));
    }
    if authority.host().is_empty() {
        return Err(unfit("names no host"));
    }
    Ok(uri)
}

fn events(text: &str) -> Result<ExitEvents, ModuleError> {
    let words: Vec<&str> = text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err(ModuleError::invalid(
            "`events` names none: write `all`, or names such as `cert-issued,crl-issued`",
        ));
    }
    ExitEvents::parse(&words)
}

/// CloudEvents 1.0.2, "source": a non-empty URI-reference; here an absolute URI.
fn source(text: &str) -> Result<String, ModuleError> {
    let text = text.trim();
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let fits = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && text.chars().all(|c| c.is_ascii_graphic() && !"<>\"{}|\\^`".contains(c))
        && text.len() <= 1024;
    if fits {
        Ok(text.to_owned())
    } else {
        Err(ModuleError::invalid(
            "`source` is not a URI: write one such as `https://ca.example.org/` or `urn:example:ca`",
        ))
    }
}

fn authorization(text: &str) -> Result<HeaderValue, ModuleError> {
    let mut value = HeaderValue::from_str(text.trim())
        .map_err(|_| ModuleError::invalid("`authorization` holds characters that no header may hold"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn proxy(text: &str) -> Result<ureq::Proxy, ModuleError> {
    let text = text.trim();
    // Without a user name: settings are shown to whoever may read them.
    let unfit = || ModuleError::invalid("`proxy` is not `http://host:port`");
    if !text.starts_with("http://") || text.contains('@') {
        return Err(unfit());
    }
    ureq::Proxy::new(text).map_err(|_| unfit())
}

fn path(settings: &Settings, name: &str) -> Result<Option<PathBuf>, ModuleError> {
    match settings.value(name).map(|text| PathBuf::from(text.trim())) {
        Some(path) if path.is_absolute() => Ok(Some(path)),
        Some(_) => Err(ModuleError::invalid(format!("`{name}` is not an absolute path"))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";

    fn resolve(pairs: &[(&str, &str)]) -> Result<WebhookSettings, ModuleError> {
        let mut settings: Settings =
            [("url", "https://hooks.example/ca?token=x"), ("secret", SECRET)].into_iter().collect();
        for (name, value) in pairs {
            settings.set(*name, *value);
        }
        WebhookSettings::resolve(&settings)
    }

    #[test]
    fn an_address_and_a_secret_are_enough() {
        let settings = resolve(&[]).unwrap();
        assert_eq!(settings.shown(), "https://hooks.example/ca");
        assert_eq!((settings.secrets.len(), settings.batch, settings.events), (1, 1, None));
        assert!(settings.ping && settings.system_roots && !settings.allow_private && !settings.answer_signature);
        let settings = resolve(&[("secret_previous", SECRET), ("events", "cert-issued, crl-issued")]).unwrap();
        assert_eq!(settings.secrets.len(), 2);
        assert_eq!(settings.events, Some(ExitEvents::CERT_ISSUED | ExitEvents::CRL_ISSUED));
        assert!(!format!("{settings:?}").contains("MDEyMzQ1"), "{settings:?}");
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_to_do() {
        for (pairs, text) in [
            (&[("url", "http://hooks.example/")][..], "never sent in clear"),
            (&[("url", "ftp://hooks.example/")], "https://"),
            (&[("url", "hooks.example")], "https://"),
            (&[("url", "https://user:pw@hooks.example/")], "authorization"),
            (&[("url", "https://hooks.example/#a")], "fragment"),
            (&[("url", "https://")], "not a URL"),
            (&[("url", " ")], "required"),
            (&[("secret", "hunter2")], "openssl rand"),
            (&[("secret_previous", "")], "openssl rand"),
            (&[("sekret", "x")], "there is no setting"),
            (&[("batch", "0")], "from 1 to 1000"),
            (&[("batch", "ten")], "cannot be `ten`: it takes a number from 1 to 1000"),
            (&[("timeout_ms", "0")], "from 1"),
            (&[("ping", "yes")], "`ping` cannot be"),
            (&[("events", ",")], "`events` names none"),
            (&[("events", "cert-eaten")], "cert-eaten"),
            (&[("source", "Example CA")], "not a URI"),
            (&[("authorization", "Bearer\nX")], "no header may hold"),
            (&[("ca_file", "roots.pem")], "absolute"),
            (&[("system_roots", "false")], "give `ca_file`"),
            (&[("client_key", "/k.pem")], "give both"),
            (&[("proxy", "http://proxy:3128")], "allow_private"),
            (&[("proxy", "http://user:pw@proxy:3128"), ("allow_private", "true")], "http://host:port"),
            (&[("proxy", "socks5://proxy:1080"), ("allow_private", "true")], "http://host:port"),
        ] {
            let error = resolve(pairs).unwrap_err();
            assert!(error.message.contains(text), "{pairs:?}: {error}");
            assert!(!error.message.contains("hunter2") && !error.message.contains("pw@"), "{error}");
        }
    }
}
