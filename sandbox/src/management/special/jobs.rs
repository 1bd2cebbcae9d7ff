//! Jobs: exports that can be downloaded, imports that make users. They are done at once, and are seen as running before
//! they are seen as finished, so that a client has something to wait for.

use super::Deed;
use crate::auth::keep_password;
use crate::error::ApiError;
use crate::message::Answer;
use crate::store::{Store, USERS, parse};
use crate::users;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Map, Value, json};
use std::io::Write as _;

type Result<T> = std::result::Result<T, ApiError>;

const JOBS: &str = "/jobs";

/// By job: how often it was looked at, and the errors of its users.
const INNER: &str = "/__jobs";

/// Auth0's limit for a file of users, in bytes.
const LONGEST_IMPORT: usize = 500 * 1024;

/// What an export holds of a user when nothing is said.
const DEFAULT_FIELDS: [&str; 11] = [
    "user_id",
    "email",
    "email_verified",
    "name",
    "nickname",
    "given_name",
    "family_name",
    "picture",
    "created_at",
    "updated_at",
    "identities",
];

impl Deed<'_, '_> {
    fn member(&self, name: &str) -> Option<&Value> {
        self.call.body.as_ref()?.get(name)
    }

    /// The name of the connection that the body's id stands for.
    fn connection_name(&self) -> Result<Option<String>> {
        let Some(id) = self.text("connection_id") else { return Ok(None) };
        let connection = self.record("/connections", &id)?;
        Ok(connection.get("name").and_then(Value::as_str).map(str::to_owned))
    }

    /// Keeps a finished job, and answers what it was when it began.
    fn begun(&mut self, job: Map<String, Value>, errors: Value) -> Result<Answer> {
        let id = crate::ids::new_id(JOBS)?;
        let mut job = job;
        job.insert("id".to_owned(), json!(id));
        job.insert("created_at".to_owned(), json!(self.call.now));
        if let Some(Value::String(location)) = job.get_mut("location") {
            *location = location.replace("{id}", &id);
        }
        let mut shown = job.clone();
        shown.retain(|name, _| !matches!(name.as_str(), "location" | "summary" | "status_details"));
        shown.insert("status".to_owned(), json!("pending"));
        self.store.put(JOBS, &id, &Value::Object(job));
        self.store.put(INNER, &id, &json!({ "seen": 0, "errors": errors }));
        Ok(self.call.done(Some(&shown.into())))
    }

    /// The first look finds a job at work, the second finished.
    pub(super) fn job(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let mut job = self.record(JOBS, &id)?;
        let Some(mut inner) = self.store.get(INNER, &id) else { return Ok(self.call.done(Some(&job))) };
        let seen = inner.get("seen").and_then(Value::as_u64).unwrap_or(0);
        inner["seen"] = json!(seen + 1);
        self.store.put(INNER, &id, &inner);
        if let (0, Some(map)) = (seen, job.as_object_mut()) {
            map.retain(|name, _| !matches!(name.as_str(), "location" | "summary" | "status_details"));
            map.insert("status".to_owned(), json!("processing"));
            map.insert("percentage_done".to_owned(), json!(50));
            map.insert("time_left_seconds".to_owned(), json!(1));
        }
        Ok(self.call.done(Some(&job)))
    }

    pub(super) fn job_errors(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let job = self.record(JOBS, &id)?;
        let errors = self.store.get(INNER, &id).and_then(|inner| inner.get("errors").cloned()).unwrap_or_default();
        match errors {
            Value::Array(list) if !list.is_empty() => Ok(self.call.done(Some(&Value::Array(list)))),
            _ if job.get("status") == Some(&json!("failed")) => Ok(self.call.done(Some(&job))),
            _ => Ok(Answer::empty(204)),
        }
    }

