// What a program does with the package, for the compiler. Compiled under every module resolution and for several runtimes.
import {
  CustomDomainHeader,
  Management,
  ManagementClient,
  ManagementError,
  ManagementTimeoutError,
  withAbortSignal,
  withHeaders,
  withRetries,
  withTimeout,
  type HttpResponsePromise,
  type ManagementClientOptions,
  type Page,
  type PagePromise,
  type RequestOptions,
  type Stream,
  type Uploadable,
  type WithRawResponse,
} from "auth0-sdk";
import { createManagementAuth, HttpResponseHeadersUtils, logging, ManagementEnvironment, RequiredError, TimeoutError, TokenProvider, type ManagementAuth } from "auth0-sdk";
import { UsersClient, roles, effectiveRoles } from "auth0-sdk/users";
import { RolesClient } from "auth0-sdk/users/roles";
import { ManagementClient as Inline } from "auth0-sdk/inline";
import { ActionTriggerTypeEnum, ClientAppTypeEnum, FlowActionHttpSendRequestParams, type CreateUserRequestContent } from "auth0-sdk/models";
import { Management as Full } from "auth0-sdk/management";

// Every way to a token.
const ways: ManagementClientOptions[] = [
  { domain: "a.auth0.com", token: "t" },
  { domain: "a.auth0.com", token: Promise.resolve("t") },
  { domain: "a.auth0.com", token: async () => "t", headers: { "X-A": "a", "X-B": null, "X-C": () => "c", "X-D": async () => undefined } },
  { domain: "a.auth0.com", clientId: "i", clientSecret: "s", token: undefined, audience: "a", organization: "o", telemetry: false },
  { domain: "a.auth0.com", token: "t", clientInfo: { name: "n", version: "1" }, fetch, maxRetries: 0, timeoutInSeconds: 1, deadlineInSeconds: 9 },
];
export const client = new ManagementClient(ways[0] as ManagementClientOptions);
const named: ManagementClient.ManagementClientOptionsWithToken = { domain: "a.auth0.com", token: "t" };
new ManagementClient(named);

export async function calls(id: string, signal: AbortSignal): Promise<void> {
  const user: Management.GetUserResponseContent = await client.users.get(id, { fields: "email" });
  const email: string | undefined = user.email;
  const promise: HttpResponsePromise<Management.GetUserResponseContent> = client.users.get(id);
  const { data, rawResponse }: WithRawResponse<Management.GetUserResponseContent> = await promise.withRawResponse();
  const left: string | null = rawResponse.headers.get("x-ratelimit-remaining");
  const status: number = rawResponse.status;
  void [email, data, left, status];

  // Options in every position, and spread together.
  const options: RequestOptions = { ...withTimeout(5), ...withRetries(0), ...withAbortSignal(signal), ...withHeaders({ a: "b" }), queryParams: { q: [1] } };
  await client.users.get(id, {}, options);
  await client.users.get(id, undefined, { ...CustomDomainHeader("login.example.com") });
  const nothing: void = await client.users.delete(id, options);
  await client.branding.get(options);
  void nothing;

  // Null, undefined and absent.
  const content: CreateUserRequestContent = { connection: "c", given_name: undefined };
  await client.users.create(content);
  await client.users.update(id, { picture: null, nickname: undefined, user_metadata: { any: { thing: [1, null] } } });
  await client.users.list({ q: null, page: undefined });
  await client.connections.list({ strategy: ["auth0", "new-strategy"] });
  await client.connections.list({ strategy: "auth0" });

  // Lists.
  const list: PagePromise<Management.UserResponseSchema, Management.ListUsersOffsetPaginatedResponseContent> = client.users.list({ per_page: 1 });
  for await (const item of list) item.user_id satisfies string | undefined;
  for await (const item of await client.users.list()) item.user_id satisfies string | undefined;
  const page: Page<Management.UserResponseSchema> = await client.users.list();
  const same: typeof page = await page.getNextPage();
  if (same.hasNextPage()) same.data.map((item) => item.email);
  for await (const each of page.pages()) each.data.length satisfies number;
  const typed = await client.users.list();
  const total: number | undefined = typed.response.total;
  const raw = await client.users.list().withRawResponse();
  raw.data.data.length satisfies number;
  void total;

  // Not paged, the API answers with a bare list; paged, perhaps with an envelope.
  for (const domain of await client.customDomains.list()) domain.domain satisfies string;
  const domains = await client.customDomains.list({ take: 5 });
  (Array.isArray(domains) ? domains : domains.custom_domains) satisfies Management.CustomDomain[];

  // Events.
  const stream: Stream<Management.EventStreamSubscribeEventsResponseContent> = await client.events.subscribe();
  for await (const event of stream) event satisfies object;

  // Files.
  const files: Uploadable[] = [new Blob(["[]"]), new Uint8Array(2), new ArrayBuffer(2), { data: new Blob([]), filename: "a.json", contentType: "application/json" }];
  for (const users of files) await client.jobs.usersImports.create({ users, connection_id: "con_1", upsert: true });
  const body = new Blob(["[]"]).stream();
  await client.jobs.usersImports.create({ users: body, connection_id: "con_1" });

  // Nested groups, kept aside.
  const { authenticationMethods } = client.users;
  for await (const method of authenticationMethods.list(id)) method.type satisfies string;
  const response: Response = await client.fetch("users", { method: "POST", body: "{}" }, { maxRetries: 0 });
  void response;
}

