// The tenant inside this page: the sandbox as WebAssembly, asked through its `fetch`. Nothing leaves the page, and it is gone with it.
import { ManagementClient } from "auth0-sdk";
import type { Page, Sandbox, Visitor } from "auth0-sandbox";
import { base } from "./base";
import { signal } from "./signal";
import type { Tenant } from "./tenant";

/** Whether the page was built with it. */
export const available: boolean = IN_PAGE;

declare const IN_PAGE: boolean;

let sandbox: Sandbox | undefined;
let visitor: Visitor | undefined;

/** Starts it, or finds it started. */
export const tenantInPage = async (): Promise<Tenant> => {
  if (!sandbox) {
    const { createSandbox } = await import("auth0-sandbox");
    const made = await createSandbox({ seed: "demo" });
    // Where a login of this page comes back to.
    const auth0 = new ManagementClient({ domain: made.domain, clientId: made.clientId, clientSecret: made.clientSecret, fetch: made.fetch });
    await auth0.clients.update(made.singlePageClientId, { callbacks: [base.href], allowed_logout_urls: [base.href], web_origins: [base.origin], grant_types: ["authorization_code", "implicit", "refresh_token"] });
    sandbox = made;
    visitor = made.visitor();
  }
  const { domain, clientId, clientSecret, singlePageClientId: loginClientId, sampleApi: loginAudience } = sandbox;
  return { domain, clientId, clientSecret, loginClientId, loginAudience, sandbox: true, inPage: true };
};

/** What asks a tenant: the browser's `fetch`, or that of the tenant in this page. */
export const networkOf = ({ inPage }: Pick<Tenant, "inPage">): typeof fetch => (inPage && sandbox ? sandbox.fetch : (input, init) => fetch(input, init));

/** A page of the tenant that is shown to the user, who follows its links and sends its forms. */
export interface Shown {
  page: Page;
  go: (url: string, body?: URLSearchParams) => void;
  cancel: () => void;
}

export const shown = signal<Shown | undefined>(undefined);

/** Opens a page of the tenant without showing it. */
export const open = async (url: string, body?: URLSearchParams): Promise<Page> => {
  if (!visitor) throw new Error("there is no tenant in this page");
  return visitor.open(url, body && { method: "POST", body });
};

/** Shows the tenant's pages until one of them leads out of it, and gives where to. */
export const visit = (url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const end = (act: () => void) => {
      shown.set(undefined);
      act();
    };
    const go = (to: string, body?: URLSearchParams) => {
      open(to, body).then(
        (page) => (page.left ? end(() => resolve(page.url)) : shown.set({ page, go, cancel: () => end(() => reject(new Error("the login was cancelled"))) })),
        (thrown: unknown) => end(() => reject(thrown)),
      );
    };
    go(url);
  });
