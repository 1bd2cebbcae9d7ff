//! What pages look like, and the links that lead to those of self-service.

use super::Deed;
use super::tickets::TICKET_S;
use crate::clock::iso8601;
use crate::domains;
use crate::error::ApiError;
use crate::message::Answer;
use crate::store::key;
use serde_json::{Map, Value, json};

type Result<T> = std::result::Result<T, ApiError>;

/// The collection of the screens that were configured.
const RENDERING: &str = "/prompts/rendering";

/// What a hook's secret is shown as.
const NOT_SHOWN: &str = "_VALUE_NOT_SHOWN_";

impl Deed<'_, '_> {
    /// Changes how a screen is rendered: the screen's own value and its place in the list are the same.
    fn render(&mut self, prompt: &str, screen: &str, body: &Map<String, Value>) -> Value {
        let path = format!("/prompts/{}/screen/{}/rendering", key(prompt), key(screen));
        let mut kept = match self.store.value(&path) {
            Some(Value::Object(map)) => map,
            _ => super::super::singletons::rendering(prompt, screen),
        };
        for (name, value) in body {
            kept.insert(name.clone(), value.clone());
        }
        let kept = Value::Object(kept);
        self.store.set_value(&path, &kept);
        self.store.put(RENDERING, &format!("{prompt}/{screen}"), &kept);
        kept
    }

    pub(super) fn render_screen(&mut self) -> Result<Answer> {
        let (prompt, screen) = (self.argument(0).to_owned(), self.argument(1).to_owned());
        let kept = self.render(&prompt, &screen, &self.call.body_map());
        Ok(self.call.done(Some(&kept)))
    }

    pub(super) fn render_screens(&mut self) -> Result<Answer> {
        let body = self.call.body_map();
        let configs = body.get("configs").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut shown = Vec::new();
        for config in configs.iter().filter_map(Value::as_object) {
            let name = |name: &str| config.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            shown.push(self.render(&name("prompt"), &name("screen"), config));
        }
        Ok(self.call.done(Some(&json!({ "configs": shown }))))
    }

    /// The page template, sent as it is or as a member: 201 for a first one.
    pub(super) fn set_page_template(&mut self) -> Result<Answer> {
        let body = self.call.body.clone().unwrap_or_default();
        let text = body.as_str().or_else(|| body.get("template").and_then(Value::as_str)).unwrap_or_default();
        let path = self.call.path.clone();
        let known = self.store.value(&path).is_some();
        self.store.set_value(&path, &json!({ "body": text }));
        Ok(Answer::empty(if known { 204 } else { 201 }))
    }

    /// Adds secrets, or changes those that are there (`PATCH`); their values are never shown.
    pub(super) fn keep_hook_secrets(&mut self) -> Result<Answer> {
        let path = self.call.path.clone();
        let mut kept = self.store.value(&path).and_then(|value| value.as_object().cloned()).unwrap_or_default();
        let changes = self.call.request.method == "PATCH";
        for name in self.call.body_map().keys() {
            match (kept.contains_key(name), changes) {
                (true, false) => {
                    return Err(ApiError::new(409, format!("The secret {name} exists already"), "conflict"));
                }
                (false, true) => return Err(ApiError::not_found()),
                _ => drop(kept.insert(name.clone(), json!(NOT_SHOWN))),
            }
        }
        self.store.set_value(&path, &Value::Object(kept));
        Ok(self.call.done(None))
    }

    pub(super) fn remove_hook_secrets(&mut self) -> Result<Answer> {
        let path = self.call.path.clone();
        let mut kept = self.store.value(&path).and_then(|value| value.as_object().cloned()).unwrap_or_default();
        let names = self.call.body.as_ref().and_then(Value::as_array);
        names.into_iter().flatten().filter_map(Value::as_str).for_each(|name| drop(kept.shift_remove(name)));
        match kept.is_empty() {
            true => drop(self.store.remove_value(&path)),
            false => self.store.set_value(&path, &Value::Object(kept)),
        }
        Ok(self.call.done(None))
    }

    /// Which domain links lead to: the tenant's own, or a custom domain of it.
    pub(super) fn set_default_domain(&mut self) -> Result<Answer> {
        let name = self.text("domain").unwrap_or_default();
        let own = self.call.tenant.authority.issuer().split("//").nth(1).unwrap_or_default().trim_end_matches('/');
        let all = self.store.all(domains::DOMAINS);
        if name != own && !all.iter().any(|one| one.get("domain") == Some(&json!(name))) {
            return Err(ApiError::new(404, format!("There is no custom domain {name}"), "inexistent_custom_domain"));
        }
        for mut domain in all {
            let id = domain.get("custom_domain_id").and_then(Value::as_str).unwrap_or_default().to_owned();
            domain["is_default"] = json!(domain.get("domain") == Some(&json!(name)));
            self.store.put(domains::DOMAINS, &id, &domain);
        }
        self.store.set_value(domains::DEFAULT, &json!({ "domain": name }));
        let shown = self.call.current(self.store).unwrap_or_default();
        Ok(self.call.done(Some(&shown)))
    }

    /// A link to the assistant that sets up single sign-on. The assistant is a page of Auth0's, and not here.
    pub(super) fn sso_ticket(&mut self) -> Result<Answer> {
        let body = self.call.body_map();
        if let Some(connection) = self.text("connection_id") {
            self.record("/connections", &connection)?;
        }
        let seconds = body.get("ttl_sec").and_then(Value::as_i64).filter(|seconds| *seconds > 0).unwrap_or(TICKET_S);
        let id = crate::ids::letters(32)?;
        let expires = iso8601(self.call.tenant.clock.now_ms() + seconds * 1000);
        let path = self.call.path.clone();
        self.store.put(&path, &id, &json!({ "id": id, "expires_at": expires, "request": body }));
        let link = format!("{}self-service/connections-flow?ticket={id}", self.links()?);
        Ok(self.call.done(Some(&json!({ "ticket": link }))))
    }

    pub(super) fn revoke_sso_ticket(&mut self) -> Result<Answer> {
        let (profile, id) = (self.argument(0).to_owned(), self.argument(1).to_owned());
        let path = format!("/self-service-profiles/{}/sso-ticket", key(&profile));
        self.store.remove(&path, &id).ok_or_else(ApiError::not_found)?;
        Ok(self.call.done(None))
    }
}
