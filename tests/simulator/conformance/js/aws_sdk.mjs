// Every operation through the AWS SDK for JavaScript; the handler is its default (HTTP/2) or HTTP/1.1.
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import { NodeHttpHandler } from "@smithy/node-http-handler";

const [url, handler, modelId, nativeBody] = process.argv.slice(2);
const client = new BedrockRuntimeClient({
  endpoint: url,
  region: "us-east-1",
  maxAttempts: 1,
  credentials: { accessKeyId: process.env.AWS_ACCESS_KEY_ID, secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY },
  ...(handler === "http1" ? { requestHandler: new NodeHttpHandler() } : {}),
});
const messages = [{ role: "user", content: [{ text: "Say three things about tides." }] }];
const decode = (bytes) => JSON.parse(new TextDecoder().decode(bytes));
const all = async (stream) => {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
};

const seen = {};
try {
  seen.converse = await client.send(new ConverseCommand({ modelId, messages }));
  seen.converseStream = await all((await client.send(new ConverseStreamCommand({ modelId, messages }))).stream);
  const body = nativeBody;
  seen.invoke = decode((await client.send(new InvokeModelCommand({ modelId, body }))).body);
  const streamed = await client.send(new InvokeModelWithResponseStreamCommand({ modelId, body }));
  seen.invokeStream = (await all(streamed.body)).map((event) => decode(event.chunk.bytes));
  seen.count = await client.send(new CountTokensCommand({ modelId: modelId.replace(/^us\./, ""), input: { converse: { messages } } }));
} catch (error) {
  seen.error = { name: error.name, status: error.$metadata?.httpStatusCode, message: error.message };
}
console.log(JSON.stringify(seen));
client.destroy();
