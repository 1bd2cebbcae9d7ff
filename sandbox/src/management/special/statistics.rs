//! Numbers: who was active, what happened on which day.

use super::Deed;
use crate::clock::iso8601;
use crate::error::ApiError;
use crate::logs::LOGS;
use crate::message::Answer;
use crate::search::text_at;
use crate::store::USERS;
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Result<T> = std::result::Result<T, ApiError>;

/// Who was there in this time is active, in milliseconds: 30 days.
const ACTIVE_MS: i64 = 30 * 86_400_000;

impl Deed<'_, '_> {
    pub(super) fn active_users(&mut self) -> Result<Answer> {
        let since = iso8601(self.call.tenant.clock.now_ms() - ACTIVE_MS);
        let path = ["last_login".to_owned()];
        let users = self.store.collection(USERS);
        let users = users.into_iter().flat_map(|all| all.after(None));
        let active = users.filter(|(.., user)| text_at(user, &path).is_some_and(|at| at >= since)).count();
        Ok(self.call.done(Some(&json!(active))))
    }

    /// Logins and signups of each day in the log; `from` and `to` are days, as 20260131.
    pub(super) fn daily(&mut self) -> Result<Answer> {
        let bound = |name: &str| self.call.query.get(name).and_then(Value::as_str).map(str::to_owned);
        let (from, to) = (bound("from"), bound("to"));
        let mut days: BTreeMap<String, [u64; 3]> = BTreeMap::new();
        for event in self.store.all(LOGS) {
            let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
            let day = text("date").get(..10).unwrap_or_default().to_owned();
            let plain = day.replace('-', "");
            if from.as_ref().is_some_and(|from| plain < *from) || to.as_ref().is_some_and(|to| plain > *to) {
                continue;
            }
            let column = match text("type") {
                "s" | "sepft" => 0,
                "ss" => 1,
                "pwd_leak" => 2,
                _ => continue,
            };
            days.entry(day).or_default()[column] += 1;
        }
        let shown: Vec<Value> = days
            .into_iter()
            .map(|(day, [logins, signups, leaked])| {
                let date = format!("{day}T00:00:00.000Z");
                json!({ "date": date, "logins": logins, "signups": signups, "leaked_passwords": leaked,
                        "created_at": date, "updated_at": date })
            })
            .collect();
        Ok(self.call.done(Some(&json!(shown))))
    }
}
