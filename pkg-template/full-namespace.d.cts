// The namespace `Management` of `auth0-sdk/management`: error classes, all models, and the objects of the enums.
export * from "./api/models.cjs";
export * from "./errors.cjs";
export type * from "./peer.cjs";
// Over those of the models.
export type {
  ConnectionFieldsMapSaml,
  EventStreamSubscribeEventsResponseContent,
  FlowActionAuth0SendRequestParamsQueryParams,
  FlowActionHttpSendRequestParamsQueryParams,
} from "./peer.cjs";
