// Messages that an application sends to itself to try its webhook; only test keys may.

import { z } from 'zod';
import type { DialectRoute } from '../../core/dialect.ts';
import { readBy } from '../schemas.ts';
import { describe, queued } from './answers.ts';
import { foreignId } from './ids.ts';
import { errorAnswer } from './refuse.ts';

const text = z.object({ from: z.string(), to: z.string(), text: z.string().min(1).max(4096) });
const sms = text.extend({ subject: z.string().max(200).optional() });

// ITU-T E.164: at most 15 digits, of which the first is no zero.
const phoneNumber = /^\+[1-9]\d{4,14}$/;

const inbound = (family: 'sms' | 'whatsapp', schema: typeof text): DialectRoute => ({
  method: 'POST',
  path: `/v1/playground/${family}/inbound`,
  needs: { permission: 'send', reach: 'app' },
  takes: 'json',
  describes: describe('Takes in a text as if somebody had sent it.', 202, queued, { body: schema }),
  async answer({ caller, body, desk }) {
    if (caller.mode !== 'test') {
      return errorAnswer(403, 'Messages can be simulated with a test key only.', { code: 'test_app_required' });
    }
    const given = readBy(schema, body ?? {}, 'body');
    const wrong = (['from', 'to'] as const).find((param) => !phoneNumber.test(given[param]));
    if (wrong !== undefined) {
      const message = `${wrong} must be a phone number in E.164 form, such as +15551234567.`;
      return errorAnswer(400, message, { code: 'invalid_phone_number', param: wrong });
    }
    const id = await desk.simulate(caller, { ...given, carrier: family });
    return { status: 202, json: { id: foreignId(family, id, caller.mode), status: 'QUEUED' } };
  },
});

export const playgroundRoutes: readonly DialectRoute[] = [inbound('sms', sms), inbound('whatsapp', text)];
