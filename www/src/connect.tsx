// The dialog that asks for a tenant.
import { useEffect, useRef, useState } from "preact/hooks";
import { Field, Icon } from "./parts";
import { available } from "./inpage";
import { connect, connectInPage, tenant } from "./tenant";

export const Connect = ({ close }: { close: () => void }) => {
  const dialog = useRef<HTMLDialogElement>(null);
  const known = tenant.get();
  // Of the tenant in this page nothing can be used elsewhere.
  const before = known?.inPage ? undefined : known;
  const [domain, setDomain] = useState(before?.domain ?? "");
  const [how, setHow] = useState<"credentials" | "token">(before?.token ? "token" : "credentials");
  const [clientId, setClientId] = useState(before?.clientId ?? "");
  const [clientSecret, setClientSecret] = useState(before?.clientSecret ?? "");
  const [token, setToken] = useState(before?.token ?? "");
  const [audience, setAudience] = useState(before?.audience ?? "");
  const [loginClientId, setLoginClientId] = useState(before?.loginClientId ?? "");
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    shown?.querySelector("input")?.focus();
    // Gives the focus back to where it was.
    return () => shown?.close();
  }, []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const same = before?.domain === domain.trim();
    const keep = { sandbox: same && before.sandbox, loginAudience: same ? before.loginAudience : undefined };
    const who = how === "token" ? { token: token.trim() } : { clientId: clientId.trim(), clientSecret, audience: audience.trim() || undefined };
    void connect({ domain: domain.trim(), loginClientId: loginClientId.trim() || undefined, ...keep, ...who });
    close();
  };
  const value = (set: (text: string) => void) => (event: Event) => set((event.currentTarget as HTMLInputElement).value);
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="connect-title">
      <form onSubmit={submit}>
        <div class="row">
          <h2 id="connect-title">Tenant</h2>
          <button type="button" class="quiet round end" aria-label="Close" onClick={close}>
            <Icon name="cross" />
          </button>
        </div>
        {available && (
          <div class="inpage">
            <button type="button" class={known?.inPage ? "" : "primary"} disabled={known?.inPage} onClick={() => { void connectInPage(); close(); }}>{known?.inPage ? "The tenant in this page is used" : "Use a tenant in this page"}</button>
            <p class="hint">auth0-sandbox as WebAssembly, with 2,500 users: no account, no network, gone when the page is loaded again.</p>
          </div>
        )}
        {available && <h3>Or one elsewhere</h3>}
        <Field label="Domain" hint="tenant.us.auth0.com, or http://127.0.0.1:4400 for a local one" mono required value={domain} onInput={value(setDomain)} />
        <fieldset class="choice">
          <legend>Authorized by</legend>
          <label>
            <input type="radio" name="how" checked={how === "credentials"} onChange={() => setHow("credentials")} /> Client credentials
          </label>
          <label>
            <input type="radio" name="how" checked={how === "token"} onChange={() => setHow("token")} /> A token
          </label>
        </fieldset>
        {how === "token" ? (
          <Field label="Management API token" type="password" mono required value={token} onInput={value(setToken)} />
        ) : (
          <>
            <Field label="Client ID" mono required value={clientId} onInput={value(setClientId)} />
            <Field label="Client secret" type="password" mono required value={clientSecret} onInput={value(setClientSecret)} />
            <Field label="Audience" hint="Only for a custom domain; else it is made of the domain" mono value={audience} onInput={value(setAudience)} />
          </>
        )}
        <Field label="Client ID of a single-page application" hint="For the login panel" mono value={loginClientId} onInput={value(setLoginClientId)} />
        <p class="hint">
          Secrets stay in this page's memory and go to the tenant alone. Auth0 answers a browser's token request only where the tenant allows this page's origin, so a token is the surer way.
        </p>
        <div class="row">
          <button type="submit" class="primary">Connect</button>
          <button type="button" onClick={close}>Cancel</button>
        </div>
      </form>
    </dialog>
  );
};
