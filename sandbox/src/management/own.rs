//! Operations that no general rule describes.

use super::*;

impl Call<'_> {
    pub(super) fn own(&mut self, own: Own, request: &Request) -> Result<Answer, ApiError> {
        match own {
            Own::UsersByEmail => {
                let email = self.query.get("email").and_then(Value::as_str).unwrap_or_default().to_owned();
                let users = self.read_store(|_, store| Ok(users_with_email(store, &email)))?;
                let fields = Fields::of(&self.query);
                let shown = users.into_iter().map(|mut user| {
                    fields.iter().for_each(|fields| fields.apply(&mut user));
                    user
                });
                Ok(Answer::json(200, &Value::Array(shown.collect())))
            }
            Own::FindBy(field) => {
                let wanted = self.id().to_owned();
                let all = self.read_store(|call, store| call.parents(store).map(|()| store.all(&call.path)))?;
                let found = all.into_iter().find(|one| one.get(field).and_then(Value::as_str) == Some(&wanted));
                found.map(|record| self.done(Some(&record))).ok_or_else(|| missing(&self.route.target))
            }
            Own::First => {
                let all = self.read_store(|call, store| Ok(store.all(&call.path)))?;
                all.first().map(|record| self.done(Some(record))).ok_or_else(|| missing(&self.route.target))
            }
            Own::Events => {
                let last = request.header("last-event-id").map(str::to_owned);
                let from = self.query.get("from").and_then(Value::as_str).map(str::to_owned);
                Ok(self.events(last.or(from).as_deref()).with("x-sandbox-sampled", "true"))
            }
            Own::Nothing => {
                self.read_store(|call, store| call.parents(store))?;
                Ok(self.done(None))
            }
            writing => {
                let tenant = self.tenant;
                let mut store = tenant.change();
                self.parents(&store)?;
                self.own_write(&mut store, writing)
            }
        }
    }

    pub(super) fn own_write(&mut self, store: &mut Store, own: Own) -> Result<Answer, ApiError> {
        match own {
            Own::ConnectionClients => {
                for (id, members) in self.named_clients() {
                    if members {
                        store.put(&self.path, &id, &json!({ "client_id": id }));
                    } else {
                        store.remove(&self.path, &id);
                    }
                }
                Ok(self.done(None))
            }
            Own::ConnectionUser => {
                let email = self.query.get("email").and_then(Value::as_str).unwrap_or_default();
                let connection = store.get("/connections", self.id()).unwrap_or_default();
                let name = connection.get("name").and_then(Value::as_str).unwrap_or_default();
                let found: Vec<String> = users_with_email(store, email)
                    .iter()
                    .filter(|user| users::in_connection(user, name))
                    .filter_map(|user| user.get("user_id").and_then(Value::as_str).map(str::to_owned))
                    .collect();
                for id in found {
                    store.remove(USERS, &id);
                    store.unlink(USERS, &id);
                }
                Ok(self.done(None))
            }
            Own::RemoveNames => {
                if let Some(Value::Object(mut map)) = store.value(&self.path) {
                    let names = self.body.as_ref().and_then(Value::as_array);
                    names.into_iter().flatten().filter_map(Value::as_str).for_each(|name| drop(map.shift_remove(name)));
                    store.set_value(&self.path, &Value::Object(map));
                }
                Ok(self.done(None))
            }
            Own::RotateSecret => {
                let id = self.id().to_owned();
                let mut client = store.get(&self.path, &id).ok_or_else(|| missing(&self.route.target))?;
                if let Some(map) = client.as_object_mut() {
                    map.insert("client_secret".to_owned(), json!(ids::letters(64)?));
                }
                store.put(&self.path, &id, &client);
                Ok(self.done(Some(&client)))
            }
            Own::UsersByEmail | Own::FindBy(_) | Own::First | Own::Events | Own::Nothing => {
                Err(ApiError::internal("a reading operation was taken for a writing one"))
            }
        }
    }

    /// The clients that `PATCH /connections/{id}/clients` names, and whether each is switched on.
    pub(super) fn named_clients(&self) -> Vec<(String, bool)> {
        let list = self.body.as_ref().and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|item| {
                let on = item.get("status").and_then(Value::as_bool).unwrap_or(true);
                Some((item.get("client_id")?.as_str()?.to_owned(), on))
            })
            .collect()
    }

    /// Two server-sent events with ids; those behind the one that was received last.
    pub(super) fn events(&self, last: Option<&str>) -> Answer {
        let sample = self.route.operation.response.as_ref().map(|ty| self.tenant.model.schema.sample(ty));
        let name = sample.as_ref().and_then(|event| event.get("type")).and_then(Value::as_str).unwrap_or("message");
        let data = sample.clone().unwrap_or_default().to_string();
        let all = ["evt-1", "evt-2"];
        let start = last.and_then(|last| all.iter().position(|id| *id == last)).map_or(0, |index| index + 1);
        let text: String = all[start..].iter().map(|id| format!("id: {id}\nevent: {name}\ndata: {data}\n\n")).collect();
        Answer::of(200, "text/event-stream", text).with("cache-control", "no-cache")
    }
}

/// The users with an email address: the index knows usernames too.
fn users_with_email(store: &Store, email: &str) -> Vec<Value> {
    let users = store.users_by_login(email).iter().filter_map(|id| store.get(USERS, id));
    let has = |user: &Value| {
        user.get("email").and_then(Value::as_str).is_some_and(|one| one.to_lowercase() == email.to_lowercase())
    };
    users.filter(has).collect()
}
