// Tokens and keys: all of auth0-sdk/verify.
export { createClientAssertion, createDpop, createPkce } from "./dpop.js";
export { RequestGuard } from "./guard.js";
export { randomText, TokenError } from "./jose.js";
export { TokenVerifier } from "./verify.js";
