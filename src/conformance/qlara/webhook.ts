// The account's one callback, at the three addresses that the vendor's pages give.

import { must } from '../form.ts';
import type { Check, Target } from '../target.ts';
import { call, expectAnswer, failed, webhook } from './forms.ts';

export const webhookPath = '/api/partner-gateway/v1/webhooks/delivery-status';

const variants = [
  { path: webhookPath, order: (url: string) => ({ callbackUrl: url }) },
  { path: '/api/webhooks/delivery-status', order: (url: string) => ({ url, method: 'POST' }) },
  { path: '/webhooks/delivery-status', order: (url: string) => ({ callbackUrl: url }) },
];

// Addresses of public hosts, which nothing is sent to: there is no message while these checks run.
const first = 'https://example.com/qlara/first';
const second = 'https://example.com/qlara/second';

/** Leaves the callback as it was. */
export async function keepingWebhook(target: Target, run: () => Promise<void>): Promise<void> {
  const before = await call(target, 'GET', webhookPath);
  try {
    await run();
  } finally {
    if (before.status === 200) {
      const { callbackUrl } = before.json as { callbackUrl: string };
      await call(target, 'POST', webhookPath, { body: { callbackUrl } });
    } else await call(target, 'DELETE', webhookPath);
  }
}

export const webhookChecks: readonly Check[] = [
  ...variants.map(
    ({ path, order }): Check => ({
      name: `a callback is set, read, changed and ended at ${path}`,
      needs: [],
      run: (target) =>
        keepingWebhook(target, async () => {
          await expectAnswer(call(target, 'POST', path, { body: order(first) }), 201, webhook(first));
          await expectAnswer(call(target, 'GET', path), 200, webhook(first));
          await expectAnswer(call(target, 'PUT', path, { body: order(second) }), 200, webhook(second));
          await expectAnswer(call(target, 'GET', path), 200, webhook(second));
          const { status } = await call(target, 'DELETE', path);
          must(status === 200 || status === 204, `ending it is answered with ${status}`);
          await expectAnswer(call(target, 'GET', path), 404, failed);
          await expectAnswer(call(target, 'PUT', path, { body: order(first) }), 404, failed);
        }),
    }),
  ),
  {
    name: 'an account has one callback: setting another takes its place',
    needs: [],
    run: (target) =>
      keepingWebhook(target, async () => {
        for (const url of [first, second]) await call(target, 'POST', webhookPath, { body: { callbackUrl: url } });
        for (const { path } of variants) await expectAnswer(call(target, 'GET', path), 200, webhook(second));
        await call(target, 'DELETE', webhookPath);
        await expectAnswer(call(target, 'GET', webhookPath), 404, failed);
      }),
  },
  {
    name: 'a callback without a URL, or with one that is no https address of a public host, is refused with 400',
    needs: [],
    run: (target) =>
      keepingWebhook(target, async () => {
        const wrong = [
          undefined,
          {},
          [],
          { callbackUrl: 5 },
          { callbackUrl: 'nowhere' },
          { callbackUrl: 'ftp://example.com/' },
        ];
        for (const body of [...wrong, { callbackUrl: 'http://169.254.169.254/latest' }, '{"callbackUrl":'])
          await expectAnswer(call(target, 'POST', webhookPath, { body }), 400, failed);
      }),
  },
];
