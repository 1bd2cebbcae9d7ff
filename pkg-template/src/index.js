export { ManagementClient } from "./client.js";
export { ManagementError, ManagementTimeoutError } from "./errors.js";
export { CustomDomainHeader, withAbortSignal, withHeaders, withRetries, withTimeout } from "./helpers.js";
export * as Management from "./management.js";
