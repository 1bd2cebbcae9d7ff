// The client of the Authentication API, in the shape of auth0 v6, with more flows in the same style.
import { AuthContext, check, namesOf, needsAuthentication, send } from "./auth-call.js";
import { required, UserInfoError } from "./auth-errors.js";
import { beginLogin, checkCallback, logoutUrl } from "./authorize.js";
import { validate } from "./id-token.js";
import { pause } from "./drive.js";

export const TOKEN_FOR_CONNECTION_GRANT_TYPE = "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token";
export const TOKEN_FOR_CONNECTION_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:refresh_token";
export const TOKEN_FOR_CONNECTION_REQUESTED_TOKEN_TYPE = "http://auth0.com/oauth/token-type/federated-connection-access-token";
export const TOKEN_URL = "/oauth/token";
export const SUBJECT_TOKEN_TYPES = {
  REFRESH_TOKEN: TOKEN_FOR_CONNECTION_TOKEN_TYPE,
  ACCESS_TOKEN: "urn:ietf:params:oauth:token-type:access_token",
};

// A second argument is `{ initOverrides, idTokenValidateOptions }`, or the overrides alone.
const optionsOf = (options) => (options && typeof options === "object" && ("initOverrides" in options || "idTokenValidateOptions" in options) ? options : { initOverrides: options });

const call = async (context, id, params, options, more) => {
  check(id, params);
  const { initOverrides, idTokenValidateOptions } = optionsOf(options);
  const answer = await send(context, id, params, { initOverrides, ...more });
  if (answer.data?.id_token && more?.verify !== false) await validate(context, answer.data.id_token, idTokenValidateOptions, id === "oauth.refreshTokenGrant");
  return answer;
};

class Group {
  constructor(options) {
    // Hidden: it holds the secret.
    Object.defineProperty(this, "context", { value: options instanceof AuthContext ? options : new AuthContext(options) });
  }
}

// The class of a group: a method for each of its endpoints, and what is special about some.
const group = (name, special, authenticates) => {
  const type = class extends Group {};
  for (const method of namesOf(name)) {
    type.prototype[method] = async function (params, options) {
      if (authenticates) needsAuthentication(this.context, params);
      return call(this.context, `${name}.${method}`, params, options);
    };
  }
  return Object.assign(type.prototype, special) && type;
};

// Those that give what came, and nothing around it.
const bare = async (answer) => (await answer).data;

export const OAuth = /* @__PURE__ */ group(
  "oauth",
  {
    async passwordGrant(params, options) {
      needsAuthentication(this.context, params);
      return call(this.context, params?.realm ? "oauth.passwordRealmGrant" : "oauth.passwordGrant", params, options);
    },
    async pushedAuthorization(params, options) {
      needsAuthentication(this.context, params);
      required(params, ["client_id", "response_type", "redirect_uri"]);
      return call(this.context, "oauth.pushedAuthorization", params, options);
    },
    async tokenForConnection(params, options) {
      needsAuthentication(this.context, params);
      required(params, ["connection", "subject_token"]);
      return call(this.context, "oauth.tokenForConnection", { subject_token_type: TOKEN_FOR_CONNECTION_TOKEN_TYPE, ...params }, options, { verify: false });
    },
    // The connection whose provider signed `assertion`, and the user's issuer and subject there.
    async globalTokenRevocation({ connection, assertion, iss, sub }, options) {
      return call(this.context, "oauth.globalTokenRevocation", { subject: { format: "iss_sub", iss, sub } }, options, { path: [connection], bearer: assertion });
    },
  },
  true,
);

export const Database = /* @__PURE__ */ group("database", {
  async signUp(params, initOverrides) {
    const answer = await call(this.context, "database.signUp", params, { initOverrides });
    const { data } = answer;
    // A custom database may call it otherwise.
    if (data && !data.id) data.id = data._id ?? data.user_id;
    return answer;
  },
});

