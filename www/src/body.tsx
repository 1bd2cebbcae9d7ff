// The editor of a body: JSON, judged while it is written, beside what the schema says.
import { useId, useState } from "preact/hooks";
import { Icon } from "./parts";
import { allMembers, describe, resolve, sample, type Issue, type Type, type Types } from "./schema";

const Members = ({ type, types, depth, onAdd }: { type: Type; types: Types; depth: number; onAdd?: ((name: string, type: Type) => void) | undefined }) => {
  const facets = resolve(type, types);
  const variants = facets.oneOf ?? facets.anyOf;
  if (variants) {
    return (
      <ul class="members">
        {variants.map((variant, index) => (
          <li>
            <Nested label={`Shape ${index + 1}`} note={typeof variant === "string" ? variant : describe(variant, types)} type={variant} types={types} depth={depth} />
          </li>
        ))}
      </ul>
    );
  }
  if (facets.type === "array" && facets.items) return <Members type={facets.items} types={types} depth={depth} />;
  const members = allMembers(facets, types);
  return (
    <ul class="members">
      {members.map(({ name, required, type: own }) => (
        <li>
          <Nested label={name} required={required} note={describe(own, types)} values={resolve(own, types).enum} type={own} types={types} depth={depth} />
          {onAdd && (
            <button type="button" class="quiet small" aria-label={`Add ${name}`} onClick={() => onAdd(name, own)}>
              Add
            </button>
          )}
        </li>
      ))}
      {typeof facets.extra === "string" || typeof facets.extra === "object" ? <li class="hint">and members of other names: {describe(facets.extra, types)}</li> : null}
    </ul>
  );
};

const isNested = (type: Type, types: Types): boolean => {
  const facets = resolve(type, types);
  return facets.properties !== undefined || facets.extends !== undefined || facets.oneOf !== undefined || facets.anyOf !== undefined || (facets.type === "array" && isNested(facets.items ?? "any", types));
};

const Nested = ({ label, required, note, values, type, types, depth }: { label: string; required?: boolean; note: string; values?: string[] | undefined; type: Type; types: Types; depth: number }) => {
  const [open, setOpen] = useState(false);
  const head = (
    <>
      <code>{label}</code>
      {required && <span class="required"> required</span>} <span class="hint">{note}</span>
    </>
  );
  const more = (isNested(type, types) && depth < 12) || (values && values.length > 4);
  if (!more) return <div class="leaf">{head}</div>;
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary><Icon name="chevron" />{head}</summary>
      {open && (values ? <p class="values">{values.map((value) => <code>{value}</code>)}</p> : <Members type={type} types={types} depth={depth + 1} />)}
    </details>
  );
};

interface Props {
  type: Type;
  types: Types;
  optional: boolean;
  also: string[] | undefined;
  text: string;
  syntax: string | undefined;
  issues: Issue[];
  onText: (text: string) => void;
}

export const Body = ({ type, types, optional, also, text, syntax, issues, onText }: Props) => {
  const id = useId();
  const facets = resolve(type, types);
  const fill = (full: boolean) => {
    const made = sample(type, types, full);
    const members = full || !also ? [] : allMembers(facets, types).filter(({ name }) => also.includes(name));
    const value = members.length ? { ...(made as object), ...Object.fromEntries(members.map((one) => [one.name, sample(one.type, types, false, one.name, 1)])) } : made;
    onText(JSON.stringify(value, undefined, 2));
  };
  const add = (name: string, own: Type) => {
    let value: unknown;
    try {
      value = JSON.parse(text || "{}");
    } catch {
      // Half a text is not overwritten: the problem is shown.
      return;
    }
    if (typeof value === "object" && value !== null && !Array.isArray(value)) onText(JSON.stringify({ [name]: sample(own, types, false, name, 1), ...value }, undefined, 2));
  };
  const lines = text.split("\n").length;
  const written = text.trim() !== "";
  const wrong = syntax !== undefined || issues.some((issue) => !issue.hint);
  return (
    <fieldset>
      <legend>Body{optional && <span class="hint"> may be left out</span>}</legend>
      <div class="editor">
        <div>
          <div class="row wrap">
            <label for={id} class="hidden">Body, as JSON</label>
            <button type="button" class="small" onClick={() => fill(false)}>Required members</button>
            <button type="button" class="small" onClick={() => fill(true)}>All members</button>
            {written && <button type="button" class="small quiet" onClick={() => onText("")}>Clear</button>}
          </div>
          <textarea id={id} class="mono" rows={Math.min(Math.max(lines + 1, 8), 26)} value={text} placeholder="{ }" spellcheck={false} autocomplete="off" aria-invalid={written && wrong ? true : undefined} aria-describedby={`${id}-judged`} onInput={(event) => onText(event.currentTarget.value)} />
          <div id={`${id}-judged`} role="status" class="judged">
            {written && syntax && <p class="problem"><Icon name="cross" /> Not JSON: {syntax}</p>}
            {written && !syntax && issues.length === 0 && <p class="fine"><Icon name="check" /> Fits the schema</p>}
            {written && !syntax && issues.length > 0 && (
              <ul>
                {issues.slice(0, 12).map(({ path, message, hint }) => (
                  <li class={hint ? "hint" : "problem"}><code>{path}</code> {message}</li>
                ))}
                {issues.length > 12 && <li class="hint">and {issues.length - 12} more</li>}
              </ul>
            )}
          </div>
        </div>
        <div class="schema" role="region" aria-label="Schema of the body" tabIndex={0}>
          <Members type={type} types={types} depth={0} onAdd={facets.type === "object" ? add : undefined} />
        </div>
      </div>
    </fieldset>
  );
};
