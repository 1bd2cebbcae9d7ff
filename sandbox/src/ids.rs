//! Ids in the shapes that Auth0 uses.

use crate::error::ApiError;

const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const HEX: &[u8] = b"0123456789abcdef";

/// By collection: what a new record's id looks like. Collections that are not listed get a prefix of their own name.
const SHAPES: &[(&str, Shape)] = &[
    ("/actions/actions", Shape::Uuid),
    ("/actions/modules", Shape::Uuid),
    ("/actions/modules/{}/versions", Shape::Uuid),
    ("/actions/actions/{}/versions", Shape::Uuid),
    ("/actions/executions", Shape::Hex(24)),
    ("/agents", Shape::Prefix("agt")),
    ("/branding/phone/providers", Shape::Prefix("pro")),
    ("/branding/phone/templates", Shape::Prefix("tem")),
    ("/branding/themes", Shape::Letters(32)),
    ("/client-grants", Shape::Prefix("cgr")),
    ("/clients", Shape::Letters(32)),
    ("/clients/{}/credentials", Shape::Prefix("cred")),
    ("/connection-profiles", Shape::Prefix("cop")),
    ("/connections", Shape::Prefix("con")),
    ("/connections/{}/scim-configuration/tokens", Shape::Prefix("tok")),
    ("/custom-domains", Shape::Prefix("cd")),
    ("/device-credentials", Shape::Prefix("dcr")),
    ("/event-streams", Shape::Base58("est")),
    ("/event-streams/{}/deliveries", Shape::Base58("evt")),
    ("/flows", Shape::Prefix("af")),
    ("/flows/vault/connections", Shape::Prefix("ac")),
    ("/forms", Shape::Prefix("ap")),
    ("/grants", Shape::Hex(24)),
    ("/experimentation/experiments", Shape::Base58("exp")),
    ("/experimentation/feature-flags", Shape::Base58("flg")),
    ("/experimentation/feature-flags/{}/variations", Shape::Base58("var")),
    ("/experimentation/segments", Shape::Base58("seg")),
    ("/groups", Shape::Base58("grp")),
    ("/guardian/enrollments", Shape::Prefix("dev")),
    ("/jobs", Shape::Prefix("job")),
    ("/keys/encryption", Shape::Uuid),
    ("/log-streams", Shape::Prefix("lst")),
    ("/network-acls", Shape::Prefix("acl")),
    ("/organizations", Shape::Prefix("org")),
    ("/organizations/{}/discovery-domains", Shape::Prefix("ddom")),
    ("/organizations/{}/invitations", Shape::Prefix("uinv")),
    ("/resource-servers", Shape::Hex(24)),
    ("/roles", Shape::Prefix("rol")),
    ("/rules", Shape::Prefix("rul")),
    ("/self-service-profiles", Shape::Prefix("ssp")),
    ("/token-exchange-profiles", Shape::Prefix("tep")),
    ("/user-attribute-profiles", Shape::Prefix("uap")),
    ("/users/{}/authentication-methods", Shape::Method),
    ("/verifiable-credentials/verification/templates", Shape::Prefix("vct")),
];

#[derive(Clone, Copy)]
enum Shape {
    /// The prefix, `_` and 16 letters or digits.
    Prefix(&'static str),
    Letters(usize),
    Hex(usize),
    Uuid,
    /// The prefix, `_` and 22 of the characters that are hard to mistake for each other.
    Base58(&'static str),
    /// `email|dev_` and 16 letters or digits.
    Method,
}

/// A new id for a record of a collection, given by its template: `/users/{}/roles`.
pub(crate) fn new_id(template: &str) -> Result<String, ApiError> {
    let seed = getrandom::u64().map_err(|error| ApiError::internal(format!("no random bytes: {error}")))?;
    Ok(seeded_id(template, seed))
}

/// The id of a collection's record that depends on `seed` alone.
pub(crate) fn seeded_id(template: &str, seed: u64) -> String {
    let letters = |count| seeded(ALPHANUMERIC, seed, count);
    match SHAPES.iter().find(|(known, _)| *known == template).map(|(_, shape)| *shape) {
        Some(Shape::Prefix(prefix)) => format!("{prefix}_{}", letters(16)),
        Some(Shape::Letters(count)) => letters(count),
        Some(Shape::Hex(count)) => seeded_hex(seed, count),
        Some(Shape::Uuid) => uuid(&seeded_hex(seed, 32)),
        Some(Shape::Method) => format!("email|dev_{}", letters(16)),
        Some(Shape::Base58(prefix)) => format!("{prefix}_{}", seeded(BASE58, seed, 22)),
        None => {
            let name = template.rsplit('/').next().unwrap_or_default();
            let prefix: String = name.chars().filter(char::is_ascii_lowercase).take(3).collect();
            format!("{prefix}_{}", letters(16))
        }
    }
}

/// Random letters and digits.
pub(crate) fn letters(count: usize) -> Result<String, ApiError> {
    random_of(ALPHANUMERIC, count)
}

/// Random hexadecimal digits, for ids that are not looked up in the table.
pub(crate) fn hex(count: usize) -> Result<String, ApiError> {
    random_of(HEX, count)
}

fn uuid(hex: &str) -> String {
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

fn random_of(alphabet: &[u8], count: usize) -> Result<String, ApiError> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).map_err(|error| ApiError::internal(format!("no random bytes: {error}")))?;
    // 256 is not a multiple of 62, so some letters are a little likelier; ids need to be different, not secret.
    Ok(bytes.iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect())
}

/// A number that depends on `seed` alone and looks random: the same seed data at each start.
pub(crate) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// `count` letters or digits that depend on `seed` alone.
pub(crate) fn seeded_letters(seed: u64, count: usize) -> String {
    seeded(ALPHANUMERIC, seed, count)
}

/// `count` hexadecimal digits that depend on `seed` alone.
pub(crate) fn seeded_hex(seed: u64, count: usize) -> String {
    seeded(HEX, seed, count)
}

fn seeded(alphabet: &[u8], seed: u64, count: usize) -> String {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = mix(state);
            char::from(alphabet[(state % alphabet.len() as u64) as usize])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_shapes_and_differ() {
        let role = new_id("/roles").unwrap();
        assert!(role.starts_with("rol_") && role.len() == 20, "{role}");
        assert_ne!(role, new_id("/roles").unwrap());
        assert_eq!(new_id("/clients").unwrap().len(), 32);
        assert!(new_id("/something-new").unwrap().starts_with("som_"));
        assert_eq!(new_id("/actions/actions").unwrap().len(), 36);
        assert_eq!(seeded_id("/roles", 1), seeded_id("/roles", 1));
        assert_eq!(seeded_letters(7, 16), seeded_letters(7, 16));
        assert_ne!(seeded_letters(7, 16), seeded_letters(8, 16));
    }
}
