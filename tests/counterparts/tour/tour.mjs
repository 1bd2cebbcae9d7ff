// A tour of the sandbox with the npm package `auth0`: what works at Auth0 with this client has to work here.
// Run by `cargo xtask test tour`; SANDBOX_URL and so on say where the sandbox is, TOUR_MODULES where the package is installed.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";

const { SANDBOX_URL, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, SANDBOX_AUDIENCE, TOUR_MODULES } = process.env;
const require = createRequire(pathToFileURL(`${TOUR_MODULES}/`));
const { ManagementClient, ManagementError } = require("auth0");

// The client knows no http: its requests are sent there all the same.
const real = globalThis.fetch;
globalThis.fetch = (url, init) => real(String(url.url ?? url).replace(/^https:\/\/127\.0\.0\.1/, "http://127.0.0.1"), init);
const domain = SANDBOX_URL.replace("http://", "");
const auth0 = new ManagementClient({
  domain, clientId: SANDBOX_CLIENT_ID, clientSecret: SANDBOX_CLIENT_SECRET, audience: SANDBOX_AUDIENCE, fetch: globalThis.fetch,
});

const journal = async () => (await real(`${SANDBOX_URL}/__sandbox/requests`)).json();
const refused = (promise, status) => assert.rejects(promise, (error) => {
  assert.equal(error.statusCode, status, `${error.statusCode} ${error.message}`);
  return true;
});
const all = async (page) => {
  const items = [];
  for await (const item of await page) items.push(item);
  return items;
};

/** Create, read, list, change, delete, read again: `group` is a resource with these methods. */
async function life(group, { create, update, id = "id", list = (page) => page.data ?? page, check, missing = 404, remove = true }) {
  const made = await group.create(create);
  const key = made[id];
  assert.ok(key, JSON.stringify(made));
  const read = await group.get(key);
  assert.equal(read[id], key);
  if (group.list) {
    const listed = list(await group.list());
    assert.ok(JSON.stringify(listed).includes(key), `${key} is not in ${JSON.stringify(listed).slice(0, 300)}`);
  }
  if (update) {
    const changed = await group.update(key, update);
    check?.(await group.get(key), changed);
  }
  if (remove) {
    await group.delete(key);
    await refused(group.get(key), missing);
  }
  return key;
}

// Whatever hangs ends here.
setTimeout(() => { console.error("the tour took longer than 5 minutes"); process.exit(2); }, 300_000).unref();