export function failures(error: unknown): string {
  if (error instanceof Management.TooManyRequestsError) return `${error.statusCode satisfies number} ${error.retryAfter} ${error.resetAt?.toISOString()}`;
  if (error instanceof Management.NotFoundError) return error.message;
  if (error instanceof ManagementTimeoutError) return (error satisfies ManagementError).code ?? "";
  if (error instanceof ManagementError) {
    const { code, operation, attempts, requestId, missingScope, mayHaveBeenSent, path, truncated, mfaToken, body, cause, rawResponse } = error;
    return [code, operation, attempts, requestId, missingScope, mayHaveBeenSent, path, truncated, mfaToken, body, cause, rawResponse?.status].join();
  }
  return new Management.BadRequestError({ a: 1 }).name + new ManagementError({ message: "m", statusCode: 418 }).message + new ManagementTimeoutError("late").message;
}

// Enums are open, know their values, and can be narrowed.
const kind: Management.ClientAppTypeEnum = "a-kind-of-tomorrow";
const spa: "spa" = ClientAppTypeEnum.Spa;
const also: Management.ClientAppTypeEnum = Full.ClientAppTypeEnum.RegularWeb;
const trigger: Management.ActionTriggerTypeEnum = ActionTriggerTypeEnum.PostLogin;
const method: Management.FlowActionHttpSendRequestParams.Method = FlowActionHttpSendRequestParams.Method.Get;
const type: Full.CreateClientRequestContent = { name: "n", app_type: Full.ClientAppTypeEnum.Spa };
new Full.NotFoundError() satisfies Management.NotFoundError;
export const values: string[] = [kind, spa, also, trigger, method, type.name];
export const scope: Management.OauthScope = "read:users";

// One token for clients of single groups, logs, quotas, and the error classes that are there for their names.
const auth: ManagementAuth = createManagementAuth({ domain: "a.auth0.com", clientId: "i", clientSecret: "s", logging: { level: logging.LogLevel.Debug, silent: false } });
export const single: HttpResponsePromise<Management.GetUserResponseContent> = new UsersClient(auth.clientOptions).get("1");
export const nested: RolesClient = new roles.RolesClient({ ...auth.clientOptions, maxRetries: 0 });
export const deeper = new effectiveRoles.sources.groups.GroupsClient(auth.clientOptions);
export const token: Promise<string> = new TokenProvider({ domain: "a.auth0.com", clientId: "i", clientSecret: "s", audience: "a" }).getAccessToken();
export const logger: logging.ILogger = new logging.ConsoleLogger();
export const quota: number | undefined = HttpResponseHeadersUtils.getClientQuotaLimit(new Headers())?.perHour?.remaining;
export const names: Error[] = [new RequiredError("id"), new TimeoutError()];
export const environment: string = ManagementEnvironment.Default;
export const one: ManagementClient = new Inline({ domain: "a.auth0.com", token: "t" });
export const same: UsersClient = client.users;

// The Authentication API: as auth0 v6 has it, and more.
import {
  AuthApiError, AuthenticationClient, FetchError, IdTokenValidatorError, OAuth, ResponseError, SUBJECT_TOKEN_TYPES, TextApiResponse, TOKEN_URL, UserInfoClient,
  UserInfoError, VoidApiResponse, type JSONApiResponse, type TokenSet, type SigningKey, type Transaction,
} from "auth0-sdk";

