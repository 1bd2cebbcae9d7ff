// The flows of the Authentication API with other people's clients, unchanged: `openid-client` and `@auth0/auth0-auth-js`. They insist on
// https, so the tenant is the npm package's, asked through its `fetch`. Run by `cargo xtask test tour`; TOUR_MODULES says where the
// packages are installed.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { createSandbox } from "../../../target/npm/sandbox/node.js";

const { TOUR_MODULES } = process.env;
const load = (name) => import(pathToFileURL(createRequire(pathToFileURL(`${TOUR_MODULES}/`)).resolve(name)).href);
const oidc = await load("openid-client");
const { AuthClient } = await load("@auth0/auth0-auth-js");

const CALLBACK = "https://app.example.com/callback";
const LOGIN = "user-000001@example.com";
const sandbox = await createSandbox({ users: 5 });
const server = new URL(sandbox.origin);
const visitor = sandbox.visitor();
// A login without pages; where it leads to is what a browser would be sent to.
const visit = async (url, login = LOGIN) => {
  if (login) await sandbox.control("POST", "/login", { login, times: 1 });
  const page = await visitor.open(url);
  assert.ok(page.left, `${page.status} ${page.html}`);
  return new URL(page.url);
};
const management = async (method, path, body) => {
  const grant = new URLSearchParams({ grant_type: "client_credentials", client_id: sandbox.clientId, client_secret: sandbox.clientSecret, audience: sandbox.audience });
  const { access_token: token } = await (await sandbox.fetch("/oauth/token", { method: "POST", body: grant })).json();
  const response = await sandbox.fetch(`${sandbox.baseUrl}${path}`, { method, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, ...(body && { body: JSON.stringify(body) }) });
  assert.ok(response.ok, `${path}: ${response.status} ${response.status > 399 ? await response.text() : ""}`);
  return response.status === 204 ? undefined : response.json();
};
const discover = (metadata = sandbox.webClientSecret, authentication = undefined, id = sandbox.webClientId) =>
  oidc.discovery(server, id, metadata, authentication, { [oidc.customFetch]: sandbox.fetch });
const grantOf = (audience) => ({ audience, scope: "openid email offline_access read:things" });

test("openid-client: authorization code with PKCE, ID token, userinfo, refresh, revocation, logout", async () => {
  const config = await discover();
  const [verifier, nonce, state] = [oidc.randomPKCECodeVerifier(), oidc.randomNonce(), oidc.randomState()];
  const parameters = { redirect_uri: CALLBACK, ...grantOf(sandbox.sampleApi), code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", nonce, state };
  const answer = await visit(oidc.buildAuthorizationUrl(config, parameters));
  const checks = { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true };
  const tokens = await oidc.authorizationCodeGrant(config, answer, checks);
  const { sub, email } = tokens.claims();
  assert.equal(email, LOGIN);
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, sub)).email, LOGIN);
  const again = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal(again.claims().sub, sub);
  const newest = again.refresh_token ?? tokens.refresh_token;
  await oidc.tokenRevocation(config, newest);
  await assert.rejects(oidc.refreshTokenGrant(config, newest), ({ error }) => error === "invalid_grant");
  await assert.rejects(oidc.authorizationCodeGrant(config, answer, checks), ({ error }) => error === "invalid_grant");
  const left = await visitor.open(oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: "http://localhost:3000", id_token_hint: tokens.id_token }));
  assert.ok(left.left && left.url.startsWith("http://localhost:3000"), JSON.stringify(left));
  // The session is over.
  const silent = await visit(oidc.buildAuthorizationUrl(config, { ...parameters, prompt: "none" }), null);
  assert.equal(silent.searchParams.get("error"), "login_required");
});

