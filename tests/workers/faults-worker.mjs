// The rows of tests/faults.json inside workerd: see faults.mjs.
import { perform } from "./faults-run.mjs";

export default {
  async fetch(request, env) {
    const { row, target } = await request.json();
    const revoke = () => fetch(`${env.domain}/__sandbox/revoke-tokens`, { method: "POST", body: "{}" });
    return Response.json(await perform(env, row, target, revoke));
  },
};