export const authenticate = async (key: SigningKey): Promise<string> => {
  const auth = new AuthenticationClient({ domain: "a.auth0.com", clientId: "c", clientSecret: "s", timeoutDuration: 5000, retry: { maxRetries: 1 } });
  const byKey = new AuthenticationClient({ domain: "a.auth0.com", clientId: "c", clientAssertionSigningKey: key, clientAssertionSigningAlg: "ES256" });
  const answer: JSONApiResponse<TokenSet> = await auth.oauth.authorizationCodeGrant({ code: "c", redirect_uri: "r" }, { idTokenValidateOptions: { nonce: "n", maxAge: 0 } });
  const text: string = (await auth.database.changePassword({ email: "e", connection: "c" })).data;
  const nothing: VoidApiResponse = await auth.passwordless.sendEmail({ email: "e", send: "code" }, { headers: { "content-type": "application/json" } });
  const { url, transaction } = await byKey.authorize({ redirect_uri: "r", max_age: 0, own: [1] }, { pushed: true, requestObject: { key } });
  const kept: Transaction = JSON.parse(JSON.stringify(transaction));
  const tokens = await auth.finishLogin(kept, new URL(url));
  const device = await auth.device.authorize({ scope: "openid" });
  await auth.device.poll(device.data, { signal: new AbortController().signal, onPending: (error) => console.log(error.message) });
  const ciba = await auth.backchannel.authorize({ userId: "u", binding_message: "b", scope: "openid", authorization_details: [{ type: "t" }] });
  const polled: TokenSet = await auth.backchannel.poll(ciba);
  const user = await new UserInfoClient({ domain: "a.auth0.com" }).getUserInfo(polled.access_token);
  try {
    await auth.oauth.tokenForConnection({ subject_token: "t", connection: "c", subject_token_type: SUBJECT_TOKEN_TYPES.ACCESS_TOKEN });
  } catch (error) {
    if (error instanceof AuthApiError && error.mfaToken) await auth.mfa.verifyOtp({ mfa_token: error.mfaToken, otp: "1" });
    if (error instanceof UserInfoError || error instanceof ResponseError) console.log(error.statusCode, error.headers.get("x"));
    if (error instanceof FetchError) console.log(error.cause.message, error.mayHaveBeenSent);
    if (error instanceof IdTokenValidatorError) throw error;
  }
  const oauth: OAuth = auth.oauth;
  return [answer.data.id_token, text, nothing.status, tokens.data.scope, user.data.email, TOKEN_URL, oauth, TextApiResponse.name].join();
};

// Jobs and limits.
import { createBudget, createLimiter, forEach, type Checkpoint, type Failure, type LimitStore, type Limiter, type Progress, type Report } from "auth0-sdk/bulk";
import { cacheStore, durableObjectLimits, durableObjectStore, kvStore, refreshAhead, textStore, TokenObject, type ObjectNamespace, type TextBackend } from "auth0-sdk/stores";

export const bulkWork = async (objects: ObjectNamespace, signal: AbortSignal, kept?: string): Promise<string> => {
  const own: LimitStore = { get: async () => undefined, swap: async (key, old, text, seconds) => key === old && text.length > seconds };
  const limiter: Limiter = createLimiter({ store: durableObjectLimits(objects, { name: "limits" }), reserve: 0.2, onStoreProblem: (problem: unknown) => console.log(problem) });
  createLimiter({ store: own }).fetch();
  const budget = createBudget({ requests: 50, fetch: limiter.fetch() });
  budget.spend(budget.left - 1);
  const nightly = new ManagementClient({ domain: "a.auth0.com", token: "t", fetch: limiter.fetch({ priority: "bulk" }) });
  const checkpoint = kept === undefined ? undefined : (JSON.parse(kept) as Checkpoint);
  const report: Report<{ user_id?: string | undefined }> = await forEach(await nightly.users.list(), (user) => nightly.users.update(user.user_id ?? "", { blocked: false }), {
    concurrency: 5,
    checkpoint,
    signal,
    onProgress: ({ done, failed, skipped, running, checkpoint: now }: Progress) => console.log(done + failed + skipped + running, now().next),
    onFailure: ({ index, item, error }: Failure<{ user_id?: string | undefined }>) => console.log(index, item.user_id, error),
    isFatal: (error) => error instanceof ManagementError && error.statusCode === 401,
  });
  await forEach([1, 2], async (item, index) => item satisfies number as number + index);
  return JSON.stringify(report.checkpoint);
};

export const stored = (namespace: Parameters<typeof kvStore>[0], objects: ObjectNamespace, backend: TextBackend): unknown => {
  const key = new Uint8Array(32);
  const { store, refresh } = refreshAhead(kvStore(namespace, { encryptionKey: [key, key] }), async () => "t", { seconds: 60 });
  const stores = [store, cacheStore({ encryptionKey: key }), durableObjectStore(objects), textStore(backend)];
  return [refresh, TokenObject, stores.map((tokenStore) => new ManagementClient({ domain: "a.auth0.com", clientId: "i", clientSecret: "s", tokenStore }))];
};
