//! The `Auth0-Client` header: base64 of a small JSON object with name, version and environment.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The header of this crate.
pub(crate) fn of_this_crate() -> String {
    header(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}

/// The header of a program.
pub(crate) fn header(name: &str, version: &str) -> String {
    let quote = |text: &str| serde_json::Value::from(text).to_string();
    let (os, arch) = (quote(std::env::consts::OS), quote(std::env::consts::ARCH));
    let json = format!(r#"{{"name":{},"version":{},"env":{{"os":{os},"arch":{arch}}}}}"#, quote(name), quote(version));
    STANDARD.encode(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_base64_json() {
        let decoded = STANDARD.decode(header("a \"b\"", "1")).expect("base64");
        let json: serde_json::Value = serde_json::from_slice(&decoded).expect("JSON");
        assert_eq!(json["name"], "a \"b\"");
        assert_eq!(json["version"], "1");
        assert!(json["env"]["os"].is_string());
    }
}