    pub(super) fn export(&mut self) -> Result<Answer> {
        let connection = self.connection_name()?;
        let format = self.text("format").unwrap_or_else(|| "json".to_owned());
        let limit = self.member("limit").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let fields: Vec<(String, String)> = match self.member("fields").and_then(Value::as_array) {
            Some(list) if !list.is_empty() => list
                .iter()
                .filter_map(|field| {
                    let name = field.get("name")?.as_str()?;
                    let shown = field.get("export_as").and_then(Value::as_str).unwrap_or(name);
                    Some((name.to_owned(), shown.to_owned()))
                })
                .collect(),
            _ => DEFAULT_FIELDS.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect(),
        };
        let file = written(self.store, connection.as_deref(), limit, &fields, &format)
            .map_err(|error| ApiError::internal(format!("the export could not be written: {error}")))?;
        let token = crate::ids::letters(24)?;
        let name = format!("{token}.{format}.gz");
        self.call.tenant.files.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(name.clone(), file);
        let mut job = self.call.body_map();
        job.insert("format".to_owned(), json!(format));
        job.insert("type".to_owned(), json!("users_export"));
        job.insert("status".to_owned(), json!("completed"));
        job.insert("percentage_done".to_owned(), json!(100));
        let location = self.call.tenant.authority.at(&format!("__sandbox/files/{name}"));
        job.insert("location".to_owned(), json!(location));
        self.begun(job, json!([]))
    }

    pub(super) fn import(&mut self) -> Result<Answer> {
        let connection = self.connection_name()?.unwrap_or_default();
        let text = self.text("users").unwrap_or_default();
        if text.len() > LONGEST_IMPORT {
            return Err(ApiError::new(
                413,
                "Payload content length greater than maximum allowed: 512000",
                "payload_too_large",
            ));
        }
        let upsert = self.member("upsert") == Some(&json!(true));
        let mut job = Map::new();
        job.insert("type".to_owned(), json!("users_import"));
        for name in ["connection_id", "external_id"] {
            self.text(name).into_iter().for_each(|value| drop(job.insert(name.to_owned(), json!(value))));
        }
        let users: Vec<Value> = match serde_json::from_str(&text) {
            Ok(Value::Array(users)) => users,
            _ => {
                job.insert("status".to_owned(), json!("failed"));
                job.insert(
                    "status_details".to_owned(),
                    json!("Failed to parse users file JSON when importing users. Make sure it is valid JSON."),
                );
                return self.begun(job, json!([]));
            }
        };
        let (mut inserted, mut updated, mut errors) = (0, 0, Vec::new());
        for user in &users {
            match self.import_user(&connection, user, upsert) {
                Ok(true) => inserted += 1,
                Ok(false) => updated += 1,
                Err(error) => {
                    let code = error.code.unwrap_or("INVALID_FORMAT");
                    errors.push(json!({ "user": user, "errors": [{ "code": code, "message": error.message }] }));
                }
            }
        }
        job.insert("status".to_owned(), json!("completed"));
        job.insert("percentage_done".to_owned(), json!(100));
        let summary = json!({ "failed": errors.len(), "updated": updated, "inserted": inserted, "total": users.len() });
        job.insert("summary".to_owned(), summary);
        if self.member("send_completion_email") != Some(&json!(false)) {
            self.call.tenant.outbox.add(crate::outbox::Message {
                at: self.call.now.clone(),
                kind: "email".into(),
                to: "owner@example.com".into(),
                template: "import_completed".into(),
                ..crate::outbox::Message::default()
            });
        }
        self.begun(job, Value::Array(errors))
    }

