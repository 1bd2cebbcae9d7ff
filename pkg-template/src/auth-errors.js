// What a call of the Authentication API fails with: the classes of auth0 v6, with the core's facts on them.
import { RequiredError, TimeoutError } from "./errors.js";

const facts = (error, detail) => {
  for (const name of ["code", "operation", "attempts", "requestId", "retryAfter", "resetAt", "mayHaveBeenSent"]) {
    if (detail?.[name] !== undefined && !(name in error)) error[name] = detail[name];
  }
  // A credential: there for the code that needs it, not for logs.
  if (detail?.mfaToken) Object.defineProperty(error, "mfaToken", { value: detail.mfaToken });
  return error;
};

// A minifier renames classes.
const named = (error, name) => Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });

// The endpoint has refused: `error` is its code.
export class AuthApiError extends Error {
  constructor(error, error_description, statusCode, body, headers) {
    super(error_description || error);
    Object.assign(named(this, "AuthApiError"), { error, error_description, statusCode, body, headers });
  }
}

// The same for /userinfo.
export class UserInfoError extends Error {
  constructor(error, error_description, statusCode, body, headers) {
    super(error_description || error);
    Object.assign(named(this, "UserInfoError"), { error, error_description, statusCode, body, headers });
  }
}

// An answer that is no JSON of the API.
export class ResponseError extends Error {
  constructor(statusCode, body, headers, message) {
    super(message);
    Object.assign(named(this, "ResponseError"), { statusCode, body, headers });
  }
}

// There was no answer.
export class FetchError extends Error {
  constructor(cause, message) {
    super(message, { cause });
    named(this, "FetchError");
  }
}

// The ID token is not what it must be.
export class IdTokenValidatorError extends Error {}

const NO_ANSWER = "The request failed and the interceptors did not return an alternative response";

// From the core's error, a ManagementError, and what was kept of the answer.
export const toAuthError = (error, found, Refusal = AuthApiError) => {
  const { statusCode, cause } = error;
  if (error.code === "timeout") return facts(new FetchError(new TimeoutError(), NO_ANSWER), error);
  if (error.code === "network_error" || error.code === "aborted") return facts(new FetchError(cause ?? error, NO_ANSWER), error);
  if (statusCode === undefined) return error;
  const body = found?.body ?? "";
  const headers = found?.response?.headers;
  let data;
  try {
    data = JSON.parse(body);
  } catch {}
  const ok = statusCode < 300;
  if (ok || !data || typeof data !== "object") {
    return facts(new ResponseError(statusCode, body, headers, ok ? error.message : "Response returned an error code"), error);
  }
  const text = (...names) => names.map((name) => data[name]).find((value) => value && typeof value === "string");
  return facts(new Refusal(text("error", "code", "errorCode"), text("error_description", "description", "message"), statusCode, body, headers), error);
};

export const required = (params, names) => {
  for (const name of names) {
    if (params?.[name] === undefined || params[name] === null) {
      throw new RequiredError(name, `Required parameter requestParameters.${name} was null or undefined.`);
    }
  }
};
