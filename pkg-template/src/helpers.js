// Parts of request options, to be spread: `client.users.get(id, {}, { ...withTimeout(5), ...withRetries(0) })`.
export const withTimeout = (timeoutInSeconds) => ({ timeoutInSeconds });
export const withRetries = (maxRetries) => ({ maxRetries });
export const withHeaders = (headers) => ({ headers });
export const withAbortSignal = (abortSignal) => ({ abortSignal });
export const CustomDomainHeader = (domain) => withHeaders({ "Auth0-Custom-Domain": domain });
