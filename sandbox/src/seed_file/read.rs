//! A seed's files: one, or the folder of an Auth0 Deploy CLI export in either of its formats.
//!
//! Source: <https://auth0.com/docs/deploy-monitor/deploy-cli-tool/available-resource-config-formats>

use super::{Source, Sources};
use crate::error::SandboxError;
use std::fs;
use std::path::{Path, PathBuf};

/// What a folder of the directory format holds: a file for each entry. In it may be folders with the code.
const FOLDERS: &[(&str, &str)] = &[
    ("actions", "actions"),
    ("clients", "clients"),
    ("connections", "connections"),
    ("custom-domains", "customDomains"),
    ("grants", "clientGrants"),
    ("log-streams", "logStreams"),
    ("organizations", "organizations"),
    ("resource-servers", "resourceServers"),
    ("roles", "roles"),
    ("users", "users"),
];

/// Single files of the directory format.
const FILES: &[(&str, &str)] = &[
    ("tenant.json", "tenant"),
    ("branding/branding.json", "branding"),
    ("prompts/prompts.json", "prompts"),
    ("emails/provider.json", "emailProvider"),
    ("guardian/policies.json", "guardianPolicies"),
    ("triggers/triggers.json", "triggers"),
];

impl Sources {
    /// Reads a file or a folder.
    pub(crate) fn read(path: &Path) -> Result<Self, SandboxError> {
        if !path.is_dir() {
            return Ok(Self::of_text(path.display().to_string(), text_of(path)?));
        }
        let tenant = ["tenant.yaml", "tenant.yml"].map(|name| path.join(name)).into_iter().find(|file| file.exists());
        let mut sources = match tenant {
            Some(file) => Self::of_text(file.display().to_string(), text_of(&file)?),
            None => directory(path)?,
        };
        if sources.all.is_empty() {
            let shown = path.display();
            return Err(SandboxError::Seed(format!("{shown}: there is neither tenant.yaml nor anything of an export")));
        }
        for file in below(&path.join("actions"))?.iter().filter(|file| file.extension().is_some_and(|end| end == "js"))
        {
            let relative = file.strip_prefix(path).unwrap_or(file).to_string_lossy().replace('\\', "/");
            sources.codes.push((relative, text_of(file)?));
        }
        Ok(sources)
    }
}

fn directory(root: &Path) -> Result<Sources, SandboxError> {
    let mut sources = Sources::default();
    let mut add = |file: &Path, section: &'static str, wrap: Option<&str>| -> Result<(), SandboxError> {
        let text = text_of(file)?;
        // A part of a section: the line stays what it is.
        let text = wrap.map_or(text.clone(), |name| format!("{{\"{name}\": {text}}}"));
        sources.all.push(Source { name: file.display().to_string(), text, section: Some(section) });
        Ok(())
    };
    for (file, section) in
        FILES.iter().map(|(name, section)| (root.join(name), *section)).filter(|(file, _)| file.exists())
    {
        add(&file, section, None)?;
    }
    for (folder, section) in FOLDERS {
        for file in json_files(&root.join(folder))? {
            add(&file, section, None)?;
        }
    }
    for file in json_files(&root.join("guardian/factors"))? {
        add(&file, "guardianFactors", None)?;
    }
    for file in json_files(&root.join("attack-protection"))? {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        add(&file, "attackProtection", Some(&name))?;
    }
    for folder in listed(&root.join("database-connections"))? {
        let file = folder.join("database.json");
        if file.exists() {
            add(&file, "databases", None)?;
        }
    }
    let known = |name: &str| {
        FOLDERS.iter().any(|(folder, _)| *folder == name)
            || FILES.iter().any(|(file, _)| file.split('/').next() == Some(name))
            || matches!(name, "attack-protection" | "database-connections")
    };
    for other in listed(root)?.iter().filter(|other| other.is_dir()) {
        let name = other.file_name().unwrap_or_default().to_string_lossy();
        if !known(&name) && !name.starts_with('.') {
            sources.notices.push(format!("{name}/ is passed over: the sandbox has no use for it"));
        }
    }
    Ok(sources)
}

/// What is in a folder, sorted; nothing where there is no folder.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, SandboxError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |error: std::io::Error| SandboxError::Seed(format!("{}: {error}", folder.display()));
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        all.push(entry.map_err(failed)?.path());
    }
    all.sort();
    Ok(all)
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>, SandboxError> {
    let mut all = listed(folder)?;
    all.retain(|file| file.extension().is_some_and(|end| end == "json"));
    Ok(all)
}

/// All files below a folder.
fn below(folder: &Path) -> Result<Vec<PathBuf>, SandboxError> {
    let mut all = Vec::new();
    for path in listed(folder)? {
        if path.is_dir() {
            all.extend(below(&path)?);
        } else {
            all.push(path);
        }
    }
    Ok(all)
}

/// A file's text, in which `##NAME##` and `@@NAME@@` are what the environment says they are, as the Deploy CLI has it: the first
/// as it stands, the second as JSON. What the environment lacks stays.
fn text_of(path: &Path) -> Result<String, SandboxError> {
    let text = fs::read_to_string(path).map_err(|error| SandboxError::Seed(format!("{}: {error}", path.display())))?;
    let env = |name: &str| std::env::var(name).ok();
    let plain = replaced(&text, "##", |name| env(name));
    Ok(replaced(&plain, "@@", |name| env(name).map(|value| json_of(&value))))
}

/// A value of the environment that is JSON stays that; everything else is a text.
fn json_of(value: &str) -> String {
    let known = serde_json::from_str::<serde_json::Value>(value);
    known.map_or_else(|_| serde_json::Value::from(value).to_string(), |_| value.to_owned())
}

fn replaced(text: &str, mark: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let (mut made, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(start) = rest.find(mark) {
        let (before, after) = (&rest[..start], &rest[start + mark.len()..]);
        made.push_str(before);
        let name = after.find(mark).map(|end| &after[..end]).filter(|name| is_name(name));
        match name.and_then(|name| Some((name, value(name)?))) {
            Some((name, value)) => {
                made.push_str(&value);
                rest = &after[name.len() + mark.len()..];
            }
            None => {
                made.push_str(mark);
                rest = after;
            }
        }
    }
    made.push_str(rest);
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_replaced_where_the_environment_has_them() {
        let value = |name: &str| (name == "A").then(|| "x".to_owned());
        assert_eq!(replaced("a ##A##/##B## ## # ##A##", "##", value), "a x/##B## ## # x");
        assert_eq!(json_of("a"), "\"a\"");
        assert_eq!(json_of("[1]"), "[1]");
    }
}
