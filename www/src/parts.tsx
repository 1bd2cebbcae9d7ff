// What several panels are made of.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

const PATHS = {
  search: "M11 19a8 8 0 1 0 0-16 8 8 0 0 0 0 16Zm10 2-4.300-4.300",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.500l4.500 4.500L19 7.500",
  cross: "M6 6l12 12M18 6L6 18",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2v2M12 20v2M4.900 4.900l1.400 1.400M17.700 17.700l1.400 1.400M2 12h2M20 12h2M4.900 19.100l1.400-1.400M17.700 6.300l1.400-1.400",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500Z",
  play: "M7 4.500v15l12-7.500z",
  stop: "M6 6h12v12H6z",
  chevron: "M9 6l6 6-6 6",
  dash: "M6 12h12",
  list: "M4 6h16M4 12h16M4 18h16",
} as const;

export const Icon = ({ name }: { name: keyof typeof PATHS }) => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);

export const Method = ({ name }: { name: string }) => <span class={`method ${name.toLowerCase()}`}>{name}</span>;

export const Field = ({ label, hint, mono, problem, ...input }: { label: ComponentChildren; hint?: ComponentChildren; mono?: boolean; problem?: string | undefined } & JSX.InputHTMLAttributes<HTMLInputElement>) => {
  const id = useId();
  const described = [hint ? `${id}-hint` : "", problem ? `${id}-problem` : ""].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input {...input} id={id} class={mono ? "mono" : undefined} aria-describedby={described || undefined} aria-invalid={problem ? true : undefined} spellcheck={false} autocomplete="off" autocapitalize="off" />
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {problem && <p class="problem" id={`${id}-problem`}>{problem}</p>}
    </div>
  );
};

/** Says what happened to those who do not see it. */
export const announce = (text: string): void => {
  const place = document.getElementById("announcer");
  if (place) place.textContent = text;
};

export const Copy = ({ text, what }: { text: string; what: string }) => {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return undefined;
    const id = setTimeout(() => setDone(false), 2000);
    return () => clearTimeout(id);
  }, [done]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      announce(`${what} copied`);
    } catch {
      announce(`${what} could not be copied: the browser does not allow it`);
    }
  };
  return (
    <button type="button" class="quiet small copy" onClick={copy} aria-label={`Copy ${what}`}>
      <Icon name={done ? "check" : "copy"} /> {done ? "Copied" : "Copy"}
    </button>
  );
};

export interface Tab {
  id: string;
  label: ComponentChildren;
  content: () => ComponentChildren;
}

/** Tabs after the ARIA practices: arrows move, Home and End too. */
export const Tabs = ({ label, tabs, selected, onSelect }: { label: string; tabs: Tab[]; selected?: string; onSelect?: (id: string) => void }) => {
  const id = useId();
  const [own, setOwn] = useState(tabs[0]?.id);
  const list = useRef<HTMLDivElement>(null);
  const current = tabs.find((tab) => tab.id === (selected ?? own)) ?? tabs[0];
  const select = (next: Tab | undefined, focus = false) => {
    if (!next) return;
    setOwn(next.id);
    onSelect?.(next.id);
    if (focus) list.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab === current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    select(tabs[(to + tabs.length) % tabs.length], true);
  };
  return (
    <div class="tabs">
      <div role="tablist" aria-label={label} ref={list} onKeyDown={onKey}>
        {tabs.map((tab) => (
          <button type="button" role="tab" key={tab.id} data-tab={tab.id} id={`${id}-${tab.id}`} aria-selected={tab === current} aria-controls={`${id}-panel`} tabIndex={tab === current ? 0 : -1} onClick={() => select(tab)}>
            {tab.label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${current?.id}`} tabIndex={0}>
        {current?.content()}
      </div>
    </div>
  );
};

// Longer texts are shown without colours: a node for each word would take seconds.
const LONGEST_COLOURED = 60_000;
const LONGEST_SHOWN = 400_000;

const TOKENS = {
  json: /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\b\d[\d.eE+-]*/g,
  code: /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')(\s*:(?!:))?|\/\/.*|\b(?:import|from|const|let|new|await|for|of|use|while|async|return)\b|\b\d[\d.]*\b/g,
};

const coloured = (text: string, pattern: RegExp): ComponentChildren[] => {
  const parts: ComponentChildren[] = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, quoted, colon] = match;
    if (match.index > at) parts.push(text.slice(at, match.index));
    if (quoted && colon) parts.push(<span class="t-key">{quoted}</span>, colon);
    else parts.push(<span class={quoted ? "t-string" : /^\d|^-/.test(whole) ? "t-number" : whole.startsWith("//") ? "t-comment" : "t-word"}>{whole}</span>);
    at = match.index + whole.length;
  }
  parts.push(text.slice(at));
  return parts;
};

export const Code = ({ text, language, label }: { text: string; language: keyof typeof TOKENS; label: string }) => (
  <pre class="code" tabIndex={0} aria-label={label} role="region">
    <code>{text.length > LONGEST_COLOURED ? text.slice(0, LONGEST_SHOWN) : coloured(text, TOKENS[language])}</code>
    {text.length > LONGEST_SHOWN && `\n… ${(text.length - LONGEST_SHOWN).toLocaleString("en-US")} more characters`}
  </pre>
);

export const shownTime = (ms: number): string => (ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`);
export const thousands = (number: number): string => number.toLocaleString("en-US");
export const shownBytes = (bytes: number): string => (bytes < 1024 ? `${bytes} B` : bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1048576).toFixed(1)} MB`);