    /// `true`: a new user. `false`: one that was there.
    fn import_user(&mut self, connection: &str, user: &Value, upsert: bool) -> Result<bool> {
        let invalid = |text: &str| ApiError::new(400, text, "INVALID_FORMAT");
        let given = user.as_object().ok_or_else(|| invalid("A user is not an object"))?;
        if given.get("email").and_then(Value::as_str).is_none_or(|email| !email.contains('@')) {
            return Err(ApiError::new(400, "Missing required property: email", "OBJECT_REQUIRED"));
        }
        let mut body = given.clone();
        body.retain(|name, _| {
            !matches!(name.as_str(), "password_hash" | "custom_password_hash" | "password_set_date" | "mfa_factors")
        });
        body.insert("connection".to_owned(), json!(connection));
        // In the file the id is without its provider, as at Auth0; both are taken.
        if let Some(id) =
            body.get("user_id").and_then(Value::as_str).and_then(|id| id.split_once('|')).map(|(_, id)| id.to_owned())
        {
            body.insert("user_id".to_owned(), json!(id));
        }
        let email = given.get("email").and_then(Value::as_str).unwrap_or_default();
        let known = self
            .store
            .users_by_login(email)
            .iter()
            .find(|id| self.store.get(USERS, id).is_some_and(|user| users::in_connection(&user, connection)));
        match known.map(|id| id.to_string()) {
            Some(_) if !upsert => Err(ApiError::new(409, "The user already exists.", "CONFLICT")),
            Some(id) => {
                let Some(Value::Object(mut record)) = self.store.get(USERS, &id) else { return Ok(false) };
                // Of a user who is there, an import changes these alone.
                body.retain(|name, _| {
                    matches!(
                        name.as_str(),
                        "email_verified"
                            | "app_metadata"
                            | "user_metadata"
                            | "blocked"
                            | "name"
                            | "given_name"
                            | "family_name"
                            | "nickname"
                            | "picture"
                    )
                });
                users::update(self.store, &id, &mut record, &body)?;
                record.insert("updated_at".to_owned(), json!(self.call.now));
                self.store.put(USERS, &id, &Value::Object(record));
                Ok(false)
            }
            None => {
                let password = body.shift_remove("password");
                let (id, record) = users::create(self.store, &body, &self.call.now)?;
                self.store.put(USERS, &id, &record);
                if let Some(password) = password.as_ref().and_then(Value::as_str) {
                    keep_password(self.store, &id, password)?;
                }
                Ok(true)
            }
        }
    }
}

/// The gzip file of an export: a JSON object in each line, or CSV with a head.
fn written(
    store: &Store,
    connection: Option<&str>,
    limit: u64,
    fields: &[(String, String)],
    format: &str,
) -> std::io::Result<Vec<u8>> {
    let mut file = GzEncoder::new(Vec::new(), Compression::fast());
    if format == "csv" {
        let head: Vec<String> = fields.iter().map(|(_, shown)| cell(shown)).collect();
        writeln!(file, "{}", head.join(","))?;
    }
    let mut left = limit;
    for (_, _, record) in store.collection(USERS).into_iter().flat_map(|all| all.after(None)) {
        let Some(user) = parse(record).filter(|user| connection.is_none_or(|name| users::in_connection(user, name)))
        else {
            continue;
        };
        if left == 0 {
            break;
        }
        left -= 1;
        let at = |path: &str| {
            path.split('.').try_fold(&user, |value, name| match value {
                Value::Array(list) => list.get(name.trim_matches(['[', ']']).parse::<usize>().ok()?),
                other => other.get(name),
            })
        };
        if format == "csv" {
            let cells: Vec<String> = fields
                .iter()
                .map(|(name, _)| match at(name) {
                    None | Some(Value::Null) => String::new(),
                    Some(Value::String(text)) => cell(text),
                    Some(other) => cell(&other.to_string()),
                })
                .collect();
            writeln!(file, "{}", cells.join(","))?;
        } else {
            let members: Map<String, Value> =
                fields.iter().filter_map(|(name, shown)| Some((shown.clone(), at(name)?.clone()))).collect();
            writeln!(file, "{}", Value::Object(members))?;
        }
    }
    file.finish()
}

/// RFC 4180: quoted where it has to be.
fn cell(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}
