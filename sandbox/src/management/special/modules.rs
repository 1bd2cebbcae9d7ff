//! Modules of actions: a draft, and the versions that were published of it.

use super::Deed;
use crate::error::ApiError;
use crate::list;
use crate::message::Answer;
use crate::store::{Store, key};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, ApiError>;

pub(crate) const MODULES: &str = "/actions/modules";

/// What a version takes from the draft, and the draft from a version that it goes back to.
const COPIED: [&str; 3] = ["code", "dependencies", "secrets"];

/// Publishes the draft as the next version; the version.
pub(crate) fn publish(store: &mut Store, id: &str, now: &str) -> Result<Value> {
    let mut module = store.get(MODULES, id).ok_or_else(ApiError::not_found)?;
    let path = format!("{MODULES}/{}/versions", key(id));
    let number = store.collection(&path).map_or(0, |all| all.places()) + 1;
    let version_id = crate::ids::new_id("/actions/modules/{}/versions")?;
    let mut version = json!({ "id": version_id, "module_id": id, "version_number": number, "created_at": now });
    for name in COPIED {
        module.get(name).into_iter().for_each(|value| version[name] = value.clone());
    }
    store.put(&path, &version_id, &version);
    module["latest_version"] = version.clone();
    module["latest_version_number"] = json!(number);
    module["all_changes_published"] = json!(true);
    module["updated_at"] = json!(now);
    store.put(MODULES, id, &module);
    Ok(version)
}

impl Deed<'_, '_> {
    pub(super) fn publish_module(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let version = publish(self.store, &id, &self.call.now)?;
        Ok(self.call.done(Some(&version)))
    }

    /// Makes the draft what a version was.
    pub(super) fn roll_back_module(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let mut module = self.record(MODULES, &id)?;
        let version = self.text("module_version_id").unwrap_or_default();
        let version = self.record(&format!("{MODULES}/{}/versions", key(&id)), &version)?;
        for name in COPIED {
            version.get(name).into_iter().for_each(|value| module[name] = value.clone());
        }
        let latest = version.get("version_number") == module.get("latest_version_number");
        module["all_changes_published"] = json!(latest);
        module["updated_at"] = json!(self.call.now);
        self.store.put(MODULES, &id, &module);
        Ok(self.call.done(Some(&module)))
    }

    /// The actions that name the module.
    pub(super) fn actions_of_module(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        self.record(MODULES, &id)?;
        let mut found = Store::default();
        for action in self.store.all("/actions/actions") {
            let uses = action.get("modules").and_then(Value::as_array);
            let own = uses.into_iter().flatten().find(|one| one.get("module_id") == Some(&json!(id)));
            let (Some(own), Some(action_id)) = (own, action.get("id").and_then(Value::as_str)) else { continue };
            let shown = json!({ "action_id": action_id, "action_name": action["name"],
                                "module_version_id": own["module_version_id"],
                                "module_version_number": own["module_version_number"],
                                "supported_triggers": action["supported_triggers"] });
            found.put(&self.call.path, action_id, &shown);
        }
        list::list(&self.call.tenant.model, &found, self.call.route, &self.call.path, &self.call.query)
    }
}
