//! A user's authenticators: enrolment, listing, removal, and the codes that they make.
//!
//! They are the `authentication-methods` of the Management API; their secrets are kept apart.

use super::error::OAuthError;
use super::mfa::is_true;
use super::parameters::text;
use super::visit::Visit;
use crate::error::ApiError;
use crate::store::{Store, USERS, key};
use serde_json::{Value, json};

/// By user and authenticator: what makes its codes.
const SECRETS: &str = "/__factors";

/// Enrolments as Guardian shows them, and whose authenticators they are.
const ENROLMENTS: &str = "/guardian/enrollments";
const ENROLMENT_OWNERS: &str = "/__enrollments";

/// RFC 6238: a code lasts this long, in seconds.
const STEP_S: i64 = 30;

/// An authenticator.
#[derive(Clone, Debug)]
pub(crate) struct Factor {
    pub(crate) id: String,
    /// `totp`, `phone`, `email`, `push-notification` or `recovery-code`.
    pub(crate) kind: String,
    pub(crate) confirmed: bool,
    /// `sms`, `voice`, `email` or `auth0`.
    pub(crate) channel: Option<String>,
    pub(crate) address: Option<String>,
    pub(super) name: Option<String>,
}

impl Factor {
    /// How it is challenged: `otp`, `oob` or, not at all, `recovery`.
    pub(crate) fn challenge(&self) -> &'static str {
        match self.kind.as_str() {
            "totp" => "otp",
            "recovery-code" => "recovery",
            _ => "oob",
        }
    }

    fn of(record: &Value) -> Option<Self> {
        let kind = text(record, "type")?.to_owned();
        let channel = match kind.as_str() {
            "phone" => Some(text(record, "preferred_authentication_method").unwrap_or("sms").to_owned()),
            "email" => Some("email".to_owned()),
            "push-notification" => Some("auth0".to_owned()),
            "totp" | "recovery-code" => None,
            _ => return None,
        };
        let address = text(record, "phone_number").or(text(record, "email")).map(str::to_owned);
        let name = text(record, "name").or(address.as_deref()).map(str::to_owned);
        Some(Self {
            id: text(record, "id")?.to_owned(),
            kind,
            confirmed: is_true(record.get("confirmed")),
            channel,
            address,
            name,
        })
    }
}

pub(super) fn methods(user: &str) -> String {
    format!("{USERS}/{}/authentication-methods", key(user))
}

impl Visit<'_> {
    /// The authenticators that a user has confirmed, those that can be challenged first.
    pub(crate) fn factors(&self, user: &str) -> Vec<Factor> {
        let mut all = self.all_factors(user);
        all.retain(|factor| factor.confirmed);
        all.sort_by_key(|factor| factor.challenge() == "recovery");
        all
    }

    pub(super) fn all_factors(&self, user: &str) -> Vec<Factor> {
        self.store.all(&methods(user)).iter().filter_map(Factor::of).collect()
    }

    /// Whether a code is the one of a confirmed or of a new TOTP authenticator; a new one is confirmed by it. A code is
    /// good once (RFC 6238, section 5.2).
    pub(crate) fn check_totp(&mut self, user: &str, code: &str) -> Result<bool, OAuthError> {
        let step = self.now_s.div_euclid(STEP_S);
        for factor in self.all_factors(user).into_iter().filter(|factor| factor.kind == "totp") {
            let Some(secret) = self.factor_secret(user, &factor.id) else { continue };
            // One step of drift in either direction.
            let Some(matched) = (step - 1..=step + 1).find(|step| totp(&secret, *step) == code) else { continue };
            let used = format!("totp {user} {} {matched}", factor.id);
            if !self.flows.first_use(used, (matched + 3) * STEP_S) {
                return Ok(false);
            }
            self.confirm(user, &factor.id);
            return Ok(true);
        }
        Ok(false)
    }

    fn factor_secret(&self, user: &str, id: &str) -> Option<String> {
        text(&self.store.get(SECRETS, &format!("{user} {id}"))?, "secret").map(str::to_owned)
    }

    pub(crate) fn confirm(&mut self, user: &str, id: &str) {
        let path = methods(user);
        if let Some(mut record) = self.store.get(&path, id) {
            record["confirmed"] = json!(true);
            record["enrolled_at"] = json!(self.now());
            self.store.put(&path, id, &record);
            if let Some(mut shown) = enrolment(&record) {
                let enrolment_id = text(&shown, "id").unwrap_or_default().to_owned();
                self.store.put(ENROLMENT_OWNERS, &enrolment_id, &json!({ "user_id": user, "id": id }));
                shown
                    .as_object_mut()
                    .into_iter()
                    .for_each(|map| map.retain(|name, _| name != "auth_method" && name != "type"));
                self.store.put(ENROLMENTS, &enrolment_id, &shown);
            }
        }
    }

    /// A new authenticator, which its first code confirms.
    pub(crate) fn enroll(
        &mut self,
        user: &str,
        kind: &str,
        mut record: Value,
        secret: Option<&str>,
    ) -> Result<Factor, OAuthError> {
        let id = format!("{kind}|dev_{}", self.secret(16)?);
        record["id"] = json!(id);
        record["type"] = json!(kind);
        record["created_at"] = json!(self.now());
        if record.get("confirmed").is_none() {
            record["confirmed"] = json!(false);
        }
        self.store.put(&methods(user), &id, &record);
        if let Some(secret) = secret {
            self.store.put(SECRETS, &format!("{user} {id}"), &json!({ "secret": secret }));
        }
        Factor::of(&record).ok_or_else(|| OAuthError::new(500, "server_error", "an authenticator of no known kind"))
    }

    /// A TOTP secret: 20 random bytes, base32 (RFC 4648).
    pub(crate) fn totp_secret(&self) -> Result<String, OAuthError> {
        let random = self.secret(32)?;
        Ok(random.bytes().map(|byte| char::from(BASE32[usize::from(byte) % 32])).collect())
    }

    pub(crate) fn otpauth(&self, user: &str, secret: &str) -> String {
        let label: String = user
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("%{:02X}", c as u32 & 0xff) })
            .collect();
        format!(
            "otpauth://totp/auth0-sandbox:{label}?secret={secret}&issuer=auth0-sandbox&algorithm=SHA1&digits=6&period=30"
        )
    }

    /// Spends a recovery code and makes the next one. `None`: it is not the right one.
    pub(crate) fn use_recovery_code(&mut self, user: &str, code: &str) -> Result<Option<String>, OAuthError> {
        let found = self.all_factors(user).into_iter().find(|factor| factor.kind == "recovery-code");
        let Some(factor) = found else { return Ok(None) };
        if self.factor_secret(user, &factor.id).as_deref() != Some(code) {
            return Ok(None);
        }
        let next = self.secret(24)?.to_uppercase();
        self.store.put(SECRETS, &format!("{user} {}", factor.id), &json!({ "secret": next }));
        Ok(Some(next))
    }

    /// A recovery code, where the user has none yet.
    pub(crate) fn first_recovery_code(&mut self, user: &str) -> Result<Option<String>, OAuthError> {
        if self.all_factors(user).iter().any(|factor| factor.kind == "recovery-code") {
            return Ok(None);
        }
        let code = self.secret(24)?.to_uppercase();
        self.enroll(user, "recovery-code", json!({ "confirmed": true }), Some(&code))?;
        Ok(Some(code))
    }
}

