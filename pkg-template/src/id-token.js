// The ID token of an answer, verified (OpenID Connect Core 1.0, section 3.1.3.7), with the error class of auth0 v6.
import { IdTokenValidatorError } from "./auth-errors.js";
import { refuse, TokenError } from "./jose.js";

export const validate = async (context, token, { nonce, maxAge, organization } = {}, refreshed) => {
  try {
    const claims = await context.verifier().verifyIdToken(token, { nonce: nonce || undefined, maxAge: maxAge ?? undefined, organization: organization || undefined });
    // The nonce is that of the login, which a refresh knows nothing of (section 12.2).
    if (claims.nonce !== undefined && !nonce && !refreshed) refuse("nonce_mismatch", "the token has a nonce, and this login has none");
    return claims;
  } catch (cause) {
    throw cause instanceof TokenError ? Object.assign(new IdTokenValidatorError(cause.message, { cause }), { code: cause.code }) : cause;
  }
};
