//! A manifest as an operator sees it before anything is installed.

use module::manifest::{DeclaredSetting, SettingType};

use super::module_source::Packaged;
use super::output::{Facts, STRONG, clean};

/// What a manifest says.
pub fn shown(packaged: &Packaged) -> String {
    let manifest = &packaged.manifest;
    let role = match manifest.role {
        module::Role::Exit => "exit",
        module::Role::Policy => "policy",
    };
    let words = |list: &[String]| (!list.is_empty()).then(|| clean(&list.join(", ")));
    let limits = &manifest.powers;
    let mut facts = Facts::new()
        .styled(
            "module",
            format!("{STRONG}{} {}{STRONG:#} ({role}, {})", manifest.name, manifest.version, manifest.kind),
        )
        .maybe("description", (!manifest.description.is_empty()).then(|| clean(&manifest.description)))
        .fact("folder", clean(&packaged.directory.display().to_string()));
    if let Some((path, sha256)) = &packaged.code {
        facts = facts.fact("entry", clean(&path.display().to_string())).fact("SHA-256", sha256);
    }
    facts = facts
        .maybe("command", (!manifest.command.is_empty()).then(|| clean(&manifest.command.join(" "))))
        .maybe("events", words(&manifest.events))
        .maybe("reads", words(&limits.read))
        .maybe("writes", words(&limits.write))
        .maybe("connects to", words(&limits.network))
        .maybe("starts", words(&limits.programs))
        .maybe("environment", words(&limits.environment))
        .maybe("memory", limits.memory_bytes.map(|octets| format!("{octets} octets")))
        .maybe("processor", limits.cpu_seconds.map(|seconds| format!("{seconds} s")))
        .maybe("open files", limits.open_files);
    let mut text = facts.render();
    for (name, declared) in &manifest.settings {
        text.push_str(&format!("  setting {}\n", setting(name, declared)));
    }
    for (name, value) in &manifest.host {
        text.push_str(&format!("  host setting {} = {}\n", clean(name), clean(&value.to_string())));
    }
    text
}

fn setting(name: &str, declared: &DeclaredSetting) -> String {
    let kind = match declared.kind {
        SettingType::Text => "text".to_owned(),
        SettingType::Integer => "integer".to_owned(),
        SettingType::Boolean => "boolean".to_owned(),
        SettingType::Duration => "duration".to_owned(),
        SettingType::Path => "path".to_owned(),
        SettingType::Choice => format!("one of {}", declared.choices.join(", ")),
    };
    let default = declared.default.as_ref().map(|default| match default.to_string().as_str() {
        "" => ", default empty".to_owned(),
        default => format!(", default {default}"),
    });
    let required = if declared.required { ", required" } else { "" };
    let secret = if declared.secret { ", secret" } else { "" };
    let meaning = if declared.description.is_empty() { String::new() } else { format!(": {}", declared.description) };
    clean(&format!("{name} ({kind}{}{required}{secret}){meaning}", default.unwrap_or_default()))
}
