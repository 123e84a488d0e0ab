import { expect, test } from 'vitest';
import type { Media } from '../core/model.ts';
import type { Records } from '../core/records.ts';
import { rememberLinkFacts } from './link-facts.ts';

/** Records that count how often they are asked for a link's media, and hold answers back when told to. */
function counting() {
  const seen = { asked: 0, now: 0 };
  let media = { state: 'stored' } as Media;
  let gate: Promise<void> = Promise.resolve();
  const records = rememberLinkFacts(
    {
      async mediaForLink() {
        seen.asked += 1;
        const answer = media;
        await gate;
        return answer;
      },
      deleteMedia() {
        media = { state: 'deleted' } as Media;
        return Promise.resolve(undefined);
      },
    } as unknown as Records,
    { now: () => seen.now },
  );
  const stateOf = async () => (await records.mediaForLink({ id: 'med_1' }))?.state;
  const remove = () => records.deleteMedia({ reach: { kind: 'instance' }, id: 'med_1', now: 0 });
  const holdBack = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    return resolve;
  };
  return { seen, stateOf, remove, holdBack };
}

test('what a link must know is asked for once a second', async () => {
  const { seen, stateOf } = counting();
  for (const now of [0, 999, 1000, 1999]) {
    seen.now = now;
    expect(await stateOf()).toBe('stored');
  }
  expect(seen.asked).toBe(2);
});

test('a media that is deleted here is gone at once', async () => {
  const { stateOf, remove } = counting();
  expect(await stateOf()).toBe('stored');
  await remove();
  expect(await stateOf()).toBe('deleted');
});

test('an answer that was under way while a media was deleted is not remembered', async () => {
  const { stateOf, remove, holdBack } = counting();
  const letGo = holdBack();
  const early = stateOf();
  await remove();
  letGo();
  expect(await early).toBe('stored');
  expect(await stateOf()).toBe('deleted');
});
