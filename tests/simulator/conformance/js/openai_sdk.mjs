// Responses and Chat Completions, whole, streamed, with an error in a stream, and refused, through OpenAI's SDK.
import OpenAI from "openai";

const [baseURL, apiKey, responsesModel, chatModel] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const input = "Say three things about tides.";
const chat = { model: chatModel, messages: [{ role: "user", content: input }] };
const said = async (call) => {
  try {
    return await call();
  } catch (error) {
    return { name: error.constructor.name, status: error.status ?? null, code: error.code ?? null };
  }
};
const events = async () => {
  const types = [];
  for await (const event of await client.responses.create({ model: responsesModel, input, stream: true }))
    types.push(event.type);
  return types;
};
const chunks = async () => {
  let text = "";
  let usage = null;
  const options = { stream: true, stream_options: { include_usage: true } };
  for await (const chunk of await client.chat.completions.create({ ...chat, ...options })) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  return { text: text.length, usage };
};
const response = await client.responses.create({ model: responsesModel, input, store: false });
const answer = await client.chat.completions.create(chat);
const seen = {
  response: { text: response.output_text.length, status: response.status, usage: response.usage },
  chat: { text: answer.choices[0].message.content.length, usage: answer.usage },
  events: await events(),
  chunks: await chunks(),
  failed: [(await said(events)).at?.(-1), await said(chunks)],
  throttled: await said(() => client.chat.completions.create(chat)),
};
console.log(JSON.stringify(seen));
