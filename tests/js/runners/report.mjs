// What the runners of processes share: the environment comes in as JSON, each result goes out as a line.
import process from "node:process";

export const report = async (run, sdk, more = {}) => {
  const environment = JSON.parse(process.env.SUITE_ENVIRONMENT);
  await run({ ...environment, sdk, ...more }, (result) => console.log(`RESULT ${JSON.stringify(result)}`));
  console.log("DONE");
};
