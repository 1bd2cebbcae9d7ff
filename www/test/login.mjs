// Logging in and the token inspector.
import assert from "node:assert/strict";
import { audit, connected, login, open, shot, told } from "./page.mjs";

export default {
  "login by redirect, tokens, refresh, silently, logout": async () => {
    const { page, close } = await open();
    await connected(page);
    await page.getByRole("link", { name: "Login" }).click();
    await page.getByRole("button", { name: "Log in with a redirect" }).click();
    await login(page, () => page.getByTestId("user").waitFor());
    assert.ok(page.url().endsWith("/#/login"), page.url());
    await told(page, "Logged in by redirect");
    const verdict = page.getByTestId("verdict");
    const bad = () => page.locator(".steps .bad strong").allInnerTexts();
    await verdict.filter({ hasText: /^ ?Verified/ }).waitFor();
    await shot(page, "login-light", true);
    await audit(page);
    await page.getByRole("button", { name: "Change its subject" }).click();
    await verdict.filter({ hasText: "Not to be trusted" }).waitFor();
    assert.ok((await page.locator(".steps .bad").allInnerTexts()).some((text) => text.includes("Signature")));
    await shot(page, "login-tampered-light", true);
    await page.getByRole("button", { name: "Back to the token" }).click();
    await page.getByRole("tab", { name: "Access token" }).click();
    await verdict.filter({ hasText: "Verified" }).waitFor();
    await page.getByLabel("Expected audience").fill("https://other.example.com/");
    await verdict.filter({ hasText: "1 of" }).waitFor();
    // All faults are seen, and not only the first; but nothing behind a form that is none.
    await page.getByLabel("Expected issuer").fill("https://other.example.com/");
    await verdict.filter({ hasText: "2 of" }).waitFor();
    assert.deepEqual(await bad(), ["Issuer", "Audience"]);
    await shot(page, "login-two-faults-light", true);
    const good = await page.locator("#token").inputValue();
    const none = `${btoa('{"alg":"none","typ":"JWT"}').replace(/=+$/, "")}.${good.split(".")[1]}.`;
    for (const [text, step] of [["opaque", "Form"], [none, "Algorithm"], [`${good.slice(0, -8)}AAAAAAAA`, "Signature"], [good.slice(0, good.lastIndexOf(".")), "Form"]]) {
      await page.locator("#token").fill(text);
      await page.locator(".steps .bad strong").filter({ hasText: step }).waitFor();
      assert.deepEqual(await bad(), [step]);
    }
    await page.getByRole("button", { name: "Back to the token" }).click();
    await page.getByLabel("Expected issuer").fill("https://other.example.com/");
    const token = () => page.locator("#token").inputValue();
    const first = await token();
    await page.getByRole("button", { name: "Refresh with the refresh token" }).click();
    await told(page, "Refreshed with the refresh token");
    assert.notEqual(await token(), first);
    await page.getByRole("button", { name: "Ask silently again" }).click();
    await told(page, "The tenant's session answered");
    // A new page has no tokens, and gets them from the tenant's session.
    await page.reload();
    await connected(page);
    await page.getByRole("button", { name: "Log in silently" }).click();
    await page.getByTestId("user").waitFor();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("heading", { name: "Every operation" }).waitFor();
    await page.getByRole("link", { name: "Login" }).click();
    await page.getByRole("button", { name: "Log in silently" }).click();
    await page.getByText(/login.?required/i).waitFor();
    await close();
  },
  "login by popup": async () => {
    const { page, context, close } = await open({ theme: "dark" });
    await connected(page);
    await page.getByRole("link", { name: "Login" }).click();
    const opened = context.waitForEvent("page");
    await page.getByRole("button", { name: "Log in with a popup" }).click();
    await login(await opened, () => page.getByTestId("user").waitFor());
    await page.getByTestId("verdict").filter({ hasText: "Verified" }).waitFor();
    await shot(page, "login-dark", true);
    await audit(page);
    await close();
  },
};
