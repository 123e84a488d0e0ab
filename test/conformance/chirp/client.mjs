// A customer's program as the vendor's pages teach it: it registers a webhook, writes down the `mediaId` of every message,
// and fetches the files later, when the links of the webhooks have long died.
//
//   node client.mjs listen BASE_URL KEY PORT NOTES     until a message with a file is noted
//   node client.mjs fetch  BASE_URL KEY NOTES FOLDER

import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [command, base, key, ...rest] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };

async function api(method, path, body) {
  const answer = await fetch(base + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const json = await answer.json();
  if (!answer.ok) throw new Error(`${json.error.type}: ${json.error.message}`);
  return json;
}

async function listen(port, notes) {
  const secret = 'shared-with-the-vendor';
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    if (request.headers['x-webhook-secret'] !== secret) return response.writeHead(401).end();
    const { event, data } = JSON.parse(text);
    if (event !== 'messages.whatsapp.received' || !data.message.mediaId) return response.writeHead(200).end();
    const { id, mediaId, mediaUrl } = data.message;
    await appendFile(notes, `${JSON.stringify({ id, mediaId, mediaUrl })}\n`);
    response.writeHead(200).end(() => {
      server.close();
      server.closeAllConnections();
    });
  });
  server.listen(Number(port), '127.0.0.1', async () => {
    const url = `http://127.0.0.1:${server.address().port}/webhooks/chirp`;
    const webhook = { url, events: ['messages.whatsapp.received'], headers: { 'X-Webhook-Secret': secret } };
    const { id } = await api('POST', '/v1/webhooks', webhook);
    console.log(`listening as ${id}`);
  });
}

async function fetchAll(notes, folder) {
  const lines = (await readFile(notes, 'utf8')).trim().split('\n');
  for (const { id, mediaId, mediaUrl } of lines.map((line) => JSON.parse(line))) {
    const old = await fetch(mediaUrl);
    const { url, mimeType } = await api('GET', `/v1/media/${mediaId}`);
    const file = await fetch(url);
    if (!file.ok) throw new Error(`${mediaId}: ${file.status}`);
    const name = `${id}.${mimeType.split('/')[1]}`;
    await writeFile(join(folder, name), Buffer.from(await file.arrayBuffer()));
    console.log(`${name} (the first link: ${old.status})`);
  }
}

await (command === 'listen' ? listen(...rest) : fetchAll(...rest));
