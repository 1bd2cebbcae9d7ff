// Cases of the Authentication API, for every runtime: a part of suite.mjs.

const DOMAIN = "tenant.example.com";
const FORM = "application/x-www-form-urlencoded";
const TOKENS = { access_token: "the-access-token", token_type: "Bearer", expires_in: 60 };

export const authCases = ({ test, ok, equal, includes, fails, json, scripted }) => {
  // A client with a scripted fetch. `sent()` are the bodies, as pairs.
  const make = (sdk, steps, options = {}) => {
    const script = scripted(...[steps].flat());
    const auth = new sdk.AuthenticationClient({ domain: DOMAIN, clientId: "the-client", clientSecret: "the-secret", fetch: script.fetch, ...options });
    const sent = () => script.calls.map(({ body, headers }) => (body === undefined ? [] : headers["content-type"] === FORM ? [...new URLSearchParams(body)] : Object.entries(JSON.parse(body))));
    return { ...script, auth, sent };
  };
  const refusal = (status, error, more) => () => json({ error, error_description: `it says ${error}`, ...more }, status);

  // A signed ID token, and the tenant's keys.
  const issuer = async () => {
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
    const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const jwk = { ...(await crypto.subtle.exportKey("jwk", pair.publicKey)), kid: "k1", use: "sig", alg: "RS256" };
    const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    const encode = (value) => base64url(new TextEncoder().encode(JSON.stringify(value)));
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: `https://${DOMAIN}/`, sub: "auth0|1", aud: "the-client", exp: now + 600, iat: now };
    const token = async (change = {}, header = {}) => {
      const text = `${encode({ alg: "RS256", kid: "k1", ...header })}.${encode({ ...claims, ...change })}`;
      return `${text}.${base64url(new Uint8Array(await crypto.subtle.sign(algorithm, pair.privateKey, new TextEncoder().encode(text))))}`;
    };
    const pem = async () => {
      const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
      return `-----BEGIN PRIVATE KEY-----\n${btoa(String.fromCharCode(...der)).replace(/.{64}/g, "$&\n")}\n-----END PRIVATE KEY-----\n`;
    };
    return { token, pem, pair, now, keys: () => json({ keys: [{ kty: "EC", kid: "other", crv: "P-999" }, jwk] }) };
  };

  test("auth: a form is in the order of auth0 v6, and what is undefined is not sent", async ({ sdk }) => {
    const { auth, calls } = make(sdk, () => json(TOKENS));
    const answer = await auth.oauth.refreshTokenGrant({ refresh_token: "r+1", scope: undefined, own: ["x"] });
    const [call] = calls;
    equal([call.method, call.url], ["POST", `https://${DOMAIN}/oauth/token`]);
    equal(call.headers["content-type"], FORM);
    equal(call.body, "client_id=the-client&refresh_token=r%2B1&own=%5B%22x%22%5D&client_secret=the-secret&grant_type=refresh_token");
    ok(call.headers["auth0-client"], "telemetry");
    ok(answer instanceof sdk.JSONApiResponse, "a JSONApiResponse");
    equal([answer.data, answer.status, answer.headers.get("content-type")], [TOKENS, 200, "application/json; charset=utf-8"]);
  });

  test("auth: every grant of v6 has its parameters", async ({ sdk }) => {
    const { auth, sent, calls } = make(sdk, () => json(TOKENS));
    await auth.oauth.authorizationCodeGrant({ code: "c", redirect_uri: "r" });
    await auth.oauth.authorizationCodeGrantWithPKCE({ code: "c", code_verifier: "v" });
    await auth.oauth.clientCredentialsGrant({ audience: "a", organization: "o" });
    await auth.oauth.passwordGrant({ username: "u", password: "p" });
    await auth.oauth.passwordGrant({ username: "u", password: "p", realm: "db" });
    await auth.oauth.tokenForConnection({ subject_token: "s", connection: "c" });
    await auth.passwordless.loginWithEmail({ email: "e", code: "1" });
    await auth.passwordless.loginWithSMS({ phone_number: "n", code: "1" });
    await auth.backchannel.backchannelGrant({ auth_req_id: "q" });
    await auth.tokenExchange.exchangeToken({ subject_token_type: "t", subject_token: "s" });
    const grants = sent().map((pairs) => pairs.find(([name]) => name === "grant_type")[1]);
    equal(grants, [
      "authorization_code", "authorization_code", "client_credentials", "password", "http://auth0.com/oauth/grant-type/password-realm", sdk.TOKEN_FOR_CONNECTION_GRANT_TYPE,
      "http://auth0.com/oauth/grant-type/passwordless/otp", "http://auth0.com/oauth/grant-type/passwordless/otp", "urn:openid:params:grant-type:ciba",
      "urn:ietf:params:oauth:grant-type:token-exchange",
    ]);
    const byName = (index) => Object.fromEntries(sent()[index]);
    equal(byName(5).subject_token_type, sdk.TOKEN_FOR_CONNECTION_TOKEN_TYPE);
    equal(byName(5).requested_token_type, sdk.TOKEN_FOR_CONNECTION_REQUESTED_TOKEN_TYPE);
    equal([byName(6).username, byName(6).otp, byName(6).realm, byName(7).username, byName(7).realm], ["e", "1", "email", "n", "sms"]);
    ok(calls.every((call) => call.url === `https://${DOMAIN}${sdk.TOKEN_URL}`), "the token endpoint");
  });

  test("auth: the other calls of v6", async ({ sdk }) => {
    const { auth, calls, sent } = make(sdk, (url) => (url.endsWith("change_password") ? new Response("We've just sent you an email.") : url.endsWith("/oauth/revoke") ? new Response() : json({ _id: "1", request_uri: "urn:x", auth_req_id: "q" })));
    const user = await auth.database.signUp({ email: "e", password: "p", connection: "c", user_metadata: { a: 1 } });
    equal(user.data.id, "1");
    const text = await auth.database.changePassword({ email: "e", connection: "c" });
    equal([text.data, text instanceof sdk.TextApiResponse], ["We've just sent you an email.", true]);
    const nothing = await auth.oauth.revokeRefreshToken({ token: "t" });
    equal([nothing.data, nothing instanceof sdk.VoidApiResponse], [undefined, true]);
    await auth.passwordless.sendEmail({ email: "e", send: "code" });
    await auth.passwordless.sendSMS({ phone_number: "n" });
    equal((await auth.oauth.pushedAuthorization({ client_id: "the-client", response_type: "code", redirect_uri: "r" })).data.request_uri, "urn:x");
    const started = await auth.backchannel.authorize({ userId: "auth0|1", binding_message: "m", scope: "openid", authorization_details: [{ type: "t" }] });
    equal(started.auth_req_id, "q");
    const bodies = sent().map(Object.fromEntries);
    equal(bodies[0], { client_id: "the-client", email: "e", password: "p", connection: "c", user_metadata: { a: 1 } });
    equal(bodies[2], { client_id: "the-client", token: "t", client_secret: "the-secret" });
    equal(bodies[3], { client_id: "the-client", email: "e", send: "code", client_secret: "the-secret", connection: "email" });
    equal(JSON.parse(bodies[6].login_hint), { format: "iss_sub", iss: `https://${DOMAIN}/`, sub: "auth0|1" });
    equal(bodies[6].authorization_details, '[{"type":"t"}]');
    equal(calls[2].headers["content-type"], "application/json");
  });

  test("auth: what is missing is told before anything is sent", async ({ sdk }) => {
    const { auth, calls } = make(sdk, () => json(TOKENS));
    for (const [made, field] of [
      [() => auth.oauth.authorizationCodeGrant({}), "code"],
      [() => auth.oauth.clientCredentialsGrant(), "audience"],
      [() => auth.oauth.refreshTokenGrant({ refresh_token: null }), "refresh_token"],
      [() => auth.passwordless.loginWithEmail({ email: "e" }), "code"],
      [() => auth.database.signUp({ email: "e", password: "p" }), "connection"],
    ]) {
      await fails(made(), { name: "RequiredError", field, message: `Required parameter requestParameters.${field} was null or undefined.` });
    }
    const bare = make(sdk, () => json(TOKENS), { clientSecret: undefined });
    await fails(bare.auth.oauth.refreshTokenGrant({ refresh_token: "r" }), { message: /client_secret or client_assertion field is required/ });
    await bare.auth.oauth.refreshTokenGrant({ refresh_token: "r", client_secret: "own" });
    equal(calls.length, 0);
    const open = make(sdk, () => json(TOKENS), { clientSecret: undefined, publicClient: true });
    await open.auth.oauth.refreshTokenGrant({ refresh_token: "r" });
    equal(open.sent()[0], [["client_id", "the-client"], ["refresh_token", "r"], ["grant_type", "refresh_token"]]);
  });

  test("auth: a client is public, or has a secret, or a key", async ({ sdk }) => {
    for (const [given, text] of [
      [{ publicClient: true }, "publicClient` and `clientSecret"],
      [{ clientAssertionSigningKey: "the-key" }, "clientSecret` and `clientAssertionSigningKey"],
      [{ clientSecret: undefined, publicClient: true, clientAssertionSigningKey: "the-key" }, "publicClient` and `clientAssertionSigningKey"],
    ]) {
      const error = await fails((async () => make(sdk, () => json(TOKENS), given))(), { message: /one of them/ });
      includes(error.message, text);
      ok(!/the-key|the-secret/.test(error.stack), "no secret");
    }
    const both = { domain: DOMAIN, clientId: "c", clientSecret: "the-secret", clientAssertionSigningKey: "the-key" };
    const error = await fails((async () => new sdk.ManagementClient(both))(), { name: "ManagementError", code: "invalid_config", message: /both a secret and a key/ });
    ok(!/the-key|the-secret/.test(error.stack), "no secret");
  });

  test("auth: errors are those of v6", async ({ sdk }) => {
    const headers = { "x-own": "1" };
    const { auth } = make(sdk, [refusal(403, "mfa_required", { mfa_token: "the-mfa-token" }), () => json({ code: "invalid_signup", description: "no" }, 400), () => new Response("<html>", { status: 403, headers }), () => { throw new TypeError("no network"); }]);
    const first = await fails(auth.oauth.refreshTokenGrant({ refresh_token: "r" }), { name: "AuthApiError", error: "mfa_required", error_description: "it says mfa_required", message: "it says mfa_required", statusCode: 403, mfaToken: "the-mfa-token" });
    ok(first instanceof sdk.AuthApiError && typeof first.body === "string" && first.headers.get("content-type"), "body and headers");
    ok(!JSON.stringify(first, Object.keys(first).filter((key) => key !== "body")).includes("the-mfa-token"), "no token among what is shown");
    await fails(auth.database.signUp({ email: "e", password: "p", connection: "c" }), { name: "AuthApiError", error: "invalid_signup", error_description: "no" });
    const text = await fails(auth.oauth.refreshTokenGrant({ refresh_token: "r" }), { name: "ResponseError", statusCode: 403, body: "<html>" });
    equal(text.headers.get("x-own"), "1");
    const broken = await fails(auth.oauth.refreshTokenGrant({ refresh_token: "r" }), { name: "FetchError" });
    equal(broken.cause.message, "no network");
    const user = new sdk.UserInfoClient({ domain: DOMAIN, fetch: scripted(refusal(401, "invalid_token")).fetch });
    const refused = await fails(user.getUserInfo("t"), { name: "UserInfoError", error: "invalid_token", statusCode: 401 });
    ok(refused instanceof sdk.UserInfoError, "a UserInfoError");
  });

  test("auth: an answer with a member that comes twice is refused, and shown nowhere", async ({ sdk }) => {
    const answers = ['{"access_token":"the-one","access_token":"the-other"}', '{"access_token":"the-one","x":[{"y":1,"\\u0079":1}]}'];
    const { auth, calls } = make(sdk, answers.map((text) => () => new Response(text)));
    for (const _ of answers) {
      const error = await fails(auth.oauth.refreshTokenGrant({ refresh_token: "r" }), { name: "ResponseError", code: "invalid_response", statusCode: 200, message: /comes twice/ });
      ok(![error.message, error.body, String(error.stack)].join().includes("the-one"), "no token");
    }
    equal(calls.length, answers.length, "requests");
    // Twice, but in two objects.
    const { auth: other } = make(sdk, () => new Response('[{"id":"a"},{"id":"a","more":{"id":"a"}}]'));
    equal((await other.mfa.listAuthenticators({ token: "m" })).data.length, 2);
  });

  test("auth: hooks hear of each attempt", async ({ sdk }) => {
    const heard = [];
    const hooks = Object.fromEntries(["onRequest", "onResponse", "onRetry"].map((name) => [name, (event) => { heard.push([name, event]); throw new Error("a hook's own"); }]));
    const { auth } = make(sdk, [() => json({}, 429, { "retry-after-ms": "1", "x-ratelimit-remaining": "0" }), () => json(TOKENS)], hooks);
    await auth.oauth.refreshTokenGrant({ refresh_token: "the-token" });
    equal(heard.map(([name, { operation, attempt, status, remaining }]) => [name, operation, attempt, status, remaining]), [
      ["onRequest", "oauth.refreshTokenGrant", 1, undefined, undefined],
      ["onResponse", "oauth.refreshTokenGrant", 1, 429, 0],
      ["onRetry", "oauth.refreshTokenGrant", 1, 429, undefined],
      ["onRequest", "oauth.refreshTokenGrant", 2, undefined, undefined],
      ["onResponse", "oauth.refreshTokenGrant", 2, 200, undefined],
    ]);
    ok(!/the-token|the-secret|the-access-token/.test(JSON.stringify(heard)), "no secret");
  });

  test("auth: what may be used up is sent once, all else again", async ({ sdk }) => {
    for (const status of [500, 503]) {
      const { auth, calls } = make(sdk, refusal(status, "server_error"));
      await fails(auth.oauth.authorizationCodeGrant({ code: "c" }), { statusCode: status });
      equal(calls.length, 1, "requests");
    }
    const { auth, calls } = make(sdk, [() => json({}, 429, { "retry-after-ms": "1" }), () => json({}, 429, { "retry-after-ms": "1" }), () => json(TOKENS)]);
    await auth.oauth.authorizationCodeGrant({ code: "c" });
    equal(calls.length, 3, "requests");
    const again = make(sdk, [() => json({}, 503, { "retry-after-ms": "1" }), () => json(TOKENS)]);
    await again.auth.oauth.clientCredentialsGrant({ audience: "a" });
    equal(again.calls.length, 2, "requests");
    const off = make(sdk, refusal(503, "x"), { retry: { enabled: false } });
    await fails(off.auth.oauth.clientCredentialsGrant({ audience: "a" }), { statusCode: 503 });
    equal(off.calls.length, 1, "requests");
  });

  test("auth: time out, abort and overrides", async ({ sdk }) => {
    const never = (_url, init) => new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(init.signal.reason)));
    const slow = make(sdk, never, { timeoutDuration: 30 });
    const late = await fails(slow.auth.oauth.refreshTokenGrant({ refresh_token: "r" }), { name: "FetchError", message: /interceptors/ });
    ok(late.cause instanceof sdk.TimeoutError && late.mayHaveBeenSent, "a TimeoutError");
    const controller = new AbortController();
    const waiting = make(sdk, never).auth.oauth.refreshTokenGrant({ refresh_token: "r" }, { initOverrides: { signal: controller.signal } });
    setTimeout(() => controller.abort(new Error("enough")), 10);
    equal((await fails(waiting, { name: "FetchError" })).cause.message, "enough");
    const { auth, calls } = make(sdk, () => json({}));
    await auth.database.signUp({ email: "e", password: "p", connection: "c" }, { headers: { "content-type": "application/json", "x-own": "1" } });
    await auth.database.signUp({ email: "e", password: "p", connection: "c" }, async () => ({ headers: { "x-own": "2" } }));
    equal(calls.map((call) => call.headers["x-own"]), ["1", "2"]);
  });

  test("auth: refreshes of one token at once are one request", async ({ sdk }) => {
    const { auth, calls } = make(sdk, async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return json(TOKENS);
    });
    const all = await Promise.all([1, 2, 3, 4].map(() => auth.oauth.refreshTokenGrant({ refresh_token: "r" })));
    equal([calls.length, all.every((one) => one.data.access_token === TOKENS.access_token)], [1, true]);
    await auth.oauth.refreshTokenGrant({ refresh_token: "r" });
    equal(calls.length, 2);
    const failing = make(sdk, async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return json({ error: "invalid_grant" }, 403);
    });
    const results = await Promise.allSettled([1, 2].map(() => failing.auth.oauth.refreshTokenGrant({ refresh_token: "r" })));
    equal([failing.calls.length, results.map((one) => one.reason?.error)], [1, ["invalid_grant", "invalid_grant"]]);
  });

  test("auth: a new assertion for each try", async ({ sdk }) => {
    const { pem, pair } = await issuer();
    for (const key of [await pem(), pair.privateKey]) {
      const { auth, sent } = make(sdk, [() => json({}, 503, { "retry-after-ms": "1" }), () => json(TOKENS)], { clientSecret: undefined, clientAssertionSigningKey: key, clientAssertionKeyId: "mine" });
      await auth.oauth.clientCredentialsGrant({ audience: "a" });
      const assertions = sent().map((pairs) => Object.fromEntries(pairs).client_assertion);
      const read = (part) => JSON.parse(atob(part.replace(/-/g, "+").replace(/_/g, "/")));
      const [one, two] = assertions.map((assertion) => assertion.split("."));
      equal(read(one[0]), { alg: "RS256", kid: "mine" });
      const claims = read(one[1]);
      equal([claims.iss, claims.sub, claims.aud, claims.exp - claims.iat <= 120], ["the-client", "the-client", `https://${DOMAIN}/`, true]);
      ok(claims.jti !== read(two[1]).jti, "another jti");
      const bytes = Uint8Array.from(atob(one[2].replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
      ok(await crypto.subtle.verify("RSASSA-PKCS1-v1_5", pair.publicKey, bytes, new TextEncoder().encode(`${one[0]}.${one[1]}`)), "a signature");
    }
    const { auth } = make(sdk, () => json(TOKENS), { clientSecret: undefined, clientAssertionSigningKey: "no key" });
    await fails(auth.oauth.clientCredentialsGrant({ audience: "a" }));
  });

  test("auth: proofs of possession with tokens and userinfo", async ({ sdk }) => {
    const { pem } = await issuer();
    const wanting = (number) => () => json({ error: "use_dpop_nonce" }, 400, { "dpop-nonce": `nonce-${number}` });
    const dpop = await sdk.createDpop();
    const { auth, sent, calls } = make(sdk, [wanting(1), () => json({ ...TOKENS, token_type: "DPoP" }), () => json(TOKENS)], { clientSecret: undefined, clientAssertionSigningKey: await pem(), dpop });
    equal((await auth.oauth.clientCredentialsGrant({ audience: "a" })).data.token_type, "DPoP");
    const read = (token, index) => JSON.parse(atob(token.split(".")[index].replace(/-/g, "+").replace(/_/g, "/")));
    const proofs = calls.map(({ headers }) => read(headers.dpop, 1));
    equal(proofs.map(({ htm, htu, nonce, ath }) => [htm, htu, nonce, ath]), [["POST", `https://${DOMAIN}/oauth/token`, undefined, undefined], ["POST", `https://${DOMAIN}/oauth/token`, "nonce-1", undefined]]);
    ok(proofs[0].jti !== proofs[1].jti, "a proof for each request");
    const [one, two] = sent().map((pairs) => read(Object.fromEntries(pairs).client_assertion, 1).jti);
    ok(one !== two, "an assertion for each request");
    await auth.oauth.revokeRefreshToken({ token: "r" });
    equal(calls[2].headers.dpop, undefined);
    for (const wrong of [sdk.createDpop(), {}, true]) await fails(Promise.resolve().then(() => make(sdk, [], { dpop: wrong })), { message: /createDpop/ });
    // A server that always wants another one is asked twice, and heard.
    const never = make(sdk, [wanting(1), wanting(2)], { dpop });
    await fails(never.auth.oauth.clientCredentialsGrant({ audience: "a" }), { error: "use_dpop_nonce" });
    equal(never.calls.length, 2);
    const script = scripted(() => json({ sub: "s" }));
    await new sdk.UserInfoClient({ domain: DOMAIN, fetch: script.fetch, dpop }).getUserInfo("the-token");
    const { authorization, dpop: proof } = script.calls[0].headers;
    equal([authorization, read(proof, 1).htm, typeof read(proof, 1).ath], ["DPoP the-token", "GET", "string"]);
  });

  test("auth: ID tokens are verified", async ({ sdk }) => {
    const { token, keys, now } = await issuer();
    const check = (id_token, options, settings) => {
      const made = make(sdk, (url) => (url.endsWith("jwks.json") ? keys() : json({ ...TOKENS, id_token })), settings);
      return made.auth.oauth.authorizationCodeGrant({ code: "c" }, { idTokenValidateOptions: options }).then((answer) => ({ answer, made }));
    };
    await check(await token());
    await check(await token({ aud: ["the-client", "other"], azp: "the-client", org_id: "org_1", nonce: "n", auth_time: now - 10 }), { nonce: "n", organization: "org_1", maxAge: 60 });
    for (const [change, options, code] of [
      [{ iss: "https://evil/" }, {}, "issuer_mismatch"],
      [{ sub: undefined }, {}, "claim_missing"],
      [{ aud: "other" }, {}, "audience_mismatch"],
      [{ aud: ["other"] }, {}, "audience_mismatch"],
      [{ aud: 5 }, {}, "claim_invalid"],
      [{ exp: now - 61 }, {}, "expired"],
      [{ exp: "soon" }, {}, "claim_invalid"],
      [{ iat: undefined }, {}, "claim_missing"],
      [{ iat: now + 3600 }, {}, "issued_in_future"],
      [{ nonce: "m" }, { nonce: "n" }, "nonce_mismatch"],
      [{}, { nonce: "n" }, "claim_missing"],
      [{ nonce: "m" }, {}, "nonce_mismatch"],
      [{ aud: ["the-client", "b"] }, {}, "claim_missing"],
      [{ aud: ["the-client", "b"], azp: "b" }, {}, "authorized_party_mismatch"],
      [{ org_id: "org_2" }, { organization: "org_1" }, "organization_mismatch"],
      [{}, { organization: "org_1" }, "claim_missing"],
      [{ org_name: "acme" }, { organization: "Other" }, "organization_mismatch"],
      [{ auth_time: now - 200 }, { maxAge: 0 }, "auth_too_old"],
      [{}, { maxAge: 0 }, "claim_missing"],
    ]) {
      await fails(check(await token(change), options), { code, "": sdk.IdTokenValidatorError });
    }
    const good = await token();
    const flipped = good.slice(0, -4) + (good.endsWith("AAAA") ? "BBBB" : "AAAA");
    await fails(check(flipped), { code: "signature_invalid" });
    await fails(check(await token({}, { kid: "unknown" })), { code: "key_unknown" });
    for (const alg of ["none", "HS256", "ES256"]) await fails(check(await token({}, { alg })), { code: "algorithm_not_allowed" });
    await fails(check(await token({}, { crit: ["x"] })), { code: "header_critical" });
    for (const text of ["a", "a.b", "a.b.c", "..", `${good}.x`]) await fails(check(text), { code: /^(token_malformed|base64_invalid|json_invalid)$/ });
    // A refresh knows no nonce, and the keys are fetched once.
    const { auth, calls } = make(sdk, async (url) => (url.endsWith("jwks.json") ? keys() : json({ ...TOKENS, id_token: await token({ nonce: "n" }) })));
    await auth.oauth.refreshTokenGrant({ refresh_token: "r" });
    await auth.oauth.refreshTokenGrant({ refresh_token: "r" });
    equal(calls.filter((call) => call.url.endsWith("jwks.json")).length, 1, "requests for keys");
  });

  test("auth: a login has a URL, a transaction and an end", async ({ sdk }) => {
    const { token, keys } = await issuer();
    let nonce;
    const { auth, sent } = make(sdk, async (url) => (url.endsWith("jwks.json") ? keys() : json({ ...TOKENS, id_token: await token({ nonce }) })));
    const { url, transaction } = await auth.authorize({ redirect_uri: "https://app/cb", audience: "a", max_age: undefined, claims: { x: null } });
    const query = new URL(url).searchParams;
    equal([new URL(url).origin, new URL(url).pathname], [`https://${DOMAIN}`, "/authorize"]);
    equal([query.get("response_type"), query.get("scope"), query.get("claims"), query.get("code_challenge_method"), query.get("state")], ["code", "openid profile email", '{"x":null}', "S256", transaction.state]);
    equal(query.get("code_challenge").length, 43);
    nonce = query.get("nonce");
    const kept = JSON.parse(JSON.stringify(transaction));
    const back = `https://app/cb?code=the-code&state=${transaction.state}&iss=${encodeURIComponent(`https://${DOMAIN}/`)}`;
    for (const answer of [back, new URL(back), back.split("?")[1], new URLSearchParams(back.split("?")[1]), back.replace("?", "#")]) {
      equal(auth.checkCallback(kept, answer).code, "the-code");
    }
    const answer = await auth.finishLogin(kept, back);
    equal(answer.data.access_token, TOKENS.access_token);
    const form = Object.fromEntries(sent()[0]);
    equal([form.code, form.redirect_uri, form.code_verifier], ["the-code", "https://app/cb", transaction.code_verifier]);
    nonce = "another";
    await fails(auth.finishLogin(kept, back), { message: /nonce/ });
    const before = sent().length;
    for (const [wrong, error] of [
      [`code=a&state=${kept.state}x`, "state_mismatch"],
      ["code=a", "state_mismatch"],
      [`code=a&code=b&state=${kept.state}`, "invalid_callback"],
      [`state=${kept.state}`, "invalid_callback"],
      [`code=a&state=${kept.state}&iss=https%3A%2F%2Fevil%2F`, "issuer_mismatch"],
      [`error=access_denied&error_description=no&state=${kept.state}`, "access_denied"],
    ]) await fails(auth.finishLogin(kept, wrong), { error });
    await fails(auth.finishLogin({ ...kept, expiresAt: 1 }, back), { error: "transaction_expired" });
    await fails(auth.finishLogin({ ...kept, requireIssuer: true }, `code=a&state=${kept.state}`), { error: "issuer_mismatch" });
    equal(sent().length, before, "requests");
    equal(auth.logoutUrl({ returnTo: "https://x/?a=b", federated: true }), `https://${DOMAIN}/v2/logout?client_id=the-client&returnTo=https%3A%2F%2Fx%2F%3Fa%3Db&federated`);
    includes(auth.oidcLogoutUrl({ id_token_hint: "a.b.c" }), "/oidc/logout?client_id=the-client&id_token_hint=a.b.c");
  });

  test("auth: device and backchannel are asked until the user has decided", async ({ sdk }) => {
    const { auth, calls } = make(sdk, [refusal(403, "authorization_pending"), refusal(400, "authorization_pending"), () => json(TOKENS)]);
    let pending = 0;
    const answer = await auth.device.poll({ device_code: "d", expires_in: 60, interval: 0.01 }, { onPending: () => pending++ });
    equal([answer.data.access_token, calls.length, pending], [TOKENS.access_token, 3, 2]);
    const denied = make(sdk, refusal(403, "access_denied"));
    await fails(denied.auth.backchannel.poll({ auth_req_id: "q", expires_in: 60, interval: 0.01 }), { error: "access_denied" });
    const late = make(sdk, refusal(403, "authorization_pending"));
    await fails(late.auth.device.poll({ device_code: "d", expires_in: 0.05, interval: 0.02 }), { error: "expired_token" });
    const asked = late.calls.length;
    await fails(late.auth.device.poll({ device_code: "d", expires_in: 0 }), { error: "expired_token" });
    for (const wrong of [{ expires_in: undefined }, { expires_in: "soon" }, { interval: "often" }]) await fails(late.auth.device.poll({ device_code: "d", expires_in: 60, ...wrong }), { message: /numbers of seconds/ });
    equal(late.calls.length, asked, "nothing is asked after the end, or without one");
    equal((await make(sdk, () => json(TOKENS)).auth.device.poll({ device_code: "d", expires_in: "60", interval: "0.01" })).data.access_token, TOKENS.access_token, "texts");
    const controller = new AbortController();
    const waiting = late.auth.device.poll({ device_code: "d", expires_in: 60, interval: 5 }, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 20);
    await fails(waiting, { message: /enough/ });
  });

  test("auth: second factors and passkeys", async ({ sdk }) => {
    const { auth, calls, sent } = make(sdk, () => json([]));
    await auth.mfa.challenge({ mfa_token: "m", challenge_type: "otp" });
    await auth.mfa.associate({ token: "m", authenticator_types: ["otp"] });
    await auth.mfa.listAuthenticators({ token: "m" });
    await auth.mfa.deleteAuthenticator({ token: "m", id: "totp|1/.." });
    await auth.mfa.verifyOtp({ mfa_token: "m", otp: "1" });
    await auth.passkey.register({ user_profile: { email: "e" } });
    await auth.passkey.webauthnGrant({ auth_session: "s", authn_response: { id: "x" } });
    equal(calls.map((call) => `${call.method} ${call.url.slice(DOMAIN.length + 8)}`), [
      "POST /mfa/challenge", "POST /mfa/associate", "GET /mfa/authenticators", "DELETE /mfa/authenticators/totp%7C1%2F..", "POST /oauth/token", "POST /passkey/register", "POST /oauth/token",
    ]);
    equal(calls.map((call) => call.headers.authorization), [undefined, "Bearer m", "Bearer m", "Bearer m", undefined, undefined, undefined]);
    equal(Object.fromEntries(sent()[1]), { authenticator_types: ["otp"] });
    equal(Object.fromEntries(sent()[6]).authn_response, { id: "x" });
    await fails(auth.mfa.listAuthenticators({}), { name: "RequiredError", field: "token" });
    await fails(auth.mfa.deleteAuthenticator({ token: "m", id: ".." }), { message: /route/ });
  });

  test("auth: what a tenant says of itself is kept for ten minutes", async ({ sdk }) => {
    const { auth, calls } = make(sdk, [() => json({}, 404), (url) => json({ url })]);
    const { now } = Date;
    try {
      await fails(auth.metadata(), { statusCode: 404 });
      for (const minutes of [0, 9, 11, 12]) {
        Date.now = () => now() + minutes * 60000;
        includes((await auth.metadata()).data.url, "openid-configuration");
        includes((await auth.jwks()).data.url, "jwks.json");
      }
    } finally {
      Date.now = now;
    }
    equal(calls.length, 5, "requests");
  });

  test("auth: a client with a certificate asks at the alias", async ({ sdk }) => {
    const { auth, calls, sent } = make(sdk, () => json(TOKENS), { clientSecret: undefined, useMTLS: true });
    await auth.oauth.clientCredentialsGrant({ audience: "a" });
    await auth.database.signUp({ email: "e", password: "p", connection: "c" });
    equal(calls.map((call) => new URL(call.url).host), [`mtls.${DOMAIN}`, DOMAIN]);
    equal(sent()[0].map(([name]) => name), ["client_id", "audience", "grant_type"]);
  });

  test("auth: a Management client with a key buys its token by an assertion", async ({ sdk }) => {
    const { pem } = await issuer();
    const script = scripted((url) => (url.endsWith("/oauth/token") ? json({ ...TOKENS, expires_in: 86400 }) : json({ ok: true })));
    const client = new sdk.ManagementClient({ domain: DOMAIN, clientId: "the-client", clientAssertionSigningKey: await pem(), organization: "o", headers: { "x-own": "1" }, fetch: script.fetch });
    await Promise.all([client.jobs.get("1"), client.jobs.get("2")]);
    await client.jobs.get("3");
    const [token, ...calls] = script.calls;
    const form = Object.fromEntries(new URLSearchParams(token.body));
    equal([form.grant_type, form.audience, form.organization, form.client_assertion.split(".").length], ["client_credentials", `https://${DOMAIN}/api/v2/`, "o", 3]);
    equal(calls.map((call) => call.headers.authorization), Array(3).fill(`Bearer ${TOKENS.access_token}`));
    equal([token.headers["x-own"], calls[0].headers["x-own"]], [undefined, "1"]);
    const refused = scripted(refusal(401, "invalid_client"));
    const wrong = new sdk.ManagementClient({ domain: DOMAIN, clientId: "c", clientAssertionSigningKey: await pem(), fetch: refused.fetch });
    const error = await fails(wrong.jobs.get("1"), { name: "ManagementError", code: "auth_error" });
    equal(error.cause.error, "invalid_client");
    const mtls = scripted(() => json(TOKENS));
    await new sdk.ManagementClient({ domain: DOMAIN, clientId: "c", useMTLS: true, fetch: mtls.fetch }).jobs.get("1");
    equal(mtls.calls.map((call) => new URL(call.url).host), [`mtls.${DOMAIN}`, DOMAIN]);
    for (const options of [{ token: "t", clientId: "c" }, {}]) {
      let thrown;
      try {
        new sdk.ManagementClient({ domain: DOMAIN, useMTLS: true, ...options });
      } catch (error) {
        thrown = error;
      }
      equal(thrown?.code, "invalid_config");
    }
  });

  // --- the sandbox ---

  const grant = (name) => `http://auth0.com/oauth/grant-type/${name}`;
  const application = async ({ sdk, client, sandbox, seed }) => {
    await seed(2);
    const made = await client().clients.create({
      name: "ours", app_type: "regular_web", token_endpoint_auth_method: "client_secret_post", callbacks: ["https://app.example.com/cb"],
      grant_types: ["authorization_code", "refresh_token", "password", grant("password-realm"), grant("passwordless/otp"), grant("mfa-otp"), "urn:ietf:params:oauth:grant-type:device_code"],
    });
    return new sdk.AuthenticationClient({ domain: sandbox.url, clientId: made.client_id, clientSecret: made.client_secret });
  };
  // A page reaches the sandbox through the server that it comes from: not all of it, and under another name.
  const atSandbox = (name, body) => test(name, async (context) => globalThis.document === undefined && body(context));
  const USER = "user-000001@example.com";
  const realm = "Username-Password-Authentication";

  atSandbox("auth: a password, a refresh, its reuse, and a revocation at the sandbox", async (context) => {
    const auth = await application(context);
    const { data } = await auth.oauth.passwordGrant({ username: USER, password: "Sandbox-1", realm, scope: "openid email offline_access" });
    ok(data.id_token && data.refresh_token, "an ID token and a refresh token");
    await fails(auth.oauth.passwordGrant({ username: USER, password: "wrong", realm, scope: "openid" }), { name: "AuthApiError", error: "invalid_grant" });
    const user = await new context.sdk.UserInfoClient({ domain: context.sandbox.url }).getUserInfo(data.access_token);
    equal(user.data.email, USER);
    const second = await auth.oauth.refreshTokenGrant({ refresh_token: data.refresh_token });
    const token = second.data.refresh_token ?? data.refresh_token;
    await auth.oauth.revokeRefreshToken({ token });
    await fails(auth.oauth.refreshTokenGrant({ refresh_token: token }), { error: "invalid_grant" });
  });

  atSandbox("auth: a login with PKCE at the sandbox", async (context) => {
    const auth = await application(context);
    const { url, transaction } = await auth.authorize({ redirect_uri: "https://app.example.com/cb", "ext-sandbox-login": USER });
    const response = await fetch(url, { redirect: "manual" });
    const back = response.headers.get("location");
    const { data } = await auth.finishLogin(transaction, back);
    equal((await auth.verifyIdToken(data.id_token, { nonce: transaction.nonce })).email, USER);
    await fails(auth.finishLogin(transaction, back), { error: "invalid_grant" });
  });

  atSandbox("auth: signup, and a device at the sandbox", async (context) => {
    const auth = await application(context);
    const made = await auth.database.signUp({ email: "new@example.com", password: "A-good-Passw0rd!", connection: realm });
    ok(made.data.id, "an id");
    await fails(auth.database.signUp({ email: "new@example.com", password: "A-good-Passw0rd!", connection: realm }), { name: "AuthApiError" });
    const device = await auth.device.authorize({ scope: "openid" });
    await fails(auth.device.deviceCodeGrant({ device_code: device.data.device_code }), { error: "authorization_pending" });
    includes(typeof device.data.user_code, "string");
  });
};
