// The namespace `Management` of the main entry point: error classes, and all models as types. The objects of the enums,
// which weigh more than the client, are in `auth0-sdk/models` and `auth0-sdk/management`.
export type * from "./api/models.cjs";
export * from "./errors.cjs";
export type * from "./peer.cjs";
// Over those of the models.
export type {
  ConnectionFieldsMapSaml,
  EventStreamSubscribeEventsResponseContent,
  FlowActionAuth0SendRequestParamsQueryParams,
  FlowActionHttpSendRequestParamsQueryParams,
} from "./peer.cjs";
