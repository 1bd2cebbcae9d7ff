//! The ID token that comes with an answer.

use super::core::Core;
use super::tokens::{Expected, TokenResponse};
use crate::Json;
use crate::error::{Error, ErrorKind};

/// Verifies the ID token of an answer and gives its claims; `None` when there is none and none was expected.
pub(crate) async fn check(_core: &Core, tokens: &TokenResponse, expected: &Expected) -> Result<Option<Json>, Error> {
    if tokens.id_token.is_none() && expected.required {
        return Err(Error::new(ErrorKind::Auth, "an ID token was asked for, and the answer has none"));
    }
    // SEAM: verified with src/verify when that has landed.
    let _ = (&expected.nonce, &expected.max_age, &expected.organization);
    Ok(None)
}
