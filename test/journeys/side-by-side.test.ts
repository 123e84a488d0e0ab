// One app in every dialect at once, as during a migration: each application hears of the same message in its own form, fetches
// the same bytes in its own way, and sees it when another one deletes them.

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, connect } from '../../src/conformance/pipes/connect.ts';
import { dialects } from '../../src/dialects/registry.ts';
import { type Received, type Receiver, startReceiver } from '../../src/sandbox/receiver.ts';
import { type Body, fixture, type Rig, startRig, type Tenant } from './rig.ts';

/** An application written for a dialect. */
type Application = {
  /** What it fetches a file by, in what it was told; undefined: that says nothing of a file that is here. */
  nameIn(json: Body): string | undefined;
  /** Fetches a file. */
  fetch(name: string): Promise<Response>;
  /** What it is answered once the file was deleted. */
  gone: number;
};

type Written = Omit<Application, 'fetch'> & {
  fetch(name: string, ask: (path: string) => Promise<Response>): Promise<Response>;
};

const linkIn = async (answer: Response): Promise<Response> =>
  answer.ok ? await fetch(((await answer.json()) as Body).url) : answer;

const written: Record<string, Written> = {
  native: {
    nameIn: ({ type, data }) => (type === 'message.received' ? data.message.media[0].url : undefined),
    fetch: (url) => fetch(url),
    gone: 410,
  },
  chirp: {
    nameIn: ({ data }) => data?.message.mediaId,
    fetch: async (id, ask) => await linkIn(await ask(`/v1/media/${id}`)),
    gone: 404,
  },
  onprem: {
    nameIn: ({ media_items }) => media_items?.[0].image.id,
    fetch: (id, ask) => ask(`/v1/media/${id}`),
    gone: 404,
  },
  pipes: {
    nameIn: ({ pipes }) => pipes?.media.downloadUrl,
    async fetch(path, ask) {
      const answer = await ask(path);
      return answer.status === 302 ? await fetch(answer.headers.get('location') ?? '') : answer;
    },
    gone: 410,
  },
  qlara: {
    nameIn: ({ content }) => content?.mediaKey,
    fetch: async (key, ask) => await linkIn(await ask(`/api/files/${key}`)),
    gone: 404,
  },
  'wa-server': {
    nameIn: ({ payload }) => payload?.media_path,
    fetch: (path, ask) => ask(`/media?path=${encodeURIComponent(path)}`),
    gone: 404,
  },
};

let rig: Rig;
let tenant: Tenant;
const applications = new Map<string, Application>();
const receivers = new Map<string, Receiver>();
const keys = new Map<string, string>();
let socket: Client;

async function made(path: string, body: object): Promise<Body> {
  const { status, body: answer, text } = await rig.call('POST', path, body);
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${text}`);
  return answer;
}

beforeAll(async () => {
  rig = await startRig();
  tenant = await rig.tenant();
  for (const dialect of dialects.keys()) {
    const { key } = await made(`/api/v1/apps/${tenant.appId}/keys`, { dialect });
    const receiver = dialect === 'native' ? tenant.receiver : await startReceiver({ clock: rig.clock });
    if (dialect !== 'native') await made(`/api/v1/apps/${tenant.appId}/endpoints`, { url: receiver.url, dialect });
    const ask = (path: string) =>
      fetch(rig.gateway.url + path, { headers: { authorization: `Bearer ${key}` }, redirect: 'manual' });
    const one = written[dialect];
    if (one === undefined) throw new Error(`no application is written for ${dialect}`);
    applications.set(dialect, { ...one, fetch: async (name) => await one.fetch(name, ask) });
    receivers.set(dialect, receiver);
    keys.set(dialect, key);
  }
  const { data } = (await rig.call('GET', `/api/v1/apps/${tenant.appId}/endpoints?limit=200`)).body;
  const { id } = data.find(({ transport }: Body) => transport === 'socket');
  await rig.call('PATCH', `/api/v1/apps/${tenant.appId}/endpoints/${id}`, { settings: { parallel: true } });
  socket = await connect({ url: rig.gateway.url, key: keys.get('pipes') ?? '' });
  await socket.next(({ type }) => type === 'connected');
});

afterAll(async () => {
  await socket?.close();
  for (const receiver of receivers.values()) await receiver.close();
  await rig?.close();
});

type Told = { dialect: string; application: Application; name: string; received: Received };

/** Sends a file and waits until every application was told that it is here. */
async function told(file: string): Promise<Told[]> {
  const seen = new Map([...receivers].map(([dialect, { received }]) => [dialect, received.length]));
  await rig.send(tenant, [{ path: fixture(file) }], { caption: 'The damage' });
  return await Promise.all(
    [...applications].map(async ([dialect, application]) => {
      const isNews = ({ number, json }: Received) =>
        number > (seen.get(dialect) ?? 0) && application.nameIn(json) !== undefined;
      const received = await receivers.get(dialect)?.next(isNews);
      if (received === undefined) throw new Error(`${dialect} has no receiver`);
      return { dialect, application, received, name: application.nameIn(received.json) ?? '' };
    }),
  );
}

test('every application hears of a photo in its own form, and fetches the same bytes in its own way', async () => {
  const bytes = await readFile(fixture('accident.jpg'));
  const all = await told('accident.jpg');
  const forms = all.map(({ received }) => Object.keys(received.json as object).join());
  expect(new Set(forms).size).toBe(dialects.size);
  expect(new Set(all.map(({ name }) => name)).size).toBe(dialects.size);
  for (const { application, name, dialect } of all) {
    const answer = await application.fetch(name);
    expect(answer.status, dialect).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes), dialect).toBe(true);
  }
  const frame = (await socket.next(({ type }) => type === 'whatsapp_message')) as Body;
  const answer = await applications.get('pipes')?.fetch(frame.data.media.downloadUrl);
  expect(answer && Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
});

test('there is one file, whoever asks: the native API lists it once', async () => {
  const { body } = await rig.call('GET', '/api/v1/media?limit=200', undefined, tenant.key);
  expect(body.data).toHaveLength(1);
});

test('what one application deletes is gone for all, and the native endpoint hears of it', async () => {
  const all = await told('label.png');
  const onprem = all.find(({ dialect }) => dialect === 'onprem');
  const deleted = await rig.call('DELETE', `/v1/media/${onprem?.name}`, undefined, keys.get('onprem'));
  expect(deleted.status).toBe(200);
  // A link may be remembered for a second.
  rig.clock.advance(1000);
  for (const { application, name, dialect } of all)
    expect((await application.fetch(name)).status, dialect).toBe(application.gone);
  await tenant.receiver.next(({ json }) => (json as Body).type === 'media.deleted');
});