const passwordless = (name, id, user) =>
  async function (params, options) {
    needsAuthentication(this.context, params);
    required(params, [user, "code"]);
    const { [user]: username, code: otp, ...rest } = params;
    return call(this.context, id, { ...rest, username, otp }, options);
  };

const start = (id) =>
  async function (params, options) {
    needsAuthentication(this.context, params);
    return call(this.context, id, params, options);
  };

export const Passwordless = /* @__PURE__ */ group("passwordless", {
  sendEmail: /* @__PURE__ */ start("passwordless.sendEmail"),
  sendSMS: /* @__PURE__ */ start("passwordless.sendSMS"),
  loginWithEmail: /* @__PURE__ */ passwordless("loginWithEmail", "passwordless.loginWithEmail", "email"),
  loginWithSMS: /* @__PURE__ */ passwordless("loginWithSMS", "passwordless.loginWithSMS", "phone_number"),
});

// Asks until the user has decided (RFC 8628, section 3.5; CIBA Core, section 10.1): 5 s more after each `slow_down`, longer when
// the server names a time, twice as long after a question without an answer.
const poll = async (ask, { interval = 5, expires_in }, { signal, onPending } = {}) => {
  const until = Date.now() + expires_in * 1000;
  let wait = Math.max(interval, 0.001) * 1000;
  if (!(until + wait)) throw new Error("`expires_in` and `interval` must be numbers of seconds");
  for (;;) {
    const left = until - Date.now();
    if (left > 0) await pause(Math.min(wait, left), signal);
    if (Date.now() >= until) throw Object.assign(new Error("the time in which the user could agree is over"), { error: "expired_token", code: "expired_token" });
    try {
      return await ask();
    } catch (error) {
      const { error: code, statusCode, name } = error;
      if (signal?.aborted) throw error;
      if (code === "slow_down" || statusCode === 429) wait = Math.max(wait + 5000, (error.retryAfter ?? 0) * 1000);
      else if (name === "FetchError" || statusCode >= 500) wait *= 2;
      else if (code !== "authorization_pending") throw error;
      onPending?.(error);
    }
  }
};

// Nothing is repeated inside of a question: the waits are all in `poll`.
const asking = (context, id, params, options) => call(Object.assign(Object.create(context), { maxRetries: 0 }), id, params, { initOverrides: options?.signal && { signal: options.signal }, idTokenValidateOptions: options?.idTokenValidateOptions });

export const Backchannel = /* @__PURE__ */ group("backchannel", {
  async authorize({ userId, subjectIssuerContext, request_expiry, requested_expiry = request_expiry, authorization_details, ...params }) {
    needsAuthentication(this.context, params);
    const { issuer } = this.context;
    const iss = subjectIssuerContext ?? issuer;
    const details = authorization_details && typeof authorization_details !== "string" ? JSON.stringify(authorization_details) : authorization_details;
    const body = { ...params, login_hint: JSON.stringify({ format: "iss_sub", iss, sub: userId }), requested_expiry: requested_expiry && String(requested_expiry), authorization_details: details };
    return bare(call(this.context, "backchannel.authorize", body));
  },
  async backchannelGrant(params) {
    needsAuthentication(this.context, params);
    return bare(call(this.context, "backchannel.backchannelGrant", params, undefined, { verify: false }));
  },
  // Asks until the user has decided about what `authorize` began.
  poll(authorization, options) {
    return poll(() => bare(asking(this.context, "backchannel.backchannelGrant", { auth_req_id: authorization.auth_req_id }, options)), authorization, options);
  },
});

export const CustomTokenExchange = /* @__PURE__ */ group("tokenExchange", {
  async exchangeToken(params) {
    needsAuthentication(this.context, params);
    return bare(call(this.context, "tokenExchange.exchangeToken", params, undefined, { verify: false }));
  },
});

export const Device = /* @__PURE__ */ group("device", {
  poll(authorization, options) {
    return poll(() => asking(this.context, "device.deviceCodeGrant", { device_code: authorization.device_code }, options), authorization, options);
  },
});

