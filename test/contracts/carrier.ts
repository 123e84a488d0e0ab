// What every carrier must do, however its wire looks. An adapter's test file calls this with a rig: how to make the
// requests that the carrier would make, and how its own servers behave when a file is fetched from them.

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Account,
  type CaptureSubject,
  type Carrier,
  type Hop,
  type HopAnswer,
  type InboundMessage,
  type IntakeRequest,
  isFailure,
  type MediaClaim,
  type Update,
} from '../../src/core/carrier.ts';
import { Fault } from '../../src/core/faults.ts';
import type { Requester } from '../../src/core/requester.ts';
import { guardedRequester } from '../../src/outgoing/guarded-requester.ts';
import { expectSound, pathsIn, replaced } from '../carriers/sound-updates.ts';
import { openUpstream, type Upstream, type UpstreamScript } from '../carriers/upstream.ts';

/** `newer` and `older` are both in force while a secret is rotated. */
export type Signer = 'newer' | 'older' | 'stranger' | 'nobody';

/** The parts of a carrier's world that are not the carrier. */
export type World = { home: string; abroad: string; now: number };

export type CarrierRig = {
  carrier: Carrier;
  /** A time at which everything here is true. */
  now: number;
  /** Settings of a connection in rotation, as an administrator gives them, for a carrier whose servers are at `home`. */
  connection(home: string): Record<string, unknown>;
  channel: Record<string, unknown>;
  /** A member of `connection` that must be given. */
  required: string;
  /** Every secret in the above. */
  secrets: readonly string[];
  request(body: Uint8Array, signer: Signer): IntakeRequest;
  /** null: the carrier calls without asking first. */
  handshake: { right: IntakeRequest; answer: string; wrong: IntakeRequest } | null;
  /** Bodies that hold so many messages between them, each with at least one file that `upstream` serves. */
  messages(count: number, world: World): Uint8Array[];
  notation: Notation;
  /** Whether files are fetched with credentials; where they are not, the link alone protects them. */
  credentials: boolean;
  /** Serves `file` to whoever may have it, by way of a redirect to `abroad` where `world` cannot do without. */
  upstream: UpstreamScript;
  file: Buffer;
  /** A message with one file whose link points to this URL, or an answer that leads there. */
  leadingTo(url: string): { claim: MediaClaim } | { answer: HopAnswer };
};

/** How a body is written. `signs`: whether a signature covers its bytes, or what is read in it. */
export type Notation = {
  read(body: Uint8Array): unknown;
  write(value: unknown): Uint8Array;
  signs: 'bytes' | 'meaning';
};

export const json: Notation = {
  read: (body) => JSON.parse(Buffer.from(body).toString()),
  write: (value) => Buffer.from(JSON.stringify(value)),
  signs: 'bytes',
};

const never = new AbortController().signal;

