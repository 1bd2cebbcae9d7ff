// A call as code, to be copied.
import { useState } from "preact/hooks";
import { Code, Copy, Tabs } from "./parts";
import { curl, rust, typescript, type Call } from "./snippets";

const LANGUAGES = [
  ["typescript", "TypeScript", typescript],
  ["rust", "Rust", rust],
  ["curl", "curl", curl],
] as const;

// Kept from one operation to the next.
let chosen = "typescript";

export const Snippets = ({ call }: { call: Call }) => {
  const [language, setLanguage] = useState(chosen);
  const select = (id: string) => {
    chosen = id;
    setLanguage(id);
  };
  const tabs = LANGUAGES.map(([id, name, write]) => ({
    id,
    label: name,
    content: () => (
      <>
        <div class="corner"><Copy text={write(call)} what={`the ${name} code`} /></div>
        <Code text={write(call)} language="code" label={`The call as ${name}`} />
      </>
    ),
  }));
  return (
    <section class="snippets" aria-labelledby="code-title">
      <h3 id="code-title">The same call as code</h3>
      <Tabs label="Language" selected={language} onSelect={select} tabs={tabs} />
    </section>
  );
};
