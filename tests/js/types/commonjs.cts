// The same declarations from CommonJS.
import sdk = require("auth0-sdk");
import models = require("auth0-sdk/models");
import full = require("auth0-sdk/management");
import groups = require("auth0-sdk/users/roles");
import { Management, ManagementClient, type Page } from "auth0-sdk";

const client: sdk.ManagementClient = new ManagementClient({ domain: "a.auth0.com", token: "t" });
export const users: Promise<Page<Management.UserResponseSchema>> = client.users.list();
export const error: sdk.ManagementError = new Management.NotFoundError();
export const spa: "spa" = models.ClientAppTypeEnum.Spa;
export const native: sdk.Management.ClientAppTypeEnum = full.Management.ClientAppTypeEnum.Native;
// @ts-expect-error an id is a text
client.users.get(1);
export const roles = new groups.RolesClient({ domain: "a.auth0.com", token: "t" });
