// Calls the official Node client as a user would: one JSON object a line in, one a line out.
// In: base_url, args (those of embeddings.create) and retries. Out: what the client gave, or what it raised.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { join } from "node:path";

// From where the user stands, so that their own installation is the one that is judged with.
const require = createRequire(join(process.cwd(), "calls.js"));
const openai = require("openai");
const OpenAI = openai.default ?? openai.OpenAI ?? openai;

async function call(ask) {
  const client = new OpenAI({ baseURL: ask.base_url, apiKey: "the relay puts the key in", maxRetries: ask.retries, timeout: 30000 });
  try {
    return { status: 200, answer: await client.embeddings.create(ask.args) };
  } catch (raised) {
    if (raised && typeof raised.status === "number") {
      const { message, type = null, param = null, code = null, status } = raised;
      return { status, error: { message, type, param, code }, raised: raised.constructor.name };
    }
    return { failure: `the client raises ${raised?.constructor?.name}: ${raised?.message}` };
  }
}

const { VERSION: version } = require("openai/version");
console.log(JSON.stringify({ ready: `openai ${version} on Node ${process.versions.node}` }));
for await (const line of createInterface({ input: process.stdin })) {
  const ask = JSON.parse(line);
  console.log(JSON.stringify({ id: ask.id, ...(await call(ask)) }));
}
