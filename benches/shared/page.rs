//! The page of users that the benchmarks read.

use serde_json::json;

/// A page as Auth0 sends it.
pub(crate) fn page() -> String {
    let user = |number: usize| {
        json!({
            "user_id": format!("auth0|{number:024x}"), "email": format!("user{number}@example.com"),
            "email_verified": number.is_multiple_of(2), "name": format!("User Number {number}"), "nickname": format!("user{number}"),
            "picture": format!("https://s.gravatar.com/avatar/{number:032x}?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fus.png"),
            "given_name": "User", "family_name": format!("Number {number}"), "locale": "en",
            "created_at": "2024-01-02T03:04:05.678Z", "updated_at": "2026-01-02T03:04:05.678Z",
            "last_login": "2026-01-02T03:04:05.678Z", "last_ip": "203.0.113.7", "logins_count": number * 3, "blocked": false,
            "identities": [{"connection": "Username-Password-Authentication", "provider": "auth0",
                "user_id": format!("{number:024x}"), "isSocial": false}],
            "user_metadata": {"theme": "dark", "newsletter": true, "address": {"street": "1 Example Street", "city": "Exampleton",
                "postal_code": "12345", "country": "XX"}, "note": "ein Text mit Umlauten: äöü"},
            "app_metadata": {"plan": "pro", "roles": ["admin", "editor", "viewer"], "seats": 25,
                "features": {"export": true, "audit": false, "sso": true}, "reference": format!("{:064x}", number * 7919)},
        })
    };
    json!({"start": 0, "limit": 50, "length": 50, "total": 2500, "users": (0..50).map(user).collect::<Vec<_>>()})
        .to_string()
}
