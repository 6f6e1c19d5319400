// A message, a stream, a count, an error in a stream, and a refusal, through Anthropic's SDK for bedrock-mantle.
import { AnthropicBedrockMantle } from "@anthropic-ai/bedrock-sdk";

const [baseURL, model] = process.argv.slice(2);
const client = new AnthropicBedrockMantle({
  baseURL,
  awsRegion: "us-east-1",
  awsAccessKey: process.env.AWS_ACCESS_KEY_ID,
  awsSecretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  maxRetries: 0,
});
const asked = { model, messages: [{ role: "user", content: "Say three things about tides." }] };
const said = async (call) => {
  try {
    return await call();
  } catch (error) {
    return { name: error.constructor.name, status: error.status ?? null, type: error.error?.error?.type ?? null };
  }
};
const events = async () => {
  const types = [];
  for await (const event of await client.messages.create({ ...asked, max_tokens: 50, stream: true })) types.push(event.type);
  return types;
};
const message = await client.messages.create({ ...asked, max_tokens: 50 });
const seen = {
  message: { text: message.content[0].text.length, usage: message.usage, stop: message.stop_reason },
  events: await events(),
  counted: await said(async () => (await client.messages.countTokens(asked)).input_tokens),
  failed: await said(events),
  throttled: await said(() => client.messages.create({ ...asked, max_tokens: 50 })),
};
console.log(JSON.stringify(seen));
