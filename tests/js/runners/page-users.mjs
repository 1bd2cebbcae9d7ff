// The same with the entry point of a group.
import * as users from "auth0-sdk/users";

globalThis.users = users;
await import("./page.mjs");
