//! A seed from files: JSON or YAML, with the names of an Auth0 Deploy CLI export (`tenant.yaml`, or a folder for each kind of
//! resource) and, beside them, `users`.
//!
//! Each entry is a request to the Management API, so that a seed is held to the same rules; what is refused is told with its
//! file and line. Where the API wants ids, names are taken too. Entries whose name is there already change what is there.

mod entries;
#[cfg(not(target_arch = "wasm32"))]
mod read;
mod settings;
mod yaml;

use crate::error::SandboxError;
use crate::management::apply;
use crate::store::USERS;
use crate::tenant::Tenant;
use saphyr::{LoadableYamlNode, MarkedYaml, YamlData};
use serde_json::{Map, Value, json};

/// The sections of records, in the order in which one can name the other: collection, and the member that tells entries apart.
const SECTIONS: &[(&[&str], &str, &str)] = &[
    (&["resourceServers", "resource_servers"], "/resource-servers", "identifier"),
    (&["roles"], "/roles", "name"),
    (&["clients"], "/clients", "name"),
    (&["databases", "connections"], "/connections", "name"),
    (&["clientGrants", "client_grants"], "/client-grants", ""),
    (&["actions"], "/actions/actions", "name"),
    (&["organizations"], "/organizations", "name"),
    (&["customDomains"], "/custom-domains", "domain"),
    (&["logStreams"], "/log-streams", "name"),
    (&["users"], USERS, ""),
];

/// What an export has too, and a sandbox has no use for: it is passed over, and that is told.
const PASSED_OVER: &[&str] = &[
    "agents",
    "clientProfiles",
    "connectionProfiles",
    "emailTemplates",
    "eventStreams",
    "experiments",
    "flowVaultConnections",
    "flows",
    "forms",
    "groups",
    "guardianFactorProviders",
    "guardianFactorTemplates",
    "guardianPhoneFactorMessageTypes",
    "guardianPhoneFactorSelectedProvider",
    "hooks",
    "migrations",
    "modules",
    "actionModules",
    "networkACLs",
    "networkAclKeys",
    "pages",
    "partials",
    "phoneProviders",
    "phoneTemplates",
    "rateLimitPolicies",
    "riskAssessment",
    "riskAssessments",
    "rules",
    "rulesConfigs",
    "scimConfigurations",
    "screenRenderers",
    "selfServiceProfiles",
    "supplementalSignals",
    "themes",
    "tokenExchangeProfiles",
    "userAttributeProfiles",
];

/// A text of a seed, and what it is called in messages.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
    /// The section that all of the text belongs to; without one the text is an object of sections.
    pub(crate) section: Option<&'static str>,
}

/// A seed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) all: Vec<Source>,
    /// Files that entries name instead of holding them, as the code of actions.
    pub(crate) codes: Vec<(String, String)>,
    /// What was passed over.
    pub(crate) notices: Vec<String>,
}

impl Sources {
    pub(crate) fn of_text(name: String, text: String) -> Self {
        Self { all: vec![Source { name, text, section: None }], ..Self::default() }
    }

    /// The code that an entry names by the path of its file.
    fn code(&self, path: &str) -> Option<&str> {
        let path = path.trim_start_matches("./");
        let fits =
            |known: &str| known == path || path.ends_with(&format!("/{known}")) || known.ends_with(&format!("/{path}"));
        self.codes.iter().find(|(known, _)| fits(known)).map(|(_, code)| code.as_str())
    }
}

/// An entry and where it begins.
struct Entry {
    at: At,
    body: Map<String, Value>,
}

/// A line of a source.
#[derive(Clone, Copy, Debug)]
struct At {
    source: usize,
    line: usize,
}

/// What is wrong, and at which line.
type Problem = (usize, String);

/// What is wrong, and where.
type Outcome<T> = Result<T, (At, String)>;

/// The value of a section, or one entry of it.
struct Piece<'a, 'b> {
    section: &'a str,
    source: usize,
    node: &'a MarkedYaml<'b>,
}

impl Piece<'_, '_> {
    fn at(&self, node: &MarkedYaml<'_>) -> At {
        At { source: self.source, line: node.span.start.line() }
    }

