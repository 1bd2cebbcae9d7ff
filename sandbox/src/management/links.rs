//! Links between records, seen from either end.

use super::*;

impl Call<'_> {
    /// What the body's array names, each with its id.
    pub(super) fn named(&self, member: Option<&str>) -> Result<Vec<Named>, ApiError> {
        let list = match (member, &self.body) {
            (Some(member), Some(body)) => body.get(member).and_then(Value::as_array),
            (None, Some(body)) => body.as_array(),
            (_, None) => None,
        };
        list.into_iter()
            .flatten()
            .map(|item| match item {
                Value::Object(map) => {
                    let map: Map<String, Value> = map.iter().filter(|(name, _)| self.knows(name)).map(own).collect();
                    let id = match map.get(&self.route.id_field).and_then(Value::as_str) {
                        Some(id) => id.to_owned(),
                        // Permissions have no id: what they say tells them apart.
                        None if self.types_have_id() => ids::new_id(&self.route.target)?,
                        None => map.values().filter_map(Value::as_str).collect::<Vec<_>>().join("|"),
                    };
                    Ok((id, map))
                }
                other => Ok((other.as_str().map_or_else(|| other.to_string(), str::to_owned), Map::new())),
            })
            .collect()
    }

    pub(super) fn types_have_id(&self) -> bool {
        self.types().iter().any(|ty| self.tenant.model.schema.property(ty, &self.route.id_field).is_some())
    }

    pub(super) fn put_link(&self, store: &mut Store, id: &str, members: Map<String, Value>) {
        let mut record = Map::new();
        if self.types().is_empty() || self.types_have_id() {
            record.insert(self.route.id_field.clone(), json!(id));
        }
        record.extend(members);
        let mut record = Value::Object(record);
        if self.route.join.is_none() {
            self.tenant.model.complete(&self.route.target, &mut record);
        }
        store.put(&self.path, id, &record);
        if let (Some(other), Some(own)) = (mirror(&self.route.target), self.arguments.first()) {
            let key_name = self.tenant.model.id_field(other);
            store.put(&concrete(other, &[id.to_owned()]), own, &json!({ key_name: own }));
        }
    }

    pub(super) fn link(&mut self, store: &mut Store, member: &str) -> Result<Answer, ApiError> {
        let named = self.named(Some(member))?;
        if let Some(target) = &self.route.join {
            let known = |id: &str| store.collection(target).is_some_and(|collection| collection.contains(id));
            if named.iter().any(|(id, _)| !known(id)) && !self.tenant.sample_refused {
                return Err(missing(target));
            }
        }
        for (id, members) in named.clone() {
            self.put_link(store, &id, members);
        }
        let shown = named.iter().filter_map(|(id, _)| {
            let link = store.get(&self.path, id)?;
            let target = self.route.join.as_ref().and_then(|target| store.get(target, id));
            Some(list::joined(&self.tenant.model, self.types(), link, target))
        });
        let shown = Value::Array(shown.collect());
        let lists =
            self.route.operation.response.as_ref().is_some_and(|ty| self.tenant.model.schema.items(ty).is_some());
        Ok(self.done(lists.then_some(&shown)))
    }

    pub(super) fn unlink(&mut self, store: &mut Store, member: &str) -> Result<Answer, ApiError> {
        for (id, _) in self.named(Some(member))? {
            store.remove(&self.path, &id);
            if let (Some(other), Some(own)) = (mirror(&self.route.target), self.arguments.first()) {
                store.remove(&concrete(other, std::slice::from_ref(&id)), own);
            }
        }
        Ok(self.done(None))
    }

    /// Takes a record that goes out of the other ends of its links.
    pub(super) fn unmirror(&self, store: &mut Store, target: &str, id: &str) {
        for (template, _) in self.tenant.model.record_types.iter() {
            let own = template.strip_prefix(target).is_some_and(|rest| rest.starts_with("/{}/"));
            let Some(other) = mirror(template).filter(|_| own) else { continue };
            let path = concrete(template, &[id.to_owned()]);
            let linked: Vec<String> = store
                .collection(&path)
                .map_or_else(Vec::new, |collection| collection.after(None).map(|(_, id, _)| id.to_string()).collect());
            for other_id in linked {
                store.remove(&concrete(other, &[other_id]), id);
            }
        }
    }

    pub(super) fn replace_all(&mut self, store: &mut Store, member: Option<&str>) -> Result<Answer, ApiError> {
        let named = self.named(member)?;
        store.clear(&self.path);
        for (id, members) in named {
            self.put_link(store, &id, members);
        }
        let all = store.all(&self.path);
        let schema = &self.tenant.model.schema;
        let Some(response) = &self.route.operation.response else { return Ok(self.done(None)) };
        if schema.items(response).is_some() {
            return Ok(self.done(Some(&Value::Array(all))));
        }
        let mut envelope = schema.sample(response);
        let items = schema.properties(response).iter().find(|property| schema.items(&property.ty).is_some()).cloned();
        if let (Some(items), Some(map)) = (items, envelope.as_object_mut()) {
            map.insert(items.name, Value::Array(all));
        }
        Ok(self.done(Some(&envelope)))
    }

    /// Removes the records whose members equal the query's.
    pub(super) fn clear(&mut self, store: &mut Store) -> Result<Answer, ApiError> {
        let matches = |record: &Value| self.query.iter().all(|(name, wanted)| record.get(name) == Some(wanted));
        let ids: Vec<String> = match store.collection(&self.path) {
            Some(collection) => collection
                .after(None)
                .filter(|(_, _, record)| crate::store::parse(record).is_some_and(|record| matches(&record)))
                .map(|(_, id, _)| id.to_string())
                .collect(),
            None => Vec::new(),
        };
        ids.iter().for_each(|id| drop(store.remove(&self.path, id)));
        Ok(self.done(None))
    }
}
