// The hub of the tests as a process, for clients of other languages: prints its address, then a line for every request that
// it does not know, and ends when its input ends.
// Usage: node test/hub/serve.ts [bytes of a part]

import { startUploadHub } from "./server.fixture.ts";

const [partBytes] = process.argv.slice(2);
const hub = await startUploadHub(partBytes === undefined ? {} : { partBytes: Number(partBytes) });
process.stdout.write(`${hub.address}\n`);
process.stdin.resume().once("end", async () => {
  await hub.close();
  for (const [name, { commits }] of hub.repositories)
    process.stdout.write(`${name}: ${commits.length} commits\n`);
  for (const unknown of new Set(hub.unknown)) process.stdout.write(`unknown: ${unknown}\n`);
});
