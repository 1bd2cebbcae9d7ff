export { ManagementClient } from "./client.js";
export { ManagementError, ManagementTimeoutError, RequiredError, TimeoutError } from "./errors.js";
export { HttpResponseHeadersUtils } from "./headers-utils.js";
export { CustomDomainHeader, withAbortSignal, withHeaders, withRetries, withTimeout } from "./helpers.js";
export { logging } from "./logging.js";
export { createManagementAuth, ManagementEnvironment, TokenProvider } from "./management-auth.js";
export * as Management from "./management.js";
export {
  AuthenticationClient, Backchannel, CustomTokenExchange, Database, Device, Mfa, OAuth, Passkey, Passwordless,
  SUBJECT_TOKEN_TYPES, TOKEN_FOR_CONNECTION_GRANT_TYPE, TOKEN_FOR_CONNECTION_REQUESTED_TOKEN_TYPE, TOKEN_FOR_CONNECTION_TOKEN_TYPE, TOKEN_URL,
  UserInfoClient,
} from "./authentication.js";
export { JSONApiResponse, TextApiResponse, VoidApiResponse } from "./auth-call.js";
export { AuthApiError, FetchError, IdTokenValidatorError, ResponseError, UserInfoError } from "./auth-errors.js";
export * from "./verification.js";