test("openid-client: pushed and signed requests, private key JWT", async () => {
  const { publicKey, privateKey } = await crypto.subtle.generateKey({ name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" }, true, ["sign", "verify"]);
  const pem = `-----BEGIN PUBLIC KEY-----\n${Buffer.from(await crypto.subtle.exportKey("spki", publicKey)).toString("base64")}\n-----END PUBLIC KEY-----`;
  const made = await management("POST", "/clients", {
    name: "Signs", app_type: "regular_web", callbacks: [CALLBACK], grant_types: ["authorization_code"],
    client_authentication_methods: { private_key_jwt: { credentials: [{ credential_type: "public_key", name: "one", pem, alg: "RS256" }] } },
    signed_request_object: { required: false, credentials: [{ credential_type: "public_key", name: "two", pem, alg: "RS256" }] },
  });
  const config = await discover({}, oidc.PrivateKeyJwt(privateKey), made.client_id);
  for (const build of ["buildAuthorizationUrlWithPAR", "buildAuthorizationUrlWithJAR"]) {
    const [verifier, state] = [oidc.randomPKCECodeVerifier(), oidc.randomState()];
    const parameters = { redirect_uri: CALLBACK, scope: "openid", code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", state };
    const url = build.endsWith("PAR") ? await oidc[build](config, parameters) : await oidc[build](config, parameters, privateKey);
    const tokens = await oidc.authorizationCodeGrant(config, await visit(url), { pkceCodeVerifier: verifier, expectedState: state });
    assert.ok(tokens.claims().sub);
  }
});

test("openid-client: client credentials, device code, back-channel, implicit", async () => {
  const config = await discover();
  const machine = await oidc.clientCredentialsGrant(config, { audience: sandbox.sampleApi });
  assert.equal(machine.scope, "read:things write:things");
  // 0, which would be quicker, is an answer that this client refuses.
  await sandbox.control("POST", "/poll-interval", { seconds: 1 });
  const device = await oidc.initiateDeviceAuthorization(config, grantOf(sandbox.sampleApi));
  await sandbox.control("POST", "/decide", { user_code: device.user_code, login: LOGIN });
  assert.equal((await oidc.pollDeviceAuthorizationGrant(config, device)).claims().email, LOGIN);
  const refused = await oidc.initiateDeviceAuthorization(config, { scope: "openid" });
  await sandbox.control("POST", "/decide", { user_code: refused.user_code, login: LOGIN, approve: false });
  await assert.rejects(oidc.pollDeviceAuthorizationGrant(config, refused), ({ error }) => error === "access_denied");
  const [user] = await management("GET", `/users-by-email?email=${LOGIN}`);
  const hint = JSON.stringify({ format: "iss_sub", iss: `${sandbox.origin}/`, sub: user.user_id });
  const asked = await oidc.initiateBackchannelAuthentication(config, { scope: "openid", binding_message: "Pay 1", login_hint: hint });
  await sandbox.control("POST", "/decide", { auth_req_id: asked.auth_req_id });
  assert.equal((await oidc.pollBackchannelAuthenticationGrant(config, asked)).claims().sub, user.user_id);
  const nonce = oidc.randomNonce();
  oidc.useIdTokenResponseType(config);
  const answer = await visit(oidc.buildAuthorizationUrl(config, { redirect_uri: CALLBACK, scope: "openid", nonce }));
  assert.equal((await oidc.implicitAuthentication(config, answer, nonce)).sub, user.user_id);
});

test("openid-client: DPoP with the server's nonces, token exchange, registration", async () => {
  const config = await discover(undefined, oidc.None(), sandbox.singlePageClientId);
  await management("PATCH", `/clients/${sandbox.singlePageClientId}`, { callbacks: [CALLBACK] });
  const handle = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair("ES256"));
  const [verifier, state] = [oidc.randomPKCECodeVerifier(), oidc.randomState()];
  const parameters = { redirect_uri: CALLBACK, scope: "openid offline_access", code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", state, dpop_jkt: await handle.calculateThumbprint() };
  const tokens = await oidc.authorizationCodeGrant(config, await visit(oidc.buildAuthorizationUrl(config, parameters)), { pkceCodeVerifier: verifier, expectedState: state }, undefined, { DPoP: handle });
  assert.equal(tokens.token_type, "dpop");
  assert.ok((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP: handle })).sub);
  await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub));
  assert.equal((await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: handle })).token_type, "dpop");
  await management("POST", "/token-exchange-profiles", { name: "legacy", subject_token_type: "urn:acme:legacy", action_id: "a", type: "custom_authentication" });
  const web = await discover();
  const exchanged = await oidc.genericGrantRequest(web, "urn:ietf:params:oauth:grant-type:token-exchange", { subject_token_type: "urn:acme:legacy", subject_token: tokens.claims().sub, audience: sandbox.sampleApi, scope: "openid" });
  assert.ok(exchanged.access_token);
  await management("PATCH", "/tenants/settings", { flags: { enable_dynamic_client_registration: true } });
  const registered = await oidc.dynamicClientRegistration(server, { client_name: "Registered", redirect_uris: [CALLBACK] }, undefined, { [oidc.customFetch]: sandbox.fetch });
  assert.ok(registered.clientMetadata().client_id);
});