// A call with a token in the header; the rest are its parameters.
const withToken = (id, segment) =>
  async function ({ token, [segment]: part, ...params }, options) {
    required({ token }, ["token"]);
    return call(this.context, id, params, options, { bearer: token, path: segment ? [part] : [] });
  };

export const Mfa = /* @__PURE__ */ group("mfa", {
  associate: /* @__PURE__ */ withToken("mfa.associate"),
  listAuthenticators: /* @__PURE__ */ withToken("mfa.listAuthenticators"),
  deleteAuthenticator: /* @__PURE__ */ withToken("mfa.deleteAuthenticator", "id"),
});

export const Passkey = /* @__PURE__ */ group("passkey");

export const Legacy = /* @__PURE__ */ group("legacy", {
  async impersonate({ user_id, token, ...params }, options) {
    return call(this.context, "legacy.impersonate", params, options, { path: [user_id], bearer: token });
  },
  async unlink(params, options) {
    return call(this.context, "legacy.unlink", params, options, { bearer: params?.access_token });
  },
});

// What a tenant says of itself is kept for ten minutes; a clock that jumps back makes nothing older.
const known = async (context, id, options) => {
  const { answer, at } = context.kept[id] ?? {};
  if (Math.abs(Date.now() - at) < 600000) return answer;
  const found = await call(context, id, undefined, options);
  context.kept[id] = { answer: found, at: Date.now() };
  return found;
};

export class AuthenticationClient {
  #context;

  constructor(options) {
    const context = (this.#context = new AuthContext(options));
    Object.assign(this, {
      oauth: new OAuth(context),
      database: new Database(context),
      passwordless: new Passwordless(context),
      backchannel: new Backchannel(context),
      tokenExchange: new CustomTokenExchange(context),
      device: new Device(context),
      mfa: new Mfa(context),
      passkey: new Passkey(context),
      legacy: new Legacy(context),
    });
  }

  // Where to send the browser, and what to keep until it comes back.
  authorize(params, options) {
    return beginLogin(this.#context, params, options);
  }

  // Checks what the browser brought back.
  checkCallback(transaction, answer) {
    return checkCallback(this.#context, transaction, answer);
  }

  // Ends a login: checks what the browser brought back, and exchanges the code for tokens.
  async finishLogin(transaction, answer, options) {
    const { code } = checkCallback(this.#context, transaction, answer);
    const { code_verifier, redirect_uri, nonce, maxAge, organization } = transaction;
    const idTokenValidateOptions = { nonce, maxAge, organization };
    return call(this.#context, "oauth.authorizationCodeGrant", { code, redirect_uri, code_verifier }, { initOverrides: options?.initOverrides, idTokenValidateOptions });
  }

  logoutUrl(params) {
    return logoutUrl(this.#context, "/v2/logout", params);
  }

  oidcLogoutUrl(params) {
    return logoutUrl(this.#context, "/oidc/logout", params);
  }

  // Registers a client; `token` is the initial access token, where one is wanted.
  async registerClient({ token, ...params }, options) {
    return call(this.#context, "registration.register", params, options, { bearer: token });
  }

  metadata(options) {
    return known(this.#context, "discovery.configuration", options);
  }

  jwks(options) {
    return known(this.#context, "discovery.jwks", options);
  }

  samlMetadata(options) {
    return call(this.#context, "saml.metadata", undefined, options, { path: [this.#context.clientId] });
  }

  wsfedMetadata(options) {
    return call(this.#context, "wsfed.metadata", undefined, options);
  }

  // The claims of an ID token, verified.
  verifyIdToken(token, options) {
    return validate(this.#context, token, options);
  }
}

export class UserInfoClient {
  #context;

  constructor(options) {
    this.#context = new AuthContext(options);
  }

  async getUserInfo(accessToken, initOverrides) {
    return send(this.#context, "users.userInfo", undefined, { bearer: accessToken, initOverrides, Refusal: UserInfoError });
  }
}
