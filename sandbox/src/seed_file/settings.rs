//! The sections of a seed that are no records: what a tenant has one of.

use super::{At, Outcome, Piece, send, yaml};
use crate::tenant::Tenant;
use serde_json::{Map, Value, json};

/// The sections.
pub(super) const NAMES: &[&str] = &[
    "tenant",
    "attackProtection",
    "branding",
    "prompts",
    "guardianFactors",
    "guardianPolicies",
    "emailProvider",
    "triggers",
];

/// The parts of `attackProtection`, in a file and as the names of files.
const ATTACK_PROTECTION: &[(&str, &str)] = &[
    ("botDetection", "bot-detection"),
    ("breachedPasswordDetection", "breached-password-detection"),
    ("bruteForceProtection", "brute-force-protection"),
    ("captcha", "captcha"),
    ("suspiciousIpThrottling", "suspicious-ip-throttling"),
];

/// The members of `prompts` that are settings; texts and partials are passed over.
const PROMPTS: [&str; 3] = ["universal_login_experience", "identifier_first", "webauthn_platform_first_factor"];

/// What the records do not have to be there for.
pub(super) fn put_early(tenant: &Tenant, pieces: &[Piece<'_, '_>]) -> Outcome<()> {
    for piece in pieces {
        let at = piece.at(piece.node);
        let object = || piece.placed(yaml::object(piece.node));
        match piece.section {
            "tenant" => drop(send(tenant, at, "PATCH", "/tenants/settings", &object()?.into())?),
            "attackProtection" => attack_protection(tenant, at, object()?)?,
            "branding" => {
                let mut body = object()?;
                body.shift_remove("templates");
                send(tenant, at, "PATCH", "/branding", &body.into())?;
            }
            "prompts" => {
                let mut body = object()?;
                body.retain(|name, _| PROMPTS.contains(&name.as_str()));
                send(tenant, at, "PATCH", "/prompts", &body.into())?;
            }
            "guardianFactors" => {
                for factor in entries(piece)? {
                    let name = factor.get("name").and_then(Value::as_str).unwrap_or_default();
                    let enabled = json!({ "enabled": factor.get("enabled") });
                    send(tenant, at, "PUT", &format!("/guardian/factors/{}", crate::message::encode(name)), &enabled)?;
                }
            }
            "guardianPolicies" => {
                let body = object()?;
                let list = body.get("policies").or(body.get("all")).cloned().unwrap_or_else(|| json!([]));
                send(tenant, at, "PUT", "/guardian/policies", &list)?;
            }
            "emailProvider" => {
                let body = object()?;
                // An export without a provider has an empty one.
                if !body.is_empty() {
                    send(tenant, at, "POST", "/emails/provider", &body.into())?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// What names records.
pub(super) fn put_late(tenant: &Tenant, pieces: &[Piece<'_, '_>]) -> Outcome<()> {
    for piece in pieces.iter().filter(|piece| piece.section == "triggers") {
        let at = piece.at(piece.node);
        for (trigger, bindings) in piece.placed(yaml::object(piece.node))? {
            let bindings: Vec<Value> = bindings.as_array().into_iter().flatten().map(binding).collect();
            if !bindings.is_empty() {
                let path = format!("/actions/triggers/{}/bindings", crate::message::encode(&trigger));
                send(tenant, at, "PATCH", &path, &json!({ "bindings": bindings }))?;
            }
        }
    }
    Ok(())
}

fn binding(exported: &Value) -> Value {
    let name = exported.get("action_name").cloned().unwrap_or_default();
    let shown = exported.get("display_name").cloned().unwrap_or_else(|| name.clone());
    json!({ "ref": { "type": "action_name", "value": name }, "display_name": shown })
}

fn attack_protection(tenant: &Tenant, at: At, parts: Map<String, Value>) -> Outcome<()> {
    for (name, body) in parts {
        let known = ATTACK_PROTECTION.iter().find(|(section, file)| *section == name || *file == name);
        let (_, path) = known.ok_or_else(|| (at, format!("there is no attack protection {name:?}")))?;
        send(tenant, at, "PATCH", &format!("/attack-protection/{path}"), &body)?;
    }
    Ok(())
}

/// The entries of a section that may be a list or one of them.
fn entries(piece: &Piece<'_, '_>) -> Outcome<Vec<Value>> {
    Ok(match piece.placed(yaml::value(piece.node))? {
        Value::Array(list) => list,
        one => vec![one],
    })
}
