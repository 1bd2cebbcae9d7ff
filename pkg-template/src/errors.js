// What an operation can fail with. Every failure is a ManagementError with a stable `code`.
import { fromForm } from "./form.js";

const FIELDS = ["statusCode", "code", "operation", "attempts", "requestId", "retryAfter", "resetAt", "missingScope", "mayHaveBeenSent", "path", "truncated"];

const asText = (name, { statusCode, body }) => {
  const lines = [name];
  if (statusCode !== undefined) lines.push(`Status code: ${statusCode}`);
  if (body !== undefined) lines.push(`Body: ${typeof body === "string" ? body : JSON.stringify(body, undefined, 2)}`);
  return lines.join("\n");
};

export class ManagementError extends Error {
  // Said, because minifying renames the class.
  static name = "ManagementError";

  constructor(detail = {}) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    // Hidden, so that printing an error shows its facts and no duplicate of its name.
    const hidden = (key, value) => Object.defineProperty(this, key, { value, configurable: true, writable: true });
    hidden("name", new.target.name);
    if (detail.message === undefined) hidden("message", asText(this.name, detail));
    // A credential: there for the code that needs it, not for logs.
    if (detail.mfaToken !== undefined) hidden("mfaToken", detail.mfaToken);
    // A server may repeat what it was sent, so the body and the raw answer are there to be read, and not shown by a log.
    for (const field of ["rawResponse", "body"]) if (detail[field] !== undefined) hidden(field, detail[field]);
    for (const field of FIELDS) if (detail[field] !== undefined) this[field] = detail[field];
  }
}

export class ManagementTimeoutError extends ManagementError {
  static name = "ManagementTimeoutError";

  constructor(detail) {
    super({ code: "timeout", ...(typeof detail === "string" ? { message: detail } : detail) });
  }
}

// Of the auth0 package, for programs that name them: a timeout here is a ManagementTimeoutError.
export class TimeoutError extends Error {
  static name = "TimeoutError";
  name = "TimeoutError";

  constructor() {
    super("The request was timed out.");
  }
}

export class RequiredError extends Error {
  static name = "RequiredError";
  name = "RequiredError";

  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

export const byStatus = {};

const status = (statusCode, name) =>
  (byStatus[statusCode] = class extends ManagementError {
    static name = name;

    constructor(body, rawResponse, detail) {
      super({ statusCode, body, rawResponse, ...detail });
    }
  });

export const BadRequestError = status(400, "BadRequestError");
export const UnauthorizedError = status(401, "UnauthorizedError");
export const PaymentRequiredError = status(402, "PaymentRequiredError");
export const ForbiddenError = status(403, "ForbiddenError");
export const NotFoundError = status(404, "NotFoundError");
export const ConflictError = status(409, "ConflictError");
export const GoneError = status(410, "GoneError");
export const PreconditionFailedError = status(412, "PreconditionFailedError");
export const ContentTooLargeError = status(413, "ContentTooLargeError");
export const UnprocessableEntityError = status(422, "UnprocessableEntityError");
export const TooManyRequestsError = status(429, "TooManyRequestsError");
export const InternalServerError = status(500, "InternalServerError");
export const ServiceUnavailableError = status(503, "ServiceUnavailableError");
export const GatewayTimeoutError = status(504, "GatewayTimeoutError");

// The core's kinds of error: the code that stands in when Auth0 gives none.
const CODES = {
  config: "invalid_config",
  request: "invalid_argument",
  transport: "network_error",
  timeout: "timeout",
  aborted: "aborted",
  api: "api_error",
  rate_limited: "too_many_requests",
  decode: "invalid_response",
  auth: "auth_error",
  paging: "paging_error",
  internal: "internal_error",
};

export const invalid = (operation, what, cause) =>
  new ManagementError({ message: operation ? `${operation}: ${what}` : what, code: CODES.request, operation, cause });

export const rawResponseOf = ({ headers, status, statusText, url, redirected, type }) => ({ headers, status, statusText, url, redirected, type });

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return text || undefined;
  }
};

// What is kept of a body, in UTF-16 units.
const LONGEST = 65536;

// What the core wrote of an error, and what JavaScript knows besides: `response`, `body`, `cause`.
export const read = (text, found) => {
  const { status, attempts, mayHaveBeenSent, retryAfterMs, resetAtMs, ...rest } = fromForm(text);
  const number = (value) => (value === undefined ? undefined : Number(value));
  return {
    ...rest,
    status: number(status),
    attempts: number(attempts),
    mayHaveBeenSent: !!mayHaveBeenSent,
    retryAfterMs: number(retryAfterMs),
    resetAtMs: number(resetAtMs),
    ...found,
  };
};

// The error with which an exchange failed.
// Throws a refusal of the core.
export const refused = (text) => {
  throw text;
};

export const failure = (exchange, found) => toError(read(exchange.error(), found));

// Turns what the core said into an Error of this package.
export const toError = (thrown, operation) => {
  if (thrown instanceof ManagementError) return thrown;
  const { kind, status, response, body, retryAfterMs, resetAtMs, ...rest } = thrown ?? {};
  if (!(kind in CODES)) {
    return new ManagementError({ message: `${operation ?? "auth0-sdk"}: ${thrown?.message ?? thrown}`, code: CODES.internal, operation, cause: thrown });
  }
  const long = typeof body === "string" && body.length > LONGEST;
  const id = rest.operation ?? operation;
  const detail = {
    ...rest,
    operation: id,
    // Whatever went wrong, the message says which call it was.
    message: id && !rest.message.includes(id) ? `${id}: ${rest.message}` : rest.message,
    code: rest.code ?? CODES[kind],
    statusCode: status,
    // Through JSON, because an engine may keep the whole text alive for a slice of it.
    body: long ? JSON.parse(JSON.stringify(body.slice(0, LONGEST))) : typeof body === "string" ? parsed(body) : body,
    // Said where it is news: an answer proves it, and most bodies are whole.
    mayHaveBeenSent: status ? undefined : rest.mayHaveBeenSent,
    truncated: long || rest.truncated || undefined,
    rawResponse: response && rawResponseOf(response),
    retryAfter: retryAfterMs === undefined ? undefined : retryAfterMs / 1000,
    resetAt: resetAtMs === undefined ? undefined : new Date(resetAtMs),
  };
  if (kind === "timeout") return new ManagementTimeoutError(detail);
  const type = kind === "api" || kind === "rate_limited" ? byStatus[status] : undefined;
  return type ? new type(detail.body, detail.rawResponse, detail) : new ManagementError(detail);
};
