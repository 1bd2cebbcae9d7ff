//! Single values: settings, templates, policies.

use super::*;

impl Call<'_> {
    pub(super) fn read_value(&self) -> Result<Answer, ApiError> {
        let value = self.read_store(|call, store| {
            call.parents(store)?;
            Ok(call.current(store))
        })?;
        value.map(|value| self.done(Some(&value))).ok_or_else(ApiError::not_found)
    }

    pub(super) fn create_value(&mut self, store: &mut Store) -> Result<Answer, ApiError> {
        match store.value(&self.path) {
            Some(_) if self.tenant.model.creatable.contains(&self.route.target) => Err(already_exists()),
            _ => self.merge_into(store, &["created_at", "updated_at", "created_on", "updated_on"]),
        }
    }

    pub(super) fn merge_value(&mut self, store: &mut Store) -> Result<Answer, ApiError> {
        if store.value(&self.path).is_none() && self.tenant.model.creatable.contains(&self.route.target) {
            return Err(ApiError::not_found());
        }
        self.merge_into(store, &["updated_at", "updated_on"])
    }

    pub(super) fn merge_into(&mut self, store: &mut Store, times: &[&str]) -> Result<Answer, ApiError> {
        let value = match self.body.clone() {
            Some(Value::Object(body)) => {
                let mut stored = match self.current(store) {
                    Some(Value::Object(map)) => map,
                    _ => Map::new(),
                };
                self.merge(&mut stored, &body);
                self.stamp(&mut stored, times);
                Value::Object(stored)
            }
            Some(other) => other,
            None => json!({}),
        };
        self.keep_value(store, value)
    }

    pub(super) fn put_value(&mut self, store: &mut Store) -> Result<Answer, ApiError> {
        let value = match self.body.clone() {
            Some(Value::Object(body)) => {
                let known = body.into_iter().filter(|(name, value)| !value.is_null() && self.knows(name));
                Value::Object(known.collect())
            }
            Some(other) => other,
            None => json!({}),
        };
        self.keep_value(store, value)
    }

    pub(super) fn keep_value(&self, store: &mut Store, mut value: Value) -> Result<Answer, ApiError> {
        self.tenant.model.complete(&self.route.target, &mut value);
        store.set_value(&self.path, &value);
        let shown = self.route.operation.response.is_some().then_some(&value);
        Ok(self.done(shown))
    }
}
