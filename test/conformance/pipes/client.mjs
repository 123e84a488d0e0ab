// A customer's program as the vendor's pages teach it: it connects, and fetches the file of every message that it hears.
//
//   node client.mjs BASE_URL KEY FOLDER COUNT     until so many messages came
//
// It follows the redirect by hand, so that its key does not reach the host of the files.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const [base, key, folder, count] = process.argv.slice(2);
const socket = new WebSocket(`${base.replace(/^http/, 'ws')}/ws?apiKey=${encodeURIComponent(key)}`);
let left = Number(count);

async function download({ downloadUrl, mimeType, fileName }, messageId) {
  const answer = await fetch(base + downloadUrl, {
    headers: { Authorization: `Bearer ${key}` },
    redirect: 'manual',
  });
  if (answer.status !== 302) {
    const { error, code } = await answer.json();
    throw new Error(`${code}: ${error}`);
  }
  const file = await fetch(answer.headers.get('location'));
  if (!file.ok) throw new Error(`the link is answered with ${file.status}`);
  const name = fileName ?? `${messageId}.${mimeType.split('/')[1]}`;
  await writeFile(join(folder, name), Buffer.from(await file.arrayBuffer()));
  return name;
}

socket.addEventListener('message', async (event) => {
  const { type, data, scope } = JSON.parse(event.data);
  if (type === 'connected') return console.log(`connected for the whole ${scope}`);
  if (type !== 'whatsapp_message') return;
  const { media, text, fromNumber, messageId } = data;
  const got = media === undefined ? text : media.unavailable ? 'unavailable' : await download(media, messageId);
  console.log(`${fromNumber}: ${got}`);
  if (--left === 0) socket.close();
});
socket.addEventListener('error', () => process.exit(1));
