// Where the page is looked at: narrow, and in another browser.
import assert from "node:assert/strict";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { alone, audit, connected, firefoxPath, fitsWidth, go, login, open, origin, screenshots, send, shot, status } from "./page.mjs";

const narrow = async (theme) => {
  const { page, close } = await open({ width: 375, height: 740, theme });
  await connected(page);
  await fitsWidth(page);
  await page.getByRole("button", { name: "All operations" }).click();
  await page.getByLabel("Search operations").fill("organizations members list");
  await shot(page, `list-375-${theme}`);
  await page.getByRole("link", { name: "GET members.list" }).click();
  await page.getByRole("heading", { name: "organizations.members.list" }).waitFor();
  await fitsWidth(page);
  await go(page, "clients.create");
  await page.getByRole("button", { name: "Required members" }).click();
  await send(page);
  await page.getByRole("heading", { name: "Answer" }).waitFor();
  assert.equal(await status(page), "201");
  await fitsWidth(page);
  await shot(page, `explorer-375-${theme}`, true);
  await audit(page);
  for (const panel of ["Login", "Bulk"]) {
    await page.getByRole("link", { name: panel }).click();
    await page.getByRole("heading", { name: panel, level: 1 }).waitFor();
    if (panel === "Login") {
      await page.getByRole("button", { name: "Log in with a redirect" }).click();
      await login(page, () => page.getByTestId("user").waitFor());
      await page.getByTestId("verdict").filter({ hasText: "Verified" }).waitFor();
    }
    await fitsWidth(page);
    await shot(page, `${panel.toLowerCase()}-375-${theme}`, true);
    await audit(page);
  }
  await close();
};

export default {
  "the keyboard is enough": async () => {
    const { page, close } = await open();
    await connected(page);
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.getAttribute("aria-label") || document.activeElement?.id);
    await page.getByRole("link", { name: "Login" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Login", level: 1 }).waitFor();
    assert.match(await page.title(), /^Login/);
    // The first stop leads past the head of the page, and stays in the panel.
    await page.reload();
    await connected(page);
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "Skip to the content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "content");
    await page.getByRole("heading", { name: "Login", level: 1 }).waitFor();
    // A dialog gives the focus back.
    await page.locator(".tenant").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "INPUT");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.match(await focused(), /connected/);
    // Tabs are one stop, and arrows move in them.
    await go(page, "users.get");
    await page.getByRole("tab", { name: "TypeScript" }).focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await focused(), "Rust");
    await page.getByLabel("The call as Rust").waitFor();
    await page.keyboard.press("End");
    assert.equal(await focused(), "curl");
    // What the list marks is in view.
    await page.locator(".list a[aria-current]").waitFor();
    assert.ok(await page.locator(".list a[aria-current]").evaluate((link) => link.getBoundingClientRect().bottom <= innerHeight));
    // An address that somebody mistyped.
    await go(page, "%E0%A4%A");
    await page.getByText("No operation is named %E0%A4%A.").waitFor();
    await close();
  },
  "every panel works at 375 pixels": () => narrow("light"),
  "every panel works at 375 pixels in the dark": () => narrow("dark"),
  "it works in Firefox": async () => {
    const firefox = await puppeteer.launch({ browser: "firefox", executablePath: firefoxPath, headless: true });
    try {
      const page = await firefox.newPage();
      const problems = [];
      page.on("pageerror", (error) => problems.push(error.message));
      page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
      await page.goto(`${origin}/#/explorer/users.list`);
      await page.waitForSelector(".tenant.granted");
      await page.waitForSelector(".run .primary:not(:disabled)");
      await page.click(".run .primary");
      const element = await page.waitForSelector('[data-testid="status"]');
      assert.equal(await element.evaluate(({ textContent }) => textContent), "200");
      await page.screenshot({ path: join(screenshots, "firefox.png") });
      // And with the tenant in the page.
      await page.goto(`${alone.origin}/some/folder/#/explorer/users.list`);
      await page.waitForSelector(".tenant.granted");
      await page.waitForSelector(".run .primary:not(:disabled)");
      await page.click(".run .primary");
      const inPage = await page.waitForSelector('[data-testid="status"]');
      assert.equal(await inPage.evaluate(({ textContent }) => textContent), "200");
      // A login, whose tokens are verified with this browser's cryptography; and a walk.
      await page.goto(`${alone.origin}/some/folder/#/login`);
      await page.waitForSelector(".buttons .primary:not(:disabled)");
      await page.click(".buttons .primary");
      await page.waitForSelector(".visit input[type=password]");
      await page.type(".visit input:not([type=password]):not([type=hidden])", "user-000007@example.com");
      await page.type(".visit input[type=password]", "Sandbox-1");
      await page.keyboard.press("Enter");
      await page.waitForSelector('[data-testid="verdict"].fine');
      await page.goto(`${alone.origin}/some/folder/#/bulk`);
      await page.waitForSelector(".card form .primary:not(:disabled)");
      await page.click(".card form .primary");
      await page.waitForSelector(".bar.done");
      assert.equal(await (await page.waitForSelector('[data-testid="count"]')).evaluate(({ textContent }) => textContent), "2,500");
      await page.screenshot({ path: join(screenshots, "firefox-bulk.png") });
      assert.deepEqual(problems, []);
    } finally {
      await firefox.close();
    }
  },
};
