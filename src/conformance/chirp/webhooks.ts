import { isObject } from '../../core/json.ts';
import { must } from '../form.ts';
import { type Check, offered, type Target } from '../target.ts';
import { call, error, expectAnswer, webhook } from './forms.ts';

const path = '/v1/webhooks';
const url = 'https://example.com/webhook';
const events = ['messages.sms.received', 'messages.whatsapp.received'];
const headers = { 'X-Custom-Header': 'value' };

async function make(target: Target): Promise<string> {
  const made = await expectAnswer(
    call(target, 'POST', path, { url, events, headers }),
    201,
    webhook(url, events, headers),
  );
  return (made as { id: string }).id;
}

const refused = (param: string) => error('invalid_request_error', { param });

export const webhookChecks: readonly Check[] = [
  {
    name: 'a webhook is made, read, listed, changed and removed',
    needs: [],
    async run(target) {
      const id = await make(target);
      const form = webhook(url, events, headers);
      await expectAnswer(call(target, 'GET', `${path}/${id}`), 200, form);
      const list = await call(target, 'GET', path);
      must(list.status === 200 && list.text.includes(id), `the list does not name ${id}`);

      const sent = ['messages.whatsapp.sent'];
      await expectAnswer(call(target, 'PUT', `${path}/${id}`, { events: sent }), 200, webhook(url, sent, headers));
      const other = { 'X-Custom-Header': 'new-value' };
      await expectAnswer(call(target, 'PUT', `${path}/${id}`, { headers: other }), 200, webhook(url, sent, other));

      must((await call(target, 'DELETE', `${path}/${id}`)).status === 204, 'it is not removed with 204');
      for (const method of ['GET', 'DELETE']) {
        await expectAnswer(call(target, method, `${path}/${id}`), 404, error('invalid_request_error'));
      }
    },
  },
  {
    name: 'a member that is missing or wrong is named in param',
    needs: [],
    async run(target) {
      await expectAnswer(call(target, 'POST', path, { events }), 400, refused('url'));
      await expectAnswer(call(target, 'POST', path, { url: 'not a URL', events }), 400, refused('url'));
      await expectAnswer(call(target, 'POST', path, { url }), 400, refused('events'));
      const wrong = { url, events: ['messages.sms.received', 'messages.pigeon.received'] };
      await expectAnswer(call(target, 'POST', path, wrong), 400, refused('events.1'));
      await expectAnswer(call(target, 'POST', path, { url: 'ftp://example.com/', events }), 400, refused('url'));
      await expectAnswer(call(target, 'POST', path, '{"url":'), 400, error('invalid_request_error'));
    },
  },
  {
    name: 'an id that is unknown or none is answered with 404',
    needs: [],
    async run(target) {
      for (const id of ['whk_2nXmQ0pVb7cTzK4dR9sWy1LgHfA', 'whk_x', 'end_2nXmQ0pVb7cTzK4dR9sWy1LgHfA']) {
        await expectAnswer(call(target, 'GET', `${path}/${id}`), 404, error('invalid_request_error'));
        await expectAnswer(call(target, 'PUT', `${path}/${id}`, { url }), 404, error('invalid_request_error'));
      }
    },
  },
  {
    name: "another app's webhook is neither seen nor changed nor removed",
    needs: ['otherKey'],
    async run(target) {
      const id = await make(target);
      const other = offered(target, 'otherKey');
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const body = method === 'PUT' ? { url: 'https://example.org/' } : undefined;
        const asked = call(target, method, `${path}/${id}`, body, other);
        await expectAnswer(asked, 404, error('invalid_request_error'));
      }
      const { json } = await call(target, 'GET', `${path}/${id}`);
      must(isObject(json) && json['url'] === url, 'another app changed it');
      await call(target, 'DELETE', `${path}/${id}`);
    },
  },
  {
    name: "a test key's webhooks have test ids",
    needs: ['testKey'],
    async run(target) {
      const asked = call(target, 'POST', path, { url, events }, offered(target, 'testKey'));
      const made = await expectAnswer(asked, 201, webhook(url, events, {}));
      const { id } = made as { id: string };
      must(id.startsWith('whk_test_'), `the id is ${id}`);
      await call(target, 'DELETE', `${path}/${id}`, undefined, offered(target, 'testKey'));
    },
  },
];
