// The list of all operations: by group, or found by search.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { byId, operations, search, type Operation } from "./api";
import { Icon, Method } from "./parts";
import { useRedraw } from "./signal";

const openGroups = new Set<string>();

export const List = ({ current, onPick }: { current: string; onPick: () => void }) => {
  const [words, setWords] = useState("");
  const redraw = useRedraw();
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const found = useMemo(() => search(words), [words]);
  const groups = useMemo(() => grouped(found), [found]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const currentGroup = byId.get(current)?.group;
  useEffect(() => {
    if (currentGroup) openGroups.add(currentGroup);
    redraw();
  }, [currentGroup]);
  // Once it is there, and not when somebody scrolls on.
  const shown = useRef("");
  useEffect(() => {
    const link = shown.current !== current && list.current?.querySelector("a[aria-current]");
    if (!link) return;
    shown.current = current;
    link.scrollIntoView({ block: "nearest" });
  });
  // Arrows go from one to the next, from the search field on.
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const all = [...(list.current?.querySelectorAll<HTMLElement>("summary, details[open] a") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = all[at + (event.key === "ArrowDown" ? 1 : -1)];
    event.preventDefault();
    if (next && (at >= 0 || event.key === "ArrowDown")) next.focus();
    else input.current?.focus();
  };
  return (
    <div class="list" onKeyDown={onKey}>
      <div class="search">
        <Icon name="search" />
        <input ref={input} type="search" placeholder={`Search ${operations.length} operations`} aria-label="Search operations" value={words} onInput={(event) => setWords(event.currentTarget.value)} />
        <kbd aria-hidden="true">/</kbd>
      </div>
      <p class="hint count" role="status">{words ? `${found.length} of ${operations.length} operations` : `${groups.size} groups`}</p>
      <div class="groups" ref={list}>
        {[...groups].map(([name, members]) => {
          const open = words !== "" || openGroups.has(name);
          return (
            <details key={name} open={open}>
              <summary
                onClick={(event) => {
                  event.preventDefault();
                  if (openGroups.has(name)) openGroups.delete(name);
                  else openGroups.add(name);
                  redraw();
                }}
              >
                <Icon name="chevron" />
                {name}
                <span class="badge">{members.length}</span>
              </summary>
              {open && (
                <ul>
                  {members.map(({ id, method }) => (
                    <li>
                      <a href={`#/explorer/${id}`} aria-current={id === current ? "true" : undefined} onClick={onPick}>
                        <Method name={method} />
                        <span>{id.slice(name.length + 1)}</span>
                      </a>
                    </li>
                  ))}
                </ul>
              )}
            </details>
          );
        })}
        {groups.size === 0 && <p class="empty">No operation has all of these words.</p>}
      </div>
    </div>
  );
};

const grouped = (all: Operation[]): Map<string, Operation[]> => {
  const map = new Map<string, Operation[]>();
  for (const operation of all) map.set(operation.group, [...(map.get(operation.group) ?? []), operation]);
  return map;
};
