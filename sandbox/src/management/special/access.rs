//! Who may do what: permissions that exist, and what roles add up to.

use super::Deed;
use crate::error::ApiError;
use crate::list;
use crate::message::Answer;
use crate::store::{USERS, key};
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Result<T> = std::result::Result<T, ApiError>;

impl Deed<'_, '_> {
    /// Permissions name scopes of APIs that are there; each is kept with the names that answers show.
    pub(super) fn add_permissions(&mut self) -> Result<Answer> {
        let wanted =
            self.call.body.as_ref().and_then(|body| body.get("permissions")).and_then(Value::as_array).cloned();
        let apis = self.store.all("/resource-servers");
        let mut kept = Vec::new();
        for permission in wanted.unwrap_or_default() {
            let part = |name: &str| permission.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (api, name) = (part("resource_server_identifier"), part("permission_name"));
            let record = apis.iter().find(|one| one.get("identifier").and_then(Value::as_str) == Some(&api));
            let record = record.ok_or_else(|| {
                ApiError::new(404, format!("The resource server {api} does not exist"), "inexistent_resource_server")
            })?;
            let scopes = record.get("scopes").and_then(Value::as_array);
            let scope =
                scopes.into_iter().flatten().find(|one| one.get("value").and_then(Value::as_str) == Some(&name));
            let scope = scope.ok_or_else(|| {
                ApiError::new(404, format!("The permission {name} does not exist in {api}"), "inexistent_permission")
            })?;
            kept.push(json!({ "resource_server_identifier": api, "permission_name": name,
                              "resource_server_name": record["name"], "description": scope["description"] }));
        }
        let path = self.call.path.clone();
        for permission in kept {
            let part = |name: &str| permission.get(name).and_then(Value::as_str).unwrap_or_default();
            let id = format!("{}|{}", part("resource_server_identifier"), part("permission_name"));
            self.store.put(&path, &id, &permission);
        }
        Ok(self.call.done(None))
    }

    /// What an API does not offer any more, nobody is permitted.
    pub(crate) fn remove_permissions(&mut self) -> Result<Answer> {
        let wanted =
            self.call.body.as_ref().and_then(|body| body.get("permissions")).and_then(Value::as_array).cloned();
        let path = self.call.path.clone();
        for permission in wanted.unwrap_or_default() {
            let part = |name: &str| permission.get(name).and_then(Value::as_str).unwrap_or_default();
            let id = format!("{}|{}", part("resource_server_identifier"), part("permission_name"));
            self.store.remove(&path, &id);
        }
        Ok(self.call.done(None))
    }

    fn ids(&self, path: &str) -> Vec<String> {
        self.store
            .collection(path)
            .map_or_else(Vec::new, |all| all.after(None).map(|(_, id, _)| id.to_string()).collect())
    }

    /// The roles of a user with where they come from: own ones, and those of groups.
    fn effective(&self, user: &str) -> BTreeMap<String, Vec<&'static str>> {
        let user = key(user);
        let mut roles: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
        for id in self.ids(&format!("{USERS}/{user}/roles")) {
            roles.entry(id).or_default().push("direct");
        }
        for group in self.ids(&format!("{USERS}/{user}/groups")) {
            for id in self.ids(&format!("/groups/{group}/roles")) {
                let sources = roles.entry(id).or_default();
                if !sources.contains(&"groups") {
                    sources.push("groups");
                }
            }
        }
        roles
    }

    pub(super) fn effective_roles(&mut self) -> Result<Answer> {
        let user = self.argument(0).to_owned();
        self.record(USERS, &user)?;
        let roles: Vec<Value> = self
            .effective(&user)
            .into_iter()
            .filter_map(|(id, sources)| {
                let role = self.store.get("/roles", &id)?;
                let text = |name: &str| role.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                Some(json!({ "id": id, "name": text("name"), "description": text("description"), "sources": sources }))
            })
            .collect();
        self.listed(&roles, |role| role.get("id").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    pub(super) fn effective_permissions(&mut self) -> Result<Answer> {
        let user = self.argument(0).to_owned();
        self.record(USERS, &user)?;
        let wanted = self.call.query.get("resource_server_identifier").and_then(Value::as_str);
        let mut found: BTreeMap<String, (Value, Vec<&'static str>)> = BTreeMap::new();
        let roles = self.effective(&user);
        let of_roles = roles.keys().map(|id| (format!("/roles/{id}/permissions"), "roles"));
        for (path, source) in [(format!("{USERS}/{}/permissions", key(&user)), "direct")].into_iter().chain(of_roles) {
            for permission in self.store.all(&path) {
                let part = |name: &str| permission.get(name).and_then(Value::as_str).unwrap_or_default();
                let api = part("resource_server_identifier");
                if wanted.is_some_and(|wanted| wanted != api) {
                    continue;
                }
                let id = format!("{api}|{}", part("permission_name"));
                let (_, sources) = found.entry(id).or_insert_with(|| (permission.clone(), Vec::new()));
                if !sources.contains(&source) {
                    sources.push(source);
                }
            }
        }
        let permissions: Vec<Value> = found
            .into_values()
            .map(|(mut permission, sources)| {
                permission["sources"] = json!(sources);
                permission
            })
            .collect();
        self.listed(&permissions, |one| format!("{}|{}", one["resource_server_identifier"], one["permission_name"]))
    }

    /// Pages of records that were made up now. They are kept for the list, so that it pages them as any other.
    fn listed(&mut self, records: &[Value], id: impl Fn(&Value) -> String) -> Result<Answer> {
        let path = self.call.path.clone();
        self.store.clear(&path);
        records.iter().for_each(|record| self.store.put(&path, &id(record), record));
        list::list(&self.call.tenant.model, self.store, self.call.route, &path, &self.call.query)
    }
}
