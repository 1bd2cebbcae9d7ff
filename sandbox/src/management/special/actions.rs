//! Actions are drafts until they are deployed; what is deployed is a version, and triggers bind what is deployed. They are
//! never executed.

use super::Deed;
use crate::error::ApiError;
use crate::message::Answer;
use crate::store::key;
use serde_json::{Map, Value, json};

type Result<T> = std::result::Result<T, ApiError>;

const ACTIONS: &str = "/actions/actions";

/// What a version takes from the draft.
const COPIED: [&str; 5] = ["code", "dependencies", "runtime", "supported_triggers", "secrets"];

impl Deed<'_, '_> {
    fn versions(&self, action: &str) -> String {
        format!("{ACTIONS}/{}/versions", key(action))
    }

    pub(super) fn deploy_action(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let action = self.record(ACTIONS, &id)?;
        self.deploy(&id, action)
    }

    /// Deploys what an old version holds, as a new version.
    pub(super) fn deploy_version(&mut self) -> Result<Answer> {
        let (id, version) = (self.argument(0).to_owned(), self.argument(1).to_owned());
        let action = self.record(ACTIONS, &id)?;
        let old = self.store.get(&self.versions(&id), &version).ok_or_else(ApiError::not_found)?;
        let mut action = action;
        for name in COPIED {
            old.get(name).into_iter().for_each(|value| action[name] = value.clone());
        }
        self.deploy(&id, action)
    }

    fn deploy(&mut self, id: &str, mut action: Value) -> Result<Answer> {
        let path = self.versions(id);
        let mut number = 1;
        for mut old in self.store.all(&path) {
            number += 1;
            old["deployed"] = json!(false);
            let old_id = old.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            self.store.put(&path, &old_id, &old);
        }
        let version_id = crate::ids::new_id("/actions/actions/{}/versions")?;
        let now = &self.call.now;
        let mut version = json!({
            "id": version_id, "action_id": id, "deployed": true, "number": number, "status": "built", "errors": [],
            "built_at": now, "created_at": now, "updated_at": now,
            "action": { "id": id, "name": action["name"], "created_at": action["created_at"], "updated_at": action["updated_at"],
                        "all_changes_deployed": true, "supported_triggers": action["supported_triggers"] },
        });
        for name in COPIED {
            action.get(name).into_iter().for_each(|value| version[name] = value.clone());
        }
        self.store.put(&path, &version_id, &version);
        let mut deployed = version.clone();
        deployed.as_object_mut().into_iter().for_each(|map| drop(map.shift_remove("action")));
        action["deployed_version"] = deployed;
        action["all_changes_deployed"] = json!(true);
        action["deployed"] = json!(true);
        action["status"] = json!("built");
        self.store.put(ACTIONS, id, &action);
        Ok(self.call.done(Some(&version)))
    }

    /// Actions are not executed: what goes in comes out.
    pub(super) fn test_action(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        self.record(ACTIONS, &id)?;
        let payload = self.call.body.as_ref().and_then(|body| body.get("payload")).cloned();
        Ok(self.call.done(Some(&json!({ "payload": payload.unwrap_or_else(|| json!({})) }))))
    }

    /// The bindings of a trigger, in the order of the body. Only what is deployed can be bound.
    pub(super) fn bind_actions(&mut self) -> Result<Answer> {
        let trigger = self.argument(0).to_owned();
        let wanted = self.call.body.as_ref().and_then(|body| body.get("bindings")).and_then(Value::as_array).cloned();
        let mut bindings = Vec::new();
        for one in wanted.unwrap_or_default() {
            let action = self.bound(&one)?;
            let id = action.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            if action.get("deployed_version").is_none_or(Value::is_null) {
                let message = format!("The action {id} is not deployed: deploy it before it is bound");
                return Err(ApiError::new(400, message, "action_not_deployed"));
            }
            let shown: Map<String, Value> = action.as_object().cloned().unwrap_or_default();
            let name = one.get("display_name").cloned().unwrap_or_else(|| action["name"].clone());
            bindings.push(
                json!({ "id": crate::ids::new_id("/actions/actions")?, "trigger_id": trigger, "display_name": name,
                                  "action": shown, "created_at": self.call.now, "updated_at": self.call.now }),
            );
        }
        let path = self.call.path.clone();
        self.store.clear(&path);
        for binding in &bindings {
            let id = binding.get("id").and_then(Value::as_str).unwrap_or_default();
            self.store.put(&path, id, binding);
        }
        Ok(self.call.done(Some(&json!({ "bindings": bindings }))))
    }

    /// The action that a binding names: by id or by name.
    fn bound(&self, binding: &Value) -> Result<Value> {
        let reference = binding.get("ref").unwrap_or(binding);
        let value = reference.get("value").and_then(Value::as_str);
        let kind = reference.get("type").and_then(Value::as_str).unwrap_or("action_id");
        let value = value.ok_or_else(|| ApiError::invalid_body("Missing required property: ref.value"))?;
        match kind {
            "action_name" => {
                let all = self.store.all(ACTIONS);
                let found = all.into_iter().find(|action| action.get("name").and_then(Value::as_str) == Some(value));
                found.ok_or_else(ApiError::not_found)
            }
            "binding_id" => {
                let old = self.store.get(&self.call.path, value).ok_or_else(ApiError::not_found)?;
                let id = old.pointer("/action/id").and_then(Value::as_str).unwrap_or_default().to_owned();
                self.record(ACTIONS, &id)
            }
            _ => self.record(ACTIONS, value),
        }
    }
}
