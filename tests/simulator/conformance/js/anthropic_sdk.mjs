// A message, and a stream of one, through Anthropic's SDK for Bedrock.
import { AnthropicBedrock } from "@anthropic-ai/bedrock-sdk";

const [url, model] = process.argv.slice(2);
const client = new AnthropicBedrock({
  baseURL: url,
  awsRegion: "us-east-1",
  awsAccessKey: process.env.AWS_ACCESS_KEY_ID,
  awsSecretKey: process.env.AWS_SECRET_ACCESS_KEY,
  maxRetries: 0,
});
const request = { model, max_tokens: 50, messages: [{ role: "user", content: "Say three things about tides." }] };
const message = await client.messages.create(request);
const events = [];
for await (const event of await client.messages.create({ ...request, stream: true })) events.push(event);
let error = null;
try {
  await client.messages.create({ ...request, messages: [] });
} catch (caught) {
  error = { name: caught.constructor.name, status: caught.status };
}
console.log(JSON.stringify({ message, events, error }));
