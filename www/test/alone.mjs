// The page on a static host, with the tenant inside it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { alone, audit, connected, fitsWidth, go, open, root, send, shot, status, timeline, told } from "./page.mjs";

// In the page, since each step from here would take longer than the call: fills a form as the buttons do, sends it, and gives what came.
const sendEach = async (ids) => {
  const until = async (found) => {
    for (let looks = 0; looks < 500; looks++) {
      const value = found();
      if (value) return value;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return undefined;
  };
  const button = (text) => [...document.querySelectorAll("form button, .run button")].find(({ textContent }) => textContent.trim().startsWith(text));
  const answers = {};
  for (const id of ids) {
    location.hash = `#/explorer/${id}`;
    await until(() => document.querySelector(".operation h2")?.textContent === id);
    for (const input of document.querySelectorAll("form input[required], .field:has(.required) input")) {
      input.value = "auth0|aaaaaaaaaaaaaaaaaaaa";
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }
    for (const select of [...document.querySelectorAll("form select")].filter(({ options }) => options[0].textContent === "choose")) {
      select.value = select.options[1].value;
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }
    button("Required members")?.click();
    const ready = await until(() => [...document.querySelectorAll(".run .primary")].find(({ disabled }) => !disabled));
    ready?.click();
    if (id === "events.subscribe") (await until(() => document.body.textContent.includes("2 events so far") && button("Abort")))?.click();
    answers[id] = (await until(() => document.querySelector("#answer-title") && document.querySelector("[data-testid=status]")))?.textContent ?? "nothing";
  }
  return answers;
};

export default {
  "every operation is sent from its form": async () => {
    const { page, close } = await open({ at: `${alone.origin}/some/folder`, expected: ["404"] });
    await connected(page);
    const { groups } = JSON.parse(readFileSync(join(root, "www/generated/index.json"), "utf8"));
    const ids = Object.values(groups).flatMap((rows) => rows.map(([id]) => id));
    assert.equal(ids.length, 491);
    const answers = await page.evaluate(sendEach, ids);
    const of = (pattern) => ids.filter((id) => pattern.test(answers[id]));
    // Most name what is not there; but nothing is refused before it is sent, and nothing breaks.
    assert.deepEqual(of(/^(?!2\d\d|400|404|409)/).map((id) => [id, answers[id]]), []);
    assert.ok(of(/^2/).length > 180, `${of(/^2/).length} answers of success`);
    assert.ok(of(/^400/).length < 20, `refused as malformed: ${of(/^400/)}`);
    await close();
  },
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
