// Trouble that the sandbox can be told to make.
import { useState } from "preact/hooks";
import { networkOf } from "./inpage";
import { Icon } from "./parts";
import { messageOf, originOf, tenant } from "./tenant";

export const Faults = () => {
  const [told, setTold] = useState("");
  const order = async (fault: object, text: string) => {
    const current = tenant.get();
    if (!current) return;
    try {
      const response = await networkOf(current)(`${originOf(current)}/__sandbox/faults`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(fault) });
      setTold(response.ok ? text : `the sandbox answered ${response.status}`);
    } catch (thrown) {
      setTold(messageOf(thrown));
    }
  };
  const match = { path: "/api/v2" };
  return (
    <details class="faults">
      <summary><Icon name="chevron" />Make the next call meet trouble</summary>
      <div class="row wrap">
        <button type="button" class="small" onClick={() => order({ match, times: 2, status: 503, headers: { "retry-after-ms": "400" } }, "Two 503s are ordered")}>503 twice</button>
        <button type="button" class="small" onClick={() => order({ match, status: 429, headers: { "retry-after": "1" } }, "A 429 is ordered")}>429, retry after 1 s</button>
        <button type="button" class="small" onClick={() => order({ match, delay_ms: 800 }, "A delay is ordered")}>Slow by 800 ms</button>
        <button type="button" class="small" onClick={() => order({ match, times: 3, status: 500, headers: { "retry-after-ms": "200" } }, "Three 500s are ordered: one more than is retried")}>500 thrice</button>
        <span class="hint" role="status">{told}</span>
      </div>
    </details>
  );
};
