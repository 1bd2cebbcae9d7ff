import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Bulk } from "./bulk";
import { Connect } from "./connect";
import { Explorer } from "./explorer";
import { available } from "./inpage";
import { Login } from "./login";
import { Icon } from "./parts";
import { isCallback } from "./session";
import { useSignal } from "./signal";
import { access, announced, connect, connectInPage, tenant } from "./tenant";
import { Visit } from "./visit";

const PANELS = { explorer: ["Explorer", Explorer], login: ["Login", Login], bulk: ["Bulk", Bulk] } as const;
type Panel = keyof typeof PANELS;

// An address may be typed by hand.
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const route = (): [Panel, string] => {
  if (isCallback()) return ["login", ""];
  const [panel = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  return [panel in PANELS ? (panel as Panel) : "explorer", decoded(rest.join("/"))];
};

const useRoute = () => {
  const [current, setCurrent] = useState(route);
  useEffect(() => {
    const changed = () => setCurrent(route());
    addEventListener("hashchange", changed);
    addEventListener("popstate", changed);
    return () => {
      removeEventListener("hashchange", changed);
      removeEventListener("popstate", changed);
    };
  }, []);
  return current;
};

const stored = (): string => {
  try {
    return localStorage.getItem("theme") ?? "";
  } catch {
    // A browser that keeps nothing: the theme is the system's.
    return "";
  }
};

const Theme = () => {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const [theme, setTheme] = useState(stored() || system);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  const other = theme === "dark" ? "light" : "dark";
  const change = () => {
    setTheme(other);
    try {
      localStorage.setItem("theme", other);
    } catch {
      // The choice lasts as long as the page.
    }
  };
  return (
    <button type="button" class="quiet round" onClick={change} aria-label={`Use the ${other} theme`} title={`Use the ${other} theme`}>
      <Icon name={theme === "dark" ? "sun" : "moon"} />
    </button>
  );
};

// The part behind # is the panel: it must not become the name of a place.
const skip = (event: MouseEvent) => {
  event.preventDefault();
  document.getElementById("content")?.focus();
};

const App = () => {
  const [panel, rest] = useRoute();
  const current = useSignal(tenant);
  const granted = useSignal(access);
  const [asking, setAsking] = useState(false);
  const [ready, setReady] = useState(false);
  useEffect(() => {
    // A tenant beside the page; else one inside it; else the user is asked.
    const find = async () => {
      const found = await announced();
      // A login that is come back from was to a tenant elsewhere.
      if (!found && available && !isCallback()) {
        setReady(true);
        return connectInPage();
      }
      setReady(true);
      return found ? connect(found) : setAsking(true);
    };
    void find();
  }, []);
  useEffect(() => {
    document.title = `${rest || PANELS[panel][0]} · auth0-sdk playground`;
  }, [panel, rest]);
  const state = { none: "not connected", asking: "connecting", granted: "connected", refused: "no token" }[granted.state];
  const Content = PANELS[panel][1];
  return (
    <>
      <a class="skip" href="#content" onClick={skip}>Skip to the content</a>
      <header class="top">
        <a class="brand" href="#/explorer">
          <img src="./icon.svg" alt="" width="28" height="28" />
          <span>
            auth0-sdk <span class="light">playground</span>
          </span>
        </a>
        <nav aria-label="Panels">
          {Object.entries(PANELS).map(([id, [name]]) => (
            <a href={`#/${id}`} aria-current={id === panel ? "page" : undefined}>{name}</a>
          ))}
        </nav>
        <button type="button" class={`quiet tenant ${granted.state}`} onClick={() => setAsking(true)}>
          <span class="dot" />
          <span class="domain">{current?.inPage ? "in this page" : current ? current.domain.replace(/^https?:\/\//, "") : "No tenant"}</span>
          <span class="state">{state}</span>
        </button>
        <Theme />
      </header>
      {granted.state === "refused" && <p class="banner" role="alert">{current ? `No token for ${current.domain}` : "No tenant in this page"}: {granted.problem}</p>}
      <main id="content" tabIndex={-1}>{ready && <Content rest={rest} />}</main>
      <div id="announcer" class="hidden" role="status" aria-live="polite" />
      <Visit />
      {asking && <Connect close={() => setAsking(false)} />}
    </>
  );
};

const place = document.getElementById("app");
if (place) render(<App />, place);
