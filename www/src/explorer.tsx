// The explorer: the list of all operations, and the one that is looked at.
import { useEffect, useRef, useState } from "preact/hooks";
import { byId, load, operations, type GroupData } from "./api";
import { Form } from "./form";
import { List } from "./list";
import { Icon, Method, thousands } from "./parts";
import { useSignal } from "./signal";
import { messageOf, tenant } from "./tenant";

const Welcome = () => {
  const current = useSignal(tenant);
  const starts = ["users.list", "users.create", "clients.list", "organizations.list", "connections.list", "logs.list", "tenants.settings.get", "stats.getActiveUsersCount"].filter((id) => byId.has(id));
  return (
    <div class="welcome">
      <h2>Every operation of the Management API</h2>
      <p>
        {thousands(operations.length)} operations, called by the npm package in this page{current?.inPage ? ", against a tenant that lives in this page too. Nothing leaves it, and whatever you break is new when you load it again." : current?.sandbox ? ", against the local tenant that was started with it. Nothing leaves this machine, and whatever you break is new at the next start." : "."}
      </p>
      <ul class="cards">
        {starts.map((id) => {
          const operation = byId.get(id);
          return operation && (
            <li>
              <a href={`#/explorer/${id}`}>
                <Method name={operation.method} />
                <strong>{id}</strong>
                <code>{operation.path}</code>
              </a>
            </li>
          );
        })}
      </ul>
    </div>
  );
};

export const Explorer = ({ rest }: { rest: string }) => {
  const operation = byId.get(rest);
  const [data, setData] = useState<{ of: string; data?: GroupData; problem?: string }>();
  const [listed, setListed] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!operation) return;
    load(operation.group).then(
      (data) => setData({ of: operation.group, data }),
      (thrown) => setData({ of: operation.group, problem: messageOf(thrown) }),
    );
  }, [operation?.group]);
  useEffect(() => place.current?.scrollTo(0, 0), [rest]);
  const detail = data?.of === operation?.group ? data?.data?.operations.find(({ id }) => id === rest) : undefined;
  return (
    <div class={`explorer ${listed ? "listed" : ""}`}>
      <h1 class="hidden">Explorer</h1>
      <button type="button" class="toggle" aria-expanded={listed} onClick={() => setListed(!listed)}>
        <Icon name="list" /> {listed ? "Hide the operations" : operation ? operation.id : "All operations"}
      </button>
      <List current={rest} onPick={() => setListed(false)} />
      <div class="place" ref={place}>
        {rest && !operation && <p class="empty">No operation is named {rest}.</p>}
        {!rest && <Welcome />}
        {operation && data?.problem && <p class="banner" role="alert">{data.problem}</p>}
        {operation && detail && data?.data && <Form key={operation.id} operation={operation} detail={detail} types={data.data.types} />}
      </div>
    </div>
  );
};
