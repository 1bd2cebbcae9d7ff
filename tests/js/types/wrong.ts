// What the compiler must refuse: every line with a mark is an error, and there is no other. Without the marks, run.mjs counts them.
import { Management, ManagementClient, type HttpResponsePromise, type Uploadable } from "auth0-sdk";
import { createLimiter, forEach } from "auth0-sdk/bulk";
import { ClientAppTypeEnum } from "auth0-sdk/models";

declare const client: ManagementClient;
// @ts-expect-error a domain is needed
new ManagementClient({ token: "t" });
// @ts-expect-error a token or credentials are needed
new ManagementClient({ domain: "d" });
// @ts-expect-error not both
new ManagementClient({ domain: "d", token: "t", clientId: "i", clientSecret: "s" });
// @ts-expect-error credentials are two
new ManagementClient({ domain: "d", clientId: "i" });
// @ts-expect-error an unknown option
new ManagementClient({ domain: "d", token: "t", timeout: 5 });
// @ts-expect-error an id is a text
client.users.get(1);
// @ts-expect-error an id is needed
client.users.get();
// @ts-expect-error the request is needed
client.users.create();
// @ts-expect-error `connection` is needed
client.users.create({ email: "a@example.com" });
// @ts-expect-error a misspelt member
client.users.update("id", { emial: "a@example.com" });
// @ts-expect-error a member of another type
client.users.update("id", { email: 5 });
// @ts-expect-error null where the API does not take it
client.users.create({ connection: null });
// @ts-expect-error an unknown query parameter
client.users.list({ perPage: 5 });
// @ts-expect-error an unknown request option
client.users.list({}, { timeout: 5 });
// @ts-expect-error no request between the id and the options
client.users.delete("id", {}, {});
// @ts-expect-error no such operation
client.users.remove("id");
// @ts-expect-error no such group
client.user;
// @ts-expect-error a group cannot be replaced
client.users = client.users;
// @ts-expect-error an enum is a text
const kind: Management.ClientAppTypeEnum = 5;
// @ts-expect-error the objects of the enums are elsewhere
Management.ClientAppTypeEnum;
// @ts-expect-error no such value
ClientAppTypeEnum.Spaa;
// @ts-expect-error the values are constants
ClientAppTypeEnum.Spa = "spa";
// @ts-expect-error no such model
export type Missing = Management.Nothing;
// @ts-expect-error a promise, and not the data
client.users.get("id").email;
// @ts-expect-error a delete answers with nothing
const deleted: HttpResponsePromise<string> = client.users.delete("id");
// @ts-expect-error the type of the answer
const user: Promise<Management.Role[]> = client.users.list();
// @ts-expect-error a file is no path
const file: Uploadable = "users.json";
// @ts-expect-error an operation that is not paged has no items
for await (const item of client.users.get("id")) void item;
// @ts-expect-error the group of a union is told by its members
client.actions.create({ name: "n" });
// @ts-expect-error a store of limits can replace a text
createLimiter({ store: { get: async () => undefined } });
// @ts-expect-error there are two priorities
createLimiter().fetch({ priority: "urgent" });
// @ts-expect-error work over items needs work
void forEach([1]);
export { kind, deleted, user, file };
