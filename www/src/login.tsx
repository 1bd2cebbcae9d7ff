// Logging in, and looking into the tokens that come of it.
import { useEffect, useMemo, useState } from "preact/hooks";
import { announce, Code, Copy, Field, Icon, Tabs } from "./parts";
import { finishRedirect, loginByPopup, loginByRedirect, loginHere, loginSilently, logout, isCallback, redirectUri, refresh, session, type Tokens, type Wanted } from "./session";
import { useSignal } from "./signal";
import { messageOf, originOf, tenant, type Tenant } from "./tenant";
import { decode, verify, type Step } from "./verify";

const TIMES = new Set(["exp", "iat", "nbf", "auth_time", "updated_at"]);

const shownClaim = (name: string, value: unknown): string => {
  if (TIMES.has(name) && typeof value === "number") return `${value} (${new Date(value * 1000).toLocaleString("en-GB")})`;
  return typeof value === "string" ? value : JSON.stringify(value);
};

const Inspector = ({ current, tokens, wanted }: { current: Tenant; tokens: Tokens | undefined; wanted: Wanted }) => {
  const kinds = useMemo(
    () => [
      ["id", "ID token", tokens?.id_token, current.loginClientId],
      ["access", "Access token", tokens?.access_token, wanted.audience || undefined],
    ] as const,
    [tokens, wanted.audience, current],
  );
  const [kind, setKind] = useState<"id" | "access">("id");
  const given = kinds.find(([id]) => id === kind);
  const [text, setText] = useState("");
  const [issuer, setIssuer] = useState(`${originOf(current)}/`);
  const [audience, setAudience] = useState("");
  const [steps, setSteps] = useState<Step[]>([]);
  useEffect(() => {
    setText(given?.[2] ?? "");
    setAudience(given?.[3] ?? "");
  }, [given]);
  const own = text === given?.[2];
  useEffect(() => {
    let stale = false;
    if (!text.trim()) {
      setSteps([]);
      return undefined;
    }
    // Of this login's token, and of what was made of it here; another may be pasted.
    const ofLogin = kind === "id" && text.split(".")[0] === given?.[2]?.split(".")[0];
    const [nonce, accessToken] = ofLogin ? [tokens?.nonce, tokens?.access_token] : [];
    const run = async () => {
      const found = await verify(text, { kind, tenant: current, issuer, audience: audience || undefined, nonce, accessToken });
      if (!stale) setSteps(found);
    };
    void run();
    return () => {
      stale = true;
    };
  }, [text, issuer, audience, kind, tokens, current]);
  const decoded = decode(text);
  const tamper = () => {
    const [header = "", , signature = ""] = text.trim().split(".");
    if (!decoded) return;
    const json = new TextEncoder().encode(JSON.stringify({ ...decoded.claims, sub: "auth0|somebody-else" }));
    const claims = btoa(String.fromCharCode(...json)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    setText(`${header}.${claims}.${signature}`);
  };
  const bad = steps.filter(({ state }) => state === "bad").length;
  const content = () => (
    <>
      <div class="field">
        <label for="token">Token</label>
        <textarea id="token" class="mono token" rows={4} value={text} spellcheck={false} autocomplete="off" placeholder="Log in, or paste a token" onInput={(event) => setText(event.currentTarget.value)} />
      </div>
      <div class="row wrap">
        {text && <Copy text={text} what="the token" />}
        <button type="button" class="small" disabled={!decoded} onClick={tamper}>Change its subject</button>
        {!own && given?.[2] && <button type="button" class="small" onClick={() => setText(given[2] ?? "")}>Back to the token of the login</button>}
      </div>
      <div class="columns two">
        <Field label="Expected issuer" mono value={issuer} onInput={(event) => setIssuer(event.currentTarget.value)} />
        <Field label="Expected audience" mono value={audience} onInput={(event) => setAudience(event.currentTarget.value)} />
      </div>
      {steps.length > 0 && (
        <div class="verification">
          <p class={bad ? "problem" : "fine"} role="status" data-testid="verdict">
            <Icon name={bad ? "cross" : "check"} /> {bad ? `Not to be trusted: ${bad} of ${steps.length} steps failed` : `Verified: all ${steps.length} steps`}, as the package's <code>TokenVerifier</code> says
          </p>
          <ol class="steps" aria-label="Verification steps">
            {steps.map(({ name, state, detail }) => (
              <li class={state}>
                <Icon name={state === "good" ? "check" : state === "bad" ? "cross" : "dash"} />
                <strong>{name}</strong>
                <span class="hidden">{{ good: "passed:", bad: "failed:", skipped: "skipped:" }[state]}</span>
                <span>{detail}</span>
              </li>
            ))}
          </ol>
        </div>
      )}
      {decoded && (
        <div class="decoded">
          <div>
            <h3 class="minor">Claims</h3>
            <div class="scroll" tabIndex={0} role="region" aria-label="Claims">
              <table class="pairs">
                <tbody>
                  {Object.entries(decoded.claims).map(([name, value]) => (
                    <tr>
                      <th scope="row">{name}</th>
                      <td>{shownClaim(name, value)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </div>
          <div>
            <h3 class="minor">Header</h3>
            <Code text={JSON.stringify(decoded.header, undefined, 2)} language="json" label="Header of the token" />
          </div>
        </div>
      )}
    </>
  );
  return (
    <section class="card" aria-labelledby="inspector-title">
      <h2 id="inspector-title">Token inspector</h2>
      <Tabs label="Token" selected={kind} onSelect={(id) => setKind(id as "id" | "access")} tabs={kinds.map(([id, name]) => ({ id, label: name, content }))} />
    </section>
  );
};

const remaining = ({ expires }: Tokens): string => {
  const seconds = Math.round((expires - Date.now()) / 1000);
  return seconds <= 0 ? "expired" : seconds > 7200 ? `${Math.round(seconds / 3600)} h left` : seconds > 120 ? `${Math.round(seconds / 60)} min left` : `${seconds} s left`;
};

const DEFAULT_SCOPE = "openid profile email offline_access";

let scopeDraft = DEFAULT_SCOPE;

export const Login = () => {
  const current = useSignal(tenant);
  const tokens = useSignal(session);
  const [audience, setAudience] = useState<string>();
  const [scope, setScope] = useState(scopeDraft);
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState("");
  const [told, setTold] = useState("");
  scopeDraft = scope;
  const wanted: Wanted = { audience: audience ?? current?.loginAudience ?? "", scope };
  const act = async (name: string, work: () => Promise<unknown>, done: string) => {
    setBusy(name);
    setProblem("");
    setTold("");
    try {
      await work();
      setTold(done);
      announce(done);
    } catch (thrown) {
      const { error } = thrown as { error?: string };
      setProblem(error && !messageOf(thrown).includes(error) ? `${error}: ${messageOf(thrown)}` : messageOf(thrown));
    } finally {
      setBusy("");
    }
  };
  useEffect(() => {
    if (current && isCallback()) void act("redirect", () => finishRedirect(current, wanted), "Logged in by redirect");
  }, [current]);
  if (!current) return <div class="page"><h1>Login</h1><p class="empty">Connect a tenant first.</p></div>;
  const claims = tokens?.id_token ? decode(tokens.id_token)?.claims : undefined;
  const name = claims?.name ?? claims?.email ?? claims?.sub;
  const disabled = busy !== "" || !current.loginClientId;
  return (
    <div class="page">
      <h1>Login</h1>
      <div class="pair narrow">
        <section class="card" aria-labelledby="session-title">
          <h2 id="session-title">Session</h2>
          {tokens ? (
            <div class="who">
              <span class="avatar" aria-hidden="true">{String(name ?? "?").slice(0, 1).toUpperCase()}</span>
              <div>
                <strong data-testid="user">{String(name ?? "somebody without an ID token")}</strong>
                <p class="hint">{claims?.email !== undefined && claims.email !== name ? `${String(claims.email)} · ` : ""}by {tokens.how} · {remaining(tokens)}</p>
              </div>
            </div>
          ) : (
            <p class="hint">Nobody is logged in. {current.sandbox && <>Users of the local tenant are <code>user-000001@example.com</code> and so on; their password is <code>Sandbox-1</code>.</>}</p>
          )}
          {!current.loginClientId && <p class="banner">The client id of a single-page application is needed: add it to the tenant, at the top.</p>}
          <Field label="Scope" mono value={scope} onInput={(event) => setScope(event.currentTarget.value)} />
          <Field label="Audience" hint="The API that the access token is for; without one it is opaque or for userinfo" mono value={wanted.audience} onInput={(event) => setAudience(event.currentTarget.value)} />
          {current.inPage ? (
            <p class="hint">This tenant has no address, so a browser cannot be sent to it: its pages are shown in a dialog here. Redirect and popup are for tenants elsewhere.</p>
          ) : (
            <p class="hint">Callback: <code>{redirectUri()}</code> has to be one of the application's.</p>
          )}
          <div class="buttons">
            {!tokens && current.inPage && <button type="button" class="primary" disabled={disabled} onClick={() => act("here", () => loginHere(current, wanted), "Logged in at the tenant in this page")}>Log in</button>}
            {!tokens && !current.inPage && <button type="button" class="primary" disabled={disabled} onClick={() => act("redirect", () => loginByRedirect(current, wanted), "")}>Log in with a redirect</button>}
            {!tokens && !current.inPage && <button type="button" disabled={disabled} onClick={() => act("popup", () => loginByPopup(current, wanted), "Logged in by popup")}>{busy === "popup" ? "Waiting for the popup…" : "Log in with a popup"}</button>}
            {tokens && <button type="button" class="primary" disabled={disabled || !tokens.refresh_token} onClick={() => act("refresh", () => refresh(current, wanted), "Refreshed with the refresh token")}>Refresh with the refresh token</button>}
            <button type="button" disabled={disabled} onClick={() => act("silent", () => loginSilently(current, wanted), "The tenant's session answered")}>{tokens ? "Ask silently again" : "Log in silently"}</button>
            {tokens && <button type="button" disabled={disabled} onClick={() => act("logout", () => logout(current, wanted), "")}>Log out</button>}
          </div>
          {told && <p class="fine" role="status"><Icon name="check" /> {told}</p>}
          {problem && <p class="problem" role="alert"><Icon name="cross" /> {problem}</p>}
        </section>
        <Inspector current={current} tokens={tokens} wanted={wanted} />
      </div>
    </div>
  );
};
