// Which scopes a call needs, and whether the token has them.
import { Icon } from "./parts";
import { useSignal } from "./signal";
import { access } from "./tenant";

export const Scopes = ({ scopes }: { scopes: string[] }) => {
  const granted = useSignal(access);
  if (!scopes.length) return <p class="hint">This operation names no scope.</p>;
  const has = granted.state === "granted" ? granted.scopes : undefined;
  const any = has && scopes.some((scope) => has.has(scope));
  return (
    <div class="scopes">
      <ul aria-label="Scopes">
        {scopes.map((scope) => (
          <li class={has ? (has.has(scope) ? "has" : "lacks") : "unknown"}>
            <Icon name={has ? (has.has(scope) ? "check" : "cross") : "dash"} />
            <code>{scope}</code>
            <span class="hidden">{has ? (has.has(scope) ? ": the token has it" : ": the token lacks it") : ": it is not known whether the token has it"}</span>
          </li>
        ))}
      </ul>
      <span class={any === false ? "problem" : "hint"}>{scopes.length > 1 ? "Any one of them is enough. " : ""}{any === undefined ? "" : any ? "The token may make this call." : "The token may not make this call."}</span>
    </div>
  );
};
