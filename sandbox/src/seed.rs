//! What a fresh tenant holds. The same seed gives the same tenant, ids and all.

use crate::clock::iso8601;
use crate::ids::{mix, seeded_hex, seeded_id, seeded_letters};
use crate::model::{Action, Model};
use crate::store::{Store, USERS};
use crate::users::picture;
use auth0_api_description::Method;
use serde_json::{Map, Value, json};

/// 2026-01-01T00:00:00Z: seed data is from before, and does not depend on the day it is made.
const EPOCH_MS: i64 = 1_767_225_600_000;

/// The password of every user of the seed.
pub(crate) const PASSWORD: &str = "Sandbox-1";

/// How many log events there are.
const LOGS: u64 = 150;

/// The name of the connection that the seeded users are in.
pub(crate) const CONNECTION: &str = "Username-Password-Authentication";

/// The identifier of the sample API.
pub(crate) const API: &str = "https://api.example.com/";

/// What the ids of the public clients are made from.
pub(crate) const SINGLE_PAGE: u64 = 303;
pub(crate) const NATIVE: u64 = 304;

/// The callbacks of the sample applications.
const CALLBACKS: [&str; 3] =
    ["http://localhost:3000/callback", "http://127.0.0.1:3000/callback", "https://app.example.com/callback"];

/// Every grant type that there is.
const ALL_GRANTS: [&str; 15] = [
    "authorization_code",
    "implicit",
    "refresh_token",
    "client_credentials",
    "password",
    "http://auth0.com/oauth/grant-type/password-realm",
    "http://auth0.com/oauth/grant-type/passwordless/otp",
    "http://auth0.com/oauth/grant-type/mfa-otp",
    "http://auth0.com/oauth/grant-type/mfa-oob",
    "http://auth0.com/oauth/grant-type/mfa-recovery-code",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:openid:params:grant-type:ciba",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token",
    "urn:okta:params:oauth:grant-type:webauthn",
];

/// What to seed.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    pub(crate) users: u64,
    pub(crate) demo: Credentials,
    pub(crate) limited: Credentials,
    /// The sample web application.
    pub(crate) web: Credentials,
}

/// A client's id and secret.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

impl Credentials {
    /// The same at each start: for a sandbox that only this machine reaches.
    pub(crate) fn fixed(seed: u64) -> Self {
        Self { client_id: seeded_letters(seed, 32), client_secret: seeded_letters(!mix(seed), 64) }
    }
}

/// A tenant as the seed says.
pub(crate) fn store(model: &Model, seed: &Seed, audience: &str) -> Store {
    let mut seeder = Seeder { model, store: Store::default() };
    seeder.connections();
    seeder.applications(seed, audience);
    seeder.roles_and_organizations();
    seeder.others();
    seeder.logs();
    for number in 1..=seed.users {
        let (id, user) = user(number);
        seeder.store.put(USERS, &id, &user);
    }
    seeder.memberships(seed.users);
    seeder.store
}

struct Seeder<'a> {
    model: &'a Model,
    store: Store,
}

