export { ManagementClient } from "./client.js";
export { ManagementError, ManagementTimeoutError, RequiredError, TimeoutError } from "./errors.js";
export { HttpResponseHeadersUtils } from "./headers-utils.js";
export { CustomDomainHeader, withAbortSignal, withHeaders, withRetries, withTimeout } from "./helpers.js";
export { logging } from "./logging.js";
export { createManagementAuth, ManagementEnvironment, TokenProvider } from "./management-auth.js";
export * as Management from "./management.js";
