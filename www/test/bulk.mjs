// Walks over all users, and the export.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { audit, connected, control, open, sandbox, shot } from "./page.mjs";

export default {
  "all users are walked, and a walk is aborted": async () => {
    // The page behind the cap is refused.
    const { page, close } = await open({ expected: ["400"] });
    await connected(page);
    await page.getByRole("link", { name: "Bulk" }).click();
    await page.getByRole("button", { name: "Walk" }).click();
    await page.getByText("walked to its end").first().waitFor();
    assert.match(await page.getByTestId("count").innerText(), /^2,5\d\d$/);
    await shot(page, "bulk-light", true);
    await audit(page);
    // Auth0's cap: what came is kept, and the reason said.
    await page.getByLabel("List").selectOption("users");
    await page.getByRole("button", { name: "Walk" }).click();
    await page.getByText("offset paging ends at 1,000 records").first().waitFor();
    assert.equal(await page.getByTestId("count").innerText(), "1,000");
    await control("faults", { match: { operation: "organizations.members.list" }, times: 40, delay_ms: 100 });
    await page.getByLabel("List").selectOption("members");
    await page.getByRole("button", { name: "Walk" }).click();
    await page.getByRole("button", { name: "Abort" }).click();
    await page.getByText(/^Aborted after/).first().waitFor();
    await close();
    await fetch(`${sandbox}/__sandbox/faults`, { method: "DELETE" });
  },
  "users are exported": async () => {
    const { page, close } = await open({ theme: "dark" });
    await connected(page);
    await page.getByRole("link", { name: "Bulk" }).click();
    await page.getByRole("button", { name: "Export" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /^Save/ }).click()]);
    const text = readFileSync(await download.path(), "utf8");
    assert.ok(text.trim().split("\n").length >= 2500);
    await shot(page, "bulk-dark", true);
    await audit(page);
    await close();
  },
};
