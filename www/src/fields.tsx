// A field for one parameter of a path or a query, made of its type.
import { Field } from "./parts";
import { describe, resolve, type Type, type Types } from "./schema";

interface Props {
  name: string;
  /** Where the parameter goes: the same name may be in both. */
  place: "path" | "query";
  type: Type;
  types: Types;
  required: boolean;
  value: string;
  problem: string | undefined;
  /** What was seen in answers, and may be meant. */
  offered?: string[];
  set: (text: string) => void;
}

export const Parameter = ({ name, place, type, types, required, value, problem, offered = [], set }: Props) => {
  const facets = resolve(type, types);
  const choices = facets.enum ?? (facets.type === "boolean" ? ["true", "false"] : undefined);
  const label = place === "path" ? name : <>{name}{required && <span class="required"> required</span>}</>;
  const id = `${place}-${name}`;
  if (choices) {
    return (
      <div class="field">
        <label for={id}>{label}</label>
        <select id={id} value={value} onChange={(event) => set(event.currentTarget.value)}>
          <option value="">{required ? "choose" : "not sent"}</option>
          {choices.map((choice) => <option value={choice}>{choice}</option>)}
        </select>
      </div>
    );
  }
  const list = offered.length > 0 ? `${id}-offered` : undefined;
  return (
    <>
      <Field
        label={label}
        mono
        required={place === "path"}
        value={value}
        list={list}
        placeholder={place === "query" ? describe(type, types) : undefined}
        hint={list && `${offered.length} ids of earlier answers are offered`}
        problem={problem}
        inputMode={facets.type === "integer" ? "numeric" : undefined}
        onInput={(event) => set(event.currentTarget.value)}
      />
      {list && <datalist id={list}>{offered.map((one) => <option value={one} />)}</datalist>}
    </>
  );
};