export function carrierContract(name: string, rig: CarrierRig): void {
  const { carrier, now } = rig;
  let upstream: Upstream;
  let requester: Requester;
  let account: Account;
  let channelSecrets: CaptureSubject['channelSecrets'];

  beforeAll(async () => {
    upstream = await openUpstream(rig.upstream);
    requester = guardedRequester({ allowedRanges: ['127.0.0.0/8'], userAgent: 'contract', connectTimeoutMs: 5000 });
    account = carrier.readConnection(rig.connection(upstream.home));
    channelSecrets = carrier.readChannel(rig.channel).secrets;
  });
  afterAll(async () => {
    await requester.close();
    await upstream.close();
  });

  const read = (body: Uint8Array): Update[] => carrier.parse(rig.request(body, 'newer'), account, now);
  const bodies = (count: number) => rig.messages(count, { ...upstream, now });
  const body = (): Uint8Array => {
    const [first] = bodies(1);
    if (first === undefined) throw new Error('the rig made no body');
    return first;
  };
  const messagesIn = (count: number): InboundMessage[] =>
    bodies(count)
      .flatMap(read)
      .filter((update) => update.is === 'message');
  const subjectOf = (message: InboundMessage, claim: MediaClaim): CaptureSubject => ({
    address: message.address,
    carrierMediaId: claim.carrierMediaId,
    source: claim.source,
    account,
    channelSecrets,
  });

  const subject = (): CaptureSubject => {
    const [message] = messagesIn(1);
    const [claim] = message?.media ?? [];
    if (message === undefined || claim === undefined) throw new Error('the rig made no media');
    return subjectOf(message, claim);
  };

  // ── Settings ──

  test(`${name}: no secret is in the settings that may be shown, and all that is sealed survives JSON`, () => {
    for (const secret of rig.secrets) expect(JSON.stringify(account.settings)).not.toContain(secret);
    const sealed = JSON.stringify([account.secrets, channelSecrets]);
    for (const secret of rig.secrets) expect(sealed).toContain(secret);
    expect(JSON.parse(JSON.stringify([account, channelSecrets]))).toEqual([account, channelSecrets]);
  });

  test(`${name}: settings that are unknown, missing or of a wrong form are refused by name`, () => {
    const given = rig.connection(upstream.home);
    const { [rig.required]: _, ...short } = given;
    expect(fieldsRefused(() => carrier.readConnection({ ...given, surprise: 1 }))).toContain('body.surprise');
    expect(fieldsRefused(() => carrier.readConnection(short))).toContain(`body.${rig.required}`);
    expect(fieldsRefused(() => carrier.readConnection({ ...given, [rig.required]: 7 }))).toContain(
      `body.${rig.required}`,
    );
    expect(fieldsRefused(() => carrier.readChannel({ ...rig.channel, surprise: 1 }))).toContain('body.surprise');
  });

  test(`${name}: a change that names nothing changes nothing`, () => {
    expect(carrier.readConnection({}, account)).toEqual(account);
    expect(carrier.readChannel({}, channelSecrets).secrets).toEqual(channelSecrets);
  });

  // ── Probe ──

  test(`${name}: a channel is probed at the carrier's own address, with what belongs in a header and nothing in the query`, () => {
    const hop = carrier.probe({ address: '123', account, channelSecrets });
    if (isFailure(hop)) throw new Error(hop.reason);
    expect(new URL(hop.url).origin).toBe(new URL(upstream.home).origin);
    expect(hop.yields).toBe('answer');
    for (const secret of rig.secrets) expect(hop.url).not.toContain(secret);
  });

  test(`${name}: whatever is said to a probe is understood, and a refusal is the account's fault`, () => {
    const said = (status: number, text: string) =>
      carrier.judgeProbe({ status, headers: {}, body: new TextEncoder().encode(text) }, now);
    expect(said(401, '')).toMatchObject({ is: 'account' });
    fc.assert(fc.property(fc.integer({ min: 100, max: 599 }), fc.string(), (status, text) => void said(status, text)));
  });

  // ── Handshake and signature ──

  test(`${name}: a handshake is answered for the right token and refused for a wrong one`, ({ skip }) => {
    const { handshake } = rig;
    if (handshake === null) return skip();
    expect(carrier.challenge(handshake.right, account)).toMatchObject({ status: 200, body: handshake.answer });
    expect(() => carrier.challenge(handshake.wrong, account)).toThrowError(
      expect.objectContaining({ code: 'challenge_refused' }),
    );
  });

  test(`${name}: a webhook is no handshake`, () => {
    expect(carrier.challenge(rig.request(body(), 'newer'), account)).toBeUndefined();
  });

  test(`${name}: either of two secrets verifies, no other does, and no signature at all is told apart`, () => {
    const webhook = body();
    const verdicts = (['newer', 'older', 'stranger', 'nobody'] as const).map((signer) =>
      carrier.verify(rig.request(webhook, signer), account, now),
    );
    expect(verdicts).toEqual(['verified', 'verified', 'wrong', 'missing']);
  });

  test(`${name}: a body that was altered in any byte, cut or prolonged is not verified`, () => {
    const genuine = rig.request(body(), 'newer');
    const verdict = (body: Uint8Array) => carrier.verify({ ...genuine, body }, account, now);
    expect(verdict(genuine.body)).toBe('verified');
    expect(verdict(genuine.body.subarray(0, -1))).toBe('wrong');
    const meaning = (body: Uint8Array) => JSON.stringify(rig.notation.read(body));
    const means = (body: Uint8Array) => rig.notation.signs === 'bytes' || meaning(body) !== meaning(genuine.body);
    const prolonged = Buffer.concat([genuine.body, Buffer.from(' ')]);
    expect(verdict(prolonged)).toBe(means(prolonged) ? 'wrong' : 'verified');
    const change = fc.record({ at: fc.nat(genuine.body.length - 1), flip: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(change, ({ at, flip }) => {
        const body = Buffer.from(genuine.body);
        body[at] = (body[at] ?? 0) ^ flip;
        fc.pre(means(body));
        expect(verdict(body)).toBe('wrong');
      }),
    );
  });

  test(`${name}: a signature of any other form is wrong and never an error`, () => {
    const genuine = rig.request(Buffer.from('[]'), 'newer');
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...Object.keys(genuine.headers)), (text, header) => {
        fc.pre(genuine.headers[header] !== text);
        const headers = { ...genuine.headers, [header]: text };
        expect(['wrong', 'missing', ...(header === 'content-type' ? ['verified'] : [])]).toContain(
          carrier.verify({ ...genuine, headers }, account, now),
        );
      }),
    );
  });

  // ── Parsing ──

  test(`${name}: every message of a batch is read, each under a key of its own, the same on every reading`, () => {
    const found = messagesIn(100);
    expect(found).toHaveLength(100);
    expect(new Set(found.map(({ dedupeKey }) => dedupeKey)).size).toBe(100);
    for (const message of found) expect(message.media.length).toBeGreaterThan(0);
    expectSound(found);
    expect(messagesIn(100)).toEqual(found);
  });

  test(`${name}: no bytes and no JSON make parsing fail, and what comes out is sound`, () => {
    const json = fc
      .oneof(fc.jsonValue({ maxDepth: 6 }), fc.array(fc.jsonValue()))
      .map((value) => Buffer.from(JSON.stringify(value)));
    const bodies = fc.oneof(fc.uint8Array(), json);
    fc.assert(fc.property(bodies, (body) => expectSound(read(body))));
  });

  test(`${name}: a genuine body with any one value replaced is read soundly`, () => {
    const genuine = rig.notation.read(bodies(2)[0] ?? body());
    const paths = pathsIn(genuine);
    const strange = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('', '\u0000', '\ud800', 'x'.repeat(2000), 1e21, -1, { toString: 1 }, [[]]),
    );
    fc.assert(
      fc.property(fc.constantFrom(...paths), strange, (path, value) => {
        const updates = read(rig.notation.write(replaced(genuine, path, value)));
        expect(updates.length).toBeGreaterThan(0);
        expectSound(updates);
      }),
      { numRuns: 500 },
    );
  });

  // ── Fetching ──

  /** What a capture does, without keeping anything: walks the hops and gives the bytes. */
  async function fetched(subject: CaptureSubject, again: boolean): Promise<Buffer> {
    let step = carrier.firstHop(subject, now, again);
    for (let hops = 0; hops < 6; hops++) {
      if (isFailure(step)) throw new Error(`${step.is}: ${step.reason}`);
      const hop: Hop = step;
      const redirects = hop.yields === 'file' ? 3 : 0;
      const answer = await requester.request({
        method: 'GET',
        url: hop.url,
        headers: hop.headers,
        redirects,
        headersTimeoutMs: 5000,
        signal: never,
      });
      const body = await bytesOf(answer.body);
      if (hop.yields === 'file' && answer.status === 200) return body;
      step =
        hop.yields === 'answer'
          ? carrier.nextHop(subject, { ...answer, body }, now)
          : carrier.judge(subject, hop, { ...answer, body }, now);
    }
    throw new Error('there was no end to the hops');
  }

  test(`${name}: the hops of every file lead to its bytes, and no credential leaves the carrier's own servers`, async () => {
    upstream.seen.length = 0;
    for (const message of messagesIn(3)) {
      for (const claim of message.media) {
        expect(await fetched(subjectOf(message, claim), false)).toEqual(rig.file);
        expect(await fetched(subjectOf(message, claim), true)).toEqual(rig.file);
      }
    }
    const withCredentials = upstream.seen.some(
      ({ at, headers }) => at === 'home' && headers.authorization !== undefined,
    );
    expect(withCredentials).toBe(rig.credentials);
    expect(upstream.seen.some(({ at }) => at === 'abroad')).toBe(true);
    for (const { at, headers } of upstream.seen) if (at === 'abroad') expectNoSecret(headers);
  });

  test(`${name}: a link to another origin gets no credential, however much it looks like home`, () => {
    const [message] = messagesIn(1);
    const [first] = message?.media ?? [];
    if (message === undefined || first === undefined) throw new Error('the rig made no media');
    const port = Number(new URL(upstream.home).port);
    for (const url of [
      'https://evil.example/file',
      `https://evil.example/?${upstream.home}`,
      `http://127.0.0.1.evil.example:${port}/file`,
      `https://127.0.0.1:${port}/file`,
      `http://127.0.0.1:${port + 1}/file`,
      `http://127.0.0.1:${port}@evil.example/file`,
      'http://127.0.0.1/file',
      upstream.abroad,
    ]) {
      const leading = rig.leadingTo(url);
      const step =
        'claim' in leading
          ? carrier.firstHop(subjectOf(message, leading.claim), now, false)
          : carrier.nextHop(subjectOf(message, first), leading.answer, now);
      if (!isFailure(step) && new URL(step.url).origin !== upstream.home) expectNoSecret(step);
    }
  });

  test(`${name}: asked again after a refused link, it begins with something that does not die`, () => {
    for (const message of messagesIn(3)) {
      for (const claim of message.media) {
        const step = carrier.firstHop(subjectOf(message, claim), now, true);
        expect(isFailure(step) || step.perishable).toBe(false);
      }
    }
  });

  test(`${name}: every refusal is a failure with a reason, and a busy server's wish to wait is passed on`, () => {
    const hop: Hop = { url: `${upstream.home}/x`, headers: {}, yields: 'file', perishable: true, expects: {} };
    const body = new Uint8Array();
    const one = subject();
    for (let status = 201; status < 600; status++) {
      const failure = carrier.judge(one, hop, { status, headers: {}, body }, now);
      expect(failure.reason).not.toBe('');
      if (status >= 500 || status === 429) expect(failure.is, String(status)).toBe('transient');
    }
    expect(carrier.judge(one, hop, { status: 429, headers: { 'retry-after': '7' }, body }, now)).toMatchObject({
      is: 'transient',
      retryAfterMs: 7000,
    });
  });

  test(`${name}: no answer makes the next hop fail with anything but a failure`, () => {
    const [message] = messagesIn(1);
    const [claim] = message?.media ?? [];
    if (message === undefined || claim === undefined) throw new Error('the rig made no media');
    const answers = fc.record({
      status: fc.integer({ min: 100, max: 599 }),
      headers: fc.constantFrom({}, { 'retry-after': '-1' }, { 'retry-after': 'soon' }),
      body: fc.oneof(
        fc.uint8Array(),
        fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
      ),
    });
    fc.assert(
      fc.property(answers, (answer) => {
        const step = carrier.nextHop(subjectOf(message, claim), answer, now);
        expect(isFailure(step) ? step.reason : step.url).not.toBe('');
      }),
    );
  });

  // ── What is asked of the carrier besides ──

  test(`${name}: a copy is dropped, and messages are listed, at the carrier's own address, or not at all`, () => {
    const asked = [carrier.discard(subject()), carrier.recent?.page(account, now - 1000, null) ?? null];
    for (const hop of asked) {
      if (hop === null) continue;
      if (isFailure(hop)) throw new Error(hop.reason);
      expect(new URL(hop.url).origin).toBe(new URL(upstream.home).origin);
      for (const secret of rig.secrets) expect(hop.url).not.toContain(secret);
    }
  });

  test(`${name}: whatever a list of messages answers is understood, and no next page leads away from home`, ({
    skip,
  }) => {
    const { recent } = carrier;
    if (recent === null) return skip();
    const answers = fc.record({
      status: fc.constantFrom(200, 401, 404, 429, 500),
      headers: fc.constant({}),
      body: fc.oneof(
        fc.uint8Array(),
        fc
          .record({ messages: fc.array(fc.jsonValue()), next_page_uri: fc.oneof(fc.webUrl(), fc.string()) })
          .map((value) => Buffer.from(JSON.stringify(value))),
      ),
    });
    fc.assert(
      fc.property(answers, (answer) => {
        const page = recent.readPage(account, answer, now);
        if ('reason' in page) {
          expect(page.reason).not.toBe('');
          return;
        }
        const hop = recent.page(account, now - 1000, page.next);
        if (isFailure(hop)) throw new Error(hop.reason);
        expect(new URL(hop.url).origin).toBe(new URL(upstream.home).origin);
      }),
    );
  });

  function expectNoSecret(value: unknown): void {
    const text = JSON.stringify(value);
    for (const secret of rig.secrets) expect(text).not.toContain(secret);
    expect(text.toLowerCase()).not.toContain('authorization');
  }
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function fieldsRefused(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof Fault && error.code === 'invalid_request') return error.problems.map(({ field }) => field);
    throw error;
  }
  return [];
}
