// The HTTP edge on a real port, over real records, a real folder of blobs and the real flows. A test may put its own part
// in the place of one, where the edge itself is what it tries.

import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { diskStore } from '../../src/blobs/disk.ts';
import { carriers } from '../../src/carriers/registry.ts';
import type { BlobStore } from '../../src/core/blob-store.ts';
import { type Millis, newId } from '../../src/core/ids.ts';
import type { Links } from '../../src/core/links.ts';
import { gatewayLinks, linkSigner } from '../../src/core/links.ts';
import type { App, Media } from '../../src/core/model.ts';
import type { Records, StoredFile } from '../../src/core/records.ts';
import { sealer } from '../../src/core/sealing.ts';
import { openSqliteRecords } from '../../src/database/sqlite/open.ts';
import { dialects } from '../../src/dialects/registry.ts';
import { access } from '../../src/flows/access.ts';
import { accounts } from '../../src/flows/accounts.ts';
import { administration } from '../../src/flows/administration.ts';
import { backups } from '../../src/flows/backup.ts';
import { eraser } from '../../src/flows/erase.ts';
import { eventBell } from '../../src/flows/event-bell.ts';
import { eventFeed } from '../../src/flows/event-feed.ts';
import { eventStreams } from '../../src/flows/event-stream.ts';
import { idempotency } from '../../src/flows/idempotency.ts';
import { intake } from '../../src/flows/intake.ts';
import { mediaDesk } from '../../src/flows/media-desk.ts';
import { replays } from '../../src/flows/replay.ts';
import { scrubbing } from '../../src/flows/scrub.ts';
import { testDelivery } from '../../src/flows/test-delivery.ts';
import { uploads } from '../../src/flows/upload.ts';
import { users } from '../../src/flows/users.ts';
import { buildHttp, type HttpParts, routeGroups } from '../../src/http/app.ts';
import { socketStreams } from '../../src/http/event-streams.ts';
import { openApi } from '../../src/http/openapi.ts';
import { openMetrics } from '../../src/observing/metrics.ts';
import { guardedRequester } from '../../src/outgoing/guarded-requester.ts';
import { socketHub } from '../../src/transports/socket-hub.ts';
import { webhookTransport } from '../../src/transports/webhook.ts';
import { capturesAt, claim, file, home, settings, settle, start } from '../contracts/records/rig.ts';
import { checkAnswer } from './checked-answer.ts';

export const adminKey = 'admin-key-of-the-tests';
export const metricsToken = 'metrics-token-of-the-tests';

export type Line = { level: 'info' | 'warn' | 'error'; message: string; [field: string]: unknown };
export type Answer = { status: number; headers: Headers; bytes: Buffer; text: string; json: Json };
/** What a test reads out of an answer, member by member. */
export type Json = { [member: string]: unknown };
type Complaint = { field: string; message: string };

type CallOptions = {
  /** Default: the administrator's. null: none. */
  key?: string | null;
  /** Anything but text and bytes is sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
};

export type Http = {
  url: string;
  parts: HttpParts;
  records: Records;
  blobs: BlobStore;
  lines: Line[];
  /** How often work was announced. */
  woken(): number;
  moveTo(now: Millis): void;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Stops it early; otherwise the end of the test does. */
  close(): Promise<void>;
};

