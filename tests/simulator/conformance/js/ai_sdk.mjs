// A stream with its usage, and a tool call, through Vercel's AI SDK.
import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";
import { generateText, jsonSchema, streamText, tool } from "ai";

const [url, modelId] = process.argv.slice(2);
const bedrock = createAmazonBedrock({
  region: "us-east-1",
  baseURL: url,
  accessKeyId: process.env.AWS_ACCESS_KEY_ID,
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
});
const model = bedrock(modelId);
const prompt = "Say three things about tides.";
const result = streamText({ model, prompt, maxRetries: 0 });
const pieces = [];
for await (const piece of result.textStream) pieces.push(piece);
const inputSchema = jsonSchema({ type: "object", properties: { city: { type: "string" } }, required: ["city"] });
const called = await generateText({
  model,
  prompt,
  maxRetries: 0,
  tools: { weather: tool({ description: "The weather", inputSchema }) },
  toolChoice: "required",
});
console.log(
  JSON.stringify({
    pieces,
    usage: await result.usage,
    finish: await result.finishReason,
    calls: called.toolCalls.map(({ toolName, input }) => ({ toolName, input })),
  }),
);
