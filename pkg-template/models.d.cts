// Every model, and the objects of the enums: `ClientAppTypeEnum.Spa === "spa"`.
export * from "./api/models.cjs";
