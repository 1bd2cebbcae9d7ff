//! Operations that no general rule describes.

use super::*;
use crate::events::Cursor;

impl Call<'_> {
    pub(super) fn own(&mut self, own: Own) -> Result<Answer, ApiError> {
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
            Own::Events if self.tenant.sample_refused => Ok(self.sampled()),
            Own::Events => self.events(),
            writing => self.change(|call, store| call.own_write(store, writing)),
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
            Own::RotateSecret => {
                let id = self.id().to_owned();
                let mut client = store.get(&self.path, &id).ok_or_else(|| missing(&self.route.target))?;
                if let Some(map) = client.as_object_mut() {
                    map.insert("client_secret".to_owned(), json!(ids::letters(64)?));
                }
                store.put(&self.path, &id, &client);
                Ok(self.done(Some(&client)))
            }
            Own::UsersByEmail | Own::FindBy(_) | Own::First | Own::Events => {
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

    /// What happened, as server-sent events, and what will happen while the client listens.
    fn events(&self) -> Result<Answer, ApiError> {
        let text = |name: &str| self.query.get(name).and_then(Value::as_str);
        let types = self.query.get("event_type").and_then(Value::as_array);
        let types = types.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        // The header is what a client sends that connects again, and wins.
        let offset = self.request.header("last-event-id").or(text("from"));
        let response = self.route.operation.response.clone().unwrap_or_else(Type::string);
        self.read_store(|call, store| {
            let mut cursor = Cursor::of(call.tenant.replaced().0, store, offset, text("from_timestamp"), types)?;
            let told = cursor.read(&call.tenant.model, &response, store);
            let body = format!("{}{told}{}", Cursor::opening(), cursor.heartbeat());
            let mut answer = Answer::of(200, "text/event-stream", body).with("cache-control", "no-cache");
            answer.follow = Some(Box::new(cursor));
            Ok(answer)
        })
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