impl Seeder<'_> {
    /// Puts a record, completed with what its types require.
    fn put(&mut self, path: &str, id: &str, record: Value) {
        let mut all = Map::new();
        all.insert(self.model.id_field(path).to_owned(), json!(id));
        if let Value::Object(record) = record {
            all.extend(record);
        }
        let mut record = Value::Object(all);
        self.model.complete(path, &mut record);
        self.store.put(path, id, &record);
    }

    fn connections(&mut self) {
        for (number, (name, strategy)) in
            [(CONNECTION, "auth0"), ("google-oauth2", "google-oauth2"), ("email", "email"), ("sms", "sms")]
                .iter()
                .enumerate()
        {
            let id = seeded_id("/connections", number as u64 + 100);
            let record = json!({ "name": name, "strategy": strategy, "options": {}, "realms": [name],
                                 "is_domain_connection": false, "enabled_clients": [] });
            self.put("/connections", &id, record);
        }
    }

    fn applications(&mut self, seed: &Seed, audience: &str) {
        let all_scopes: Vec<Value> =
            self.model.scopes.iter().map(|scope| json!({ "value": scope, "description": scope })).collect();
        let apis = [
            ("Auth0 Management API", audience, true, json!(all_scopes)),
            (
                "Sample API",
                API,
                false,
                json!([{ "value": "read:things", "description": "Read things" },
                       { "value": "write:things", "description": "Change things" }]),
            ),
        ];
        for (number, (name, identifier, system, scopes)) in apis.into_iter().enumerate() {
            let id = seeded_id("/resource-servers", number as u64 + 200);
            let record = json!({ "name": name, "identifier": identifier, "is_system": system, "scopes": scopes,
                                 "signing_alg": "RS256", "token_lifetime": 86_400, "allow_offline_access": !system });
            self.put("/resource-servers", &id, record);
        }
        let single_page = Credentials::fixed(SINGLE_PAGE);
        let native = Credentials::fixed(NATIVE);
        let clients = [
            ("Sandbox demo", &seed.demo, "non_interactive", json!(["client_credentials"])),
            ("Sandbox, may only read users", &seed.limited, "non_interactive", json!(["client_credentials"])),
            ("Sample single-page app", &single_page, "spa", json!(["authorization_code", "implicit", "refresh_token"])),
            ("Sample web app", &seed.web, "regular_web", json!(ALL_GRANTS)),
            ("Sample native app", &native, "native", json!(ALL_GRANTS)),
        ];
        let (callbacks, logouts) = (json!(CALLBACKS), json!(["http://localhost:3000", "http://127.0.0.1:3000"]));
        for (name, credentials, kind, grants) in clients {
            let machine = kind == "non_interactive";
            let method = if matches!(kind, "spa" | "native") { "none" } else { "client_secret_post" };
            let record = json!({ "name": name, "client_secret": credentials.client_secret, "app_type": kind,
                                 "grant_types": grants, "is_first_party": true, "global": false,
                                 "token_endpoint_auth_method": method, "oidc_conformant": true,
                                 "callbacks": if machine { json!([]) } else { callbacks.clone() },
                                 "allowed_logout_urls": if machine { json!([]) } else { logouts.clone() },
                                 "tenant": "sandbox" });
            self.put("/clients", &credentials.client_id, record);
        }
        let every: Vec<&String> = self.model.scopes.iter().collect();
        let things = json!(["read:things", "write:things"]);
        for (number, (client, audience, scope)) in [
            (&seed.demo, audience, json!(every)),
            (&seed.limited, audience, json!(["read:users"])),
            (&seed.web, API, things),
        ]
        .into_iter()
        .enumerate()
        {
            let id = seeded_id("/client-grants", number as u64 + 400);
            let record = json!({ "client_id": client.client_id, "audience": audience, "scope": scope });
            self.put("/client-grants", &id, record);
        }
    }

    fn roles_and_organizations(&mut self) {
        for (number, (name, description)) in
            [("admin", "May do everything"), ("editor", "May change things"), ("viewer", "May look at things")]
                .iter()
                .enumerate()
        {
            let id = seeded_id("/roles", number as u64 + 500);
            self.put("/roles", &id, json!({ "name": name, "description": description }));
        }
        for (number, (name, display)) in
            [("acme", "Acme"), ("globex", "Globex"), ("zum-loewen", "Zum Löwen")].iter().enumerate()
        {
            let id = seeded_id("/organizations", number as u64 + 600);
            self.put("/organizations", &id, json!({ "name": name, "display_name": display, "metadata": {} }));
        }
    }

    /// One record in each collection that nothing creates in, and the fixed lists.
    fn others(&mut self) {
        let created = |path: &str| {
            let mut routes = self.model.routes.iter().filter(|route| route.target == path);
            routes.any(|route| matches!(route.action, Action::Create) && route.operation.method == Method::Post)
        };
        let readable = |path: &str| {
            let mut routes = self.model.routes.iter().filter(|route| route.target == path);
            routes.any(|route| route.action == Action::Read)
        };
        let foreign =
            self.model.collections.iter().filter(|path| !path.contains('{') && readable(path) && !created(path));
        let foreign: Vec<String> = foreign.filter(|path| *path != "/logs").cloned().collect();
        for path in foreign {
            let id = seeded_id(&path, 700);
            self.put(&path, &id, json!({}));
        }
        for (id, version) in [("post-login", "v3"), ("credentials-exchange", "v2"), ("pre-user-registration", "v2")] {
            let record = json!({ "version": version, "status": "CURRENT", "default_runtime": "node22" });
            self.put("/actions/triggers", id, record);
        }
        for name in [
            "sms",
            "push-notification",
            "email",
            "otp",
            "duo",
            "webauthn-roaming",
            "webauthn-platform",
            "recovery-code",
        ] {
            self.put("/guardian/factors", name, json!({ "name": name, "enabled": false, "trial_expired": false }));
        }
    }

    fn logs(&mut self) {
        for number in 1..=LOGS {
            let at = EPOCH_MS + number as i64 * 60_000;
            let id = format!("9002026{number:022}");
            let (kind, description) = [("s", "Successful login"), ("f", "Wrong password"), ("sapi", "API operation")]
                [(mix(number) % 3) as usize];
            let user = mix(number) % 50 + 1;
            let record = json!({ "_id": id, "date": iso8601(at), "type": kind, "description": description,
                                 "connection": CONNECTION, "client_name": "Sample single-page app", "ip": "127.0.0.1",
                                 "user_id": user_id(user), "user_name": email(user) });
            self.put("/logs", &id, record);
        }
    }

    /// All users are members of the first organization; the first three have the first role and are in the first group.
    fn memberships(&mut self, users: u64) {
        let (role, organization) = (seeded_id("/roles", 500), seeded_id("/organizations", 600));
        let group = seeded_id("/groups", 700);
        for number in 1..=users {
            let user = user_id(number);
            if number <= 3 {
                self.store.put(&format!("{USERS}/{user}/roles"), &role, &json!({ "id": role }));
                self.store.put(&format!("/roles/{role}/users"), &user, &json!({ "user_id": user }));
                self.store.put(&format!("{USERS}/{user}/groups"), &group, &json!({ "id": group }));
                let member = json!({ "id": user, "member_type": "user", "created_at": iso8601(EPOCH_MS) });
                self.store.put(&format!("/groups/{group}/members"), &user, &member);
            }
            self.store.put(&format!("/organizations/{organization}/members"), &user, &json!({ "user_id": user }));
            self.store.put(&format!("{USERS}/{user}/organizations"), &organization, &json!({ "id": organization }));
        }
    }
}

