// The flows against oidc-provider, a certified OpenID Provider, in every runtime: a part of suite.mjs. `oidc` of the environment is
// what provider.mjs has started.

const CALLBACK = "http://127.0.0.1:9999/callback";
const API = "https://api.example.test/";
const WRONG = "wrong-secret-of-ours";

export const oidcCases = ({ test, ok, equal, includes, fails }) => {
  const claimsOf = (token) => JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));

  // What a case has to do with one provider.
  const at = (sdk, { url, secrets, basic, keys }) => {
    const make = (clientId, options = {}) => {
      const secret = secrets[clientId];
      const proves = secret || options.clientSecret || options.clientAssertionSigningKey;
      const own = secret && !options.publicClient ? { clientSecret: secret, clientSecretBasic: basic.includes(clientId) } : { publicClient: !proves };
      return new sdk.AuthenticationClient({ domain: url, clientId, timeoutDuration: 25_000, ...own, ...options });
    };
    const control = async (what, body) => {
      const answer = await fetch(`${url}/__control/${what}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
      equal(answer.status, 200, `control of ${what}`);
    };
    const requests = async (path) => (await (await fetch(`${url}/__control/requests`)).json()).filter((request) => request.path === path).length;
    const browse = async (to) => (await fetch(`${url}/__browse`, { method: "POST", body: to })).json();
    // Logs in, and gives what the browser brings back.
    const login = async (auth, params, options) => {
      const begun = await auth.authorize({ redirect_uri: CALLBACK, ...params }, options);
      const found = await browse(begun.url);
      const back = found.url ?? found.form;
      if (!back) throw new Error(`no callback: ${found.status} ${found.text.slice(0, 300)}`);
      return { transaction: begun.transaction, back, url: begun.url };
    };
    const tokens = async (auth, params, options) => {
      const { transaction, back } = await login(auth, params, options);
      return (await auth.finishLogin(transaction, back)).data;
    };
    return { make, control, requests, browse, login, tokens, keys, url };
  };
  const refused = (promise, statusCode, error) => fails(promise, { name: "AuthApiError", statusCode, error });
  const lost = (promise, error) => fails(promise, { name: "CallbackError", error });

  const flow = (name, body, which = (oidc) => oidc) => test(`oidc: ${name}`, async ({ sdk, oidc }) => body({ ...at(sdk, which(oidc)), sdk }), true);

  // --- client credentials ---

  for (const id of ["m2m-post", "m2m-basic"]) {
    flow(`client credentials, ${id}`, async ({ make }) => {
      const { data } = await make(id).oauth.clientCredentialsGrant({ audience: API, scope: "read:things" });
      equal([data.expires_in, data.scope, data.refresh_token, data.id_token], [7200, "read:things", undefined, undefined]);
      const { aud, azp } = claimsOf(data.access_token);
      equal([aud, azp], [API, id]);
    });
    flow(`client credentials, ${id}, wrong secret`, async ({ make }) => {
      const error = await refused(make(id, { clientSecret: WRONG }).oauth.clientCredentialsGrant({ audience: API }), 401, "invalid_client");
      ok(!`${error.stack}${JSON.stringify(error)}`.includes(WRONG), "no secret");
    });
  }
  for (const [name, id, options, status, error, params = { audience: API }] of [
    ["unknown client", "nobody", { clientSecret: "a-secret" }, 401, "invalid_client"],
    ["no authentication", "m2m-post", { publicClient: true }, 401, "invalid_client"],
    ["unknown audience", "m2m-post", {}, 400, "invalid_target", { audience: "https://unknown/" }],
    ["a client without this grant", "web-post", {}, 400, "invalid_request"],
    ["a secret with every kind of character is sent as it is", "m2m-basic", { clientSecret: "a:b%c d+/?&=~'()*" }, 401, "invalid_client"],
  ]) flow(`client credentials, ${name}`, ({ make }) => refused(make(id, options).oauth.clientCredentialsGrant(params), status, error));
  flow("client credentials, opaque token", async ({ make }) => {
    const { data } = await make("m2m-post").oauth.clientCredentialsGrant({ audience: "https://opaque.example.test/" });
    ok(!data.access_token.includes("."), "no JWT");
  });
  flow("a server without this grant", ({ make }) => refused(make("m2m-post").oauth.passwordGrant({ username: "jo", password: "a-password" }), 400, "unsupported_grant_type"));

  // --- logins ---

  for (const id of ["web-post", "web-basic", "spa", "all"]) {
    flow(`login, ${id}, and its code again`, async ({ make, login }) => {
      const auth = make(id);
      const { transaction, back } = await login(auth, { audience: API, scope: "openid email read:things offline_access" }, { requireIssuer: true });
      const { data } = await auth.finishLogin(transaction, back);
      const { sub, email } = claimsOf(data.id_token);
      equal([sub, email], ["auth0|user-1", "jane@example.test"]);
      ok(data.refresh_token && data.scope.split(" ").includes("read:things"), "a refresh token and the scope");
      await refused(auth.finishLogin(transaction, back), 400, "invalid_grant");
    });
  }
  flow("login, the wrong verifier", async ({ make, login }) => {
    const auth = make("web-post");
    const { transaction, back } = await login(auth);
    await refused(auth.finishLogin({ ...transaction, code_verifier: "x".repeat(43) }, back), 400, "invalid_grant");
  });
  flow("login, no verifier", async ({ make, login }) => {
    const auth = make("web-post");
    const { transaction, back } = await login(auth);
    const { code } = auth.checkCallback(transaction, back);
    await refused(auth.oauth.authorizationCodeGrant({ code, redirect_uri: CALLBACK }), 400, "invalid_grant");
  });
  flow("login, a verifier of one's own", async ({ make, login, sdk }) => {
    const auth = make("spa");
    const { codeVerifier, codeChallenge, codeChallengeMethod } = await sdk.createPkce();
    const { transaction, back } = await login(auth, { code_challenge: codeChallenge, code_challenge_method: codeChallengeMethod });
    const { code } = auth.checkCallback(transaction, back);
    const { data } = await auth.oauth.authorizationCodeGrantWithPKCE({ code, redirect_uri: CALLBACK, code_verifier: codeVerifier }, { idTokenValidateOptions: { nonce: transaction.nonce } });
    ok(data.id_token, "an ID token");
  });
  flow("login, another redirect URI", async ({ make, login }) => {
    const auth = make("web-post");
    const { transaction, back } = await login(auth);
    await refused(auth.finishLogin({ ...transaction, redirect_uri: "http://localhost:9999/callback" }, back), 400, "invalid_grant");
  });
  flow("login, the code of another client", async ({ make, login }) => {
    const { transaction, back } = await login(make("web-post"));
    await refused(make("all").finishLogin(transaction, back), 400, "invalid_grant");
  });
  for (const [name, params, error] of [
    ["refused by the user", { login_hint: "deny" }, "access_denied"],
    ["nothing may be shown", { prompt: "none" }, "login_required"],
    ["authorization details of an unknown type", { audience: API, authorization_details: [{ type: "unknown" }] }, "invalid_authorization_details"],
  ]) {
    flow(`login, ${name}`, async ({ make, login }) => {
      const auth = make("web-post");
      const { transaction, back } = await login(auth, params);
      await lost(auth.finishLogin(transaction, back), error);
    });
  }
  flow("login, the answer of another login is sent nowhere", async ({ make, login, requests }) => {
    const auth = make("web-post");
    const { back } = await login(auth);
    const other = await auth.authorize({ redirect_uri: CALLBACK });
    const before = await requests("/oauth/token");
    await lost(auth.finishLogin(other.transaction, back), "state_mismatch");
    equal(await requests("/oauth/token"), before, "requests");
  });
  for (const [name, params] of [["parameters of our own", { "ext-own": "1", ui_locales: "de en" }], ["fragment", { response_mode: "fragment" }], ["form_post", { response_mode: "form_post" }]]) {
    flow(`login, ${name}`, async ({ make, tokens }) => ok((await tokens(make("web-post"), params)).id_token, "an ID token"));
  }
  flow("login, the user of a hint, now", async ({ make, tokens }) => equal(claimsOf((await tokens(make("web-post"), { login_hint: "auth0|other", max_age: 0 })).id_token).sub, "auth0|other"));
  flow("login, without an ID token", async ({ make, tokens }) => equal((await tokens(make("web-post"), { scope: "read:things", audience: API })).id_token, undefined));
  for (const [name, params, change, about] of [["the nonce of another login", {}, { nonce: "another" }, /nonce/], ["another organization", { organization: "org_other" }, {}, /org/]]) {
    flow(`login, ${name}`, async ({ make, login, sdk }) => {
      const auth = make("web-post");
      const { transaction, back } = await login(auth, params);
      await fails(auth.finishLogin({ ...transaction, ...change }, back), { type: sdk.IdTokenValidatorError, message: about });
    });
  }

  // --- pushed, rich and signed requests ---

  flow("pushed request, good once", async ({ make, login, browse }) => {
    const auth = make("web-par");
    const { transaction, back, url } = await login(auth, { scope: "openid offline_access" }, { pushed: true });
    ok(!/scope|challenge/.test(url), "a URL that says nothing");
    ok((await auth.finishLogin(transaction, back)).data.id_token, "an ID token");
    equal((await browse(url)).url, undefined, "the name of a request again");
  });
  flow("pushed request, required and not pushed", async ({ make, login }) => {
    const auth = make("web-par");
    const { transaction, back } = await login(auth);
    await lost(auth.finishLogin(transaction, back), "invalid_request");
  });
  flow("pushed request, wrong secret", ({ make }) => refused(make("web-par", { clientSecret: WRONG }).authorize({ redirect_uri: CALLBACK }, { pushed: true }), 401, "invalid_client"));
  flow("pushed request, unknown redirect URI", ({ make }) => refused(make("web-par").authorize({ redirect_uri: "https://evil.example/" }, { pushed: true }), 400, "invalid_request"));
  flow("pushed request, public client", async ({ make, tokens }) => ok((await tokens(make("spa"), {}, { pushed: true })).id_token, "an ID token"));
  const details = [{ type: "payment_initiation", amount: "10.00" }];
  for (const [id, pushed] of [["web-post", false], ["web-par", true]]) {
    flow(`authorization details, ${pushed ? "pushed" : "in the URL"}`, async ({ make, tokens }) => equal((await tokens(make(id), { audience: API, authorization_details: details }, { pushed })).authorization_details, details));
  }
  for (const pushed of [false, true]) {
    flow(`signed request, ${pushed ? "pushed" : "in the URL"}`, async ({ make, login, keys }) => {
      const auth = make("web-jar");
      const { transaction, back, url } = await login(auth, { scope: "openid email", audience: API, resource: API, authorization_details: details }, { pushed, requestObject: { key: keys.rs256.pem, kid: keys.rs256.jwk.kid } });
      ok(!url.includes("scope="), "a URL that says nothing");
      equal((await auth.finishLogin(transaction, back)).data.authorization_details, details);
    });
  }
  flow("signed request, required and not signed", async ({ make, login }) => {
    const auth = make("web-jar");
    const { transaction, back } = await login(auth);
    await lost(auth.finishLogin(transaction, back), "invalid_request");
  });
  flow("signed request, another key", async ({ make, sdk }) => {
    const { privateKey } = await crypto.subtle.generateKey({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }, false, ["sign", "verify"]);
    await refused(make("web-jar").authorize({ redirect_uri: CALLBACK }, { pushed: true, requestObject: { key: privateKey } }), 400, "invalid_request_object");
  });

  // --- assertions ---

  const signing = (keys, alg) => ({ clientAssertionSigningKey: keys[alg.toLowerCase()].pem, clientAssertionSigningAlg: alg, clientAssertionKeyId: keys[alg.toLowerCase()].jwk.kid });
  for (const alg of ["RS256", "ES256"]) {
    flow(`private key JWT, ${alg}, a new one each time`, async ({ make, keys }) => {
      const { oauth } = make("m2m-pkjwt", signing(keys, alg));
      for (let time = 0; time < 2; time++) ok((await oauth.clientCredentialsGrant({ audience: API })).data.access_token, "a token");
    });
  }
  flow("private key JWT, a login, a refresh and a device", async ({ make, tokens, keys }) => {
    const auth = make("web-pkjwt", signing(keys, "ES256"));
    const { refresh_token } = await tokens(auth, { scope: "openid offline_access" });
    ok((await auth.oauth.refreshTokenGrant({ refresh_token })).data.access_token, "a token");
    ok((await auth.device.authorize({ scope: "openid" })).data.user_code, "a code");
  });
  flow("private key JWT, for the Management client", async ({ sdk, keys, url, requests }) => {
    const before = await requests("/oauth/token");
    const client = new sdk.ManagementClient({ domain: url, clientId: "m2m-pkjwt", clientAssertionSigningKey: keys.rs256.pem });
    // The provider has no such API: what counts is that a token was bought and sent.
    await fails(client.users.list(), { statusCode: 404 });
    equal(await requests("/oauth/token"), before + 1, "requests");
  });
  flow("private key JWT, sent twice", async ({ make, sdk, keys, url }) => {
    const client_assertion = await sdk.createClientAssertion({ clientId: "m2m-pkjwt", audience: `${url}/`, key: keys.rs256.pem })();
    const { oauth } = make("m2m-pkjwt");
    const given = { audience: API, client_assertion, client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" };
    await oauth.clientCredentialsGrant(given);
    await refused(oauth.clientCredentialsGrant(given), 401, "invalid_client");
  });
  flow("private key JWT, for another server", async ({ make, sdk, keys }) => {
    const client_assertion = await sdk.createClientAssertion({ clientId: "m2m-pkjwt", audience: "https://other/", key: keys.rs256.pem })();
    await refused(make("m2m-pkjwt").oauth.clientCredentialsGrant({ audience: API, client_assertion, client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" }), 401, "invalid_client");
  });
  flow("private key JWT, an unknown key", async ({ make }) => {
    const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    const auth = make("m2m-pkjwt", { clientAssertionSigningKey: privateKey, clientAssertionSigningAlg: "ES256" });
    await refused(auth.oauth.clientCredentialsGrant({ audience: API }), 401, "invalid_client");
  });

  // --- refresh and revocation ---

  const refreshable = async ({ make, tokens }) => (await tokens(make("web-post"), { audience: API, scope: "openid offline_access read:things write:things" })).refresh_token;
  flow("refresh, with rotation and reuse", async (own) => {
    const { oauth } = own.make("web-post");
    const first = await refreshable(own);
    const { data } = await oauth.refreshTokenGrant({ refresh_token: first });
    ok(data.refresh_token && data.refresh_token !== first && data.id_token, "another one, and an ID token");
    await refused(oauth.refreshTokenGrant({ refresh_token: first }), 400, "invalid_grant");
    // Its reuse has revoked the whole family.
    await refused(oauth.refreshTokenGrant({ refresh_token: data.refresh_token }), 400, "invalid_grant");
  });
  flow("refresh, fewer scopes and more", async (own) => {
    const { oauth } = own.make("web-post");
    const { data } = await oauth.refreshTokenGrant({ refresh_token: await refreshable(own), scope: "read:things" });
    equal(data.scope, "read:things");
    await refused(oauth.refreshTokenGrant({ refresh_token: data.refresh_token, scope: "openid delete:things" }), 400, "invalid_scope");
  });
  flow("refresh, five at once are one request", async (own) => {
    const { oauth } = own.make("web-post");
    const refresh_token = await refreshable(own);
    const before = await own.requests("/oauth/token");
    const all = await Promise.all(Array.from({ length: 5 }, () => oauth.refreshTokenGrant({ refresh_token })));
    equal(await own.requests("/oauth/token"), before + 1, "requests");
    equal(new Set(all.map(({ data }) => data.refresh_token)).size, 1, "refresh tokens");
  });
  flow("refresh, the token of another client", async (own) => refused(own.make("all").oauth.refreshTokenGrant({ refresh_token: await refreshable(own) }), 400, "invalid_grant"));
  flow("refresh, no such token", ({ make }) => refused(make("web-post").oauth.refreshTokenGrant({ refresh_token: "made-up-by-nobody" }), 400, "invalid_grant"));
  flow("revoke, then refresh", async (own) => {
    const { oauth } = own.make("web-post");
    const refresh_token = await refreshable(own);
    await oauth.revokeRefreshToken({ token: refresh_token });
    await refused(oauth.refreshTokenGrant({ refresh_token }), 400, "invalid_grant");
  });
  flow("revoke, an unknown token", async ({ make }) => equal((await make("web-post").oauth.revokeRefreshToken({ token: "made-up-by-nobody" })).data, undefined));
  flow("revoke, wrong secret", ({ make }) => refused(make("web-post", { clientSecret: WRONG }).oauth.revokeRefreshToken({ token: "made-up-by-nobody" }), 401, "invalid_client"));

  // --- devices and backchannel ---

  for (const id of ["native", "device-confidential"]) {
    flow(`device, ${id}`, async ({ make, control }) => {
      const { device } = make(id);
      const { data } = await device.authorize({ scope: "openid offline_access" });
      includes(data.verification_uri_complete, data.user_code);
      const { device_code, user_code } = data;
      await refused(device.deviceCodeGrant({ device_code }), 400, "authorization_pending");
      const [answer] = await Promise.all([device.poll({ ...data, interval: 0.05 }), control("device", { user_code })]);
      ok(answer.data.refresh_token, "a refresh token");
      await refused(device.deviceCodeGrant({ device_code }), 400, "invalid_grant");
    });
  }
  for (const [what, code] of [["deny", "access_denied"], ["expire", "expired_token"]]) {
    flow(`device, ${what}`, async ({ make, control }) => {
      const { device } = make("native");
      const { data } = await device.authorize({ scope: "openid" });
      await control("device", { user_code: data.user_code, [what]: true });
      await refused(device.poll({ ...data, interval: 0.05 }), 400, code);
    });
  }
  flow("device, no such code", ({ make }) => refused(make("native").device.deviceCodeGrant({ device_code: "made-up-by-nobody" }), 400, "invalid_grant"));
  flow("device, the code of another client", async ({ make }) => {
    const { data } = await make("native").device.authorize({ scope: "openid" });
    await refused(make("device-confidential").device.deviceCodeGrant({ device_code: data.device_code }), 400, "invalid_grant");
  });
  flow("device, a client without this grant", ({ make }) => refused(make("spa").device.authorize(), 400, "invalid_request"));
  flow("device, aborted in the middle", async ({ make, requests }) => {
    const { device } = make("native");
    const { data } = await device.authorize({ scope: "openid" });
    const controller = new AbortController();
    let asked = 0;
    const polling = device.poll({ ...data, interval: 0.02 }, { signal: controller.signal, onPending: () => ++asked === 2 && controller.abort(new Error("enough")) });
    await fails(polling, { message: /enough/ });
    const after = await requests("/oauth/token");
    await new Promise((resolve) => setTimeout(resolve, 100));
    equal(await requests("/oauth/token"), after, "requests");
  });

  const push = { userId: "auth0|user-7", binding_message: "Order 4-2", scope: "openid" };
  flow("backchannel", async ({ make, control }) => {
    const { backchannel } = make("ciba");
    const transfer = [{ type: "money_transfer", amount: "5" }];
    const begun = await backchannel.authorize({ ...push, scope: "openid offline_access", audience: API, authorization_details: transfer, requested_expiry: 120 });
    const { auth_req_id } = begun;
    await refused(backchannel.backchannelGrant({ auth_req_id }), 400, "authorization_pending");
    const [tokens] = await Promise.all([backchannel.poll({ ...begun, interval: 0.05 }), control("ciba", { auth_req_id })]);
    equal([claimsOf(tokens.id_token).sub, tokens.authorization_details], ["auth0|user-7", transfer]);
    await refused(backchannel.backchannelGrant({ auth_req_id }), 400, "invalid_grant");
  });
  flow("backchannel, denied", async ({ make, control }) => {
    const { backchannel } = make("ciba");
    const begun = await backchannel.authorize(push);
    await control("ciba", { auth_req_id: begun.auth_req_id, deny: true });
    await refused(backchannel.poll({ ...begun, interval: 0.05 }), 400, "access_denied");
  });
  flow("backchannel, unknown user", ({ make }) => refused(make("ciba").backchannel.authorize({ ...push, userId: "auth0|unknown" }), 400, "unknown_user_id"));
  flow("backchannel, a message that the server refuses", ({ make }) => refused(make("ciba").backchannel.authorize({ ...push, binding_message: "a;b" }), 400, "invalid_binding_message"));
  flow("backchannel, wrong secret", ({ make }) => refused(make("ciba", { clientSecret: WRONG }).backchannel.authorize(push), 401, "invalid_client"));
  flow("backchannel, no such request", ({ make }) => refused(make("ciba").backchannel.backchannelGrant({ auth_req_id: "made-up-by-nobody" }), 400, "invalid_grant"));

  // --- users, metadata, registration, logout ---

  flow("userinfo", async ({ make, tokens, sdk, url }) => {
    const { access_token } = await tokens(make("web-post"), { scope: "openid profile email phone" });
    const { data } = await new sdk.UserInfoClient({ domain: url }).getUserInfo(access_token);
    equal([data.sub, data.email_verified, data.phone_number], ["auth0|user-1", true, "+15555550100"]);
  });
  flow("userinfo, no such token", async ({ sdk, url }) => {
    const error = await fails(new sdk.UserInfoClient({ domain: url }).getUserInfo("made-up-by-nobody"), { name: "UserInfoError", statusCode: 401, error: "invalid_token" });
    ok(!`${error.stack}${JSON.stringify(error)}`.includes("made-up"), "no secret");
  });
  flow("metadata and keys", async ({ make, url }) => {
    const auth = make("web-post");
    const { data } = await auth.metadata();
    equal([data.issuer, data.authorization_response_iss_parameter_supported], [`${url}/`, true]);
    equal((await auth.jwks()).data.keys.length, 3);
  });
  flow("registration", async ({ make, tokens }) => {
    const { data } = await make("web-post").registerClient({ redirect_uris: [CALLBACK], client_name: "Ours", token_endpoint_auth_method: "client_secret_post" });
    const made = make(data.client_id, { clientSecret: data.client_secret });
    ok((await tokens(made)).id_token, "an ID token");
  });
  flow("registration, no redirect URI", ({ make }) => refused(make("web-post").registerClient({ redirect_uris: ["no URI"] }), 400, "invalid_redirect_uri"));
  flow("logout", async ({ make, browse }) => {
    const auth = make("web-post");
    // A page that asks, or one that refuses.
    includes((await browse(auth.oidcLogoutUrl({ post_logout_redirect_uri: "http://127.0.0.1:9999/", state: "s" }))).form, "xsrf");
    equal((await browse(auth.oidcLogoutUrl({ post_logout_redirect_uri: "https://evil.example/" }))).status, 400);
  });

  // --- tokens bound to a key, and a nonce for each proof ---

  const bound = (name, body) => flow(`DPoP with nonces, ${name}`, body, (oidc) => oidc.nonces);
  bound("client credentials", async ({ make, sdk }) => {
    const dpop = await sdk.createDpop();
    const { data } = await make("web-dpop", { dpop }).oauth.clientCredentialsGrant({ audience: API });
    equal([data.token_type, claimsOf(data.access_token).cnf.jkt], ["DPoP", await dpop.thumbprint()]);
  });
  bound("login, refresh and userinfo", async ({ make, tokens, sdk, url }) => {
    const dpop = await sdk.createDpop();
    const auth = make("web-dpop", { dpop });
    const { access_token, refresh_token } = await tokens(auth, { scope: "openid email offline_access", dpop_jkt: await dpop.thumbprint() });
    const { data } = await new sdk.UserInfoClient({ domain: url, dpop }).getUserInfo(access_token);
    equal(data.sub, "auth0|user-1");
    equal((await auth.oauth.refreshTokenGrant({ refresh_token })).data.token_type, "DPoP");
    // Without the key the token is worth nothing.
    const error = await fails(new sdk.UserInfoClient({ domain: url }).getUserInfo(access_token), { name: "UserInfoError" });
    ok([400, 401].includes(error.statusCode), "refused");
  });
  bound("a client that signs", async ({ make, sdk, keys, requests }) => {
    // The provider remembers each assertion: the second request must have another.
    const { oauth } = make("m2m-pkjwt", { ...signing(keys, "ES256"), dpop: await sdk.createDpop() });
    const before = await requests("/oauth/token");
    equal((await oauth.clientCredentialsGrant({ audience: API })).data.token_type, "DPoP");
    equal(await requests("/oauth/token"), before + 2, "requests of the first");
    await oauth.clientCredentialsGrant({ audience: API });
    equal(await requests("/oauth/token"), before + 3, "and of the second");
  });
  bound("no proof", async ({ make }) => fails(make("web-dpop").oauth.clientCredentialsGrant({ audience: API }), { name: "AuthApiError", statusCode: 400 }));
  bound("the code of another key", async ({ make, login, sdk }) => {
    const [mine, other] = [await sdk.createDpop(), await sdk.createDpop()];
    const { transaction, back } = await login(make("web-dpop", { dpop: mine }), { dpop_jkt: await mine.thumbprint() });
    await refused(make("web-dpop", { dpop: other }).finishLogin(transaction, back), 400, "invalid_grant");
  });

  // --- client certificates: only where a program may show one ---

  const https = globalThis.process?.getBuiltinModule?.("node:https");
  if (!https || globalThis.EdgeRuntime) return;
  // A fetch that shows a certificate. The name of the alias is not one that this machine can look up.
  const showing = (tls, shown) => (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const asked = https.request(url.replace("://mtls.", "://"), { method, headers, signal, ca: tls.ca, ...shown, agent: false }, async (answer) => {
        const chunks = [];
        for await (const chunk of answer) chunks.push(chunk);
        resolve(new Response(Buffer.concat(chunks), { status: answer.statusCode, headers: { "content-type": answer.headers["content-type"] } }));
      });
      asked.on("error", reject);
      asked.end(body);
    });
  const mtls = (name, body) => test(`oidc: client certificate, ${name}`, async ({ sdk, oidc: { tls } }) => {
    const make = (shown, options) => new sdk.AuthenticationClient({ domain: tls.url, clientId: "mtls-ca", useMTLS: true, retry: { enabled: false }, fetch: showing(tls, shown), ...options });
    return body({ make, tls, ask: (shown) => make(shown).oauth.clientCredentialsGrant({ audience: API }) });
  }, true);
  mtls("the right one", async ({ ask, tls }) => ok(claimsOf((await ask(tls.client)).data.access_token).cnf["x5t#S256"], "bound to the certificate"));
  mtls("none", ({ ask }) => refused(ask({}), 401, "invalid_client"));
  mtls("that of another client", ({ ask, tls }) => refused(ask(tls.somebody), 401, "invalid_client"));
  mtls("that of another authority", ({ ask, tls }) => refused(ask(tls.foreign), 401, "invalid_client"));
  mtls("a server of an unknown authority", ({ ask, tls }) => fails(ask({ ...tls.client, ca: [] }), { name: "FetchError" }));
};
