// The page on a static host, with the tenant inside it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { alone, audit, connected, fitsWidth, go, open, send, shot, status, timeline, told } from "./page.mjs";

export default {
  "a tenant in the page needs no network": async () => {
    const { page, context, close } = await open({ at: `${alone.origin}/some/folder`, theme: "dark", expected: ["404"] });
    await connected(page);
    await page.getByText("a tenant that lives in this page too").waitFor();
    // Its code and the details of these groups are there; from here on nothing is asked for.
    for (const id of ["organizations.list", "users.list"]) {
      await go(page, id);
      await page.getByRole("heading", { name: id, exact: true }).waitFor();
      await page.getByRole("button", { name: /^Send/ }).waitFor();
    }
    await page.getByRole("link", { name: "Login" }).click();
    await page.getByRole("button", { name: "Log in silently" }).click();
    await page.getByText(/login.?required/i).waitFor();
    await context.setOffline(true);
    await go(page, "users.list");
    await page.getByText("Make the next call meet trouble").click();
    await page.getByRole("button", { name: "503 twice" }).click();
    await page.getByText("Two 503s are ordered").waitFor();
    await page.getByLabel("include_totals").selectOption("true");
    await send(page);
    await page.getByRole("heading", { name: "Answer" }).waitFor();
    assert.equal(await status(page), "200");
    assert.match(await page.getByLabel("Body of the answer").innerText(), /"total": 2500/);
    assert.equal((await timeline(page)).filter((name) => name.startsWith("Attempt")).length, 3);
    await shot(page, "inpage-dark", true);
    await page.getByRole("link", { name: "Login" }).click();
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Email address or username").fill("user-000007@example.com");
    await dialog.getByLabel("Password").fill("wrong");
    await dialog.getByRole("button", { name: "Continue", exact: true }).click();
    await dialog.getByRole("alert").filter({ hasText: "Wrong email or password" }).waitFor();
    await shot(page, "inpage-login-dark");
    await audit(page);
    await dialog.getByLabel("Email address or username").fill("user-000007@example.com");
    await dialog.getByLabel("Password").fill("Sandbox-1");
    await page.keyboard.press("Enter");
    await page.getByTestId("user").waitFor();
    await page.getByTestId("verdict").filter({ hasText: "Verified" }).waitFor();
    await page.getByRole("button", { name: "Refresh with the refresh token" }).click();
    await told(page, "Refreshed with the refresh token");
    await page.getByRole("button", { name: "Ask silently again" }).click();
    await told(page, "The tenant's session answered");
    await page.setViewportSize({ width: 375, height: 740 });
    await fitsWidth(page);
    await shot(page, "inpage-session-375", true);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByText("Nobody is logged in").waitFor();
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    await dialog.getByRole("heading", { name: "Welcome" }).waitFor();
    await fitsWidth(page);
    await shot(page, "inpage-login-375");
    await page.keyboard.press("Escape");
    await page.getByText("the login was cancelled").waitFor();
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole("link", { name: "Bulk" }).click();
    await page.getByRole("button", { name: "Walk" }).click();
    await page.getByText("walked to its end").first().waitFor();
    assert.match(await page.getByTestId("count").innerText(), /^2,500$/);
    await page.getByRole("button", { name: "Export" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /^Save/ }).click()]);
    assert.equal(readFileSync(await download.path(), "utf8").trim().split("\n").length, 2500);
    await context.setOffline(false);
    await close();
  },
};
