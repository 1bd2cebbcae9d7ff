// Types that the auth0 package has under names which the API description does not have, so that programs which name them compile.
import type * as models from "./api/models.cjs";

/** The body of an error that Auth0 answers with. */
export interface ErrorBody<Reason extends string> {
  message: string;
  statusCode: string;
  error: Reason;
}
export type ConflictSchema = ErrorBody<"Conflict">;
export declare namespace ConflictSchema {
  type Error_ = "Conflict";
}
export type NotFoundErrorBody = ErrorBody<"Not Found">;
export declare namespace NotFoundErrorBody {
  type Error_ = "Not Found";
}
export type NotFoundSchema = ErrorBody<"Not Found">;
export declare namespace NotFoundSchema {
  type Error_ = "Not Found";
}
export type TooManyRequestsErrorBody = ErrorBody<"Too Many Requests">;
export declare namespace TooManyRequestsErrorBody {
  type Error_ = "Too Many Requests";
}

export type ConnectionCrossAppAccessResourceAppStatusEnum = "disabled" | "enabled" | (string & {});
export type ConnectionProfileCrossAppAccessResourceAppStatusAllowedValuesEnum = ("disabled" | "enabled" | (string & {}))[];
export type ConnectionDeletionBehaviorEnum = "allow" | "allow_if_empty" | (string & {});
export type OrganizationDeletionBehaviorEnum = "allow" | "allow_if_empty" | (string & {});
export type ConnectionDomainAliasesItemsOne = string;
export type ConnectionRequirePushedAuthorizationRequests = boolean;
export type SessionActorClaimValue = string | boolean | number;
export interface ConnectionCrossAppAccessResourceApp {
  status: ConnectionCrossAppAccessResourceAppStatusEnum;
}
/** `rate` in milliseconds. */
export interface SuspiciousIpThrottlingPreCustomTokenExchangeStage {
  max_attempts?: number | undefined;
  rate?: number | undefined;
}
export type EventStreamCloudEventOrgConnectionAddedObjectOrganizationAccessLevel0Enum = "none";
export type EventStreamCloudEventOrgConnectionAddedObjectOrganizationAccessLevel1Enum = "readonly";
export type EventStreamCloudEventOrgConnectionAddedObjectOrganizationAccessLevel2Enum = "limited";
export type EventStreamCloudEventOrgConnectionAddedObjectOrganizationAccessLevel3Enum = "full";
export type EventStreamCloudEventOrgConnectionAddedPreviousObjectOrganizationAccessLevel0Enum = "none";
export type EventStreamCloudEventOrgConnectionAddedPreviousObjectOrganizationAccessLevel1Enum = "readonly";
export type EventStreamCloudEventOrgConnectionAddedPreviousObjectOrganizationAccessLevel2Enum = "limited";
export type EventStreamCloudEventOrgConnectionAddedPreviousObjectOrganizationAccessLevel3Enum = "full";
export type EventStreamCloudEventOrgConnectionUpdatedObjectOrganizationAccessLevel0Enum = "none";
export type EventStreamCloudEventOrgConnectionUpdatedObjectOrganizationAccessLevel1Enum = "readonly";
export type EventStreamCloudEventOrgConnectionUpdatedObjectOrganizationAccessLevel2Enum = "limited";
export type EventStreamCloudEventOrgConnectionUpdatedObjectOrganizationAccessLevel3Enum = "full";
export type EventStreamCloudEventOrgConnectionUpdatedPreviousObjectOrganizationAccessLevel0Enum = "none";
export type EventStreamCloudEventOrgConnectionUpdatedPreviousObjectOrganizationAccessLevel1Enum = "readonly";
export type EventStreamCloudEventOrgConnectionUpdatedPreviousObjectOrganizationAccessLevel2Enum = "limited";
export type EventStreamCloudEventOrgConnectionUpdatedPreviousObjectOrganizationAccessLevel3Enum = "full";
export type ConnectionProfileProvisioningScimTokenScopes = models.ConnectionProfileProvisioningScimTokenScopeEnum[];
export type CreateOrganizationClientsResponseContent = models.OrganizationClient[];
export interface ListEventStreamDeliveriesResponseContent {
  deliveries: models.EventStreamDelivery[];
  next?: string | undefined;
}

// These are types of the description, which the package uses as namespaces too.
export type ConnectionFieldsMapSaml = models.ConnectionFieldsMapSaml;
export declare namespace ConnectionFieldsMapSaml {
  type Value = string | string[];
}
export type FlowActionAuth0SendRequestParamsQueryParams = models.FlowActionAuth0SendRequestParamsQueryParams;
export declare namespace FlowActionAuth0SendRequestParamsQueryParams {
  type Value = number | string;
}
export type FlowActionHttpSendRequestParamsQueryParams = models.FlowActionHttpSendRequestParamsQueryParams;
export declare namespace FlowActionHttpSendRequestParamsQueryParams {
  type Value = number | string;
}
export type EventStreamSubscribeEventsResponseContent = models.EventStreamSubscribeEventsResponseContent;
export declare namespace EventStreamSubscribeEventsResponseContent {
  type GroupCreated = models.EventStreamCloudEventGroupCreated;
  type GroupDeleted = models.EventStreamCloudEventGroupDeleted;
  type GroupMemberAdded = models.EventStreamCloudEventGroupMemberAdded;
  type GroupMemberDeleted = models.EventStreamCloudEventGroupMemberDeleted;
  type GroupRoleAssigned = models.EventStreamCloudEventGroupRoleAssigned;
  type GroupRoleDeleted = models.EventStreamCloudEventGroupRoleDeleted;
  type GroupUpdated = models.EventStreamCloudEventGroupUpdated;
  type OrganizationConnectionAdded = models.EventStreamCloudEventOrgConnectionAdded;
  type OrganizationConnectionRemoved = models.EventStreamCloudEventOrgConnectionRemoved;
  type OrganizationConnectionUpdated = models.EventStreamCloudEventOrgConnectionUpdated;
  type OrganizationCreated = models.EventStreamCloudEventOrgCreated;
  type OrganizationDeleted = models.EventStreamCloudEventOrgDeleted;
  type OrganizationGroupRoleAssigned = models.EventStreamCloudEventOrgGroupRoleAssigned;
  type OrganizationGroupRoleDeleted = models.EventStreamCloudEventOrgGroupRoleDeleted;
  type OrganizationMemberAdded = models.EventStreamCloudEventOrgMemberAdded;
  type OrganizationMemberDeleted = models.EventStreamCloudEventOrgMemberDeleted;
  type OrganizationMemberRoleAssigned = models.EventStreamCloudEventOrgMemberRoleAssigned;
  type OrganizationMemberRoleDeleted = models.EventStreamCloudEventOrgMemberRoleDeleted;
  type OrganizationUpdated = models.EventStreamCloudEventOrgUpdated;
  type UserCreated = models.EventStreamCloudEventUserCreated;
  type UserDeleted = models.EventStreamCloudEventUserDeleted;
  type UserUpdated = models.EventStreamCloudEventUserUpdated;
  type Error = models.EventStreamCloudEventErrorMessage;
  type OffsetOnly = models.EventStreamCloudEventOffsetOnlyMessage;
}
