// The explorer: found, called, judged, shown, and copied.
import assert from "node:assert/strict";
import process from "node:process";
import { alone, audit, connected, control, go, open, sandbox, send, shot, status, timeline } from "./page.mjs";

// A client of the tenant that may read users and nothing else.
const limited = async () => {
  const post = async (path, body, token) => {
    const response = await fetch(sandbox + path, { method: "POST", headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) }, body: JSON.stringify(body) });
    assert.ok(response.ok, `${path}: ${response.status}`);
    return response.json();
  };
  const audience = `${sandbox}/api/v2/`;
  const { SANDBOX_CLIENT_ID: client_id, SANDBOX_CLIENT_SECRET: client_secret } = process.env;
  const { access_token } = await post("/oauth/token", { grant_type: "client_credentials", client_id, client_secret, audience });
  const client = await post("/api/v2/clients", { name: "May read users", app_type: "non_interactive", grant_types: ["client_credentials"] }, access_token);
  await post("/api/v2/client-grants", { client_id: client.client_id, audience, scope: ["read:users"] }, access_token);
  return client;
};

export default {
  "an operation is found, called and shown": async () => {
    const { page, close } = await open();
    await connected(page);
    await shot(page, "welcome-light");
    await audit(page);
    // By keyboard alone.
    await page.keyboard.press("/");
    await page.keyboard.type("users list email");
    await page.getByText("of 491 operations").waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "users.listUsersByEmail" }).waitFor();
    await go(page, "users.list");
    await page.getByRole("heading", { name: "users.list", exact: true }).waitFor();
    await page.getByText("The token may make this call.").waitFor();
    await page.getByLabel("per_page").fill("500");
    await page.getByText("must be at most 100").waitFor();
    assert.equal(await page.getByRole("button", { name: "Send anyway" }).count(), 1);
    await page.getByLabel("per_page").fill("3");
    await page.getByLabel("include_totals").selectOption("true");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.equal(await status(page), "200");
    assert.match(await page.getByLabel("Body of the answer").innerText(), /"total": 2500/);
    assert.deepEqual(await timeline(page), ["Token: 200", "Attempt 1: 200"]);
    await page.getByText(/requests left/).first().waitFor();
    await shot(page, "explorer-light", true);
    await audit(page);
    await page.getByRole("tab", { name: /Headers/ }).click();
    await page.getByRole("rowheader", { name: "x-ratelimit-remaining" }).waitFor();
    // The ids of the answer are offered where one is asked for.
    await go(page, "users.get");
    await page.getByLabel("id", { exact: true }).waitFor();
    const offered = await page.locator("#path-id-offered option").evaluateAll((options) => options.map(({ value }) => value));
    assert.ok(offered[0].startsWith("auth0|"), String(offered));
    await page.getByLabel("id", { exact: true }).fill(offered[0]);
    await send(page);
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    // The token is kept.
    assert.deepEqual(await timeline(page), ["Attempt 1: 200"]);
    await close();
  },
  "code can be copied in three languages": async () => {
    const { page, close } = await open();
    await connected(page);
    await go(page, "users.update");
    await page.getByLabel("id", { exact: true }).fill("auth0|it's");
    await page.getByLabel("Body, as JSON").fill('{ "nickname": "Jo", "picture": null }');
    const copied = async (name) => {
      await page.getByRole("tab", { name }).click();
      await page.getByRole("button", { name: `Copy the ${name} code` }).click();
      await page.getByText("Copied", { exact: true }).waitFor();
      return page.evaluate(() => navigator.clipboard.readText());
    };
    assert.match(await copied("TypeScript"), /await auth0\.users\.update\("auth0\|it's", \{ nickname: "Jo", picture: null \}\)/);
    assert.match(await copied("Rust"), /let body: UpdateUser = [\s\S]*auth0\.users\(\)\.update\("auth0\|it's", body\)\.await\?/);
    const curl = await copied("curl");
    assert.match(curl, /-X PATCH '.*\/api\/v2\/users\/auth0%7Cit's'|auth0%7Cit'\\''s/);
    await shot(page, "code-light", true);
    await close();
  },
  "a body is written from the schema and judged": async () => {
    const { page, close } = await open({ theme: "dark" });
    await connected(page);
    await go(page, "users.create");
    const body = page.getByLabel("Body, as JSON");
    await page.getByRole("button", { name: "Required members" }).click();
    await page.getByText("Fits the schema").waitFor();
    // What its description does not say is wanted too.
    assert.deepEqual(Object.keys(JSON.parse(await body.inputValue())), ["connection", "email", "password"]);
    await body.fill('{ "connection": 5, "nickname": "", "colour": "red" }');
    await page.getByText("must be a string, not a number").waitFor();
    await page.getByText("is not a member that the API knows").waitFor();
    await shot(page, "body-wrong-dark");
    await audit(page);
    await body.fill('{ "connection": ');
    await page.getByText("Not JSON").waitFor();
    assert.ok(await page.getByRole("button", { name: /^Send/ }).isDisabled());
    await body.fill('{ "connection": "Username-Password-Authentication" }');
    await page.getByRole("button", { name: "Add password" }).click();
    await page.getByRole("button", { name: "Add email", exact: true }).click();
    assert.match(await body.inputValue(), /"email": "jo@example.com"/);
    await send(page);
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.equal(await status(page), "201");
    await shot(page, "body-dark", true);
    await close();
  },
  "attempts and waits are on a timeline": async () => {
    const { page, close } = await open({ theme: "dark", expected: ["503", "429", "404"] });
    await connected(page);
    await go(page, "clients.list");
    await page.getByText("Make the next call meet trouble").click();
    await page.getByRole("button", { name: "503 twice" }).click();
    await page.getByText("Two 503s are ordered").waitFor();
    await send(page);
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.deepEqual((await timeline(page)).filter((name) => !name.startsWith("Token")), ["Attempt 1: 503", "Wait", "Attempt 2: 503", "Wait", "Attempt 3: 200"]);
    await shot(page, "timeline-dark", true);
    await audit(page);
    await go(page, "users.get");
    await page.getByLabel("id", { exact: true }).fill("auth0|nobody");
    await send(page);
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.equal(await status(page), "404");
    await page.getByRole("tab", { name: "Error" }).click();
    await page.getByRole("cell", { name: "NotFoundError", exact: true }).waitFor();
    await shot(page, "error-dark", true);
    await close();
  },
  "a parameter of the path is judged, and chosen where there is a choice": async () => {
    const { page, close } = await open({ expected: ["404"] });
    await connected(page);
    await go(page, "groups.get");
    await page.getByLabel("id", { exact: true }).fill("short");
    await page.getByText("must have at least 18 characters").waitFor();
    assert.equal(await page.getByRole("button", { name: "Send anyway" }).count(), 1);
    await go(page, "emailTemplates.get");
    await page.getByLabel("templateName").selectOption("verify_email");
    await send(page);
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.match(await status(page), /200|404/);
    await close();
  },
  "a list goes on page by page": async () => {
    const { page, close } = await open();
    await connected(page);
    await go(page, "users.list");
    await page.getByLabel("per_page").fill("100");
    await page.getByLabel("include_totals").selectOption("true");
    await send(page);
    const body = page.getByLabel("Body of the answer");
    await body.filter({ hasText: '"start": 0' }).waitFor();
    await page.getByRole("button", { name: "Next page" }).click();
    await body.filter({ hasText: '"start": 100' }).waitFor();
    await page.getByRole("button", { name: "Next page" }).click();
    await body.filter({ hasText: '"start": 200' }).waitFor();
    assert.deepEqual(await timeline(page), ["Attempt 1: 200"]);
    assert.equal(await status(page), "200");
    await close();
  },
  "a stream of events is shown as it comes": async () => {
    const { page, close } = await open();
    await connected(page);
    await go(page, "events.subscribe");
    await send(page);
    // The first says where the stream begins; the next comes after 15 s on which nothing happens.
    await page.getByText("1 events so far").waitFor();
    await control("clock", { advance_ms: 20_000 });
    await page.getByText(/[2-9] events so far/).waitFor();
    await page.getByRole("button", { name: "Abort" }).click();
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.equal(await status(page), "200");
    await shot(page, "events-light", true);
    await close();
  },
  "a call can be aborted": async () => {
    const { page, close } = await open();
    await connected(page);
    await control("faults", { match: { operation: "roles.list" }, delay_ms: 60_000 });
    await go(page, "roles.list");
    await send(page);
    await page.getByRole("button", { name: "Abort" }).click();
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.equal(await status(page), "aborted");
    await close();
  },
  "missing scopes are shown": async () => {
    const { page, close } = await open({ at: alone.origin, expected: ["404"] });
    await connected(page);
    await page.locator(".tenant").click();
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    await shot(page, "connect-light");
    await audit(page);
    // A token that may only read users, as the tenant's operator would make one.
    const { client_id, client_secret } = await limited();
    await dialog.getByLabel("Domain").fill(sandbox);
    await dialog.getByLabel("Client ID", { exact: true }).fill(client_id);
    await dialog.getByLabel("Client secret").fill(client_secret);
    await dialog.getByRole("button", { name: "Connect" }).click();
    await page.locator(".tenant.granted").filter({ hasText: new URL(sandbox).host }).waitFor();
    await go(page, "clients.list");
    await page.getByText("The token may not make this call.").waitFor();
    await go(page, "users.list");
    await page.getByText("The token may make this call.").waitFor();
    await close();
  },
};
