// The dialog that asks for a tenant.
import { useEffect, useRef, useState } from "preact/hooks";
import { Field, Icon } from "./parts";
import { connect, tenant } from "./tenant";

export const Connect = ({ close }: { close: () => void }) => {
  const dialog = useRef<HTMLDialogElement>(null);
  const known = tenant.get();
  const [domain, setDomain] = useState(known?.domain ?? "");
  const [how, setHow] = useState<"credentials" | "token">(known?.token ? "token" : "credentials");
  const [clientId, setClientId] = useState(known?.clientId ?? "");
  const [clientSecret, setClientSecret] = useState(known?.clientSecret ?? "");
  const [token, setToken] = useState(known?.token ?? "");
  const [audience, setAudience] = useState(known?.audience ?? "");
  const [loginClientId, setLoginClientId] = useState(known?.loginClientId ?? "");
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.querySelector("input")?.focus();
  }, []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const same = known?.domain === domain.trim();
    const keep = { sandbox: same && known.sandbox, loginAudience: same ? known.loginAudience : undefined };
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