/// Whether a user is one of the seed: those are older than the sandbox.
pub(crate) fn is_seeded(user: &Value) -> bool {
    let created = user.get("created_at").and_then(Value::as_str).unwrap_or("9");
    created < iso8601(EPOCH_MS).as_str()
}

fn user_id(number: u64) -> String {
    format!("auth0|{}", seeded_hex(mix(number), 24))
}

fn email(number: u64) -> String {
    format!("user-{number:06}@example.com")
}

/// User number 1, 2, 3 and so on.
fn user(number: u64) -> (String, Value) {
    const GIVEN: [&str; 12] =
        ["Ann", "Bob", "Chloé", "Dmitri", "Eva", "Fatima", "Göran", "Hana", "Łukasz", "美咲", "José", "Zoë"];
    const FAMILY: [&str; 10] =
        ["Adams", "Brown", "Çelik", "Dvořák", "Evans", "García", "Ivanov", "Müller", "Nguyễn", "山田"];
    const PLANS: [&str; 3] = ["free", "pro", "enterprise"];
    let random = mix(number);
    let pick = |list: &[&'static str], shift: u32| list[((random >> shift) % list.len() as u64) as usize];
    let (given, family) = (pick(&GIVEN, 0), pick(&FAMILY, 8));
    let id = user_id(number);
    let own_id = id.trim_start_matches("auth0|").to_owned();
    let created = iso8601(EPOCH_MS - (random % 31_536_000_000) as i64);
    let nickname = format!("user-{number:06}");
    let user = json!({
        "user_id": id,
        "email": email(number),
        "email_verified": !random.is_multiple_of(4),
        "name": format!("{given} {family}"),
        "given_name": given,
        "family_name": family,
        "nickname": nickname,
        "picture": picture(&nickname),
        "identities": [{ "connection": CONNECTION, "user_id": own_id, "provider": "auth0", "isSocial": false }],
        "user_metadata": { "locale": if random.is_multiple_of(2) { "en" } else { "de" }, "number": number },
        "app_metadata": { "plan": pick(&PLANS, 16) },
        "created_at": created,
        "updated_at": created,
        "last_login": iso8601(EPOCH_MS + (random % 86_400_000) as i64),
        "last_ip": "127.0.0.1",
        "logins_count": random % 200,
    });
    (id, user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_the_same_each_time_and_its_users_differ() {
        assert_eq!(user(7), user(7));
        let ids: std::collections::BTreeSet<String> = (1..=5_000).map(user_id).collect();
        assert_eq!(ids.len(), 5_000);
        assert!((1..=200).map(|number| user(number).1.to_string()).any(|text| !text.is_ascii()));
    }
}
