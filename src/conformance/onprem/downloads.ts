import { must, mustFit } from '../form.ts';
import { type Check, type Heard, offered, type Target } from '../target.ts';
import { call, downloaded, expectAnswer, mediaObject, meta, received } from './forms.ts';
import { bytes, fileBytes, fileIn, hearOf, listening, outcomeOf } from './listening.ts';
import { give } from './media.ts';

const ask = (target: Target, id: string) =>
  expectAnswer(call(target, 'GET', `/v1/media/${id}/download`), 200, { media_items: [{ id }], meta });

/** A photo that is not fetched on arrival. @returns its id */
async function undownloaded(target: Target): Promise<string> {
  const { heard, from } = await hearOf(target, { type: 'image/jpeg', body: fileBytes() });
  const image = mediaObject('image/jpeg', { status: 'undownloaded' });
  mustFit(heard.json, received(from, { type: 'image', image }));
  return fileIn(heard, 'image').id;
}

export const downloadChecks: readonly Check[] = [
  {
    name: 'what is not fetched on arrival is not here, until it is asked for and its outcome is told',
    needs: ['inject', 'receiver'],
    async run(target) {
      await listening(target, [], async () => {
        const id = await undownloaded(target);
        await expectAnswer(call(target, 'GET', `/v1/media/${id}`), 404, null);
        await ask(target, id);
        mustFit((await outcomeOf(target, id)).json, downloaded('image', id));
        const got = await call(target, 'GET', `/v1/media/${id}`);
        must(got.status === 200 && Buffer.from(got.bytes).equals(bytes), 'its id does not yield its bytes');
      });
    },
  },
  {
    name: 'only the kinds that are named are fetched on arrival',
    needs: ['inject', 'receiver'],
    async run(target) {
      await listening(target, ['voice'], async () => {
        const id = await undownloaded(target);
        await expectAnswer(call(target, 'GET', `/v1/media/${id}`), 404, null);
        const { heard } = await hearOf(target, { type: 'audio/ogg; codecs=opus', body: fileBytes() });
        const voice = fileIn(heard, 'voice');
        if (voice.status === 'undownloaded') await outcomeOf(target, voice.id);
        must((await call(target, 'GET', `/v1/media/${voice.id}`)).status === 200, 'the voice note is not here');
      });
    },
  },
  {
    name: 'who asks three times at once hears three times',
    needs: ['inject', 'receiver'],
    async run(target) {
      await listening(target, [], async () => {
        const id = await undownloaded(target);
        await Promise.all([ask(target, id), ask(target, id), ask(target, id)]);
        const heard = new Set<Heard>();
        while (heard.size < 3) {
          const outcome = await outcomeOf(target, id, heard);
          mustFit(outcome.json, downloaded('image', id));
          heard.add(outcome);
        }
      });
    },
  },
  {
    name: 'a file that is here may be asked for too, and its outcome is told again',
    needs: ['receiver'],
    async run(target) {
      await listening(target, [], async () => {
        const id = await give(target);
        await ask(target, id);
        const first = await outcomeOf(target, id);
        await ask(target, id);
        mustFit((await outcomeOf(target, id, new Set([first]))).json, downloaded('image', id));
        await call(target, 'DELETE', `/v1/media/${id}`);
      });
    },
  },
  {
    name: "nobody can ask for another app's file, also one that is not here",
    needs: ['inject', 'receiver', 'otherKey'],
    async run(target) {
      await listening(target, [], async () => {
        const id = await undownloaded(target);
        const asked = await call(target, 'GET', `/v1/media/${id}/download`, { key: offered(target, 'otherKey') });
        must(asked.status === 404, `the download is answered with ${asked.status}`);
        await expectAnswer(call(target, 'GET', `/v1/media/${id}`), 404, null);
      });
    },
  },
];
