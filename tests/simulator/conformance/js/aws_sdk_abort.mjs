// Two streams over one HTTP/2 connection, of which one is given up in the middle.
import { BedrockRuntimeClient, ConverseStreamCommand } from "@aws-sdk/client-bedrock-runtime";

const [url, modelId] = process.argv.slice(2);
const client = new BedrockRuntimeClient({ endpoint: url, region: "us-east-1", maxAttempts: 1 });
const messages = [{ role: "user", content: [{ text: "Say three things about tides." }] }];
const read = async (leave) => {
  const abort = new AbortController();
  const command = new ConverseStreamCommand({ modelId, messages });
  const response = await client.send(command, { abortSignal: abort.signal });
  let pieces = 0;
  for await (const event of response.stream) {
    if (!event.contentBlockDelta) continue;
    pieces += 1;
    if (leave) break;
  }
  if (leave) abort.abort();
  return pieces;
};
const [kept] = await Promise.all([read(false), read(true)]);
console.log(JSON.stringify({ kept }));
client.destroy();
