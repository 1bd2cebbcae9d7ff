//! What paths, methods and types do not say: the operations and collections that are not like others.

use super::Own;

/// The operations of [`Own`], and the collection that they work on where the path does not say it.
pub(super) const OWN: &[(&str, Own, Option<&str>)] = &[
    ("GET /users-by-email", Own::UsersByEmail, Some("/users")),
    ("GET /organizations/name/{}", Own::FindBy("name"), Some("/organizations")),
    (
        "GET /organizations/{}/discovery-domains/name/{}",
        Own::FindBy("domain"),
        Some("/organizations/{}/discovery-domains"),
    ),
    ("GET /branding/themes/default", Own::First, Some("/branding/themes")),
    ("PATCH /connections/{}/clients", Own::ConnectionClients, None),
    ("DELETE /connections/{}/users", Own::ConnectionUser, Some("/users")),
    ("POST /clients/{}/rotate-secret", Own::RotateSecret, Some("/clients")),
    ("GET /events", Own::Events, None),
];

/// Operations that look like state and are actions.
pub(super) const ACTIONS: &[&str] = &[
    "PATCH /branding/phone/templates/{}/reset",
    "PUT /keys/signing/{}/revoke",
    "POST /keys/encryption/{}",
    "POST /connections/{}/keys",
    "POST /keys/encryption/rekey",
    "PATCH /prompts/rendering",
    "DELETE /users/{}/identities/{}/{}",
];

/// Collections although nothing lists them and nothing creates in them: their records come from elsewhere.
pub(super) const UNLISTED: &[&str] = &["/sessions", "/jobs", "/guardian/enrollments", "/actions/executions"];

/// What looks like a collection and is not one.
pub(super) const VALUES: &[&str] = &["/user-blocks"];

/// Two collections that hold the same links, seen from either end.
pub(super) const MIRRORS: &[(&str, &str)] = &[
    ("/users/{}/roles", "/roles/{}/users"),
    ("/groups/{}/roles", "/roles/{}/groups"),
    ("/organizations/{}/members", "/users/{}/organizations"),
    ("/groups/{}/members", "/users/{}/groups"),
];

/// Lists that show another collection.
pub(super) const ALIASES: &[(&str, &str)] = &[
    ("/clients/search", "/clients"),
    ("/client-grants/search", "/client-grants"),
    ("/organizations/search", "/organizations"),
    ("/resource-servers/search", "/resource-servers"),
];

/// Single values that are not there before somebody makes them, although nothing in their types says so.
pub(super) const ABSENT: &[&str] = &["/branding/templates/universal-login", "/hooks/{}/secrets"];

/// Lists that are made of others when they are asked for, and where the records on the way are.
pub(crate) const DERIVED: &[(&str, &str)] = &[("/organizations/{}/groups", "/groups")];

/// Two names of one collection, and the one that it is kept under.
pub(super) const SAME: &[(&str, &str)] = &[("/organizations/{}/enabled_connections", "/organizations/{}/connections")];

/// The member that is a record's id, where neither `id` nor the parameter's name is right.
pub(super) const ID_FIELDS: &[(&str, &str)] = &[
    ("/users", "user_id"),
    ("/clients", "client_id"),
    ("/logs", "log_id"),
    ("/users/{}/logs", "log_id"),
    ("/email-templates", "template"),
    ("/rules-configs", "key"),
    ("/guardian/factors", "name"),
    ("/keys/signing", "kid"),
    ("/keys/encryption", "kid"),
    ("/organizations/{}/members", "user_id"),
    ("/organizations/{}/connections", "connection_id"),
    ("/organizations/{}/enabled_connections", "connection_id"),
    ("/organizations/{}/clients", "client_id"),
    ("/connections/{}/clients", "client_id"),
    ("/connections/{}/scim-configuration/tokens", "token_id"),
    ("/custom-domains", "custom_domain_id"),
    ("/roles/{}/users", "user_id"),
    ("/groups/{}/members", "id"),
];

/// Links to what is not in the tenant: the groups of an identity provider.
pub(super) const FOREIGN_LINKS: &[&str] = &["/connections/{}/directory-provisioning/synchronized-groups"];

/// What the member of a link's body names: the collection that the ids are looked up in.
pub(super) const TARGETS: &[(&str, &str)] =
    &[("roles", "/roles"), ("users", "/users"), ("members", "/users"), ("groups", "/groups"), ("clients", "/clients")];