    fn placed<T>(&self, result: Result<T, Problem>) -> Outcome<T> {
        result.map_err(|(line, problem)| (At { source: self.source, line }, problem))
    }
}

/// Puts what a seed says into a fresh tenant, and tells what was passed over.
pub(crate) fn load(tenant: &Tenant, sources: &Sources) -> Result<Vec<String>, SandboxError> {
    sow(tenant, sources).map_err(|(At { source, line }, problem)| {
        let name = sources.all.get(source).map_or("seed", |source| source.name.as_str());
        SandboxError::Seed(format!("{name}:{line}: {problem}"))
    })
}

fn sow(tenant: &Tenant, sources: &Sources) -> Outcome<Vec<String>> {
    let mut notices = sources.notices.clone();
    let mut documents = Vec::new();
    for (source, Source { text, .. }) in sources.all.iter().enumerate() {
        // Every JSON text is YAML.
        let parsed = MarkedYaml::load_from_str(text)
            .map_err(|error| (At { source, line: error.marker().line() }, error.info().to_owned()))?;
        documents.push(parsed.into_iter().next().ok_or((At { source, line: 1 }, "the file is empty".to_owned()))?);
    }
    let mut pieces: Vec<Piece<'_, '_>> = Vec::new();
    for (source, (node, Source { section, .. })) in documents.iter().zip(&sources.all).enumerate() {
        match section {
            Some(section) => pieces.push(Piece { section, source, node }),
            None => sections_of(source, node, &mut pieces, &mut notices)?,
        }
    }
    settings::put_early(tenant, &pieces)?;
    for (names, collection, unique) in SECTIONS {
        for piece in pieces.iter().filter(|piece| names.contains(&piece.section)) {
            let alone = sources.all.get(piece.source).is_some_and(|source| source.section.is_some());
            let items: &[MarkedYaml<'_>] = match &piece.node.data {
                YamlData::Sequence(list) => list,
                _ if alone => std::slice::from_ref(piece.node),
                _ => return Err((piece.at(piece.node), format!("{} is not a list", piece.section))),
            };
            for item in items {
                let mut entry = Entry { at: piece.at(item), body: piece.placed(yaml::object(item))? };
                if piece.section == "databases" {
                    entry.body.entry("strategy").or_insert(json!("auth0"));
                }
                entries::put(tenant, sources, collection, unique, entry)?;
            }
        }
    }
    settings::put_late(tenant, &pieces)?;
    Ok(notices)
}

/// The sections of a text that is an object of them.
fn sections_of<'a, 'b>(
    source: usize,
    root: &'a MarkedYaml<'b>,
    pieces: &mut Vec<Piece<'a, 'b>>,
    notices: &mut Vec<String>,
) -> Outcome<()> {
    let at = |line| At { source, line };
    let YamlData::Mapping(sections) = &root.data else {
        return Err((at(root.span.start.line()), "the file is not an object of sections".to_owned()));
    };
    for (name, node) in sections {
        let line = name.span.start.line();
        let name = name.data.as_str().ok_or((at(line), "the name of a section is not a text".to_owned()))?;
        let names =
            || SECTIONS.iter().flat_map(|(names, ..)| names.iter().copied()).chain(settings::NAMES.iter().copied());
        let Some(section) = names().find(|known| *known == name) else {
            if PASSED_OVER.contains(&name) {
                // What is empty is not missed.
                if !matches!(&node.data, YamlData::Sequence(list) if list.is_empty()) {
                    notices.push(format!("{name} is passed over: the sandbox has no use for it"));
                }
                continue;
            }
            let all: Vec<&str> = names().collect();
            return Err((at(line), format!("there is no section {name:?}; there are {}", all.join(", "))));
        };
        pieces.push(Piece { section, source, node });
    }
    Ok(())
}

/// A request to the Management API, whose refusal is a problem of the line.
fn send(tenant: &Tenant, at: At, method: &str, path: &str, body: &Value) -> Outcome<Value> {
    let answer = apply(tenant, method, path, body);
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status < 300 {
        return Ok(said);
    }
    let message = said.get("message").and_then(Value::as_str).unwrap_or("it was refused");
    Err((at, format!("{method} {path}: {message}")))
}