const auth0 = () => new AuthClient({ domain: sandbox.domain, clientId: sandbox.webClientId, clientSecret: sandbox.webClientSecret, customFetch: sandbox.fetch, authorizationParams: { redirect_uri: CALLBACK } });

test("auth0-auth-js: login, pushed login, refresh, userinfo, revocation, logout", async () => {
  const client = auth0();
  assert.equal((await client.getServerMetadata()).issuer, `${sandbox.origin}/`);
  for (const pushedAuthorizationRequests of [false, true]) {
    const { authorizationUrl, codeVerifier } = await client.buildAuthorizationUrl({ pushedAuthorizationRequests, authorizationParams: grantOf(sandbox.sampleApi) });
    const tokens = await client.getTokenByCode(await visit(authorizationUrl), { codeVerifier });
    assert.equal(tokens.claims.email, LOGIN);
    assert.equal((await client.getUserInfo({ accessToken: tokens.accessToken })).email, LOGIN);
    const again = await client.getTokenByRefreshToken({ refreshToken: tokens.refreshToken });
    assert.ok(again.accessToken && again.accessToken !== tokens.accessToken);
    await client.revokeToken({ token: again.refreshToken ?? tokens.refreshToken });
    await assert.rejects(client.getTokenByRefreshToken({ refreshToken: again.refreshToken ?? tokens.refreshToken }));
  }
  const left = await visitor.open(await client.buildLogoutUrl({ returnTo: "http://localhost:3000" }));
  assert.ok(left.left, JSON.stringify(left));
});

test("auth0-auth-js: passwords, codes by mail, machines, back-channel, exchange, signup", async () => {
  const client = auth0();
  const tokens = await client.getTokenByPassword({ username: LOGIN, password: sandbox.userPassword, audience: sandbox.sampleApi, scope: "openid email" });
  assert.equal(tokens.claims.email, LOGIN);
  await assert.rejects(client.getTokenByPassword({ username: LOGIN, password: "wrong" }));
  assert.ok((await client.getTokenByClientCredentials({ audience: sandbox.sampleApi })).accessToken);
  await client.passwordless.sendEmail({ email: "new@example.com", send: "code" });
  const code = (await sandbox.outbox({ to: "new@example.com" })).at(-1).code;
  assert.equal((await client.getTokenByPasswordlessEmail({ email: "new@example.com", code, scope: "openid email" })).claims.email, "new@example.com");
  const [user] = await management("GET", `/users-by-email?email=${LOGIN}`);
  const { authReqId, auth_req_id: id = authReqId } = await client.initiateBackchannelAuthentication({ bindingMessage: "Pay 2", loginHint: { sub: user.user_id } });
  await sandbox.control("POST", "/decide", { auth_req_id: id });
  assert.ok((await client.backchannelAuthenticationGrant({ authReqId: id })).accessToken);
  assert.ok((await client.exchangeToken({ subjectTokenType: "urn:acme:legacy", subjectToken: user.user_id, audience: sandbox.sampleApi })).accessToken);
  const connection = "Username-Password-Authentication";
  await client.database.signUp({ email: "signed-up@example.com", password: "Secret-12", connection });
  await assert.rejects(client.database.signUp({ email: "signed-up@example.com", password: "Secret-12", connection }));
  await client.database.changePassword({ email: "signed-up@example.com", connection });
  assert.deepEqual((await sandbox.outbox({ to: "signed-up@example.com" })).map(({ template }) => template), ["verify_email", "change_password"]);
});
