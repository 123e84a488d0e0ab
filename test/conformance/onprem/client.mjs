// A customer's program as the vendor's pages teach it: it logs in, says where callbacks go and that only photos are fetched on
// arrival, saves what is here, asks for what is not, and waits for `media_items`. It ends when so many files have had an outcome.
//
//   node client.mjs BASE_URL NAME PASSWORD FOLDER FILES

import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [base, name, password, folder, files] = process.argv.slice(2);

async function api(method, path, authorization, body) {
  const answer = await fetch(base + path, {
    method,
    headers: { Authorization: authorization, 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.errors.map(({ code, title, details }) => `${code} ${title}: ${details}`).join());
  return json;
}

const login = await api('POST', '/v1/users/login', `Basic ${btoa(`${name}:${password}`)}`, {});
const bearer = `Bearer ${login.users[0].token}`;

async function save(type, { id }) {
  const answer = await fetch(`${base}/v1/media/${id}`, { headers: { Authorization: bearer } });
  if (!answer.ok) throw new Error(`${id}: ${answer.status}`);
  const extension = answer.headers.get('content-type').split('/')[1];
  await writeFile(join(folder, `${id}.${extension}`), Buffer.from(await answer.arrayBuffer()));
  console.log(`saved ${type} ${id}`);
}

/** Ids of files that had an outcome. One may have several: each time that it is asked for, it is told. */
const done = new Set();

async function take({ messages = [], media_items: items = [] }) {
  for (const message of messages) {
    const file = message[message.type];
    if (!file?.mime_type) continue;
    if (file.status === 'undownloaded') {
      const { media_items: asked } = await api('GET', `/v1/media/${file.id}/download`, bearer);
      console.log(`asked for ${message.type} ${asked[0].id}`);
    } else {
      await save(message.type, file);
      done.add(file.id);
    }
  }
  for (const item of items) {
    const file = item[item.type];
    if (done.has(file.id)) continue;
    if (item.errors) console.log(`no ${item.type} ${file.id}: ${item.errors[0].details}`);
    else await save(item.type, file);
    done.add(file.id);
  }
}

let over = false;
const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  response.writeHead(200).end();
  await take(JSON.parse(text));
  if (over || done.size < Number(files)) return;
  over = true;
  await api('POST', '/v1/users/logout', bearer);
  server.close();
  server.closeAllConnections();
});
server.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}/callbacks`;
  await api('PATCH', '/v1/settings/application', bearer, { webhooks: { url }, media: { auto_download: ['image'] } });
  console.log('listening');
});