const steps = {
  async users() {
    const connection = "Username-Password-Authentication";
    const user = await auth0.users.create({ connection, email: "tour@example.com", password: "Secret-12", user_metadata: { a: 1, b: 2 } });
    await refused(auth0.users.create({ connection, email: "tour@example.com", password: "Secret-12" }), 409);
    await refused(auth0.users.create({ email: "x@example.com" }), 400);
    const id = user.user_id;
    const changed = await auth0.users.update(id, { nickname: "T", user_metadata: { a: null, c: { d: true } } });
    assert.deepEqual(changed.user_metadata, { b: 2, c: { d: true } });
    assert.equal((await auth0.users.get(id, { fields: "email" })).email, "tour@example.com");
    assert.equal((await auth0.users.listUsersByEmail({ email: "TOUR@example.com" })).length, 1);
    const found = await auth0.users.list({ q: 'email:"tour@example.com" AND user_metadata.c.d:true' });
    assert.equal(found.data.length, 1);
    assert.equal((await all(auth0.users.list({ per_page: 100 }))).length, 251);
    const role = (await auth0.roles.list()).data[0];
    await auth0.users.roles.assign(id, { roles: [role.id] });
    assert.equal((await auth0.users.roles.list(id)).data[0].name, role.name);
    const permissions = [{ resource_server_identifier: "https://api.example.com/", permission_name: "read:things" }];
    await auth0.users.permissions.create(id, { permissions });
    assert.equal((await auth0.users.permissions.list(id)).data.length, 1);
    assert.equal((await auth0.users.effectivePermissions.list(id, { resource_server_identifier: "https://api.example.com/" })).data.length, 1);
    assert.equal((await auth0.users.effectiveRoles.list(id)).data.length, 1);
    await auth0.users.permissions.delete(id, { permissions });
    await auth0.users.roles.delete(id, { roles: [role.id] });
    assert.equal((await auth0.users.roles.list(id)).data.length, 0);
    await auth0.users.logs.list(id);
    await auth0.users.organizations.list(id);
    await auth0.users.sessions.list(id);
    await auth0.users.refreshToken.list(id);
    await auth0.users.enrollments.get(id);
    await auth0.users.groups.get(id);
    const method = await auth0.users.authenticationMethods.create(id, { type: "phone", phone_number: "+15550100", preferred_authentication_method: "sms" });
    await auth0.users.authenticationMethods.update(id, method.id, { name: "Mine" });
    assert.equal((await auth0.users.authenticationMethods.get(id, method.id)).id, method.id);
    assert.equal((await auth0.users.authenticationMethods.list(id)).data.length, 1);
    await auth0.users.authenticationMethods.delete(id, method.id);
    await auth0.users.authenticationMethods.deleteAll(id);
    assert.ok((await auth0.users.regenerateRecoveryCode(id)).recovery_code);
    const other = await auth0.users.create({ connection, email: "other@example.com", password: "Secret-12" });
    const identities = await auth0.users.identities.link(id, { provider: "auth0", user_id: other.user_id });
    assert.equal(identities.length, 2);
    await auth0.users.identities.delete(id, "auth0", identities[1].user_id);
    await auth0.userBlocks.list(id);
    await auth0.userBlocks.delete(id);
    await auth0.userBlocks.listByIdentifier({ identifier: "tour@example.com" });
    await auth0.userBlocks.deleteByIdentifier({ identifier: "tour@example.com" });
    await auth0.users.sessions.delete(id);
    await auth0.users.refreshToken.delete(id);
    await auth0.users.revokeAccess(id);
    await auth0.users.multifactor.invalidateRememberBrowser(id);
    assert.match((await auth0.tickets.changePassword({ user_id: id })).ticket, /^http/);
    assert.match((await auth0.tickets.verifyEmail({ user_id: id })).ticket, /^http/);
    const job = await auth0.jobs.verificationEmail.create({ user_id: id });
    assert.equal((await auth0.jobs.get(job.id)).status, "completed");
    await auth0.guardian.enrollments.createTicket({ user_id: id });
    await auth0.userGrants.list({ user_id: id });
    await auth0.userGrants.deleteByUserId({ user_id: id });
    await auth0.users.delete(id);
    await refused(auth0.users.get(id), 404);
  },
  async jobs() {
    const connection = (await all(auth0.connections.list({ strategy: ["auth0"] })))[0];
    const wait = async (job) => {
      for (;;) {
        const now = await auth0.jobs.get(job.id);
        if (!["pending", "processing"].includes(now.status)) return now;
      }
    };
    const done = await wait(await auth0.jobs.usersExports.create({ connection_id: connection.id, format: "json", fields: [{ name: "email" }] }));
    const file = Buffer.from(await (await real(done.location)).arrayBuffer());
    assert.equal(gunzipSync(file).toString().trim().split("\n").length, 251);
    const users = new File([JSON.stringify([{ email: "imported@example.com" }, { email: "user-000001@example.com" }])], "users.json", { type: "application/json" });
    const imported = await wait(await auth0.jobs.usersImports.create({ users, connection_id: connection.id, upsert: false }));
    assert.deepEqual([imported.summary.inserted, imported.summary.failed], [1, 1]);
    assert.equal((await auth0.jobs.errors.get(imported.id)).length, 1);
  },
  async clients() {
    await life(auth0.clients, { id: "client_id", create: { name: "Tour", app_type: "regular_web", callbacks: ["https://a.example.com/cb"] },
      update: { description: "changed", callbacks: [] }, check: (read) => assert.equal(read.description, "changed") });
    const client = await auth0.clients.create({ name: "Keyed", app_type: "non_interactive" });
    assert.deepEqual(client.grant_types, ["client_credentials"]);
    assert.notEqual((await auth0.clients.rotateSecret(client.client_id)).client_secret, client.client_secret);
    await auth0.clients.connections.get(client.client_id);
    const { publicKey } = (await import("node:crypto")).generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = publicKey.export({ type: "spki", format: "pem" });
    const credential = await auth0.clients.credentials.create(client.client_id, { credential_type: "public_key", name: "key", pem });
    assert.equal((await auth0.clients.credentials.list(client.client_id)).length, 1);
    assert.equal((await auth0.clients.credentials.get(client.client_id, credential.id)).id, credential.id);
    await auth0.clients.credentials.update(client.client_id, credential.id, { expires_at: "2030-01-01T00:00:00.000Z" });
    await auth0.clients.credentials.delete(client.client_id, credential.id);
    const api = await auth0.resourceServers.create({ name: "Tour API", identifier: "https://tour/", scopes: [{ value: "go" }] });
    await refused(auth0.resourceServers.create({ name: "Again", identifier: "https://tour/" }), 409);
    await refused(auth0.clientGrants.create({ client_id: client.client_id, audience: "https://tour/", scope: ["fly"] }), 400);
    const grant = await auth0.clientGrants.create({ client_id: client.client_id, audience: "https://tour/", scope: ["go"] });
    await refused(auth0.clientGrants.create({ client_id: client.client_id, audience: "https://tour/", scope: ["go"] }), 409);
    assert.deepEqual((await auth0.clientGrants.update(grant.id, { scope: [] })).scope, []);
    assert.equal((await auth0.clientGrants.get(grant.id)).id, grant.id);
    assert.equal((await all(auth0.clientGrants.list({ client_id: client.client_id }))).length, 1);
    await auth0.clientGrants.organizations.list(grant.id);
    await auth0.resourceServers.update(api.id, { token_lifetime: 100 });
    assert.equal((await auth0.resourceServers.get(api.id)).token_lifetime, 100);
    await auth0.resourceServers.list();
    await auth0.resourceServers.delete(api.id);
    await refused(auth0.clientGrants.get(grant.id), 404);
    await auth0.clients.delete(client.client_id);
  },
  async roles() {
    const role = await auth0.roles.create({ name: "tourist" });
    await refused(auth0.roles.create({ name: "tourist" }), 409);
    await auth0.roles.update(role.id, { description: "d" });
    assert.equal((await auth0.roles.get(role.id)).description, "d");
    const permissions = [{ resource_server_identifier: "https://api.example.com/", permission_name: "read:things" }];
    await auth0.roles.permissions.add(role.id, { permissions });
    assert.equal((await auth0.roles.permissions.list(role.id)).data.length, 1);
    await auth0.roles.permissions.delete(role.id, { permissions });
    const user = (await auth0.users.list({ per_page: 1 })).data[0];
    await auth0.roles.users.assign(role.id, { users: [user.user_id] });
    assert.equal((await all(auth0.roles.users.list(role.id))).length, 1);
    await auth0.roles.groups.get(role.id);
    await auth0.roles.delete(role.id);
    await refused(auth0.roles.get(role.id), 404);
  },
  async organizations() {
    const made = await auth0.organizations.create({ name: "tour-org", display_name: "Tour" });
    const id = made.id;
    await refused(auth0.organizations.create({ name: "tour-org" }), 409);
    await auth0.organizations.update(id, { metadata: { a: "b" } });
    assert.deepEqual((await auth0.organizations.getByName("tour-org")).metadata, { a: "b" });
    assert.equal((await auth0.organizations.get(id)).name, "tour-org");
    assert.ok((await all(auth0.organizations.list())).length >= 4);
    const user = (await auth0.users.list({ per_page: 1 })).data[0];
    await auth0.organizations.members.create(id, { members: [user.user_id] });
    assert.equal((await all(auth0.organizations.members.list(id))).length, 1);
    const role = (await auth0.roles.list()).data[0];
    await auth0.organizations.members.roles.assign(id, user.user_id, { roles: [role.id] });
    assert.equal((await auth0.organizations.members.roles.list(id, user.user_id)).data.length, 1);
    await auth0.organizations.members.roles.delete(id, user.user_id, { roles: [role.id] });
    await auth0.organizations.members.effectiveRoles.list(id, user.user_id);
    await auth0.organizations.members.delete(id, { members: [user.user_id] });
    const connection = (await all(auth0.connections.list({ strategy: ["auth0"] })))[0];
    await auth0.organizations.enabledConnections.add(id, { connection_id: connection.id, assign_membership_on_login: false });
    await auth0.organizations.enabledConnections.update(id, connection.id, { assign_membership_on_login: true });
    assert.equal((await auth0.organizations.enabledConnections.get(id, connection.id)).assign_membership_on_login, true);
    assert.equal((await auth0.organizations.enabledConnections.list(id)).data.length, 1);
    await auth0.organizations.enabledConnections.delete(id, connection.id);
    const domain = await auth0.organizations.discoveryDomains.create(id, { domain: "tour.example.com" });
    assert.equal((await auth0.organizations.discoveryDomains.getByName(id, "tour.example.com")).id, domain.id);
    await auth0.organizations.discoveryDomains.get(id, domain.id);
    await auth0.organizations.discoveryDomains.update(id, domain.id, { status: "verified" });
    assert.equal((await all(auth0.organizations.discoveryDomains.list(id))).length, 1);
    await auth0.organizations.discoveryDomains.delete(id, domain.id);
    const client_id = (await auth0.clients.list()).data.find((client) => client.name === "Sample web app").client_id;
    const invitation = await auth0.organizations.invitations.create(id, { client_id, inviter: { name: "I" }, invitee: { email: "i@example.com" } });
    assert.equal((await auth0.organizations.invitations.get(id, invitation.id)).invitee.email, "i@example.com");
    assert.equal((await auth0.organizations.invitations.list(id)).data.length, 1);
    await auth0.organizations.invitations.delete(id, invitation.id);
    await auth0.organizations.groups.list(id);
    await auth0.organizations.clientGrants.list(id);
    await auth0.organizations.delete(id);
    await refused(auth0.organizations.get(id), 404);
  },
  async connections() {
    const id = await life(auth0.connections, { create: { name: "tour-db", strategy: "auth0" }, update: { display_name: "Tour" }, remove: false,
      check: (read) => assert.equal(read.display_name, "Tour") });
    await refused(auth0.connections.create({ name: "tour-db", strategy: "auth0" }), 409);
    await auth0.connections.checkStatus(id);
    await auth0.connections.clients.update(id, [{ client_id: SANDBOX_CLIENT_ID, status: true }]);
    assert.equal((await all(auth0.connections.clients.get(id))).length, 1);
    await auth0.users.create({ connection: "tour-db", email: "bye@example.com", password: "Secret-12" });
    await auth0.connections.users.deleteByEmail(id, { email: "bye@example.com" });
    assert.equal((await auth0.users.listUsersByEmail({ email: "bye@example.com" })).length, 0);
    await auth0.connections.scimConfiguration.create(id, {});
    await auth0.connections.scimConfiguration.get(id);
    await auth0.connections.scimConfiguration.getDefaultMapping(id);
    await auth0.connections.scimConfiguration.tokens.create(id, {});
    assert.equal((await auth0.connections.scimConfiguration.tokens.get(id)).length, 1);
    await auth0.connections.scimConfiguration.delete(id);
    await auth0.connections.delete(id);
    await refused(auth0.connections.get(id), 404);
  },
  async actions() {
    const id = await life(auth0.actions, { create: { name: "tour", supported_triggers: [{ id: "post-login", version: "v3" }], code: "1" }, update: { code: "2" },
      remove: false, check: (read) => assert.equal(read.code, "2") });
    const version = await auth0.actions.deploy(id);
    assert.equal(version.deployed, true);
    assert.equal((await auth0.actions.versions.list(id)).data.length, 1);
    assert.equal((await auth0.actions.versions.get(id, version.id)).number, 1);
    await auth0.actions.versions.deploy(id, version.id);
    await auth0.actions.test(id, { payload: {} });
    await auth0.actions.triggers.list();
    await auth0.actions.triggers.bindings.updateMany("post-login", { bindings: [{ ref: { type: "action_id", value: id }, display_name: "Tour" }] });
    assert.equal((await auth0.actions.triggers.bindings.list("post-login")).data.length, 1);
    await auth0.actions.triggers.bindings.updateMany("post-login", { bindings: [] });
    await auth0.actions.delete(id);
    const module = await auth0.actions.modules.create({ name: "tour-module", code: "1" });
    await auth0.actions.modules.get(module.id);
    await auth0.actions.modules.update(module.id, { code: "2" });
    await auth0.actions.modules.list();
    await auth0.actions.modules.versions.create(module.id);
    await auth0.actions.modules.versions.list(module.id);
    await auth0.actions.modules.delete(module.id);
  },
  async settings() {
    await auth0.tenants.settings.update({ friendly_name: "Tour", session_lifetime: 10 });
    assert.equal((await auth0.tenants.settings.get()).friendly_name, "Tour");
    await auth0.branding.update({ colors: { primary: "#112233" } });
    assert.equal((await auth0.branding.get()).colors.primary, "#112233");
    await auth0.attackProtection.bruteForceProtection.update({ enabled: true, max_attempts: 5 });
    assert.equal((await auth0.attackProtection.bruteForceProtection.get()).max_attempts, 5);
    await auth0.attackProtection.bruteForceProtection.update({ max_attempts: 10 });
    await auth0.attackProtection.breachedPasswordDetection.update({ enabled: true });
    await auth0.attackProtection.breachedPasswordDetection.get();
    await auth0.attackProtection.suspiciousIpThrottling.update({ enabled: true });
    await auth0.attackProtection.suspiciousIpThrottling.get();
    await auth0.attackProtection.botDetection.get();
    await auth0.attackProtection.captcha.get();
    await auth0.prompts.updateSettings({ universal_login_experience: "new" });
    await auth0.prompts.getSettings();
    await auth0.prompts.customText.set("login", "en", { login: { title: "T" } });
    assert.deepEqual(await auth0.prompts.customText.get("login", "en"), { login: { title: "T" } });
    await auth0.prompts.partials.set("login", { login: { "form-content-start": "<p>" } });
    await auth0.prompts.partials.get("login");
    await auth0.prompts.rendering.list();
    await auth0.guardian.policies.set(["confidence-score"]);
    assert.deepEqual(await auth0.guardian.policies.list(), ["confidence-score"]);
    await auth0.guardian.policies.set([]);
    await auth0.guardian.factors.set("otp", { enabled: true });
    assert.equal((await auth0.guardian.factors.list()).find((factor) => factor.name === "otp").enabled, true);
    await auth0.guardian.factors.phone.getMessageTypes();
    await auth0.guardian.factors.phone.setMessageTypes({ message_types: ["sms"] });
    await auth0.guardian.factors.sms.getSelectedProvider();
    await auth0.guardian.factors.sms.getTemplates();
    await auth0.guardian.factors.pushNotification.getSelectedProvider();
    await auth0.guardian.factors.duo.settings.get();
    await refused(auth0.emails.provider.get(), 404);
    await auth0.emails.provider.create({ name: "sendgrid", credentials: { api_key: "k" } });
    await refused(auth0.emails.provider.create({ name: "sendgrid", credentials: { api_key: "k" } }), 409);
    await auth0.emails.provider.update({ enabled: false });
    assert.equal((await auth0.emails.provider.get()).enabled, false);
    await auth0.emails.provider.delete();
    await auth0.emailTemplates.create({ template: "welcome_email", body: "b", from: "f", subject: "s", syntax: "liquid", enabled: true });
    await auth0.emailTemplates.update("welcome_email", { subject: "changed" });
    assert.equal((await auth0.emailTemplates.get("welcome_email")).subject, "changed");
    await auth0.emailTemplates.set("welcome_email", { template: "welcome_email", body: "b", from: "f", subject: "s", syntax: "liquid", enabled: false });
    await auth0.riskAssessments.settings.get();
    await auth0.supplementalSignals.get();
    await auth0.stats.getActiveUsersCount();
    await auth0.stats.getDaily();
    await auth0.anomaly.blocks.unblockIp("127.0.0.1");
    const logs = await auth0.logs.list({ per_page: 5 });
    assert.equal((await auth0.logs.get(logs.data[0].log_id)).log_id, logs.data[0].log_id);
  },
  async keys() {
    const before = await auth0.keys.signing.list();
    const rotated = await auth0.keys.signing.rotate();
    assert.notEqual(rotated.kid, before[0].kid);
    assert.equal((await auth0.keys.signing.get(rotated.kid)).current, true);
    await auth0.keys.signing.revoke(before[0].kid);
    const key = await auth0.keys.encryption.create({ type: "customer-provided-root-key" });
    await auth0.keys.encryption.get(key.kid);
    await auth0.keys.encryption.list();
    await auth0.keys.encryption.createPublicWrappingKey(key.kid);
    await auth0.keys.encryption.delete(key.kid);
  },
  async others() {
    await life(auth0.rules, { create: { name: "tour", script: "f" }, update: { enabled: false }, check: (read) => assert.equal(read.enabled, false) });
    await auth0.rulesConfigs.set("KEY", { value: "v" });
    assert.deepEqual((await auth0.rulesConfigs.list()).map((one) => one.key), ["KEY"]);
    await auth0.rulesConfigs.delete("KEY");
    await life(auth0.logStreams, { create: { name: "tour", type: "http", sink: { httpEndpoint: "https://a.example.com" } }, update: { name: "changed" },
      check: (read) => assert.equal(read.name, "changed") });
    await life(auth0.customDomains, { id: "custom_domain_id", create: { domain: "login.tour.example.com", type: "auth0_managed_certs" }, remove: false });
    const domain = (await auth0.customDomains.list())[0].custom_domain_id;
    assert.equal((await auth0.customDomains.verify(domain)).status, "ready");
    await auth0.customDomains.test(domain);
    await auth0.customDomains.delete(domain);
    await life(auth0.forms, { create: { name: "tour" }, update: { name: "changed" } });
    await life(auth0.flows, { create: { name: "tour" }, update: { name: "changed" } });
    await life(auth0.selfServiceProfiles, { create: { name: "tour" }, update: { name: "changed" } });
    await life(auth0.tokenExchangeProfiles, { create: { name: "tour", subject_token_type: "urn:tour:t", action_id: "a", type: "custom_authentication" }, update: { name: "changed" } });
    // The answer to a new one is described as empty.
    await auth0.networkAcls.create({ description: "tour", active: true, priority: 1,
      rule: { action: { block: true }, scope: "tenant", match: { ipv4_cidrs: ["10.0.0.0/8"] } } });
    const acl = (await auth0.networkAcls.list()).data.find((one) => one.description === "tour");
    await auth0.networkAcls.update(acl.id, { active: false });
    assert.equal((await auth0.networkAcls.get(acl.id)).active, false);
    await auth0.networkAcls.delete(acl.id);
    await life(auth0.eventStreams, { create: { name: "tour", subscriptions: [{ event_type: "user.created" }],
      destination: { type: "webhook", configuration: { webhook_endpoint: "https://a.example.com", webhook_authorization: { method: "bearer", token: "t" } } } }, update: { name: "changed" } });
    await life(auth0.hooks, { create: { name: "tour", script: "f", triggerId: "credentials-exchange" }, update: { enabled: true } });
    await auth0.groups.list();
    // Their own default of 50 is more than the API allows.
    await auth0.connectionProfiles.list({ take: 10 });
    await auth0.connectionProfiles.listTemplates();
    await auth0.userAttributeProfiles.list({ take: 10 });
    await auth0.userAttributeProfiles.listTemplates();
    await auth0.deviceCredentials.list();
    await auth0.rateLimitPolicies.list();
    await auth0.verifiableCredentials.verification.templates.list();
    await auth0.flows.vault.connections.list();
    await auth0.branding.phone.providers.list();
    await auth0.branding.phone.templates.list();
  },
  async events() {
    const first = async (request) => {
      for await (const message of await auth0.events.subscribe(request)) return message;
    };
    const start = await first({});
    assert.equal(start.type, "offset-only", JSON.stringify(start));
    const user = await auth0.users.create({ connection: "Username-Password-Authentication", email: "news@example.com", password: "Secret-12" });
    await auth0.users.delete(user.user_id);
    const made = await first({ from: start.offset });
    assert.equal(made.type, "user.created", JSON.stringify(made));
    assert.equal(made.event.data.object.email, "news@example.com");
    const gone = await first({ from: start.offset, event_type: ["user.deleted"] });
    assert.equal(gone.event.data.object.user_id, user.user_id);
    await refused(first({ from: "elsewhere" }), 400);
    const logs = await all(auth0.logs.list({ sort: "date:-1", per_page: 20 }));
    assert.ok(logs.some((log) => log.type === "sapi" && log.description === "Create users"), JSON.stringify(logs.slice(0, 3)));
  },
  async published() {
    const module = await auth0.actions.modules.create({ name: "tour", code: "one", publish: true });
    await auth0.actions.modules.update(module.id, { code: "two" });
    await auth0.actions.modules.versions.create(module.id);
    const versions = await all(auth0.actions.modules.versions.list(module.id));
    assert.equal(versions.length, 2);
    await auth0.prompts.rendering.bulkUpdate({ configs: [{ prompt: "login", screen: "login", rendering_mode: "advanced" }] });
    assert.equal((await auth0.prompts.rendering.get("login", "login")).rendering_mode, "advanced");
    const domain = await auth0.customDomains.create({ domain: "login.tour.example.com", type: "auth0_managed_certs" });
    assert.equal((await auth0.customDomains.verify(domain.custom_domain_id)).status, "ready");
    const user = (await auth0.users.list({ per_page: 1 })).data[0].user_id;
    const ticket = await auth0.tickets.verifyEmail({ user_id: user }, { headers: { "auth0-custom-domain": "login.tour.example.com" } });
    assert.ok(ticket.ticket.includes("//login.tour.example.com"), ticket.ticket);
    await auth0.customDomains.delete(domain.custom_domain_id);
  },
  async limits() {
    const limit = (body) => real(`${SANDBOX_URL}/__sandbox/rate-limit`, { method: "POST", body: JSON.stringify(body) });
    await limit({ requests: 1, seconds: 600 });
    await auth0.roles.list();
    await refused(auth0.roles.list({}, { maxRetries: 0 }), 429);
    await limit(null);
    assert.equal(typeof ManagementError, "function");
  },
};

const failed = [];
for (const [name, step] of Object.entries(steps)) {
  try {
    await step();
  } catch (error) {
    failed.push(name);
    console.error(`${name}: ${error.stack?.split("\n").slice(0, 12).join("\n")}\n${JSON.stringify(error.body ?? "")}`);
  }
}
const done = new Set((await journal()).filter((entry) => entry.operation && entry.status < 300).map((entry) => entry.operation));
console.log(`auth0 7.1.0: ${done.size} operations succeeded, ${failed.length} of ${Object.keys(steps).length} steps failed`);
assert.deepEqual(failed, []);
assert.ok(done.size >= 150, `only ${done.size} operations`);