export async function openHttp(
  change: (parts: HttpParts, store: { blobs: BlobStore }) => Partial<HttpParts> = () => ({}),
): Promise<Http> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-http-'));
  let now = start;
  const clock = { now: () => now };
  let wakes = 0;
  const onWork = () => {
    wakes += 1;
    bell.poke();
  };
  const atEnd: (() => Promise<void>)[] = [];
  const records = lazily(async () => {
    const opened = await openSqliteRecords({ folder, settings, now: clock.now });
    atEnd.push(() => opened.close());
    return opened;
  });
  const blobs = lazily(() => diskStore(join(folder, 'blobs')));
  const secretKey = new Uint8Array(32).fill(7);
  const seals = sealer([secretKey]);
  const signer = linkSigner([secretKey]);
  const known = accounts(records, seals, clock);
  const requester = guardedRequester({
    allowedRanges: [],
    allowedOrigins: [],
    userAgent: 'mediadock/test',
    connectTimeoutMs: 1000,
  });
  const lines: Line[] = [];
  const log = (level: Line['level']) => (fields: object, message: string) =>
    void lines.push({ ...fields, level, message });

  let url = '';
  const links: Links = { to: (media, at) => gatewayLinks(signer, url, 3600).to(media, at) };
  const onError = (error: unknown, about: string) => log('error')({ err: error, about }, 'failed');
  const bell = eventBell({ records, onError });
  const who = access(records, adminKey, clock);
  const administer = administration({
    records,
    carriers,
    dialects,
    accounts: known,
    sealer: seals,
    requester,
    clock,
    onWork,
  });
  const real: HttpParts = {
    records: records,
    intake: intake({
      records: records,
      accounts: known,
      carriers,
      clock,
      limits: { queueBytes: 1 << 20, queueRequests: 100 },
      roomLeft: () => true,
      onWork,
      report: () => {},
    }),
    administration: administer,
    desk: mediaDesk({ records, blobs: { read: blobs.read, held: () => undefined }, clock, onWork }),
    // Nobody removes anything here, so nobody waits for it.
    scrub: scrubbing({ records, blobs, clock, onWork, onError: () => {} }),
    backups: backups({ records, blobs, copyRecords: undefined, clock, onWork, onError: () => {} }),
    secretKeyId: '0123abcd',
    eraser: eraser({ records, clock, sweep: async () => {}, patienceMs: 0, onWork }),
    uploads: uploads({
      records,
      blobs,
      clock,
      limits: { uploadBytes: 256 * 1024, stallMs: 30_000, minBytesPerSecond: 0 },
      roomLeft: () => true,
      onError,
    }),
    users: users({ records, administration: administer, clock }),
    events: eventFeed(records, bell),
    streams: socketStreams({ access: who, openStream: eventStreams({ records, bell, links, clock, onError }), clock }),
    replays: replays({ records, accounts: known, carriers, clock, publicUrl: () => url, onWork, onError }),
    testDelivery: testDelivery({
      records,
      dialects,
      sockets: socketHub({ clock }),
      transport: webhookTransport({ requester, clock }),
      links,
      sealer: seals,
      clock,
      onError,
    }),
    idempotency: idempotency({ records, sealer: seals, secretKey, clock, onError }),
    access: who,
    signer,
    links,
    clock,
    publicUrl: () => url,
    limits: { intakeBodyBytes: 256 * 1024, jsonBodyBytes: 64 * 1024, headerBytes: 16 * 1024, uploadBytes: 256 * 1024 },
    openApi: () => openApi(routeGroups, '0'),
    onWork,
    metrics: { ...openMetrics({ version: '0', database: 'sqlite' }), type: 'text/plain', token: metricsToken },
    doctor: {
      diagnose: async () => ({ state: 'ok', at: start, durationMs: 1, findings: [] }),
      prove: (nonce) => nonce,
    },
    health: { ready: async () => ({ ok: true, checks: [{ name: 'database', ok: true }] }) },
    log: { info: log('info'), warn: log('warn'), error: log('error') },
  };
  const parts = { ...real, ...change(real, { blobs }) };
  const app = buildHttp(parts);
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    bell.stop();
    await app.close();
    await requester.close();
    for (const end of atEnd) await end();
    await rm(folder, { recursive: true });
  });

  return {
    url,
    parts,
    records,
    blobs,
    lines,
    woken: () => wakes,
    moveTo(at) {
      now = at;
    },
    async call(method, path, { key = adminKey, body, headers = {} } = {}) {
      const raw = typeof body === 'string' || body instanceof Uint8Array;
      const response = await fetch(url + path, {
        method,
        redirect: 'manual',
        headers: {
          ...(key !== null && { authorization: `Bearer ${key}` }),
          ...(body !== undefined && !raw && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: raw ? Buffer.from(body) : JSON.stringify(body) }),
      });
      const answer = await answerOf(response);
      checkAnswer(method, path, { ...answer, type: response.headers.get('content-type') });
      return answer;
    },
    close: () => app.close(),
  };
}

/** A port whose methods are all async, opened when one is first called: half of the tests never get so far. */
function lazily<Port extends object>(open: () => Promise<Port>): Port {
  let opened: Promise<Port> | undefined;
  const call =
    (method: string | symbol) =>
    async (...given: unknown[]): Promise<unknown> => {
      opened ??= open();
      const one: unknown = Reflect.get(await opened, method);
      if (typeof one !== 'function') throw new Error(`the port has no ${String(method)}`);
      return await one(...given);
    };
  // Without `then`, or whoever awaits the port would open it.
  return new Proxy({} as Port, { get: (_, name) => (name === 'then' ? undefined : call(name)) });
}

export async function answerOf(response: Response): Promise<Answer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = bytes.toString();
  const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : {},
  };
}

/** The fields that a problem document complains about. */
export const fieldsOf = ({ json }: Answer): string[] =>
  (json['errors'] as Complaint[]).map(({ field }) => field).sort();

/** An app with a channel and one stored file, and a key for it. */
export async function furnish(http: Http, some: Partial<StoredFile> & { bytes?: Buffer; senderName?: string } = {}) {
  const { bytes = Buffer.from('the bytes of a photo'), senderName, ...stored } = some;
  const place = await home(http.records);
  const message = await place.receive({ media: [claim({ fileName: senderName ?? null })] });
  const media = await storeFile(http, place.app, bytes, stored);
  const key = await keyOf(http, place.app);
  return { ...place, message, media, bytes, key };
}

/** Captures what waits with these bytes. */
async function storeFile(http: Http, app: App, bytes: Buffer, stored: Partial<StoredFile>): Promise<Media> {
  const [job] = await capturesAt(http.records, start);
  if (job === undefined) throw new Error('no capture waits');
  const blob = `${app.id}/${newId('blob', start)}`;
  await http.blobs.write(
    blob,
    (async function* () {
      yield bytes;
    })(),
    new AbortController().signal,
  );
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await settle(http.records, job, start, {
    to: 'stored',
    file: file(app, { blob, size: bytes.length, sha256, ...stored }),
  });
  const media = await http.records.media({ reach: { kind: 'instance' }, id: job.media.id });
  if (media?.state !== 'stored') throw new Error('the file was not stored');
  return media;
}

export async function keyOf(http: Http, app: App, permissions = ['read', 'send', 'manage']): Promise<string> {
  const made = await http.call('POST', `/api/v1/apps/${app.id}/keys`, { body: { permissions } });
  return String(made.json['key']);
}

/** Path and query of a fresh link to a media. */
export const linkTo = (http: Http, media: Media): string =>
  http.parts.links.to(media, http.parts.clock.now()).url.slice(http.url.length);