/// An authenticator as Guardian shows it: only those that a challenge can go to.
fn enrolment(method: &Value) -> Option<Value> {
    let kind = text(method, "type")?;
    let (shown, way) = match kind {
        "totp" => ("authenticator", "authenticator"),
        "phone" => ("sms", "sms"),
        "push-notification" => ("pn", "guardian"),
        "webauthn-roaming" | "webauthn-platform" => (kind, kind),
        _ => return None,
    };
    let id = text(method, "id")?.rsplit('|').next()?;
    let status = if is_true(method.get("confirmed")) { "confirmed" } else { "pending" };
    let mut record = json!({ "id": id, "status": status, "type": shown, "auth_method": way });
    for (from, to) in [("phone_number", "phone_number"), ("enrolled_at", "enrolled_at"), ("name", "identifier")] {
        method.get(from).into_iter().for_each(|value| record[to] = value.clone());
    }
    Some(record)
}

/// The enrolments of a user.
pub(crate) fn enrolments(store: &Store, user: &str) -> Vec<Value> {
    store.all(&methods(user)).iter().filter_map(enrolment).collect()
}

/// Forgets an authenticator, by the id of its enrolment. `false`: there is none.
pub(crate) fn forget_factor(store: &mut Store, enrolment: &str) -> bool {
    let Some(owner) = store.get(ENROLMENT_OWNERS, enrolment) else {
        return store.remove(ENROLMENTS, enrolment).is_some();
    };
    let part = |name: &str| text(&owner, name).unwrap_or_default().to_owned();
    let (user, id) = (part("user_id"), part("id"));
    store.remove(&methods(&user), &id);
    forget_secrets(store, &user, &id);
    true
}

pub(super) fn forget_secrets(store: &mut Store, user: &str, id: &str) {
    store.remove(SECRETS, &format!("{user} {id}"));
    let enrolment = id.rsplit('|').next().unwrap_or_default();
    store.remove(ENROLMENT_OWNERS, enrolment);
    store.remove(ENROLMENTS, enrolment);
}

/// Keeps the secret of an authenticator that an administrator made.
pub(crate) fn keep_totp_secret(store: &mut Store, user: &str, id: &str, secret: &str) {
    store.put(SECRETS, &format!("{user} {id}"), &json!({ "secret": secret }));
}

/// A new recovery code of a user, in the place of the old one.
pub(crate) fn new_recovery_code(store: &mut Store, user: &str, now: &str) -> Result<String, ApiError> {
    let path = methods(user);
    let known = store.all(&path).iter().filter_map(Factor::of).find(|factor| factor.kind == "recovery-code");
    let id = match known {
        Some(factor) => factor.id,
        None => {
            let id = format!("recovery-code|dev_{}", crate::ids::letters(16)?);
            let record = json!({ "id": id, "type": "recovery-code", "confirmed": true, "created_at": now });
            store.put(&path, &id, &record);
            id
        }
    };
    let code = crate::ids::letters(24)?.to_uppercase();
    store.put(SECRETS, &format!("{user} {id}"), &json!({ "secret": code }));
    Ok(code)
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The six digits of a step: RFC 4226, section 5.3, with SHA-1, as authenticator apps have it.
fn totp(secret: &str, step: i64) -> String {
    let mac = crate::crypto::hmac_sha1(&base32(secret), &step.to_be_bytes());
    let start = usize::from(mac[mac.len() - 1] & 15);
    let number = mac[start..start + 4].iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

fn base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes().filter_map(|byte| BASE32.iter().position(|known| *known == byte.to_ascii_uppercase())) {
        bits = bits << 5 | letter as u32;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 255) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, cut to six digits.
    #[test]
    fn the_codes_of_the_rfc() {
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(base32(secret), b"12345678901234567890");
        for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(totp(secret, time / STEP_S), code);
        }
    }
}
