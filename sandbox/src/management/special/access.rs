//! Who may do what: permissions that exist, and what roles add up to.

use super::Deed;
use crate::error::ApiError;
use crate::list;
use crate::message::Answer;
use crate::store::{Store, USERS, key};
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
        self.listed(&self.shown_roles(self.effective(&user)), id_of)
    }

    fn shown_roles(&self, roles: BTreeMap<String, Vec<&'static str>>) -> Vec<Value> {
        let shown = roles.into_iter().filter_map(|(id, sources)| {
            let role = self.store.get("/roles", &id)?;
            let text = |name: &str| role.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            Some(json!({ "id": id, "name": text("name"), "description": text("description"), "sources": sources }))
        });
        shown.collect()
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

    /// Pages of records that were made up now.
    fn listed(&self, records: &[Value], id: impl Fn(&Value) -> String) -> Result<Answer> {
        let mut found = Store::default();
        records.iter().for_each(|record| found.put(&self.call.path, &id(record), record));
        list::list(&self.call.tenant.model, &found, self.call.route, &self.call.path, &self.call.query)
    }

    /// The records of a collection with these ids.
    fn listed_of(&self, collection: &str, ids: &[String]) -> Result<Answer> {
        let records: Vec<Value> = ids.iter().filter_map(|id| self.store.get(collection, id)).collect();
        self.listed(&records, id_of)
    }

    fn has(&self, path: &str, id: &str) -> bool {
        self.store.collection(path).is_some_and(|all| all.contains(id))
    }

    /// The groups of a user that have the role in the query: in an organization, where the path names one.
    pub(super) fn groups_of_effective_role(&mut self) -> Result<Answer> {
        let organization = self.call.path.starts_with("/organizations/").then(|| self.argument(0).to_owned());
        let user = self.argument(usize::from(organization.is_some())).to_owned();
        self.record(USERS, &user)?;
        let role = self.call.query.get("role_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let base = organization.map_or_else(String::new, |id| format!("/organizations/{id}"));
        let mut groups = self.ids(&format!("{USERS}/{}/groups", key(&user)));
        groups.retain(|group| self.has(&format!("{base}/groups/{group}/roles"), &role));
        self.listed_of("/groups", &groups)
    }

    /// The roles of a user that hold the permission in the query.
    pub(super) fn roles_of_effective_permission(&mut self) -> Result<Answer> {
        let user = self.argument(0).to_owned();
        self.record(USERS, &user)?;
        let asked = |name: &str| self.call.query.get(name).and_then(Value::as_str).unwrap_or_default();
        let permission = format!("{}|{}", asked("resource_server_identifier"), asked("permission_name"));
        let mut roles = self.effective(&user);
        roles.retain(|id, _| self.has(&format!("/roles/{id}/permissions"), &permission));
        self.listed(&self.shown_roles(roles), id_of)
    }

    /// The roles of a member in an organization: own ones, and those of groups.
    pub(super) fn effective_roles_of_member(&mut self) -> Result<Answer> {
        let (organization, member) = (self.argument(0).to_owned(), key(self.argument(1)));
        let mut roles: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
        for id in self.ids(&format!("/organizations/{organization}/members/{member}/roles")) {
            roles.entry(id).or_default().push("direct");
        }
        for group in self.ids(&format!("{USERS}/{member}/groups")) {
            for id in self.ids(&format!("/organizations/{organization}/groups/{group}/roles")) {
                let sources = roles.entry(id).or_default();
                if !sources.contains(&"groups") {
                    sources.push("groups");
                }
            }
        }
        self.listed(&self.shown_roles(roles), id_of)
    }

    /// The records of an organization that have roles in it (all, or one of them), as ids: `kind` is `members` or `groups`.
    fn with_roles(&self, kind: &str, role: Option<&str>) -> Vec<String> {
        let below = format!("/organizations/{}/{kind}/", self.argument(0));
        let paths = self.store.below(&below).filter(|(path, all)| {
            path.ends_with("/roles") && role.map_or_else(|| all.len() > 0, |role| all.contains(role))
        });
        paths.filter_map(|(path, _)| path.split('/').nth(4).map(crate::message::decode)).collect()
    }

    /// The groups that have roles in an organization: any, or the one that the path names.
    pub(super) fn groups_of_organization(&mut self, role: Option<usize>) -> Result<Answer> {
        let role = role.map(|index| self.argument(index).to_owned());
        self.listed_of("/groups", &self.with_roles("groups", role.as_deref()))
    }

    pub(super) fn members_with_role(&mut self) -> Result<Answer> {
        let role = self.argument(1).to_owned();
        let members = self.with_roles("members", Some(&role));
        let users: Vec<Value> = members.iter().filter_map(|id| self.store.get(USERS, id)).collect();
        self.listed(&users, |user| user.get("user_id").and_then(Value::as_str).unwrap_or_default().to_owned())
    }
}

fn id_of(record: &Value) -> String {
    record.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
}
